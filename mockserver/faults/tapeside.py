"""A tape's own timeline as places are counted on it: bytes, chunks, events, wire bytes, time. Never a changed one, so
that faults do not move each other's place (DESIGN 7). Pure; imports `cassettes` and `grammar`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate

from cassettes import dialects, sse
from cassettes.dialects.base import at as inside
from cassettes.dialects.base import payload
from cassettes.events import event_ends
from cassettes.framing import field_lines
from cassettes.model import EventKind, Timeline
from mockserver.faults.grammar import FaultError


class TapeSide:
    """What a place may count. `kind` says how the body divides into events; `chunked`: HTTP chunks go onto this wire;
    `folded`: the answer is one JSON made of the tape's events, which has none itself."""

    def __init__(self, timeline: Timeline, kind: EventKind, *, chunked: bool, folded: bool = False) -> None:
        self.timeline = timeline
        self.kind: EventKind = "none" if folded else kind
        self.chunked = chunked
        self.folded = folded

    @cached_property
    def body(self) -> bytes:
        """All body bytes, without framing."""
        return b"".join(frame.data for frame in self.timeline.frames)

    @cached_property
    def lines(self) -> list[int]:
        """Where each line of `chunks` begins, and where the last ends."""
        return [0, *accumulate(len(frame.data) for frame in self.timeline.frames)]

    @cached_property
    def events(self) -> list[int]:
        """Where each event begins, and where the last whole one ends."""
        return [0, *event_ends(self.body, self.kind)]

    @cached_property
    def eol(self) -> bytes:
        """The line end of the stream's own lines."""
        return b"\r\n" if b"\r\n" in self.body[:65536] else b"\n"

    def event(self, number: int) -> bytes:
        """The bytes of an event, counted from 0."""
        return self.body[self.events[number] : self.events[number + 1]]

    def event_at(self, position: int) -> int:
        """The number of the event that starts at byte `position`. Raises FaultError where none does."""
        starts, count = self.events, len(self.events) - 1
        if not count:
            raise FaultError(f"the body has no events ({len(self.body)} bytes of {self._media})")
        number = bisect_left(starts, position)
        if number < count and starts[number] == position:
            return number
        if position >= starts[-1]:
            raise FaultError(f"no event starts there: the tape has {count}, 0e to {count - 1}e")
        near = max(0, bisect_right(starts, position) - 1)
        raise FaultError(f"no event starts at byte {position}; event {near}e starts at byte {starts[near]}")

    @property
    def _media(self) -> str:
        return {"sse": "text/event-stream", "ndjson": "NDJSON", "json-array": "a JSON array"}.get(
            self.kind, "what is no stream of events"
        )

    def named(self, name: str) -> int:
        """Where the first event of that SSE name or JSON `type` starts. Raises FaultError, naming those there are."""
        seen: dict[str, None] = {}
        for number in range(len(self.events) - 1):
            names = event_names(self.event(number))
            if name in names:
                return self.events[number]
            if len(seen) < 12:
                seen.update(dict.fromkeys(names))
        have = f"the tape has {', '.join(sorted(seen))}" if seen else "the events of this tape have no names"
        raise FaultError(f"no event is called {name!r}; {have}")

    def on_wire(self, number: int) -> tuple[int, int]:
        """Wire byte `number` after the head as a position in the body and how many framing bytes behind the data byte
        before it. Raises FaultError beyond the end."""
        if not self.chunked:
            if number > len(self.body):
                raise FaultError(f"the tape has {len(self.body)} wire bytes after its head")
            return number, 0
        wire, position, frames = 0, 0, self.timeline.frames
        first = 0
        framing = 0  # bytes of framing since the last data byte
        for index, frame in enumerate(frames):
            if frame.more and index + 1 < len(frames):
                continue
            size = sum(len(one.data) for one in frames[first : index + 1])
            missing = self.timeline.end.missing if frame.more else 0
            line = len(b"%x\r\n" % (size + missing))
            if number < wire + line:
                return position, framing + number - wire
            wire += line
            if number <= wire + size:
                return (position, framing + line) if number == wire else (position + number - wire, 0)
            wire, position, framing, first = wire + size, position + size, 0, index + 1
            if not frame.more:
                wire, framing = wire + 2, 2
                if number < wire:
                    return position, number - wire + 2
        last = 0
        if self.timeline.end.type == "eof":
            last = len(b"0\r\n" + field_lines(self.timeline.trailers) + b"\r\n")
        if number > wire + last:
            raise FaultError(f"the tape has {wire + last} wire bytes after its head")
        return position, framing + number - wire

    def at_time(self, ms: float) -> int:
        """How many body bytes are due at `ms` or before."""
        count = bisect_right(self.timeline.frames, ms, key=lambda frame: frame.at_ms)
        return self.lines[count]

    def carries_text(self, number: int, dialect: str) -> bool:
        """Whether an event carries text of the answer."""
        return bool(dialects.get(dialect).text(self.event(number)))


def event_names(event: bytes) -> tuple[str, ...]:
    """The SSE name of an event and the `type` in its JSON, as far as it has them."""
    names: list[str] = []
    if b"event" in event:
        blocks, _ = sse.parse(event)
        message = blocks[0].message if blocks else None
        if message is not None and message.event and message.event != "message":
            names.append(message.event)
    kind = inside(payload(event), "type")
    if isinstance(kind, str) and kind not in names:
        names.append(kind)
    return tuple(names)
