"""What changes from run to run is found and renamed, and nothing else."""

import datetime
import itertools
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes import volatile

UUID = "3f2c1a9b-1111-4222-8333-444455556666"
BARE = "3f2c1a9b11114222833344445555666a"


def renamed(text):
    data = text.encode()
    return volatile.renamed(data, volatile.find(data), volatile.Names()).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", "<date-1>"),
        ("2026/11/20", "<date-1>"),
        ("2026.11.20", "<date-1>"),
        ("20261120", "<date-1>"),
        ("now: 2026-11-20T09:30:00.123456+00:00!", "now: <date-1>!"),
        ("2026-11-20T09:30:00Z, 2026-11-20 09:30", "<date-1>, <date-2>"),
        ("2026-11-20 09:30:00,123 +0900", "<date-1>"),
        ("20261120T093000Z", "<date-1>"),
        ("log-2026-11-20_09-30-00.txt", "log-<date-1>.txt"),
        ("run_20261120_093000", "run_<date-1>"),
        ("Fri, 20 Nov 2026 09:30:00 GMT", "<date-1>"),
        ("Fri Nov 20 09:30:00 2026", "<date-1>"),
        ("Sun Nov  1 09:30:00 KST 2026", "<date-1>"),
        ("Today is Friday, November 20, 2026.", "Today is <date-1>."),
        ("the 20th of November 2026 at 9:30 pm", "the <date-1>"),
        ("Friday, 2026-11-20", "<date-1>"),
        ("2026-11-20 (Fri) 09:30", "<date-1>"),
        ("오늘은 2026년 11월 20일 (금) 09:30", "오늘은 <date-1>"),
        ("2026年11月20日", "<date-1>"),
        ("at 09:30:00.5 and 10:30:00", "at <time-1> and <time-2>"),
        ("1763630000 1763630000123 1763630000.25", "<epoch-1> <epoch-2> <epoch-3>"),
        ("run-1763630000123456789", "run-<epoch-1>"),
        (f"{UUID} {UUID.upper()} {UUID}", "<uuid-1> <uuid-2> <uuid-1>"),
        (f"session-{BARE}", "session-<uuid-1>"),
        ("call_AbCdEfGh12345678", "<call-1>"),
        (f"call_{UUID}", "<call-1>"),
        ("toolu_01ABCdefGhi srvtoolu_01ABCdefGhi", "<call-1> <call-2>"),
        ("fc_68af01 fc_68af01b2c3d4 msg_68af01b2c3d4 resp_68af01b2c3d4", "fc_68af01 <call-1> <call-2> <call-3>"),
        (f"chatcmpl-tool-{BARE}", "<call-1>"),
        ("/tmp/tmpab12_d34/report.csv", "<tmp-1>/report.csv"),
        ("file:///tmp/agent-x7/a and /tmp/agent-x7/b", "file://<tmp-1>/a and <tmp-1>/b"),
        ("cd /tmp/tmpabcdefgh.", "cd <tmp-1>."),
        ("/tmp/tmpabcdefgh.png", "<tmp-1>.png"),
        ("/tmp/upload_ab12cd34.png", "<tmp-1>.png"),
        ("/tmp/pytest-of-me/pytest-12/test_a0/f.txt", "<tmp-1>/test_a0/f.txt"),
        ("/private/var/folders/zz/zyx_n0/T/tmpabc/f", "<tmp-1>/f"),
        ("/scratch/pytest-of-me/pytest-3/x", "/scratch/<tmp-1>/x"),
        (r"C:\Users\RUNNER~1\AppData\Local\Temp\tmpabc\f", r"<tmp-1>\f"),
        (r"\"C:\\Users\\me\\AppData\\Local\\Temp\\tmpabc\\f\"", r"\"<tmp-1>\\f\""),
        # As JSON within a string spells a line end.
        (rf"{{\"a\": \"x\n2026-11-20\n{UUID}\n/tmp/tmpab12cd34/x\ncall_AbCdEfGh12345678\"}}",
         r"{\"a\": \"x\n<date-1>\n<uuid-1>\n<tmp-1>/x\n<call-1>\"}"),
    ],
)  # fmt: skip
def test_what_is_found(text, expected):
    assert renamed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1969-07-20, 1989-11-09: dates of history",
        "2026-13-20, 2026-11-40, 12026-11-20, a2026-11-20",
        "version 2.2026.11, 10.0.2026.11.20a",
        "20 20261 202611201 in 2026",
        "127.0.0.1:8080, 1:02, 12:30",
        "1234567890, 176363000, 17636300001, 0.1763630000, x1763630000",
        f"x{UUID}, {UUID}0, {UUID[:-1]}",
        f"{BARE}0, {BARE[:-1]}, x{BARE}",
        "call_external_service, call_me, recall_AbCdEfGh12345678, callback_1",
        "/tmp/notes.txt, /tmp/data1.csv, https://host/tmp/tmpab12cd34, /home/me/tmp/x/y",
        r"C:\Temp\notes.txt, D:\Template\x1",
        "In March 2026, the 20 Novembers",
    ],
)
def test_what_is_left(text):
    assert renamed(text) == text


def test_what_programs_really_write():
    now, zone = datetime.datetime.now(datetime.UTC), datetime.datetime.now().astimezone()
    written = [
        *(moment.isoformat() for moment in (now, zone, now.date(), now.replace(tzinfo=None))),
        *(moment.isoformat(timespec="seconds") for moment in (now, zone)),
        *(str(moment) for moment in (now, zone, now.date())),
        *(now.strftime(form) for form in ("%c", "%Y%m%d%H%M%S", "%A, %B %d, %Y", "%d %b %Y", "%a, %d %b %Y %H:%M:%S GMT")),
        *(now.strftime(form) for form in ("%B %d, %Y %I:%M %p", "%Y-%m-%d %H:%M:%S %Z", "%Y년 %m월 %d일", "%Y/%m/%d %H:%M")),
        time.ctime(),
    ]  # fmt: skip
    assert {text: renamed(text) for text in written} == dict.fromkeys(written, "<date-1>")
    epochs = [str(int(time.time())), str(time.time()), str(int(time.time() * 1000)), str(time.time_ns())]
    assert {renamed(text) for text in epochs} == {"<epoch-1>"}
    uuids = [str(uuid.uuid4()), str(uuid.uuid1()), uuid.uuid4().hex, str(uuid.uuid4()).upper()]
    assert {renamed(text) for text in uuids} == {"<uuid-1>"}


def test_clocks_without_their_numbers():
    assert (
        volatile.unclocked(b"<date-1> <time-12> <epoch-3> <uuid-1> <date-x>")
        == b"<date> <time> <epoch> <uuid-1> <date-x>"
    )
    assert volatile.unclocked(b"plain") == b"plain"


PIECES = st.sampled_from(
    ["2026-11-20", "T09:30:00", "09:30:00", "Z", " ", "\n", "-", "/", "_", ".", ":", "1763630000", UUID, BARE, "call_",
     "AbCdEfGh12345678", "/tmp/", "tmpab12cd34", "x", "Nov 20, ", "2026", "Fri ", "<date-1>", "\\n", ",", "chatcmpl-", "한"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@given(TEXTS)
def test_findings_are_in_order_and_apart(text):
    data = text.encode()
    found = volatile.find(data)
    assert all(0 <= one.start < one.end <= len(data) for one in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    assert all(
        volatile.PARTING not in data[one.start : one.end] for one in volatile.find(data + volatile.PARTING + data)
    )


@given(st.lists(TEXTS, max_size=4))
def test_strings_do_not_run_into_one_another(texts):
    whole = volatile.PARTING.join(text.encode() for text in texts)
    apart, offset = [], 0
    for text in texts:
        apart += [(one.start + offset, one.end + offset, one.kind) for one in volatile.find(text.encode())]
        offset += len(text.encode()) + 1
    assert [tuple(one) for one in volatile.find(whole)] == apart


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "2026-11-20",
        "20",
        "/tmp/",
        "call_",
        "f",
        "-",
        ":00",
        "1763630000",
        "h ",
        "Temp\\",
        "\\",
        "_A1",
        "Nov 20 2026 ",
        "/tmp/a-",
        "/var/folders/",
        "pytest-of-",
        "chatcmpl-",
        "3f2c1a9b-",
        "<date-",
    ],
)
@pytest.mark.timeout(30)
def test_nothing_is_quadratic(piece):
    """A million bytes of what begins like a value and never is one take a second at most; quadratic, hours."""
    assert volatile.find((piece * (1_000_000 // len(piece))).encode()) is not None
