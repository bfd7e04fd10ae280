"""Server-sent events, byte for byte: an incremental parser that keeps the raw bytes of every block, and an encoder.

Follows the WHATWG HTML standard, 9.2.5 (parsing) and 9.2.6 (interpretation), with one difference that a recorder needs:
every byte goes to exactly one block or to the tail. What the JSON in `data` means belongs to the dialects.
May import `cassettes.model` alone. Block edges are those of `cassettes.events.event_ends`; a test holds both together.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from cassettes.model import TokentapeError

MAX_BLOCK: Final = 64 * 1024 * 1024
"""Bytes a single block may have before the parser gives up on it: the size cap of a cassette (DESIGN 4)."""

_BOM: Final = b"\xef\xbb\xbf"
_EOL = re.compile(rb"\r\n?+|\n")
_BLANK_LINES = re.compile(rb"[\r\n]*+")
# The line end to stop at: one with a blank line behind it (group 1), or the last bytes of what was fed.
_STOP = re.compile(rb"(?:\r\n?+|\n)(?:(\r\n?+|\n)|\Z)")
# Reconnection times are ms in a 64-bit integer for every client; longer digits are not worth a quadratic int().
_MAX_RETRY_DIGITS = 18

_State = Literal["before", "in line", "after line"]


class Message(NamedTuple):
    """What a client is given: `id` is the last event ID at that moment (sticky), `retry` the block's own, in ms."""

    event: str
    data: str
    id: str
    retry: int | None


class Block(NamedTuple):
    """One block: blank lines before it, its lines, its blank line. `message` is None when nothing is dispatched."""

    raw: bytes
    message: Message | None
    comments: tuple[str, ...] = ()


class Parser:
    """Feed it bytes as they come; get the blocks that they complete.

    A CR in the last place of a feed is held until the next byte shows whether it is half of a CRLF, so that the raw
    span of a block is exact; hence time belongs on chunks, never on blocks. `feed(…, last=True)` says that no more
    bytes come, and settles it. `retry` is the last reconnection time seen, in ms.
    """

    def __init__(self, max_block: int = MAX_BLOCK) -> None:
        self.last_event_id = ""
        self.retry: int | None = None
        self._max_block = max_block
        self._held = b""
        self._open = bytearray()  # grows by amortised doubling: one byte a feed stays linear
        self._state: _State = "before"
        self._begun = False
        self._first_block = True

    def feed(self, data: bytes, last: bool = False) -> list[Block]:
        """The blocks that end in `data`. Raises TokentapeError for a block over `max_block` bytes."""
        data = self._held + data
        self._held = b""
        if not last:
            data = self._hold_back(data)
        blocks: list[Block] = []
        if not data:
            return blocks
        start = at = 0
        if not self._begun:
            self._begun = True
            at = len(_BOM) if data.startswith(_BOM) else 0
        while (end := self._block_end(data, at)) >= 0:
            self._check_size(end - start)
            blocks.append(self._block(bytes(self._open) + data[start:end] if self._open else data[start:end]))
            self._open.clear()
            start = at = end
        self._check_size(len(data) - start)
        self._open += memoryview(data)[start:]
        return blocks

    def close(self) -> bytes:
        """The tail: bytes fed that belong to no whole block. The parser can then take a new stream, as a client
        that reconnects: the last event ID stays."""
        tail = bytes(self._open) + self._held
        self._open.clear()
        self._held = b""
        self._state = "before"
        self._begun = False
        self._first_block = True
        return tail

    def _hold_back(self, data: bytes) -> bytes:
        """`data` without the bytes in its last place that cannot be judged yet: half a CRLF, a part of a BOM."""
        if not self._begun and len(data) < len(_BOM) and _BOM.startswith(data):
            self._held = data
            return b""
        if data.endswith(b"\r"):
            self._held = b"\r"
            return data[:-1]
        return data

    def _block_end(self, data: bytes, at: int) -> int:
        """Offset after the block that is open at `at`, or -1; notes where in a block the data stops."""
        if self._state == "before":
            found = _BLANK_LINES.match(data, at)
            at = found.end() if found else at
        elif self._state == "after line" and (found := _EOL.match(data, at)):
            self._state = "before"
            return found.end()
        if at == len(data):
            return -1
        stop = _STOP.search(data, at)
        if stop is None:
            self._state = "in line"
        elif stop.lastindex is None:
            self._state = "after line"
        else:
            self._state = "before"
            return stop.end()
        return -1

    def _check_size(self, more: int) -> None:
        if len(self._open) + more > self._max_block:
            raise TokentapeError(
                f"an SSE block of more than {self._max_block} bytes: no blank line came; "
                "if this is not an event stream, set stream.events to none"
            )

    def _block(self, raw: bytes) -> Block:
        text = raw.removeprefix(_BOM) if self._first_block else raw
        self._first_block = False
        event, retry = b"", None
        data: list[bytes] = []
        comments: list[str] = []
        for line in text.splitlines():  # bytes split at CR, LF and CRLF only, unlike str
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"data":
                data.append(value)
            elif name == b"event":
                event = value
            elif name == b"id":
                if b"\0" not in value:
                    self.last_event_id = _decode(value)
            elif name == b"retry":
                if value.isdigit() and len(value) <= _MAX_RETRY_DIGITS:
                    self.retry = retry = int(value)
            elif not name and line:
                comments.append(_decode(value))
        message = None
        if data:
            # Joined first, decoded once: LF is never inside a UTF-8 sequence, so the U+FFFD are those of each line.
            message = Message(_decode(event) or "message", _decode(b"\n".join(data)), self.last_event_id, retry)
        return Block(raw, message, tuple(comments))


def parse(body: bytes, max_block: int = MAX_BLOCK) -> tuple[list[Block], bytes]:
    """The blocks of a whole body, and its tail. Raises TokentapeError as `Parser.feed`."""
    parser = Parser(max_block)
    blocks = parser.feed(body, last=True)
    return blocks, parser.close()


def encode(
    data: str | None,
    *,
    event: str | None = None,
    id: str | None = None,  # noqa: A002 - the field's name in the standard
    retry: int | None = None,
    comment: str | None = None,
    eol: str = "\n",
) -> bytes:
    """One block with its blank line: comments, `event`, `id`, `retry`, `data`, each only where given.

    `data` and `comment` may have several lines (LF). Raises TokentapeError for what the format cannot carry.
    """
    if eol not in ("\n", "\r\n", "\r"):
        raise TokentapeError(f"eol {eol!r} is no SSE line end; expected '\\n', '\\r\\n' or '\\r'")
    if retry is not None and retry < 0:
        raise TokentapeError(f"retry {retry} is negative; expected ms as digits")
    lines = [_field("", part) for part in _lines("comment", comment)]
    if event is not None:
        lines.append(_field("event", _one_line("event", event)))
    if id is not None:
        if "\0" in id:
            raise TokentapeError("id holds a NUL: clients ignore such an id (WHATWG HTML 9.2.6)")
        lines.append(_field("id", _one_line("id", id)))
    if retry is not None:
        lines.append(f"retry: {retry}")
    lines.extend(_field("data", part) for part in _lines("data", data))
    if not lines:
        raise TokentapeError("an SSE block needs a line: give data, event, id, retry or comment")
    return (eol.join(lines) + eol + eol).encode("utf-8", "surrogateescape")


def _decode(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _field(name: str, value: str) -> str:
    # No blank after the colon of an empty value: trailing white space would be lost to formatters of a cassette.
    return f"{name}: {value}" if value else f"{name}:"


def _lines(name: str, value: str | None) -> list[str]:
    if value is None:
        return []
    if "\r" in value:
        raise TokentapeError(f"{name} holds a CR, which SSE reads as a line end; write LF between lines")
    return value.split("\n")


def _one_line(name: str, value: str) -> str:
    if "\r" in value or "\n" in value:
        raise TokentapeError(f"{name} {value!r} has a line end; only data and comment may have several lines")
    return value
