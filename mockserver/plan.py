"""A timeline compiled for the wire: all bytes in one buffer, with absolute deadlines and end offsets. Pure.

Compiled once per tape and way of asking; nothing is made per event while playing (DESIGN 10). Imports `cassettes` and
`browsers`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

from cassettes.framing import HOP_BY_HOP, field_lines, head_bytes, listed
from cassettes.model import EndingType, EventKind, Framing, Head, Headers, Timeline
from cassettes.resume import Had, Rest
from mockserver.browsers import Reader, live

MARK = "x-tokentape"

Action = Literal["keep", "close", "reset", "stall", "half-close", "truncate"]
"""What happens to the connection after the last byte: it lives on, FIN, RST, nothing until the client leaves, FIN and
then nothing until the client leaves, or FIN without what TLS says before it."""

ACTIONS: dict[EndingType, Action] = {
    "cut": "close",
    "interrupted": "close",
    "reset": "reset",
    "timeout": "stall",
    "client_closed": "stall",
}
"""What the endings of tapes come to; one that is not here is the end of a whole answer."""


class Asking(NamedTuple):
    """What of a request decides the shape of the answer on the wire. `reader`: the web page that may read it; `whole`:
    the client asked for no stream; `form`: the form of one that it asked for, where there are several; `had`: what it
    says to have had of one, of which it gets the `rest`."""

    head_only: bool = False
    http10: bool = False
    keep_alive: bool = True
    reader: Reader = None
    whole: bool = False
    form: EventKind | None = None
    had: Had | None = None
    rest: Rest | None = None


class Plan(NamedTuple):
    """`wire[: ends[i]]` is due `due[i]` seconds after the last request byte; then `action` at `end_due` seconds.

    `code` is the status that is shown (0: no whole head); `wire[: body_end]` ends with the last body byte, what may
    follow is framing (0: no body). `advances`: once it was delivered, the deck's place moves on (DESIGN 6).
    """

    wire: bytes
    due: array[float]
    ends: array[int]
    action: Action
    end_due: float
    code: int
    body_end: int = 0
    advances: bool = True


def has_no_body(head: Head, asking: Asking) -> bool:
    """Whether the answer ends with its head, whatever its headers say (RFC 9112 6.3)."""
    return asking.head_only or head.code in {204, 304} or head.code < 200


def live_framing(timeline: Timeline, asking: Asking) -> Framing:
    """The framing on this connection: HTTP/1.0 knows no chunks (RFC 9112 7.1)."""
    return "close" if asking.http10 and timeline.framing == "chunked" else timeline.framing


def keeps_alive(timeline: Timeline, head: Head, asking: Asking) -> bool:
    """Whether the connection lives on: the client wants it to, and the tape has an end that does not need its close."""
    delimited = has_no_body(head, asking) or live_framing(timeline, asking) != "close"
    return asking.keep_alive and delimited and timeline.end.type == "eof" and head.http == "1.1" and head.code != 101


def live_headers(timeline: Timeline, head: Head, asking: Asking) -> list[tuple[str, str]]:
    """The tape's headers with the hop-by-hop ones and the framing recomputed, each in the tape's own place; a mark of
    ours that got onto the tape is left out.

    A connection that a tape breaks is not announced as closing: the client must meet the break unprepared.
    """
    framing, bodiless = live_framing(timeline, asking), has_no_body(head, asking)
    own, value = _framing_header(timeline, head, framing)
    result: list[tuple[str, str]] = []
    placed = False
    for name, text in head.headers:
        lowered = name.lower()
        if bodiless or lowered not in {"transfer-encoding", "content-length"}:
            if lowered not in HOP_BY_HOP and not _marked(name):
                result.append((name, text))
        elif lowered == own and not placed:
            result.append((name, value))
            placed = True
    if own and not placed and not bodiless:
        result.append((own.title(), value))
    if not asking.keep_alive or (framing == "close" and not bodiless):
        result.append(("Connection", "close"))
    elif asking.http10 and keeps_alive(timeline, head, asking):
        result.append(("Connection", "keep-alive"))
    return result


def passed_on(headers: Headers, drop: AbstractSet[str] = HOP_BY_HOP) -> list[tuple[str, str]]:
    """`headers` but for those of one connection (`drop`, in lower case) and our own mark."""
    return [pair for pair in headers if pair[0].lower() not in drop and not _marked(pair[0])]


def _marked(name: str) -> bool:
    return name.lower().startswith(MARK)


def _framing_header(timeline: Timeline, head: Head, framing: Framing) -> tuple[str, str]:
    """Name and value of the header that says `framing`; two empty strings for close framing, which none says."""
    if framing == "chunked":
        # Transfer-Encoding: gzip, chunked stays: the body of the tape is what came under the chunks.
        codings = listed(head.headers, "transfer-encoding")
        lines = [value for name, value in head.headers if name.lower() == "transfer-encoding"]
        return "transfer-encoding", ", ".join(lines) if codings[-1:] == ["chunked"] else "chunked"
    if framing == "length":
        return "content-length", str(sum(len(frame.data) for frame in timeline.frames) + timeline.end.missing)
    return "", ""


def _frames(timeline: Timeline, chunked: bool) -> Iterable[tuple[float, bytes]]:
    """(offset ms, wire bytes) of the body. The size line of a chunk goes out with the chunk's first bytes."""
    if not chunked:
        yield from ((frame.at_ms, frame.data) for frame in timeline.frames)
        return
    opens = True
    for size, (at_ms, data, more) in zip(_chunk_sizes(timeline), timeline.frames, strict=True):
        line = b"%x\r\n%b" % (size, data) if opens else data
        yield at_ms, line if more else line + b"\r\n"
        opens = not more


def _chunk_sizes(timeline: Timeline) -> list[int]:
    """For each frame the bytes from it to the end of its HTTP chunk, what is missing of the last one included."""
    sizes = [0] * len(timeline.frames)
    rest = timeline.end.missing
    for index, (_, data, more) in zip(range(len(sizes) - 1, -1, -1), reversed(timeline.frames), strict=True):
        sizes[index] = rest = len(data) + (rest if more else 0)
    return sizes


class Writing:
    """Collects wire bytes in order of time; bytes due at the same instant share an entry."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.due: array[float] = array("d")
        self.ends: array[int] = array("q")
        self.size = 0

    def add(self, at_ms: float, data: bytes) -> None:
        """`data` goes out `at_ms` after the last request byte, or with what stands before it if that is later."""
        self.extend(((at_ms, data),))

    def extend(self, entries: Iterable[tuple[float, bytes]]) -> None:
        """`add` for each of (offset ms, data): in one call, as 10,000 of them show."""
        dues, ends, size = self.due, self.ends, self.size
        keep, last = self.pieces.append, dues[-1] if dues else 0.0
        for at_ms, data in entries:
            if not data:
                continue
            keep(data)
            size += len(data)
            # An offset is never before its predecessor's: what comes first on the wire goes out first.
            if at_ms / 1000.0 > last or not dues:
                last = max(at_ms / 1000.0, last)
                dues.append(last)
                ends.append(size)
            else:
                ends[-1] = size
        self.size = size

    def plan(self, action: Action, end_ms: float, code: int = 0, body_end: int = 0) -> Plan:
        """What was collected, with its ending."""
        return Plan(b"".join(self.pieces), self.due, self.ends, action, end_ms / 1000.0, code, body_end)


def compile_plan(timeline: Timeline, asking: Asking, extra: Headers = ()) -> Plan:
    """`timeline` as it goes onto the wire for a request like `asking`; `extra` headers go last."""
    out = Writing()
    for one in timeline.informational:
        if not asking.http10:
            early = Head(code=one.code, message=one.message, headers=one.headers)
            out.add(one.at_ms, head_bytes(early, passed_on(one.headers)))
    head, end = timeline.head, timeline.end
    if head is None:
        out.add(timeline.head_at_ms, timeline.partial_head)
        return out.plan(ACTIONS.get(end.type, "close"), timeline.end_at_ms)
    headers = [*live_headers(timeline, head, asking), *extra]
    if asking.reader is not None:
        headers = live(headers, asking.reader)
    out.add(timeline.head_at_ms, head_bytes(head, headers))
    action = ACTIONS.get(end.type) or ("keep" if keeps_alive(timeline, head, asking) else "close")
    if has_no_body(head, asking):
        return out.plan(action, timeline.end_at_ms, head.code)
    chunked = live_framing(timeline, asking) == "chunked"
    out.extend(_frames(timeline, chunked))
    body_end = out.size if timeline.frames else 0
    if chunked and end.type == "eof":
        out.add(timeline.end_at_ms, b"0\r\n" + field_lines(timeline.trailers) + b"\r\n")
    return out.plan(action, timeline.end_at_ms, head.code, body_end)
