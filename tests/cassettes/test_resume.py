"""What is left of a stream: laws of `rest_after` over random timelines, ids as WHATWG says, Responses' numbers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cassettes.model import Chunk, Ending, Frame, Head, Response, Stream, Timeline, TokentapeError
from cassettes.resume import (
    Rest,
    after_event,
    after_sequence,
    edge_before,
    events_of,
    ids_of,
    rest_after,
    rest_of,
    upto,
)

FRAMES = st.lists(st.tuples(st.integers(0, 500), st.binary(min_size=1, max_size=9), st.booleans()), max_size=8)


def timeline(pieces: list[tuple[int, bytes, bool]], head_at: float = 50.0, end: Ending | None = None) -> Timeline:
    at_ms, frames = head_at, []
    for gap, data, more in pieces:
        at_ms += gap
        frames.append(Frame(at_ms, data, more))
    return Timeline(
        head=Head(), head_at_ms=head_at, frames=tuple(frames), end=end or Ending(gap_ms=5.0), end_at_ms=at_ms + 5.0
    )


def body(of: Timeline) -> bytes:
    return b"".join(frame.data for frame in of.frames)


def answer(*events: bytes, kind: str = "text/event-stream") -> Response:
    whole = b"".join(events)
    chunks = tuple(Chunk(1.0, len(event)) for event in events)
    return Response(200, "OK", (("Content-Type", kind),), whole, Stream(chunks=chunks))


@given(FRAMES, st.data())
def test_the_rest_is_the_tape_from_there_on(pieces: list[tuple[int, bytes, bool]], data: st.DataObject) -> None:
    tape = timeline(pieces)
    offset = data.draw(st.integers(0, len(body(tape))))
    rest = rest_after(tape, offset)
    assert body(rest) == body(tape)[offset:]
    assert all(frame.data for frame in rest.frames)
    offsets = [rest.head_at_ms, *(frame.at_ms for frame in rest.frames), rest.end_at_ms]
    assert all(earlier <= later for earlier, later in pairwise(offsets))
    kept = tape.frames[len(tape.frames) - len(rest.frames) :]
    assert [frame.more for frame in rest.frames] == [frame.more for frame in kept]
    gaps = [later.at_ms - earlier.at_ms for earlier, later in pairwise(kept)]
    assert [later.at_ms - earlier.at_ms for earlier, later in pairwise(rest.frames)] == gaps
    assert (rest.end, rest.head, rest.head_at_ms) == (tape.end, tape.head, tape.head_at_ms)
    if not offset:
        assert rest == tape


@given(FRAMES, st.data())
def test_the_rest_of_the_rest_is_the_rest(pieces: list[tuple[int, bytes, bool]], data: st.DataObject) -> None:
    tape = timeline(pieces)
    first = data.draw(st.integers(0, len(body(tape))))
    second = data.draw(st.integers(0, len(body(tape)) - first))
    assert rest_after(rest_after(tape, first), second) == rest_after(tape, first + second)


def test_the_first_of_the_rest_comes_as_long_after_the_head_as_it_came_after_its_predecessor() -> None:
    tape = timeline([(10, b"ab", False), (300, b"cd", False), (7, b"ef", False)])
    assert [frame.at_ms for frame in rest_after(tape, 2).frames] == [350.0, 357.0]
    assert rest_after(tape, 2).end_at_ms == 362.0
    assert [frame.at_ms for frame in rest_after(tape, 3).frames] == [50.0, 57.0], "what was begun comes at once"
    assert rest_after(tape, 6).frames == ()
    assert rest_after(tape, 6).end_at_ms == 55.0


@pytest.mark.parametrize("offset", [-1, 7])
def test_a_place_beyond_the_end_says_how_long_the_tape_is(offset: int) -> None:
    with pytest.raises(TokentapeError, match="6 bytes"):
        rest_after(timeline([(1, b"abcdef", False)]), offset)


def test_ids_are_of_the_first_event_that_has_them() -> None:
    one, two, quiet, again = b"id: 1\ndata: a\n\n", b"data: b\n\n", b"id:2\n\n", b"data: c\nid: 1\n\n"
    ids = ids_of(answer(b"\xef\xbb\xbf" + one, two, quiet, again, b": bye\n\n"))
    assert ids.places == {"1": len(one) + 3, "2": len(one + two + quiet) + 3}
    assert ids.rest("1") == Rest(len(one) + 3)
    assert ids.rest("3") is None
    assert ids.end == len(one + two + quiet + again) + 3


def test_behind_the_last_message_it_is_over() -> None:
    ids = ids_of(answer(b"id: 1\ndata: a\n\n", b"id: 2\r\ndata: b\r\n\r\n", b": comment\n\n"))
    assert [ids.rest(ident) for ident in "12"] == [Rest(15), Rest(33, over=True)]


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
def test_only_server_sent_events_have_ids(kind: str) -> None:
    assert ids_of(answer(b"id: 1\ndata: a\n\n", kind=kind)).places == {}


def test_nothing_left_is_a_204_where_the_tape_ended_well() -> None:
    tape = timeline([(1, b"abc", False)])
    over = rest_of(tape, Rest(3, over=True))
    assert over.head is not None
    assert (over.head.code, over.head.headers, over.frames, over.end.type) == (204, (), (), "eof")
    reset = replace(tape, end=Ending(type="reset"))
    assert rest_of(reset, Rest(3, over=True)) == rest_after(reset, 3)
    assert rest_of(tape, Rest(1)) == rest_after(tape, 1)


@given(st.lists(st.integers(1, 30), max_size=6), st.integers(0, 200))
def test_the_edge_before_a_byte(sizes: list[int], offset: int) -> None:
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    assert edge_before(ends, offset) == max((end for end in ends if end <= offset), default=0)


def test_events_and_sequence_numbers() -> None:
    events = [b"data: a\n\n", b": ping\n\n", b"data: bc\n\n"]
    response = answer(*events)
    found = list(events_of(response))
    assert [event for _, event in found] == events
    numbers = [(0, found[0][0]), (1, found[2][0])]
    assert after_sequence(numbers, 0) == Rest(len(events[0]))
    assert after_sequence(numbers, -1) == Rest(0)
    assert after_sequence(numbers, 9) == Rest(len(response.body))
    assert [after_event(response, number) for number in range(5)] == [
        Rest(0), *(Rest(stop) for stop, _ in found), None
    ]  # fmt: skip


@given(FRAMES, st.data())
def test_what_came_and_the_rest_are_the_whole(pieces: list[tuple[int, bytes, bool]], data: st.DataObject) -> None:
    tape = timeline(pieces, end=Ending(type="reset"))
    offset = data.draw(st.integers(0, len(body(tape))))
    first = upto(tape, offset)
    assert body(first) + body(rest_after(tape, offset)) == body(tape)
    assert first.end.type == "eof"
    assert first.end_at_ms <= tape.end_at_ms
    assert all(frame.data for frame in first.frames)
    assert rest_of(tape, Rest(0, until=offset)) == first
