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

_AROUND = b" \t\r\n,[]"
_BOM = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """One event that says something: comments, and blocks without data, are none. `name` is the SSE name, "" without
    one; `open`: the body ended before its blank line."""

    place: Place
    name: str
    data: str
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
        text = raw.removeprefix(_BOM).strip(_AROUND if kind == "json-array" else _AROUND[:4])
        # The brackets of an element that is an array itself are not missed: it is no object either way.
        if text:
            yield Block(Place(number, start), "", text.decode("utf-8", "replace"))


def _sse(body: bytes) -> Iterator[Block]:
    found, tail = sse.parse(body)
    at = 0
    for number, block in enumerate(found, 1):
        if block.message:
            yield _block(block.message, Place(number, at), False)
        at += len(block.raw)
    if tail.strip():
        last, _ = sse.parse(tail + b"\n\n")
        for block in last:
            if block.message:
                yield _block(block.message, Place(len(found) + 1, at), True)


def _block(message: sse.Message, place: Place, still_open: bool) -> Block:
    return Block(place, "" if message.event == "message" else message.event, message.data, still_open)
