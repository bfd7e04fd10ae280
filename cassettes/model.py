"""The nouns of a tape as frozen values: cassette, interaction, request, response, chunk, ending, timeline.

No parsing, no I/O, no clock. Imports msgspec and the standard library only.
Text of heads is `str` decoded as UTF-8 with surrogateescape, so that every header byte survives a round trip
(RFC 9110 5.5 calls the octets above 0x7F opaque); bodies are always `bytes`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

EndingType = Literal["eof", "cut", "reset", "timeout", "client_closed", "interrupted"]
EndingPlace = Literal["request", "head", "body"]
Source = Literal["recorded", "imported", "synthetic", "edited"]
Framing = Literal["chunked", "length", "close"]
EventKind = Literal["sse", "ndjson", "json-array", "none"]
Headers = tuple[tuple[str, str], ...]

NO_RESPONSE = (502, "no response (tokentape)")
"""Status code and message a tape carries when its ending came before the head was whole (DESIGN 4)."""


class TokentapeError(Exception):
    """A mistake that its reader can mend: one line saying what, where, what was expected and the fix.

    `exit_code` is what a command that meets it exits with (DESIGN 11).
    """

    exit_code = 1


class CassetteError(TokentapeError):
    """A cassette that cannot be read: `place` is `file:line:col` as far as known."""

    exit_code = 3

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.place = place


class Chunk(NamedTuple):
    """One line of `chunks`: `size` bytes (> 0) whose last byte came `gap_ms` after the line before it.

    `more` is the line's `+`: the same HTTP chunk goes on in the next line.
    """

    gap_ms: float
    size: int
    more: bool = False


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a response ended. `gap_ms` counts from the last body byte, else the end of the head, else the last request
    byte; `missing` is the number of data bytes of the open HTTP chunk or Content-Length that never came."""

    type: EndingType = "eof"
    at: EndingPlace = "body"
    gap_ms: float = 0.0
    missing: int = 0
    client_left_ms: float | None = None


class Informational(msgspec.Struct, frozen=True):
    """A 1xx response that came before the head, `at_ms` after the last request byte."""

    at_ms: float
    code: int
    message: str
    headers: Headers = ()


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """The mapping `response.stream` of a cassette (DESIGN 4). Times are in ms, sizes in bytes."""

    v: int = 1
    provider: str = "unknown"
    dialect: str = "raw"
    source: Source = "recorded"
    pacing: Literal["recorded", "synthetic"] = "recorded"
    recorded_at: str | None = None
    http: Literal["1.0", "1.1"] = "1.1"
    framing: Framing = "chunked"
    headers_ms: float = 0.0
    chunks: tuple[Chunk, ...] = ()
    end: Ending = Ending()
    head: bytes | None = None
    trailers: Headers = ()
    informational: tuple[Informational, ...] = ()
    events: EventKind | None = None


class Request(msgspec.Struct, frozen=True):
    """What was asked, redacted: `uri` is the absolute URL of the upstream."""

    method: str
    uri: str
    headers: Headers = ()
    body: bytes = b""


class Response(msgspec.Struct, frozen=True):
    """What came back. `body` holds the de-chunked bytes as they were on the wire, content coding included."""

    code: int
    message: str
    headers: Headers
    body: bytes
    stream: Stream


class Interaction(msgspec.Struct, frozen=True):
    """One request and its response."""

    request: Request
    response: Response


class Cassette(msgspec.Struct, frozen=True):
    """An ordered list of interactions. `notes` are warnings found at load, a line each."""

    interactions: tuple[Interaction, ...] = ()
    notes: tuple[str, ...] = ()


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A whole response head as it was received."""

    http: Literal["1.0", "1.1"] = "1.1"
    code: int = 200
    message: str = "OK"
    headers: Headers = ()


class Frame(NamedTuple):
    """`data` (not empty) whose last byte is due `at_ms` after the last request byte.

    `more`: the HTTP chunk that this frame belongs to goes on in the next frame.
    """

    at_ms: float
    data: bytes
    more: bool = False


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A response as a pure value: head, frames, ending. Offsets are ms since the last request byte, never decreasing.

    The recorder makes it, timing options and faults map it, the player plays it. `head` is None when none ever became
    whole; then `partial_head` holds the bytes of it that came. `end_at_ms` is the offset of the ending.
    """

    head: Head | None
    head_at_ms: float
    frames: tuple[Frame, ...]
    end: Ending
    end_at_ms: float
    framing: Framing = "chunked"
    partial_head: bytes = b""
    trailers: Headers = ()
    informational: tuple[Informational, ...] = ()


def header(headers: Headers, name: str) -> str | None:
    """The first value of the header `name`, compared without case (RFC 9110 5.1); None if absent."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
