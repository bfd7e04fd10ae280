"""Plans: what a timeline looks like on the wire for every way of asking, and when each byte of it is due."""

from bisect import bisect_right

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cassettes.framing import ResponseReader
from cassettes.model import Ending, Frame, Head, Informational, Timeline
from mockserver.plan import MARK, Asking, compile_plan, has_no_body, keeps_alive, live_framing, live_headers

GET = Asking()
CHUNKED = (("Content-Type", "text/event-stream"), ("transfer-encoding", "chunked"), ("Date", "x"))
SIZED = (("Content-Length", "3"), ("Date", "x"))


def timeline(*frames, headers=CHUNKED, framing="chunked", end=None, code=200, http="1.1", **fields):
    return Timeline(
        head=Head(http=http, code=code, message="OK", headers=headers),
        head_at_ms=10.0,
        frames=tuple(Frame(*frame) for frame in frames),
        end=end or Ending(),
        end_at_ms=(frames[-1][0] if frames else 10.0) + 5.0,
        framing=framing,
        **fields,
    )


def cut(missing=0, kind="cut"):
    return Ending(type=kind, missing=missing)


def entries(plan):
    """(seconds, bytes) of everything a plan writes."""
    starts = [0, *plan.ends]
    return [(due, plan.wire[start:stop]) for due, start, stop in zip(plan.due, starts, plan.ends, strict=False)]


def body(plan):
    return plan.wire.partition(b"\r\n\r\n")[2]


def fields(plan):
    lines = plan.wire.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return [tuple(line.decode().split(": ", 1)) for line in lines]


# -- bytes and deadlines ---------------------------------------------------------------------------------------------


def test_a_chunked_stream():
    plan = compile_plan(timeline((20.0, b"hello"), (30.0, b"!"), trailers=(("X-Sum", "1"),)), GET, ((MARK, "a#1"),))
    assert entries(plan) == [
        (
            0.01,
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\ntransfer-encoding: chunked\r\nDate: x\r\nx-tokentape: a#1\r\n\r\n",
        ),
        (0.02, b"5\r\nhello\r\n"),
        (0.03, b"1\r\n!\r\n"),
        (0.035, b"0\r\nX-Sum: 1\r\n\r\n"),
    ]
    assert (plan.action, plan.end_due, plan.code) == ("keep", 0.035, 200)
    assert plan.wire[: plan.body_end].endswith(b"1\r\n!\r\n")


def test_a_pause_inside_a_chunk_is_a_pause_inside_a_chunk():
    plan = compile_plan(timeline((20.0, b"ab", True), (30.0, b"c", True), (40.0, b"d")), GET)
    assert [piece for _, piece in entries(plan)[1:]] == [b"4\r\nab", b"c", b"d\r\n", b"0\r\n\r\n"]


@pytest.mark.parametrize("kind", ["cut", "reset", "timeout", "client_closed", "interrupted"])
@pytest.mark.parametrize(
    ("frames", "missing", "wire"),
    [
        ([(20.0, b"ab", True)], 7, b"9\r\nab"),
        ([(20.0, b"ab", True), (30.0, b"c", True)], 1, b"4\r\nabc"),
        ([(20.0, b"ab"), (30.0, b"c", True)], 1, b"2\r\nab\r\n2\r\nc"),
        ([(20.0, b"ab")], 0, b"2\r\nab\r\n"),
        ([], 0, b""),
    ],
)
def test_a_broken_stream_has_no_last_chunk(frames, missing, wire, kind):
    plan = compile_plan(timeline(*frames, end=cut(missing, kind)), GET)
    assert body(plan) == wire
    assert plan.body_end == (len(plan.wire) if frames else 0)


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("eof", "keep"),
        ("cut", "close"),
        ("interrupted", "close"),
        ("reset", "reset"),
        ("timeout", "stall"),
        ("client_closed", "stall"),
    ],
)
def test_what_an_ending_does(kind, action):
    plan = compile_plan(timeline((20.0, b"a"), end=Ending(type=kind)), GET)
    assert (plan.action, plan.end_due) == (action, 0.025)


@pytest.mark.parametrize(("kind", "action"), [("cut", "close"), ("reset", "reset"), ("timeout", "stall")])
def test_a_head_that_never_became_whole(kind, action):
    half = Timeline(
        head=None,
        head_at_ms=8.0,
        frames=(),
        end=Ending(type=kind, at="head"),
        end_at_ms=20.0,
        partial_head=b"HTTP/1.1 2",
    )
    plan = compile_plan(half, GET, ((MARK, "a#1"),))
    assert entries(plan) == [(0.008, b"HTTP/1.1 2")]
    assert (plan.action, plan.end_due, plan.code, plan.body_end) == (action, 0.02, 0, 0)


def test_no_byte_at_all():
    nothing = Timeline(head=None, head_at_ms=0.0, frames=(), end=Ending(type="reset", at="request"), end_at_ms=20.0)
    plan = compile_plan(nothing, GET)
    assert (plan.wire, list(plan.due), list(plan.ends), plan.action, plan.end_due) == (b"", [], [], "reset", 0.02)


def test_what_is_due_at_once_is_one_entry():
    plan = compile_plan(timeline((10.0, b"a"), (10.0, b"b"), (12.0, b"c"), (12.0, b"d")), GET)
    assert [due for due, _ in entries(plan)] == [0.01, 0.012, 0.017]


def test_an_early_head_leaves_out_what_is_of_another_connection():
    fields = (("Link", "</a>"), ("Connection", "x"), ("X-Tokentape", "a#1"), ("Keep-Alive", "timeout=5"))
    wire = compile_plan(timeline(informational=(Informational(1.0, 103, "", fields),)), GET).wire
    assert wire.startswith(b"HTTP/1.1 103 \r\nLink: </a>\r\n\r\nHTTP/1.1 200 ")


def test_what_comes_first_on_the_wire_is_never_due_later():
    early = (Informational(50.0, 103, "Early Hints", (("Link", "<a>"),)),)
    plan = compile_plan(timeline((60.0, b"a"), (55.0, b"b"), informational=early), GET)
    assert list(plan.due) == [0.05, 0.06]
    assert entries(plan)[0][1].startswith(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert list(compile_plan(timeline(informational=early), Asking(http10=True)).due) == [0.01]


# -- framing for every way of asking ---------------------------------------------------------------------------------


def test_length_counts_what_is_missing():
    plan = compile_plan(timeline((20.0, b"ab"), headers=SIZED, framing="length", end=cut(5)), GET)
    assert ("Content-Length", "7") in fields(plan)
    assert (body(plan), plan.action) == (b"ab", "close")


def test_a_length_is_the_one_that_is_sent():
    plan = compile_plan(timeline((20.0, b"abcd"), headers=SIZED, framing="length"), GET)
    assert fields(plan) == [("Content-Length", "4"), ("Date", "x")]
    assert plan.action == "keep"


def test_close_framing_says_so_and_closes():
    plan = compile_plan(timeline((20.0, b"abc"), headers=(("Date", "x"),), framing="close"), GET)
    assert fields(plan) == [("Date", "x"), ("Connection", "close")]
    assert (body(plan), plan.action, plan.end_due) == (b"abc", "close", 0.025)


@pytest.mark.parametrize(
    ("headers", "framing", "expected"),
    [
        ((), "chunked", [("Transfer-Encoding", "chunked")]),
        ((), "length", [("Content-Length", "3")]),
        (SIZED, "chunked", [("Date", "x"), ("Transfer-Encoding", "chunked")]),
        (CHUNKED, "length", [CHUNKED[0], CHUNKED[2], ("Content-Length", "3")]),
        ((("CONTENT-LENGTH", "9"), ("content-length", "9")), "length", [("CONTENT-LENGTH", "3")]),
        ((("Transfer-Encoding", "gzip, Chunked"),), "chunked", [("Transfer-Encoding", "gzip, Chunked")]),
        (
            (("TE", "x"), ("transfer-encoding", "gzip"), ("Transfer-Encoding", "chunked")),
            "chunked",
            [("transfer-encoding", "gzip, chunked")],
        ),
        ((("Transfer-Encoding", "gzip"),), "chunked", [("Transfer-Encoding", "chunked")]),
    ],
)
def test_the_framing_is_said_once_and_in_the_place_of_the_tape(headers, framing, expected):
    assert fields(compile_plan(timeline((20.0, b"abc"), headers=headers, framing=framing), GET)) == expected


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "proxy-connection",
        "Proxy-Authenticate",
        "Upgrade",
        "TE",
        "X-Tokentape",
        "x-tokentape-fault",
    ],
)
def test_headers_of_one_connection_and_marks_of_ours_are_not_replayed(name):
    plan = compile_plan(timeline(headers=((name, "keep-alive"), *CHUNKED)), GET)
    assert fields(plan) == list(CHUNKED)


def test_order_case_and_repeats_of_headers_stay():
    headers = (("set-cookie", "a"), ("X-b", ""), ("Set-Cookie", "b"), *CHUNKED)
    live = live_headers(timeline(headers=headers), Head(headers=headers), GET)
    assert live == list(headers)


@pytest.mark.parametrize(
    ("asking", "framing", "http", "kind", "connection", "action"),
    [
        (Asking(), "chunked", "1.1", "eof", None, "keep"),
        (Asking(), "length", "1.1", "eof", None, "keep"),
        (Asking(), "close", "1.1", "eof", "close", "close"),
        (Asking(keep_alive=False), "chunked", "1.1", "eof", "close", "close"),
        (Asking(keep_alive=False), "length", "1.1", "cut", "close", "close"),
        # A break is not announced: the client must meet it unprepared.
        (Asking(), "chunked", "1.1", "cut", None, "close"),
        (Asking(), "length", "1.1", "reset", None, "reset"),
        # HTTP/1.0 closes by default, and what it was sent in decides.
        (Asking(), "length", "1.0", "eof", None, "close"),
        (Asking(http10=True, keep_alive=True), "length", "1.1", "eof", "keep-alive", "keep"),
        (Asking(http10=True, keep_alive=True), "length", "1.1", "cut", None, "close"),
        (Asking(http10=True, keep_alive=True), "chunked", "1.1", "eof", "close", "close"),
        (Asking(http10=True, keep_alive=False), "length", "1.1", "eof", "close", "close"),
        (Asking(head_only=True), "close", "1.1", "eof", None, "keep"),
        (Asking(head_only=True, keep_alive=False), "length", "1.1", "eof", "close", "close"),
    ],
)
def test_the_connection(asking, framing, http, kind, connection, action):
    tape = timeline((20.0, b"abc"), headers=SIZED, framing=framing, http=http, end=Ending(type=kind))
    plan = compile_plan(tape, asking)
    assert dict(fields(plan)).get("Connection") == connection
    assert plan.action == action
    assert (plan.action == "keep") == keeps_alive(tape, tape.head, asking)


def test_http_1_0_gets_no_chunks():
    plan = compile_plan(timeline((20.0, b"ab", True), (30.0, b"c"), trailers=(("a", "b"),)), Asking(http10=True))
    assert fields(plan) == [CHUNKED[0], CHUNKED[2], ("Connection", "close")]
    assert body(plan) == b"abc"
    assert (plan.action, plan.end_due, plan.body_end) == ("close", 0.035, len(plan.wire))
    assert live_framing(timeline(), Asking(http10=True)) == "close"


@pytest.mark.parametrize("headers", [CHUNKED, SIZED, (("Content-Length", "99"), ("Transfer-Encoding", "chunked"))])
@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_head_gets_the_head_of_the_tape(headers, framing):
    plan = compile_plan(timeline((20.0, b"abc"), headers=headers, framing=framing), Asking(head_only=True))
    assert fields(plan) == list(headers)
    assert (body(plan), plan.body_end, plan.action) == (b"", 0, "keep")


@pytest.mark.parametrize("code", [204, 304])
@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_codes_without_body_have_not_even_a_last_chunk(code, framing):
    # A cassette of vcrpy has no framing of its own: a 204 without Content-Length was taken for chunked.
    plan = compile_plan(timeline(headers=(("Date", "x"),), framing=framing, code=code), GET)
    assert (fields(plan), body(plan), plan.action) == ([("Date", "x")], b"", "keep")
    assert has_no_body(Head(code=code), GET)


def test_101_is_the_last_of_its_connection():
    plan = compile_plan(timeline(headers=(("Upgrade", "websocket"),), framing="length", code=101), GET)
    assert (body(plan), plan.action) == (b"", "close")


@pytest.mark.parametrize("kind", ["cut", "reset", "timeout"])
def test_an_answer_without_body_can_break_too(kind):
    plan = compile_plan(timeline(code=204, end=Ending(type=kind)), GET)
    assert plan.action != "keep"
    assert plan.end_due == 0.015


# -- laws ------------------------------------------------------------------------------------------------------------


@st.composite
def timelines(draw):
    """Any timeline as the recorder makes it: `more` runs, an open chunk exactly when bytes are missing."""
    framing = draw(st.sampled_from(["chunked", "length", "close"]))
    offsets = sorted(draw(st.lists(st.integers(0, 1000), max_size=12)))
    kind = draw(st.sampled_from(["eof", "cut", "reset", "timeout", "client_closed", "interrupted"]))
    missing = 0 if kind == "eof" or framing == "close" else draw(st.integers(0, 300))
    chunked = framing == "chunked"
    frames = [Frame(at, draw(st.binary(min_size=1, max_size=20)), chunked and draw(st.booleans())) for at in offsets]
    if frames and chunked:
        frames[-1] = frames[-1]._replace(more=missing > 0)
    elif chunked:
        missing = 0
    return Timeline(
        head=Head(code=draw(st.sampled_from([200, 429, 500])), message="Any", headers=(("X-A", "b"),)),
        head_at_ms=0.0,
        frames=tuple(frames),
        end=Ending(type=kind, missing=missing),
        end_at_ms=2000.0,
        framing=framing,
        trailers=(("X-T", "1"),) if chunked and kind == "eof" else (),
        informational=tuple(Informational(0.0, 103, "") for _ in range(draw(st.integers(0, 2)))),
    )


def sizes_of(tape):
    """The sizes of whole HTTP chunks, and how many bytes of an open one are there."""
    sizes, size = [], 0
    for frame in tape.frames:
        size += len(frame.data)
        if not frame.more:
            sizes.append(size)
            size = 0
    return sizes, size


@given(timelines(), st.booleans())
def test_a_client_reads_back_the_timeline(tape, keep_alive):
    plan = compile_plan(tape, Asking(keep_alive=keep_alive))
    reader = ResponseReader("POST")
    facts = reader.feed(plan.wire)
    data = [fact for fact in facts if fact.kind == "data"]
    assert b"".join(fact.data for fact in data) == b"".join(frame.data for frame in tape.frames)
    heads = [fact.head.code for fact in facts if fact.head]
    assert heads == [*(103 for _ in tape.informational), tape.head.code]
    assert (reader.framing, reader.excess) == (tape.framing, b"")
    assert reader.missing == tape.end.missing
    if tape.framing == "chunked":
        sizes, opened = sizes_of(tape)
        found = [len(fact.data) for fact in data]
        assert found == sizes + ([opened] if opened else [])
        assert [fact.trailers for fact in facts if fact.kind == "end"] == (
            [tape.trailers] if tape.end.type == "eof" else []
        )
    elif tape.framing == "close":
        assert reader.closed()
    if tape.framing != "close" and (tape.framing == "chunked" or tape.end.missing):
        assert reader.complete == (tape.end.type == "eof")


@given(timelines(), st.booleans(), st.booleans())
@example(tape=timeline((1995.0, b"a\r\n", True), end=cut(1)), http10=False, head_only=False)
def test_a_plan_is_in_order_and_ends_with_its_wire(tape, http10, head_only):
    plan = compile_plan(tape, Asking(head_only, http10))
    assert list(plan.due) == sorted(plan.due)
    assert list(plan.ends) == sorted(set(plan.ends))
    assert plan.ends[-1] == len(plan.wire)
    assert 0 <= plan.body_end <= len(plan.wire)
    assert plan.end_due == 2.0
    if not head_only and tape.frames:
        last, chunked = tape.frames[-1], tape.framing == "chunked" and not http10
        closing = b"\r\n" if chunked and not last.more else b""  # of the HTTP chunk, if it is whole
        assert plan.wire[: plan.body_end].endswith(last.data + closing)


@given(timelines(), st.integers(0, 2000))
def test_at_any_moment_a_client_has_what_the_tape_had(tape, at_ms):
    plan = compile_plan(tape, GET)
    due = bisect_right(plan.due, at_ms / 1000.0)
    reader = ResponseReader("POST")
    facts = reader.feed(plan.wire[: plan.ends[due - 1]])
    assert b"".join(fact.data for fact in facts) == b"".join(
        frame.data for frame in tape.frames if frame.at_ms <= at_ms
    )


@given(timelines())
def test_http_1_0_gets_the_same_body(tape):
    reader = ResponseReader("POST")
    facts = reader.feed(compile_plan(tape, Asking(http10=True)).wire)
    assert b"".join(fact.data for fact in facts) == b"".join(frame.data for frame in tape.frames)
    assert reader.framing == ("length" if tape.framing == "length" else "close")
