"""Wire offsets of events and chunks, read off the plan."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.model import Ending, Frame, Head, Timeline
from mockserver.plan import Asking, Plan, compile_plan
from mockserver.stops import stops_of

SSE = (("Content-Type", "text/event-stream"),)
ASKING = Asking()
ONE, TWO, THREE = b"data: 1\n\n", b"data: 22\n\n", b": three\n\n"


def plan_of(*pieces, framing="chunked", headers=SSE, end=None, code=200, asking=ASKING, gap=10.0, more=()):
    frames = tuple(Frame(gap * at, piece, at in more) for at, piece in enumerate(pieces, 1))
    timeline = Timeline(
        head=Head(code=code, headers=headers),
        head_at_ms=1.0,
        frames=frames,
        end=end or Ending(),
        end_at_ms=gap * (len(frames) + 1),
        framing=framing,
    )
    return compile_plan(timeline, asking)


def walked(plan, method="POST"):
    """The wire in the pieces in which steps play it."""
    stops = stops_of(plan, method)
    pieces, place = [], 0
    while (to := stops.after(place)) > place:
        pieces.append(plan.wire[place:to])
        place = to
    assert b"".join(pieces) == plan.wire
    return stops, pieces


def test_a_chunk_with_two_events_is_two_steps_and_its_line_end_goes_with_the_last():
    stops, pieces = walked(plan_of(ONE + TWO, THREE))
    assert [piece[-len(b) :] for piece, b in zip(pieces, (ONE, TWO + b"\r\n", THREE + b"\r\n"), strict=False)] == [
        ONE,
        TWO + b"\r\n",
        THREE + b"\r\n",
    ]
    assert pieces[3:] == [b"0\r\n\r\n"]
    assert (stops.events, stops.framing) == (3, "chunked")


def test_an_event_over_two_chunks_is_one_step():
    _, pieces = walked(plan_of(ONE[:4], ONE[4:] + TWO))
    assert pieces[0].endswith(ONE[4:])
    assert pieces[1] == TWO + b"\r\n"


def test_the_same_chunk_gone_on_is_open_in_between():
    plan = plan_of(ONE, TWO, more=(1,))
    stops, pieces = walked(plan)
    assert pieces[1] == TWO + b"\r\n"
    assert stops.injected(len(pieces[0]), b"x") == "an HTTP chunk is open, or the last one is out"
    assert stops.injected(len(pieces[0]) + len(pieces[1]), b"x") == b"1\r\nx\r\n"


@pytest.mark.parametrize("framing", ["close", "length"])
def test_other_framings(framing):
    stops, pieces = walked(plan_of(ONE, TWO, framing=framing))
    assert pieces[0].endswith(b"\r\n\r\n" + ONE)
    assert pieces[1] == TWO
    assert stops.injected(0, b"x") == "the head is not out yet"
    assert stops.injected(stops.head, b"x") == (
        b"x" if framing == "close" else "the answer has a Content-Length, which more bytes would break"
    )


def test_nothing_is_put_in_where_there_is_no_body():
    plan = plan_of(ONE, asking=Asking(head_only=True))
    assert walked(plan, "HEAD")[0].injected(len(plan.wire), b"x") == "the answer has no body"
    assert walked(plan_of(code=204))[0].framing is None


def test_a_stall_after_the_head_takes_chunks_and_a_finished_body_none():
    plan = plan_of(end=Ending(type="timeout"))
    assert walked(plan)[0].injected(len(plan.wire), b"ab") == b"2\r\nab\r\n"
    whole = plan_of(ONE)
    assert stops_of(whole, "POST").injected(len(whole.wire), b"ab") == "an HTTP chunk is open, or the last one is out"


def test_without_events_a_step_is_what_is_due_at_one_instant():
    stops, pieces = walked(plan_of(b"abc", b"def", headers=(("Content-Type", "text/plain"),)))
    assert stops.events == 0
    assert pieces[0].endswith(b"\r\n\r\n")
    assert pieces[1:] == [b"3\r\nabc\r\n", b"3\r\ndef\r\n", b"0\r\n\r\n"]


def test_bytes_that_are_no_http_are_still_walked():
    plan = plan_of(ONE)
    for wire in (b"no http", b"HTTP/1.1 200 OK\r\nbad head\r\n\r\nx", plan.wire.replace(b"9\r\n", b"zz\r\n")):
        walked(Plan(wire, plan.due[:1], type(plan.ends)("q", [len(wire)]), "close", 0.0, 200, 0))
    walked(Plan(b"", plan.due[:0], plan.ends[:0], "reset", 0.0, 0, 0))


def test_1xx_heads_are_passed_over():
    plan = plan_of(ONE)
    early = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
    moved = plan._replace(wire=early + plan.wire, ends=type(plan.ends)("q", [end + len(early) for end in plan.ends]))
    assert walked(moved)[0].head == stops_of(plan, "POST").head + len(early)


@given(
    st.lists(st.sampled_from([ONE, TWO, THREE, b"data:", b" x\n", b"\n"]), min_size=1, max_size=8),
    st.sampled_from(["chunked", "close", "length"]),
)
def test_steps_play_every_byte_in_order_whatever_the_chunks(pieces, framing):
    stops, walk = walked(plan_of(*pieces, framing=framing))
    body = b"".join(pieces)
    assert stops.events <= len(walk)
    assert all(walk)
    if framing != "chunked":
        assert b"".join(walk).endswith(body)
    assert list(stops.steps) == sorted(set(stops.steps))
