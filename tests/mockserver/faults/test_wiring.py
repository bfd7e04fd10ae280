"""Laws of broken plans: without faults the plan of `compile_plan`; with any, untouched bytes, order, framing, repeats."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from faulted import EVENTS, body, break_it, entries, plan_of, side, tape
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cassettes.framing import ResponseReader
from cassettes.model import Ending, Frame, Head, Informational, Timeline
from mockserver.faults.grammar import FaultError
from mockserver.faults.table import FAMILIES
from mockserver.faults.wiring import compile_woven
from mockserver.faults.woven import Woven
from mockserver.plan import Asking, compile_plan

CHUNKED = (("content-type", "text/event-stream"), ("Transfer-Encoding", "chunked"), ("x", "y"))
pieces = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.sampled_from(
        [*EVENTS, b"data: x\r\n\r\n", b"\n", "é".encode()[:1], "é".encode()[1:], b"event: ping\ndata: {}\n\n"]
    ),
)


@st.composite
def timelines(draw: st.DrawFn, *, clean: bool = False) -> Timeline:
    framing = draw(st.sampled_from(["chunked", "length", "close"]))
    datas = draw(st.lists(pieces, max_size=8))
    at = draw(st.floats(0, 50))
    frames, now = [], at
    kind = "eof" if clean else draw(st.sampled_from(["eof", "cut", "reset", "timeout"]))
    missing = 0 if kind == "eof" or not datas or framing == "close" else draw(st.integers(0, 20))
    for number, data in enumerate(datas):
        now += draw(st.sampled_from([0.0, 0.1, 7.0, 1000.0]))
        last = number == len(datas) - 1
        more = framing == "chunked" and (missing > 0 if last else draw(st.booleans()))
        frames.append(Frame(now, data, more))
    interim = (Informational(at / 2, 103, "Early Hints", (("link", "x"),)),) if draw(st.booleans()) else ()
    headers = {"chunked": CHUNKED, "length": (("Content-Length", "1"),), "close": ()}[framing]
    return Timeline(
        head=Head(headers=headers, http=draw(st.sampled_from(["1.0", "1.1"])) if framing != "chunked" else "1.1"),
        head_at_ms=at,
        frames=tuple(frames),
        end=Ending(type=kind, missing=missing),
        end_at_ms=now + draw(st.sampled_from([0.0, 3.0])),
        framing=framing,
        trailers=(("x-sum", "1"),) if framing == "chunked" and kind == "eof" and draw(st.booleans()) else (),
        informational=interim,
    )


askings = st.builds(Asking, st.booleans(), st.booleans(), st.booleans())


@given(timelines(), askings)
def test_without_faults_it_is_the_plan_as_ever(timeline, asking):
    assert compile_woven(Woven(side(timeline)), asking, (("m", "1"),)) == compile_plan(timeline, asking, (("m", "1"),))


@pytest.mark.parametrize(
    "end", [Ending(type="reset", at="request"), Ending(type="cut", at="head"), Ending(type="timeout", at="head")]
)
def test_a_tape_that_breaks_before_its_body_stays_as_it_is(end):
    timeline = Timeline(head=None, head_at_ms=5.0, frames=(), end=end, end_at_ms=9.0, partial_head=b"HTTP/1.1 20")
    assert compile_woven(Woven(side(timeline)), Asking()) == compile_plan(timeline, Asking())


places = st.one_of(
    st.sampled_from(["0b", "end", "0e", "1e", "2e", "0c", "1c", "50%", "33.3pct", "0ms", "12ms", "1s", "=ping"]),
    st.builds("{}{}".format, st.integers(0, 60), st.sampled_from("becw")),
)
ENDINGS = ["reset", "cut", "end-early", "stall", "stall@{}:5ms", "half-close"]
BODIED = [
    *("pause@{}:20ms", "comment@{}", "comment@{}:hi,blank=no", "error@{}:overloaded", "malformed@{}", "duplicate@{}"),
    *("duplicate", "reorder@{}", "drop@{}", "corrupt@{}", "corrupt@{}:3", "invalid-utf8@{}", 'insert@{}:"xyz"'),
    *("no-terminal", "huge-event@{}:500", "keepalive:5ms", "latency:5ms", "ttft:50ms", "jitter:9ms", "bandwidth:2000"),
    *("buffer", "buffer:20", "drip:3", "split:2", "split:utf8", "split:crlf", "split:blank", "merge", "merge:2"),
    *("eol:crlf", "eol:cr", "eol:lf", "eol:mixed", "bom", "no-space", "no-final-blank", "no-final-blank:yes"),
    *("encode:gzip", "encode:gzip-members", "encode:deflate,flush=no", "head-drip:3", "header:x=2", "early-hints"),
    *("trailer:x=y", "linger:5ms", "chunk-extension:a=b", "chunk-zeros:3", "split:framing"),
]
FRAMING_BREAKERS = [
    "bad-chunk-size@{}",
    "content-length:+7",
    "content-length:50%",
    "drop-header:content-type",
    "http10",
]


@st.composite
def lists(draw: st.DrawFn, kinds: list[str], *, ending: bool = True) -> str:
    """A list of optional faults, with at most one ending."""
    chosen = draw(st.lists(st.sampled_from(kinds), max_size=4))
    if ending and draw(st.booleans()):
        chosen.append(draw(st.sampled_from(ENDINGS)))
    chosen = [one for one in chosen if not one.startswith("linger")] + [
        one for one in chosen if one.startswith("linger")
    ][:1]
    if len([one for one in chosen if one.startswith(("linger", *ENDINGS[:4], "half"))]) > 1:
        chosen = [one for one in chosen if not one.startswith("linger")]
    made = []
    for one in chosen:
        name, _, rest = one.partition("@{}")
        where = f"@{draw(places)}" if "@{}" in one or (one in ENDINGS and ":" not in one) else ""
        head, colon, args = (name if "@{}" in one else one).partition(":")
        made.append(f"{head}?{where}{colon}{args}{rest}")
    return ";".join(made)


def test_the_lists_of_this_file_name_every_fault():
    tried = {one.partition("@")[0].partition(":")[0] for one in [*ENDINGS, *BODIED, *FRAMING_BREAKERS]}
    others = {"linger", "no-close-notify", "case"} | set(FAMILIES["status"])
    assert {name for names in FAMILIES.values() for name in names} <= tried | others


@settings(deadline=None)
@given(timelines(), lists([*BODIED, *FRAMING_BREAKERS, "status:429", "html", "empty", "redirect"][: len(BODIED) + 5]))
def test_offsets_never_go_back_and_every_byte_is_due(timeline, faults):
    plan = break_it(faults, timeline).plan if faults else compile_plan(timeline, Asking())
    assert list(plan.due) == sorted(plan.due)
    assert list(plan.ends) == sorted(set(plan.ends))
    assert (plan.ends[-1] if plan.ends else 0) == len(plan.wire)
    assert plan.body_end <= len(plan.wire)
    assert plan.end_due >= 0


@settings(deadline=None)
@given(timelines(clean=True), lists(BODIED))
def test_framing_stays_parseable(timeline, faults):
    plan = break_it(faults, timeline).plan if faults else compile_plan(timeline, Asking())
    reader = ResponseReader("POST")
    reader.feed(plan.wire)
    assert not reader.excess
    assert reader.complete or plan.action != "keep"


@settings(deadline=None)
@given(timelines(clean=True), st.sampled_from(ENDINGS), places)
def test_an_ending_leaves_every_byte_before_it_alone(timeline, ending, where):
    fault = ending.format(where) if "{}" in ending else f"{ending}@{where}"
    try:
        plan = plan_of(fault, timeline)
    except FaultError:
        return
    reader = ResponseReader("POST")
    data = b"".join(fact.data for fact in reader.feed(plan.wire))
    whole = b"".join(frame.data for frame in timeline.frames)
    assert whole.startswith(data)
    if where.endswith("b") and where != "0b":
        assert len(data) == int(where[:-1])
    if where.endswith("w") and plan.code:
        sent = len(plan.wire) - plan.wire.rindex(b"\r\n\r\n", 0, _head_end(plan.wire)) - 4
        assert sent == int(where[:-1]) or ending == "end-early"


def _head_end(wire: bytes) -> int:
    at = 0
    while wire[at:].startswith(b"HTTP/1.1 1"):
        at = wire.index(b"\r\n\r\n", at) + 4
    return wire.index(b"\r\n\r\n", at) + 4


@settings(deadline=None)
@given(timelines(), st.integers(0, 200), st.binary(min_size=1, max_size=9))
def test_an_insertion_leaves_every_other_byte_alone(timeline, at, data):
    whole = b"".join(frame.data for frame in timeline.frames)
    at = min(at, len(whole))
    reader = ResponseReader("POST")
    got = b"".join(fact.data for fact in reader.feed(plan_of(f"insert@{at}b:hex={data.hex()}", timeline).wire))
    assert got == whole[:at] + data + whole[at:]


@given(timelines(), st.integers(0, 5), st.integers(0, 200))
def test_faults_do_not_move_each_others_place(timeline, first, at):
    whole = b"".join(frame.data for frame in timeline.frames)
    at = min(at, len(whole))
    first = min(first, at)
    plan = plan_of(f'insert@{first}b:"0123456789";cut@{at}b;insert@{first}b:"ab"', timeline)
    got = b"".join(fact.data for fact in ResponseReader("POST").feed(plan.wire))
    assert got == whole[:first] + b"0123456789ab" + whole[first:at]


NEUTRAL = [
    *("latency:5ms", "ttft:50ms", "jitter:9ms", "bandwidth:2000", "buffer", "buffer:20", "drip:3", "pause@{}:20ms"),
    *("split:2", "split:utf8", "split:crlf", "split:blank", "split:framing", "merge", "merge:2", "head-drip:3"),
    *("chunk-extension:a=b", "chunk-zeros:3", "trailer:x=y", "header:x=2", "early-hints"),
]
"""What leaves the body as it is, whatever becomes of its packing and its time."""


@settings(deadline=None)
@given(timelines(), lists(NEUTRAL, ending=False))
def test_what_is_about_packing_and_time_leaves_every_byte_alone(timeline, faults):
    assume(faults)
    got = b"".join(fact.data for fact in ResponseReader("POST").feed(break_it(faults, timeline).plan.wire))
    assert got == b"".join(frame.data for frame in timeline.frames)


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[bytes], str, list[bytes]]:
    """Events, faults that each act on one of them (or in front of it), and what is left, by lists alone."""
    events = [b'data: {"n":%d}\n\n' % number for number in range(draw(st.integers(2, 9)))]
    places = draw(st.lists(st.integers(0, len(events) - 1), unique=True, max_size=5))
    expected, faults = [[event] for event in events], []
    for at in places:
        what = draw(st.sampled_from(["drop", "duplicate", "comment", "insert", "malformed", "corrupt", "reorder"]))
        if what == "reorder" and ({at, at + 1} & (set(places) - {at}) or at + 1 == len(events)):
            what = "malformed"
        if what in {"comment", "insert"} and at - 1 in places:
            what = "corrupt"  # a second copy of the event before it may stand on either side of an insertion
        if what == "drop":
            expected[at] = []
        elif what == "duplicate":
            expected[at] = [events[at]] * 2
        elif what == "reorder":
            expected[at], expected[at + 1] = [events[at + 1]], [events[at]]
        elif what in {"malformed", "corrupt"}:
            expected[at] = [b""]  # changed, in its own place
        else:
            expected[at] = [b": x\n\n" if what == "comment" else b"xyz", events[at]]
        faults.append(f"{what}@{at}e" + {"comment": ":x", "insert": ":xyz"}.get(what, ""))
    order = draw(st.permutations(faults))
    return events, ";".join(order), [event for group in expected for event in group]


@settings(deadline=None)
@given(edits(), lists(NEUTRAL, ending=False), st.integers(0, 99))
def test_events_that_no_fault_names_are_the_tapes_in_its_order(edit, neutral, seed):
    events, faults, expected = edit
    listed = ";".join(one for one in (faults, neutral) if one)
    assume(listed)
    plan = plan_of(listed, tape(*events), seed=seed)
    got = b"".join(fact.data for fact in ResponseReader("POST").feed(plan.wire))
    # What was changed by chance may be anything but what it was; all around it is as it was.
    pattern = b"".join(re.escape(event) if event else rb"(?s:.{1,40}?)" for event in expected)
    assert re.fullmatch(pattern, got), (listed, got)
    for at in (int(found) for found in re.findall(r"(?:malformed|corrupt)@(\d+)e", faults)):
        assert got.count(events[at]) == 0, (listed, got)


RANDOM = "jitter:40ms;corrupt@10b:20;malformed@1e;latency:50ms,jitter=50ms"


def test_the_same_seed_is_the_same_bytes_in_another_process():
    one, same, other = (plan_of(RANDOM, seed=seed) for seed in (7, 7, 8))
    assert one == same
    assert (one.wire, one.due) != (other.wire, other.due)
    code = f"import faulted, hashlib; p = faulted.plan_of({RANDOM!r}, seed=7); print(hashlib.sha256(p.wire + p.due.tobytes()).hexdigest())"
    expected = hashlib.sha256(one.wire + one.due.tobytes()).hexdigest()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "5"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected


def digest_of_many(seed: int) -> str:
    """Of the plans of a hundred lists of faults that are drawn by `seed`."""
    random, told = Random(seed), hashlib.sha256()
    spots = ("0b", "end", "1e", "2e", "1c", "50%", "33.3pct", "12ms", "17b", "40w")
    for _ in range(100):
        names = random.sample([*BODIED, *ENDINGS[:3]], 4)
        written = []
        for name in names:
            head, colon, rest = name.replace("@{}", f"@{random.choice(spots)}").partition(":")
            fault, at, where = head.partition("@")
            written.append(f"{fault}?{at}{where}{colon}{rest}")
        try:
            plan = plan_of(";".join(written), seed=random.randrange(2**64))
        except FaultError:
            continue  # two endings
        if "encode" not in "".join(written):  # how well zlib packs is its own matter
            told.update(plan.wire + plan.due.tobytes() + plan.ends.tobytes() + repr(plan[3:]).encode())
    return told.hexdigest()


PINNED = "7ff7c242ccd622abd05cd80827190a30f1f4167f37f5fce04ea63cbb0913439a"
"""Another list of faults above makes another one."""


def test_the_same_seed_is_the_same_bytes_on_any_machine_in_any_worker_and_process():
    """Under xdist too: each worker, and a process with another hash seed, comes to what is written here."""
    code = f"import sys; sys.path[:0] = {sys.path!r}; import test_wiring; print(test_wiring.digest_of_many(7))"
    there = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": "77", "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert digest_of_many(7) == there.stdout.strip() == PINNED
    assert digest_of_many(8) != PINNED


def test_a_seeded_fault_does_not_depend_on_the_others():
    alone, beside = plan_of("corrupt@10b:20", seed=3), plan_of("corrupt@10b:20;jitter:5ms", seed=3)
    assert body(alone) == body(beside)


def test_the_order_of_phases_is_not_that_of_writing():
    assert plan_of("cut@1e;comment@0e;eol:crlf").wire == plan_of("eol:crlf;comment@0e;cut@1e").wire
    assert plan_of("insert@0e:a;insert@0e:b").wire != plan_of("insert@0e:b;insert@0e:a").wire


def test_what_is_due_when():
    assert entries(plan_of("pause@1e:100ms;cut@2e"))[1:] == [
        (20.0, b"%x\r\n%s\r\n" % (len(EVENTS[0]), EVENTS[0])),
        (130.0, b"%x\r\n%s\r\n" % (len(EVENTS[1]), EVENTS[1])),
    ]
    assert plan_of("reset@1500ms", tape(every=1000.0)).end_due == 1.5
