"""Where the events of a body end: SSE blocks, NDJSON lines, elements of a JSON array.

Offsets of bytes only: what an event says is `cassettes.sse` and the dialects. May import `cassettes.model` alone.
Everything here is one pass and allocates one list; a body is untrusted, so no pattern may go back over what it read.
"""

from __future__ import annotations

import re

from cassettes.model import EventKind, Headers, header

_EOL = rb"(?:\r\n?+|\n)"
# A block ends with the line end of its last line and one blank line. The blank lines behind it belong to the next
# block: they are read here (and not counted) so that they cannot pass for the end of an empty block.
_BLOCK_END = re.compile(b"(" + _EOL + _EOL + rb")[\r\n]*+")
_BLOCK_END_LF = re.compile(rb"(\n\n)\n*+")  # for bodies without CR, nearly all: a literal prefix is found 3 x faster
_BEFORE_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?+[\r\n]*+")

_STRING = rb'"(?:[^"\\]++|\\[\x00-\xff])*+"'
_ARRAY_START = re.compile(rb"(?:\xef\xbb\xbf)?+[ \t\r\n]*+\[[ \t\r\n]*+")
# Runs of brackets are one token: a hostile body of a million `{` costs one step, not a million.
_NESTED = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+([\[{]++|[\]}]++)")
_SCALAR = re.compile(rb"(?:" + _STRING + rb'|[^"\[\]{}, \t\r\n]++)')
_BLANKS = re.compile(rb"[ \t\r\n]*+")
_AFTER_COMMA = re.compile(rb",[ \t\r\n]*+")


def event_kind(headers: Headers, code: int, body: bytes, override: EventKind | None = None) -> EventKind:
    """How `body` divides into events (DESIGN 2, row "event").

    `override` is the tape's `stream.events` and wins over all else: it is the way out for a wrong header.
    """
    if override is not None:
        return override
    codings = (value for name, value in headers if name.lower() == "content-encoding")
    if any(coding.strip().lower() not in ("", "identity") for value in codings for coding in value.split(",")):
        return "none"
    media_type = (header(headers, "content-type") or "").partition(";")[0].strip().lower()
    if media_type == "text/event-stream":
        return "sse"
    if media_type == "application/x-ndjson":
        return "ndjson"
    if media_type == "application/json" and 200 <= code < 300 and body.startswith(b"["):
        return "json-array"
    return "none"


def event_ends(body: bytes, kind: EventKind) -> list[int]:
    """The end offset (exclusive, rising) of every whole event of `body`; the bytes after the last one are the tail.

    An event begins where the one before it ended, so blank lines and a BOM go to the event that follows them.
    Cost: one pass over the body.
    """
    if kind == "sse":
        start = _match_end(_BEFORE_FIRST, body, 0)
        pattern = _BLOCK_END if b"\r" in body else _BLOCK_END_LF
        return [found.end(1) for found in pattern.finditer(body, start)]
    if kind == "ndjson":
        return [found.end() for found in re.finditer(rb"\n", body)]
    if kind == "json-array":
        return _element_ends(body)
    return []


def _match_end(pattern: re.Pattern[bytes], body: bytes, at: int) -> int:
    found = pattern.match(body, at)
    return found.end() if found else at


def _element_ends(body: bytes) -> list[int]:
    """Ends of the elements of the array in `body`. `]` and what follows it belong to the last element.

    An object, array or string that is closed is whole even where the body stops straight after it; a bare number or
    word is whole only when something follows, for `1` may have been the start of `10`.
    """
    ends: list[int] = []
    opening = _ARRAY_START.match(body)
    if opening is None:
        return ends
    at, size = opening.end(), len(body)
    while at < size:
        mark = body[at]
        if mark in b"]}":
            break
        if mark in b"[{":
            after, closed = _nested_end(body, at)
            if closed:  # the array itself ended in the same run of brackets
                ends.append(size)
                return ends
        elif mark == 0x2C:
            after = at  # an empty place, `[,1]`: not JSON, but its bytes must go somewhere
        else:
            after = _match_end(_SCALAR, body, at)
            if after == at or (after == size and mark != 0x22):
                return ends
        if after is None:
            return ends
        blank = _match_end(_BLANKS, body, after)
        at = _match_end(_AFTER_COMMA, body, blank)
        ends.append(at)
    if at < size and ends:
        ends[-1] = size
    return ends


def _nested_end(body: bytes, at: int) -> tuple[int | None, bool]:
    """End of the object or array that starts at `at` (None: never closed), and whether the outer array closed too."""
    depth = 0
    while found := _NESTED.match(body, at):
        run_start, at = found.span(1)
        if body[run_start] in b"[{":
            depth += at - run_start
        elif at - run_start < depth:
            depth -= at - run_start
        else:
            return run_start + depth, at - run_start > depth
    return None, False
