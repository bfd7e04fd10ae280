"""Where a stream that is being played may be stopped: wire offsets of the ends of its events and of its HTTP chunks.

Read off the compiled plan, so that it holds for whatever a fault made of the tape; worked out for a stream when it is
first controlled, never while it merely plays. Pure. Imports `cassettes` and `plan`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from cassettes.events import event_ends, event_kind
from cassettes.framing import FramingError, listed, parse_head
from cassettes.model import Framing, Head, header
from mockserver.plan import Plan

_BLANK = b"\r\n\r\n"
_LONGEST_LINE = 4096
"""Bytes of a chunk's size line after which it is none."""


class Stops(NamedTuple):
    """`steps` rise and end with the last wire byte; the first `events` of them are ends of events (0: it has none, and
    the steps are what is due at one instant). `chunks`: where an HTTP chunk may be put in, None for any other framing;
    `head` is where the body begins."""

    steps: tuple[int, ...]
    events: int
    framing: Framing | None
    head: int
    chunks: frozenset[int]

    def after(self, place: int) -> int:
        """Where the step from wire offset `place` leads."""
        at = bisect_right(self.steps, place)
        return self.steps[at] if at < len(self.steps) else place

    def passed(self, place: int) -> int:
        """Events that are whole at wire offset `place`."""
        return min(self.events, bisect_right(self.steps, place))

    def injected(self, place: int, data: bytes) -> bytes | str:
        """`data` as it may be put in at wire offset `place`; where it may not, why."""
        if self.framing is None:
            return "the answer has no body"
        if place < self.head:
            return "the head is not out yet"
        if self.framing == "length":
            return "the answer has a Content-Length, which more bytes would break"
        if self.framing == "close":
            return data
        if place not in self.chunks:
            return "an HTTP chunk is open, or the last one is out"
        return b"%x\r\n%b\r\n" % (len(data), data)


class _Segment(NamedTuple):
    """Body bytes `body` … on the wire at `wire` …; `whole`: their chunk is whole and its line end follows."""

    body: int
    wire: int
    size: int
    whole: bool


def stops_of(plan: Plan, method: str) -> Stops:
    """The stops of `plan`, which answers a request with `method`."""
    head_end, head = _head(plan)
    bodiless = method == "HEAD" or plan.code in {204, 304}
    if head is None or bodiless:
        return Stops(tuple(plan.ends), 0, None, head_end, frozenset())
    framing: Framing = "close"
    if listed(head.headers, "transfer-encoding")[-1:] == ["chunked"]:
        framing = "chunked"
    elif header(head.headers, "content-length") is not None:
        framing = "length"
    segments = _chunks(plan.wire, head_end) if framing == "chunked" else _one(plan.wire, head_end)
    body = b"".join(plan.wire[one.wire : one.wire + one.size] for one in segments)
    ends = event_ends(body, event_kind(head.headers, head.code, body))
    events = tuple(dict.fromkeys(_on_wire(ends, segments)))
    size = len(plan.wire)
    chunks = (head_end, *(one.wire + one.size + 2 for one in segments if one.whole))
    # A size line that came with its chunk's first bytes only may still be on its way: then no chunk is open.
    steps = events or tuple(plan.ends)
    steps = steps if steps[-1:] == (size,) or not size else (*steps, size)
    return Stops(steps, len(events), framing, head_end, frozenset(chunks) if framing == "chunked" else frozenset())


def _head(plan: Plan) -> tuple[int, Head | None]:
    """Where the head ends, and the head; None if there is no whole one that is HTTP."""
    at = 0
    while plan.code and (blank := plan.wire.find(_BLANK, at)) >= 0:
        try:
            head = parse_head(plan.wire[at : blank + 4])
        except FramingError:
            break
        at = blank + 4
        if head.code >= 200 or head.code == 101:
            return at, head
    return 0, None


def _one(wire: bytes, start: int) -> list[_Segment]:
    return [_Segment(0, start, len(wire) - start, False)]


def _chunks(wire: bytes, start: int) -> list[_Segment]:
    """The data of the HTTP chunks on the wire, the last-chunk left out; up to what is no chunk."""
    found: list[_Segment] = []
    body = 0
    for at, size in _sizes(wire, start):
        data = min(size, len(wire) - at)
        found.append(_Segment(body, at, data, wire[at + size : at + size + 2] == b"\r\n"))
        body += data
    return found


def _sizes(wire: bytes, at: int) -> Iterator[tuple[int, int]]:
    """(offset of its data, stated size) of each chunk."""
    while (end := wire.find(b"\r\n", at, at + _LONGEST_LINE)) >= 0:
        try:
            size = int(wire[at:end].partition(b";")[0], 16)
        except ValueError:
            return
        if size <= 0:
            return
        yield end + 2, size
        at = end + 2 + size + 2


def _on_wire(ends: list[int], segments: list[_Segment]) -> Iterator[int]:
    """Body offsets as wire offsets; the line end of a chunk goes with its last byte."""
    starts = [one.body for one in segments]
    for end in ends:
        one = segments[bisect_right(starts, end - 1) - 1]
        inside = end - one.body
        yield one.wire + inside + (2 if one.whole and inside == one.size else 0)
