"""A response while faults work on it: pieces that still know which bytes of the tape they stand for. Pure.

A piece that was replaced keeps the tape's bytes [start, stop) as its place, so a fault finds its place whatever was
done before it. Imports `cassettes.model`, `places` and `tapeside`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from msgspec.structs import replace

from cassettes.framing import field_lines
from cassettes.model import Ending, Frame, Framing, Head, Headers, Informational, Timeline
from mockserver.faults.grammar import FaultError
from mockserver.faults.places import Place
from mockserver.faults.tapeside import TapeSide

MOST_PIECES = 200_000
"""Pieces of one response: a fault that cuts finer is refused, a plan of millions of writes would take gigabytes."""
MOST_BYTES = 256 * 1024 * 1024
"""Body bytes that faults may make of one response."""

Action = Literal["keep", "close", "reset", "stall", "half-close", "truncate"]


class Piece(NamedTuple):
    """Bytes due at `at_ms`. They stand for the tape's body bytes [start, stop); of an insertion both are one.

    Neighbours with the same `chunk` are one HTTP chunk. `fixed`: faults that move time leave it where it is.
    """

    at_ms: float
    data: bytes
    start: int
    stop: int
    chunk: int
    fixed: bool = False

    @property
    def inserted(self) -> bool:
        """Whether no byte of the tape is behind it."""
        return self.start == self.stop


class Woven:
    """A response under way. Faults change it in place; `copy` is cheap."""

    def __init__(self, tape: TapeSide) -> None:
        timeline = tape.timeline
        self.tape = tape
        self.head: Head | None = timeline.head
        self.head_at_ms = timeline.head_at_ms
        self.partial_head = timeline.partial_head
        self.informational: tuple[Informational, ...] = timeline.informational
        self.framing: Framing = timeline.framing
        self.trailers: Headers = timeline.trailers
        self.end: Ending = timeline.end
        self.end_at_ms = timeline.end_at_ms
        self.missing = timeline.end.missing
        self.pieces: list[Piece] = []
        self._chunks = 0
        start = 0
        for frame in timeline.frames:
            stop = start + len(frame.data)
            self.pieces.append(Piece(frame.at_ms, frame.data, start, stop, self._chunks))
            self._chunks += not frame.more
            start = stop
        self._chunks += 1
        # What only the wire knows.
        self.action: Action | None = None
        self.whole = timeline.end.type == "eof"
        self.stop: Literal["request", "headers", ""] = ""
        self.tail: bytes | None = None
        self.http10 = False
        self.header_edits: list[Callable[[list[tuple[str, str]]], list[tuple[str, str]]]] = []
        self.length: Callable[[int], int] | None = None
        self.extension = b""
        self.zeros = 0
        self.framing_apart = False
        self.bad_sizes: dict[int, bytes] = {}
        self.bad_last = b""
        self.head_step = 0
        self.head_every_ms = 0.0
        self.status_line_lead_ms = 0.0
        # What later faults must know.
        self.replaced_by = ""
        self.coding = ""
        self.changed = False

    def copy(self) -> Woven:
        """One that can be changed without changing this one."""
        twin = object.__new__(Woven)
        twin.__dict__.update(self.__dict__)
        twin.pieces = list(self.pieces)
        twin.header_edits = list(self.header_edits)
        twin.bad_sizes = dict(self.bad_sizes)
        return twin

    # -- places -------------------------------------------------------------------------------------------------

    def new_chunk(self) -> int:
        """The number of an HTTP chunk that nothing belongs to yet."""
        self._chunks += 1
        return self._chunks

    def edge(self, at: int) -> int:
        """The index of the first piece behind the place `at`, insertions there not counted; cuts a piece if it must."""
        index = bisect_right(self.pieces, at, key=lambda piece: piece.start)
        # Pieces of the tape that start at the place are behind it, what was inserted there is before it.
        while index and self.pieces[index - 1].start == at and not self.pieces[index - 1].inserted:
            index -= 1
        if index and self.pieces[index - 1].stop > at:
            piece = self.pieces[index - 1]
            # Replaced bytes are cut as far in as the tape's were.
            inside = min(at - piece.start, len(piece.data))
            head = piece._replace(data=piece.data[:inside], stop=at)
            self.pieces[index - 1 : index] = [head, piece._replace(data=piece.data[inside:], start=at)]
        return index

    def time_before(self, index: int) -> float:
        """When the byte before piece `index` is due (ms)."""
        return self.pieces[index - 1].at_ms if index else self.head_at_ms

    def events_only(self) -> None:
        """Raises FaultError where the body is not the tape's events any more."""
        if self.replaced_by:
            raise FaultError(f"the body was replaced by {self.replaced_by}")
        if self.tape.folded:
            raise FaultError("the client asked for no stream: the answer is one JSON without events")

    def is_end(self, place: Place) -> bool:
        """Whether `place` is behind the last body byte, and says nothing of the framing behind that."""
        return place.side == "body" and place.at == len(self.tape.body) and place.framing is None

    # -- content ------------------------------------------------------------------------------------------------

    def insert(self, place: Place, data: bytes, *, at_ms: float | None = None, fixed: bool = False) -> None:
        """`data` at `place`, a chunk of its own, due with the byte before it (or at the place's own time)."""
        self.changed = True
        index = self.edge(place.at)
        when = at_ms if at_ms is not None else max(self.time_before(index), place.at_ms or 0.0)
        self.pieces.insert(index, Piece(when, data, place.at, place.at, self.new_chunk(), fixed))

    def data_between(self, start: int, stop: int) -> bytes:
        """What goes out for the tape's bytes [start, stop), insertions left out."""
        first, last = self.edge(start), self.edge(stop)
        return b"".join(piece.data for piece in self.pieces[first:last] if not piece.inserted)

    def put(self, start: int, stop: int, data: bytes) -> None:
        """`data` in place of the tape's bytes [start, stop): it grows or shrinks their chunks, each as far as it can
        keep its own share."""
        self.changed = True
        first = self.edge(start)
        last = self.edge(stop)
        own = [index for index in range(first, last) if not self.pieces[index].inserted]
        for number, index in enumerate(own):
            piece = self.pieces[index]
            size = len(data) if number == len(own) - 1 else min(piece.stop - piece.start, len(data))
            self.pieces[index] = piece._replace(data=data[:size])
            data = data[size:]

    def rewrite(self, edits: Iterable[tuple[int, int, bytes]]) -> None:
        """Replaces spans of what goes out, given in its own bytes, rising and apart. One pass over the body."""
        self.changed = True
        pending = list(edits)
        made: list[Piece] = []
        at = number = 0
        for piece in self.pieces:
            end, done, parts = at + len(piece.data), at, []
            while number < len(pending) and pending[number][0] < end:
                start, stop, data = pending[number]
                if start >= at:
                    parts += [piece.data[done - at : start - at], data]
                done = min(stop, end)
                if stop > end:
                    break
                number += 1
            parts.append(piece.data[done - at :])
            made.append(piece._replace(data=b"".join(parts)) if len(parts) > 1 or done > at else piece)
            at = end
        self.pieces = made

    @property
    def joined(self) -> bytes:
        """All body bytes as they would go out now."""
        return b"".join(piece.data for piece in self.pieces)

    def finish(self, at: int) -> None:
        """The body ends at the place `at`, cleanly and as if the tape did; the places behind it stay."""
        self.changed = True
        index = self.edge(at)
        self.pieces[index:] = [piece._replace(data=b"") for piece in self.pieces[index:]]
        when = self.time_before(index)
        self.pieces[index:] = [piece._replace(at_ms=when) for piece in self.pieces[index:]]
        self.end, self.whole, self.missing, self.end_at_ms = Ending(), True, 0, when

    def answer(self, name: str, head: Head, body: bytes) -> None:
        """Another answer in place of the tape's, by the fault `name`, when the tape's head was due."""
        if self.head is None:
            raise FaultError("the tape breaks before its head is whole: there is no answer to replace")
        self.replaced_by = name
        self.finish(0)
        self.pieces = [piece for piece in self.pieces if not piece.inserted]
        self.head, self.trailers, self.framing = head, (), "length"
        self.end_at_ms = self.head_at_ms
        if body:
            self.pieces.insert(0, Piece(self.head_at_ms, body, 0, 0, self.new_chunk()))

    # -- time ---------------------------------------------------------------------------------------------------

    def shift(self, index: int, by_ms: float) -> None:
        """Everything from piece `index` on, the ending too, `by_ms` later (or earlier, never before what precedes)."""
        least = self.time_before(index)
        self.pieces[index:] = [
            piece if piece.fixed else piece._replace(at_ms=max(least, piece.at_ms + by_ms))
            for piece in self.pieces[index:]
        ]
        self.end_at_ms = max(least, self.end_at_ms + by_ms)

    # -- ending -------------------------------------------------------------------------------------------------

    def end_here(
        self, place: Place, action: Action | None, *, whole: bool = False, hold_ms: float | None = 0.0
    ) -> None:
        """Nothing behind `place`, then `action` after `hold_ms` (None: what waits goes on for ever). `whole`: the end
        of the message is written first, so that its rest is missing silently."""
        self.action, self.whole = action, whole
        if whole:
            self.end = Ending()
        if place.side != "body" or self.head is None:
            self.stop = "headers" if place.side == "headers" else "request"
            fire = self.head_at_ms if self.stop == "headers" else place.at_ms or 0.0
            self.pieces, self.end_at_ms = [], fire + (hold_ms or 0.0)
            return
        index = self.edge(place.at)
        behind = self.pieces[index:]
        kept = self.pieces[:index]
        moved = [piece.at_ms for piece in kept if not piece.fixed]
        fire = max(moved[-1] if moved else self.head_at_ms, place.at_ms or 0.0)
        until = float("inf") if hold_ms is None else fire + hold_ms
        self.pieces = [piece for piece in kept if not (piece.fixed and piece.at_ms > until)]
        self._count_missing(behind, place)
        self.end_at_ms = fire + (hold_ms or 0.0)
        self.trailers = self.trailers if whole else ()

    def _count_missing(self, behind: list[Piece], place: Place) -> None:
        """How many bytes of the open HTTP chunk, or of the length, do not come; what of the framing still does."""
        full = [piece for piece in behind if piece.data]
        last = next((piece.chunk for piece in reversed(self.pieces) if piece.data), -1)
        if place.framing is not None and not self.whole and self.tape.chunked:
            self.tail = self._framing_before(full, last)[: place.framing]
        if self.whole:
            self.missing = 0
        elif self.framing != "chunked":
            self.missing += sum(len(piece.data) for piece in full)
        else:
            run = [piece for piece in full if piece.chunk == last]
            open_end = len(run) == len(full)
            if full and not run:
                self.missing = 0
            else:
                self.missing = sum(len(piece.data) for piece in run) + (self.missing if open_end else 0)

    def _framing_before(self, behind: list[Piece], last: int) -> bytes:
        """The framing between the last byte that goes out and the first that does not."""
        closing = b"\r\n" if last >= 0 else b""
        if not behind:
            if self.missing:
                return b""
            ends = self.tape.timeline.end.type == "eof"
            return closing + (size_line(0, self.extension) + field_lines(self.trailers) + b"\r\n" if ends else b"")
        chunk = behind[0].chunk
        if chunk == last:
            return b""
        run = [piece for piece in behind if piece.chunk == chunk]
        size = sum(len(piece.data) for piece in run) + (self.missing if len(run) == len(behind) else 0)
        return closing + size_line(size, self.extension, self.zeros)

    # -- out ----------------------------------------------------------------------------------------------------

    def timeline(self) -> Timeline:
        """What `plan` must know of it to make the head."""
        full = [piece for piece in self.pieces if piece.data]
        frames = tuple(Frame(piece.at_ms, piece.data) for piece in full)
        kind = self.end.type if self.action is None else ("eof" if self.whole else "cut")
        end = replace(self.end, type=kind, missing=self.missing)
        return Timeline(
            head=self.head,
            head_at_ms=self.head_at_ms,
            frames=frames,
            end=end,
            end_at_ms=self.end_at_ms,
            framing=self.framing,
            trailers=self.trailers,
        )


def size_line(size: int, extension: bytes = b"", zeros: int = 0) -> bytes:
    """The line that opens an HTTP chunk of `size` bytes."""
    return b"%s%x%s\r\n" % (b"0" * zeros, size, b";" + extension if extension else b"")
