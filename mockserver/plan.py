"""A timeline compiled for the wire: all bytes in one buffer, with absolute deadlines and end offsets. Pure.

Compiled once per tape and way of asking; nothing is made per event while playing (DESIGN 10). Imports `cassettes` only.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Literal, NamedTuple

from cassettes.framing import HOP_BY_HOP, field_lines, head_bytes
from cassettes.model import EndingType, Head, Headers, Timeline

MARK = "x-tokentape"

Action = Literal["keep", "close", "reset", "stall"]
"""What happens to the connection after the last byte: it lives on, FIN, RST, or nothing until the client leaves."""

_ACTIONS: dict[EndingType, Action] = {
    "cut": "close",
    "interrupted": "close",
    "reset": "reset",
    "timeout": "stall",
    "client_closed": "stall",
}


class Asking(NamedTuple):
    """What of a request decides the shape of the answer on the wire."""

    head_only: bool = False
    http10: bool = False
    keep_alive: bool = True


class Plan(NamedTuple):
    """`wire[: ends[i]]` is due `due[i]` seconds after the last request byte; then `action` at `end_due` seconds.

    `bodied` tells whether body bytes are in it, `code` the status that is shown (0: no whole head).
    """

    wire: bytes
    due: array[float]
    ends: array[int]
    action: Action
    end_due: float
    code: int
    bodied: bool


def live_headers(timeline: Timeline, head: Head, asking: Asking, keep: bool) -> list[tuple[str, str]]:
    """The tape's headers with the hop-by-hop ones and the framing recomputed, each in the tape's own place.

    A connection that a tape breaks is not announced as closing: the client must meet the break unprepared.
    """
    length = sum(len(frame.data) for frame in timeline.frames) + timeline.end.missing
    framing = "close" if asking.http10 and timeline.framing == "chunked" else timeline.framing
    bodiless = asking.head_only or head.code in {204, 304} or head.code < 200
    own = {"chunked": "transfer-encoding", "length": "content-length"}.get(framing)
    value = "chunked" if framing == "chunked" else str(length)
    result: list[tuple[str, str]] = []
    placed = False
    for name, text in head.headers:
        lowered = name.lower()
        if lowered == own and not placed:
            result.append((name, text if bodiless else value))
            placed = True
        elif lowered not in HOP_BY_HOP and lowered not in {"transfer-encoding", "content-length"}:
            result.append((name, text))
    if own and not placed and not bodiless:
        result.append((own.title(), value))
    if not asking.keep_alive or framing == "close":
        result.append(("Connection", "close"))
    elif asking.http10 and keep:
        result.append(("Connection", "keep-alive"))
    return result


def _frames(timeline: Timeline, chunked: bool) -> Iterable[tuple[float, bytes]]:
    """(offset ms, wire bytes) of the body. The size line of a chunk goes out with the chunk's first bytes."""
    if not chunked:
        yield from ((frame.at_ms, frame.data) for frame in timeline.frames)
        return
    sizes = _chunk_sizes(timeline)
    opens = True
    for index, frame in enumerate(timeline.frames):
        size_line = b"%x\r\n" % sizes[index] if opens else b""
        yield frame.at_ms, size_line + frame.data + (b"" if frame.more else b"\r\n")
        opens = not frame.more


def _chunk_sizes(timeline: Timeline) -> list[int]:
    """For each frame the bytes from it to the end of its HTTP chunk, what is missing of the last one included."""
    sizes = [0] * len(timeline.frames)
    rest = timeline.end.missing
    for index in range(len(sizes) - 1, -1, -1):
        frame = timeline.frames[index]
        rest = len(frame.data) + (rest if frame.more else 0)
        sizes[index] = rest
    return sizes


class _Writing:
    """Collects wire bytes in order of time; bytes due at the same instant share an entry."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.due: array[float] = array("d")
        self.ends: array[int] = array("q")
        self._size = 0

    def add(self, at_ms: float, data: bytes) -> None:
        if not data:
            return
        self.pieces.append(data)
        self._size += len(data)
        # An offset is never before its predecessor's: what comes first on the wire goes out first.
        due = max(at_ms / 1000.0, self.due[-1] if self.due else 0.0)
        if self.due and self.due[-1] == due:
            self.ends[-1] = self._size
        else:
            self.due.append(due)
            self.ends.append(self._size)

    def plan(self, action: Action, end_due: float, code: int, *, bodied: bool) -> Plan:
        return Plan(b"".join(self.pieces), self.due, self.ends, action, end_due, code, bodied)


def compile_plan(timeline: Timeline, asking: Asking, extra: Headers = ()) -> Plan:
    """`timeline` as it goes onto the wire for a request like `asking`; `extra` headers go last."""
    out = _Writing()
    for one in timeline.informational:
        if not asking.http10:
            early = Head(code=one.code, message=one.message, headers=one.headers)
            out.add(one.at_ms, head_bytes(early, one.headers))
    end_due = timeline.end_at_ms / 1000.0
    head = timeline.head
    if head is None:
        out.add(timeline.head_at_ms, timeline.partial_head)
        return out.plan(_ACTIONS.get(timeline.end.type, "close"), end_due, 0, bodied=False)
    chunked = timeline.framing == "chunked" and not asking.http10
    whole = timeline.end.type == "eof"
    framed = chunked or timeline.framing == "length"
    keep = asking.keep_alive and (asking.head_only or (whole and framed and head.http == "1.1"))
    headers = [*live_headers(timeline, head, asking, keep), *extra]
    out.add(timeline.head_at_ms, head_bytes(head, headers))
    action: Action = "keep" if keep else "close"
    if asking.head_only:
        return out.plan(action, timeline.head_at_ms / 1000.0, head.code, bodied=False)
    for at_ms, data in _frames(timeline, chunked):
        out.add(at_ms, data)
    if whole and chunked:
        out.add(timeline.end_at_ms, b"0\r\n" + field_lines(timeline.trailers) + b"\r\n")
    if not whole:
        action = _ACTIONS[timeline.end.type]
    return out.plan(action, end_due, head.code, bodied=bool(timeline.frames))
