"""Where a stream goes on for a client that has had a part of it, and what of a timeline is left from there. Pure.

A place is an offset in the body, behind a whole event but for `rest_after` itself, which takes any byte. Imports
`events`, `model`, `sse` and the standard library.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from msgspec.structs import replace

from cassettes import sse
from cassettes.events import event_ends, event_kind
from cassettes.model import Ending, EventKind, Frame, Head, Response, Timeline, TokentapeError

LAST_EVENT_ID = "last-event-id"
"""The header in which an SSE client that reconnects says what it has had (WHATWG HTML 9.2.4)."""
NO_CONTENT = Head(code=204, message="No Content")


class Had(NamedTuple):
    """What a client says to have had of a stream: up to an SSE event id, or to a continuation token of Gemini's."""

    kind: Literal["id", "token"]
    value: str


class Rest(NamedTuple):
    """What is left of a stream: its body from `offset` on (bytes), to `until` if that is given. `over`: no message is
    left for an SSE client."""

    offset: int
    over: bool = False
    until: int | None = None


class Ids(NamedTuple):
    """Of an SSE stream the place behind the first event with each id, and where its last message ends (bytes)."""

    places: dict[str, int]
    end: int

    def rest(self, ident: str) -> Rest | None:
        """What comes after the event with that id; None if there is none.

        Where several events have one id it is the first: a client may get an event twice, but none is lost.
        """
        place = self.places.get(ident)
        return None if place is None else Rest(place, place >= self.end)


def rest_after(timeline: Timeline, offset: int) -> Timeline:
    """`timeline` without the first `offset` bytes of its body: for a client that had those, on a new connection.

    The head comes when it came, and the first of the rest as long after it as it came after the byte before it; from
    there on every gap is the tape's. The rest of a frame that was begun comes at once, and of an HTTP chunk that was
    begun as a chunk of its own. Raises TokentapeError for an offset beyond the body.
    """
    size = sum(len(frame.data) for frame in timeline.frames)
    if not 0 <= offset <= size:
        raise TokentapeError(f"byte {offset} is no place in this stream: its body has {size} bytes")
    had_until, left = timeline.head_at_ms, offset
    frames: list[Frame] = []
    for frame in timeline.frames:
        if left:
            had_until = frame.at_ms
        if len(frame.data) > left:
            frames.append(frame._replace(data=frame.data[left:]))
        left = max(0, left - len(frame.data))
    return _sooner(timeline, frames, had_until - timeline.head_at_ms)


def _sooner(timeline: Timeline, frames: Sequence[Frame], by_ms: float) -> Timeline:
    return replace(
        timeline,
        frames=tuple(frame._replace(at_ms=frame.at_ms - by_ms) for frame in frames),
        end_at_ms=timeline.end_at_ms - by_ms,
    )


def rest_of(timeline: Timeline, rest: Rest) -> Timeline:
    """`timeline` from there on. Where it ended well and no message is left it is a 204, which tells an EventSource to
    stay away (WHATWG HTML 9.2.3); it would ask for ever."""
    if rest.over and timeline.end.type == "eof" and timeline.head is not None:
        at_ms = timeline.head_at_ms
        return replace(
            timeline, head=NO_CONTENT, frames=(), end=Ending(), end_at_ms=at_ms, framing="length", trailers=()
        )
    return rest_after(timeline if rest.until is None else upto(timeline, rest.until), rest.offset)


def upto(timeline: Timeline, offset: int) -> Timeline:
    """`timeline` with the first `offset` bytes of its body only, and then a clean end."""
    frames: list[Frame] = []
    for frame in timeline.frames:
        if offset > 0:
            more = frame.more and len(frame.data) < offset
            frames.append(Frame(frame.at_ms, frame.data[:offset], more))
        offset -= len(frame.data)
    ended = frames[-1].at_ms if frames else timeline.head_at_ms
    return replace(timeline, frames=tuple(frames), end=Ending(), end_at_ms=ended)


def edge_before(ends: Sequence[int], offset: int) -> int:
    """The last event edge that is not behind `offset` (`ends` are the events' ends, rising): what a client that was cut
    off there has had whole. It needs the event that was cut once more."""
    found = bisect_right(ends, offset)
    return ends[found - 1] if found else 0


def ids_of(response: Response) -> Ids:
    """The ids of an SSE stream. One pass; a stream without an `id:` line costs a look for it."""
    body = response.body
    if b"id" not in body or _kind(response) != "sse":
        return Ids({}, 0)
    places: dict[str, int] = {}
    end = 0
    for start, stop in pairwise((0, *event_ends(body, "sse"))):
        parser = sse.Parser()
        blocks = parser.feed(body[start:stop], last=True)
        if any(block.message is not None for block in blocks):
            end = stop
        if parser.last_event_id:
            places.setdefault(parser.last_event_id, stop)
    return Ids(places, end)


def after_event(response: Response, number: int) -> Rest | None:
    """What comes after the first `number` events; None if there are not so many."""
    ends = (0, *event_ends(response.body, _kind(response)))
    return Rest(ends[number]) if 0 <= number < len(ends) else None


def events_of(response: Response) -> Iterator[tuple[int, bytes]]:
    """(end offset, bytes) of each event."""
    body = response.body
    for start, stop in pairwise((0, *event_ends(body, _kind(response)))):
        yield stop, body[start:stop]


def after_sequence(numbers: Sequence[tuple[int, int]], number: int) -> Rest:
    """What comes behind the last event whose `sequence_number` is `number` or less (providers.md 4); `numbers` are
    (number, end offset) of the events that have one."""
    return Rest(max((end for own, end in numbers if own <= number), default=0))


def _kind(response: Response) -> EventKind:
    return event_kind(response.headers, response.code, response.body, response.stream.events)
