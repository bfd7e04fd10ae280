"""HTTP/1 responses read byte-exactly: the head, then chunked, length or close framing (RFC 9112 sections 4, 6, 7).

A client library hides what a tape must keep: chunk boundaries, a partial head, how many bytes of an open chunk were
missing. This reader is pure: bytes in, facts out; whoever feeds it owns the socket and the clock. Imports `model` only.

It is lenient where servers are (bare LF line ends, white space around chunk sizes, chunk extensions) and strict where
leniency would invent bytes: a wrong chunk size is a `FramingError`, and what was read before it stays on the tape.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from cassettes.model import Framing, Head, Headers, TokentapeError

MAX_HEAD = 256 * 1024
"""Bytes a response head may take; beyond, the upstream is broken or hostile."""
MAX_LINE = 16 * 1024
"""Bytes a chunk-size line may take, extensions included."""

_STATUS = re.compile(rb"HTTP/([0-9])\.([0-9]) ([0-9]{3})(?: (.*))?")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*:(.*)")
_BREAK = re.compile(rb"[\r\0]")
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.DOTALL)
_PLAIN_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_LENGTH = re.compile(r"[0-9]{1,18}")
_HEAD_END = re.compile(rb"\r?\n\r?\n")

HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "upgrade", "te"})
"""Header names that speak of one connection only (RFC 9110 7.6.1): recomputed, never replayed or forwarded.
Transfer-Encoding is one too, but whoever writes a body decides about it."""


class FramingError(TokentapeError):
    """The upstream's bytes are not HTTP/1: says what was found. `facts` are those in the bytes before it, which are
    good and belong on the tape. The reader is of no use afterwards."""

    exit_code = 5
    facts: tuple[Fact, ...] = ()


class Fact(NamedTuple):
    """One fact of a response, in the order of the bytes.

    `informational` and `head` carry `head` (and the body's `framing`); `data` carries body bytes and how many are
    `left` of the open HTTP chunk or of the Content-Length (0 in close framing); `end` is the end of the message, with
    `trailers`.
    """

    kind: Literal["informational", "head", "data", "end"]
    head: Head | None = None
    data: bytes = b""
    left: int = 0
    trailers: Headers = ()
    framing: Framing | None = None


def text(raw: bytes) -> str:
    """Header bytes as text that encodes back to the same bytes."""
    return raw.decode("utf-8", "surrogateescape")


def octets(value: str) -> bytes:
    """The bytes that `text` was made from."""
    return value.encode("utf-8", "surrogateescape")


def field_lines(headers: Iterable[tuple[str, str]]) -> bytes:
    """Header or trailer lines as they go onto the wire."""
    return b"".join(octets(f"{name}: {value}\r\n") for name, value in headers)


def head_bytes(head: Head, headers: Iterable[tuple[str, str]]) -> bytes:
    """A response head with its blank line; version and reason phrase are those of `head`, an empty phrase included."""
    return octets(f"HTTP/{head.http} {head.code} {head.message}\r\n") + field_lines(headers) + b"\r\n"


def parse_fields(lines: list[bytes]) -> Headers:
    """Header lines as (name, value) pairs, order and case kept; obs-fold lines join the value before them.

    Raises FramingError for a line without name and colon, and for CR or NUL in one: a tape cannot hold these.
    """
    fields: list[tuple[str, list[bytes]]] = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if _BREAK.search(line):
            raise FramingError(f"the header line {line[:60]!r} holds a CR or NUL (RFC 9110 5.5)")
        if line.startswith((b" ", b"\t")) and fields:
            fields[-1][1].append(line.strip(b" \t"))
        elif match is None:
            raise FramingError(f"the header line {line[:60]!r} has no valid name and colon (RFC 9112 5)")
        else:
            fields.append((text(match[1]), [match[2].strip(b" \t")]))
    return tuple((name, text(b" ".join(pieces))) for name, pieces in fields)


def parse_head(raw: bytes) -> Head:
    """The head in `raw` (its blank line included or not). Raises FramingError when it is not HTTP/1."""
    lines = [line.removesuffix(b"\r") for line in raw.rstrip(b"\r\n").split(b"\n")]
    match = _STATUS.fullmatch(lines[0])
    if match is None or match[1] != b"1" or _BREAK.search(lines[0]):
        raise FramingError(f"expected an HTTP/1 status line, found {lines[0][:60]!r}")
    return Head(
        http="1.0" if match[2] == b"0" else "1.1",
        code=int(match[3]),
        message=text(match[4] or b""),
        headers=parse_fields(lines[1:]),
    )


def listed(headers: Headers, name: str) -> list[str]:
    """The members of the list that all lines of the header `name` make together (RFC 9110 5.3), in lower case."""
    values = (value for key, value in headers if key.lower() == name)
    return [part.strip().lower() for value in values for part in value.split(",") if part.strip()]


def body_framing(head: Head, method: str) -> tuple[Framing, int]:
    """How the body after `head` is delimited, and its length in bytes where that is known (RFC 9112 6.3).

    Raises FramingError for a Content-Length that is no number, or that is given twice and differently.
    """
    if method == "HEAD" or head.code in {204, 304} or head.code < 200:
        return "length", 0
    # `identity` was a coding that does nothing (RFC 2616 3.6); some servers still say it.
    codings = [coding for coding in listed(head.headers, "transfer-encoding") if coding != "identity"]
    if codings:
        return ("chunked" if codings[-1] == "chunked" else "close"), 0
    lengths = set(listed(head.headers, "content-length"))
    if not lengths:
        return "close", 0
    if len(lengths) > 1 or not _LENGTH.fullmatch(next(iter(lengths))):
        shown = ", ".join(sorted(lengths))[:40]
        raise FramingError(f"Content-Length is {shown!r}, expected one number of bytes (RFC 9112 6.3)")
    return "length", int(lengths.pop())


def _one_chunk(data: bytes) -> int | None:
    """Where the content starts, if `data` is one HTTP chunk without extensions, not the last, and nothing else."""
    size_line = _PLAIN_SIZE.match(data)
    if size_line is None:
        return None
    start, size = size_line.end(), int(size_line[1], 16)
    return start if size and len(data) == start + size + 2 and data.endswith(b"\r\n") else None


class ResponseReader:
    """Reads one response. `feed` returns the facts in `data`; `wire` is what of it was body in its own framing.

    After the end of the message `complete` is true and `excess` holds bytes that did not belong to it.
    `framing` is None until the head is whole; until then `partial_head` holds what came of it.
    """

    def __init__(self, method: str) -> None:
        self._method = method
        self._buffer = b""
        self._state: Literal["head", "size", "data", "data-end", "trailers", "length", "close", "done"] = "head"
        self._left = 0
        self._open = False
        self._trailers: list[bytes] = []
        self._trailer_bytes = 0
        self._looked_at: tuple[bytes, int | None] = (b"", None)
        """What `passes` has seen, and where its chunk starts: `feed` need not look again."""
        self.framing: Framing | None = None
        self.wire = b""
        self.excess = b""

    @property
    def complete(self) -> bool:
        """Whether the whole message has been read."""
        return self._state == "done"

    @property
    def partial_head(self) -> bytes:
        """The bytes of a head that is not whole yet, or that is no head at all."""
        return self._buffer if self._state == "head" else b""

    @property
    def missing(self) -> int:
        """Data bytes of the open HTTP chunk or the Content-Length that have not come. A chunk of which only the size
        line came does not count as open: no byte of it is on the tape."""
        if self._state == "length" or (self._state == "data" and self._open):
            return self._left
        return 0

    def passes(self, data: bytes) -> bool:
        """Whether all of `data`, which comes next, is body in its own framing and the message goes on behind it. Told
        without reading what most reads are; False may be either."""
        if self._state == "size":
            self._looked_at = data, None if self._buffer else _one_chunk(data)
            return self._looked_at[1] is not None
        return self._state == "close" or (self._state == "length" and len(data) < self._left)

    def feed(self, data: bytes) -> list[Fact]:
        """The facts in `data`. Raises FramingError, with the facts before it, where it is not HTTP/1 any more."""
        facts: list[Fact] = []
        self.wire = b""
        try:
            if self._state == "head":
                data = self._read_heads(data, facts)
            if self._state != "head":
                self._read_body(data, facts)
        except FramingError as error:
            error.facts = tuple(facts)
            raise
        return facts

    def closed(self) -> bool:
        """The peer has sent FIN. True when that ends the message as it should (close framing, or already whole)."""
        if self._state == "close":
            self._state = "done"
        return self._state == "done"

    def _read_heads(self, data: bytes, facts: list[Fact]) -> bytes:
        """Consumes heads (1xx ones too) from the buffer; returns what follows the last one."""
        # Only the new bytes and the three before them can complete a blank line: no rescan of a head that drips in.
        start = max(0, len(self._buffer) - 3)
        self._buffer += data
        while self._state == "head":
            if self._buffer[:1] in {b"\r", b"\n"}:
                # RFC 9112 2.2: empty lines before a message are passed over.
                self._buffer, start = self._buffer.lstrip(b"\r\n"), 0
            match = _HEAD_END.search(self._buffer, start)
            if (match.end() if match else len(self._buffer)) > MAX_HEAD:
                raise FramingError(f"the response head is longer than {MAX_HEAD} bytes")
            if match is None:
                return b""
            # The buffer is cut only when the head is known to be good: a bad one stays there as `partial_head`.
            head = parse_head(self._buffer[: match.start()])
            if 100 <= head.code < 200 and head.code != 101:
                facts.append(Fact("informational", head))
            else:
                self._begin(head)
                facts.append(Fact("head", head, framing=self.framing))
            self._buffer, start = self._buffer[match.end() :], 0
        rest, self._buffer = self._buffer, b""
        if self.complete:
            facts.append(Fact("end"))
        return rest

    def _begin(self, head: Head) -> None:
        self.framing, self._left = body_framing(head, self._method)
        if self.framing == "chunked":
            self._state = "size"
        elif self.framing == "close":
            self._state = "close"
        else:
            self._state = "length" if self._left else "done"

    def _read_body(self, data: bytes, facts: list[Fact]) -> None:
        if not data:
            return
        if self._state == "close":
            facts.append(Fact("data", data=data))
            self.wire = data
        elif self._state == "length":
            self._read_length(data, facts)
        elif self._state != "done":
            self._read_chunked(data, facts)
        else:
            self._exceed(data)

    def _exceed(self, data: bytes) -> None:
        self.excess = (self.excess + data)[:MAX_LINE]

    def _read_length(self, data: bytes, facts: list[Fact]) -> None:
        self.wire = piece = data[: self._left]
        rest = data[self._left :]
        self._left -= len(piece)
        facts.append(Fact("data", data=piece, left=self._left))
        if not self._left:
            self._state = "done"
            facts.append(Fact("end"))
            self._exceed(rest)

    def _read_chunked(self, data: bytes, facts: list[Fact]) -> None:
        """Walks chunks. `wire` goes up to the end of the message, or to the line that is wrong."""
        if self._state == "size" and not self._buffer and self._take_whole_chunk(data, facts):
            return
        at, size = 0, len(data)
        try:
            while at < size and self._state != "done":
                if self._state == "data":
                    at = self._take_data(data, at, facts)
                else:
                    line, stop = self._line(data, at)
                    if line is not None:
                        self._chunk_line(line, facts)
                    at = stop
        finally:
            self.wire = data[:at]
        self._exceed(data[at:])

    def _take_whole_chunk(self, data: bytes, facts: list[Fact]) -> bool:
        """What most reads are, one chunk from its size line to the CR LF behind it, at a fraction of the cost."""
        known, start = self._looked_at
        self._looked_at = b"", None
        if known is not data:
            start = _one_chunk(data)
        if start is None:
            return False
        self.wire = data
        facts.append(Fact("data", data=data[start:-2]))
        return True

    def _take_data(self, data: bytes, at: int, facts: list[Fact]) -> int:
        """Data bytes of the open chunk from `at` on; returns where they stop."""
        stop = min(len(data), at + self._left)
        self._left -= stop - at
        self._open = self._left > 0
        facts.append(Fact("data", data=data[at:stop], left=self._left))
        if not self._left:
            self._state = "data-end"
        return stop

    def _line(self, data: bytes, at: int) -> tuple[bytes | None, int]:
        """The next framing line without its line end, or None when it is not whole yet (kept in the buffer)."""
        stop = data.find(b"\n", at)
        self._buffer += data[at:] if stop < 0 else data[at:stop]
        if len(self._buffer) > MAX_LINE:
            raise FramingError(f"a line of the chunked framing is longer than {MAX_LINE} bytes")
        if stop < 0:
            return None, len(data)
        line, self._buffer = self._buffer.removesuffix(b"\r"), b""
        return line, stop + 1

    def _chunk_line(self, line: bytes, facts: list[Fact]) -> None:
        if self._state == "data-end":
            if line:
                raise FramingError(f"expected CR LF after a chunk's data, found {line[:40]!r} (RFC 9112 7.1)")
            self._state = "size"
        elif self._state == "size":
            match = _SIZE.fullmatch(line)
            if match is None:
                raise FramingError(f"expected a chunk size in hex, found {line[:40]!r} (RFC 9112 7.1)")
            self._left = int(match[1], 16)
            self._state = "data" if self._left else "trailers"
        elif line:
            self._trailer_bytes += len(line)
            if self._trailer_bytes > MAX_HEAD:
                raise FramingError(f"the trailers are longer than {MAX_HEAD} bytes")
            self._trailers.append(line)
        else:
            facts.append(Fact("end", trailers=parse_fields(self._trailers)))
            self._state = "done"
