"""The events of a body with their places: what is in the data of each, and what is no JSON. Pure.

Imports `events`, `sse`, `finding` and the standard library.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from cassettes import sse
from cassettes.check.finding import Place
from cassettes.events import event_ends
from cassettes.model import EventKind

_BLANKS = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """One event that says something: comments, and blocks without data, are none. `name` is the SSE name, "" without
    one; `flaw`: some bytes of it are not UTF-8; `open`: the body ended before its blank line."""

    place: Place
    name: str
    data: str
    flaw: bool = False
    open: bool = False

    def value(self) -> object:
        """Its data as decoded JSON. Raises ValueError."""
        try:
            return json.loads(self.data)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def blocks(body: bytes, kind: EventKind) -> Iterator[Block]:
    """The events of `body`, and its tail if that would be one with a blank line behind it."""
    if kind == "sse":
        yield from _sse(body)
        return
    for number, (start, end) in enumerate(pairwise([0, *event_ends(body, kind)]), 1):
        raw = body[start:end]
        text = raw.removeprefix(_BOM).strip(_BLANKS)
        if kind == "json-array":
            # The array's own brackets and commas belong to its events (DESIGN 2).
            text = text.removeprefix(b"[") if number == 1 else text
            text = text.strip(_BLANKS + b",")
            text = text.removesuffix(b"]").rstrip(_BLANKS) if end == len(body) and not text.startswith(b"[") else text
        if text:
            yield Block(Place(number, start), "", text.decode("utf-8", "replace"), not _is_utf8(text))


def _sse(body: bytes) -> Iterator[Block]:
    found, tail = sse.parse(body)
    at = 0
    for number, block in enumerate(found, 1):
        if block.message:
            yield _block(block.message, Place(number, at), block.raw)
        at += len(block.raw)
    if tail.strip():
        last, _ = sse.parse(tail + b"\n\n")
        for block in last:
            if block.message:
                yield _block(block.message, Place(len(found) + 1, at), tail)._replace(open=True)


def _block(message: sse.Message, place: Place, raw: bytes) -> Block:
    return Block(place, "" if message.event == "message" else message.event, message.data, not _is_utf8(raw))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
