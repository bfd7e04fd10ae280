"""Bytes with their JSON and URL escapes taken off, level by level, and the way back to where each byte came from.

A credential in `"\\nsk-\\u0061..."` or `key=sk%2D...` is found in the text as its reader will see it, and masked where
it stands. One level takes off `\\uXXXX`, the two-character escapes of JSON (RFC 8259 7) and `%XX` (RFC 3986 2.1) in one
pass; a second level does it again, for JSON or URLs inside a JSON string. Pure; imports the standard library only.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

DEPTH = 2
"""Levels of escapes that are taken off: a JSON text inside a JSON string (tool arguments, quoted errors) needs two."""

_ESCAPE = re.compile(rb'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})|%[0-9A-Fa-f]{2}')
_UNFINISHED = re.compile(rb"(?:\\(?:u[0-9A-Fa-f]{0,3})?|%[0-9A-Fa-f]?)\Z")
_UNFINISHED_MAX = 5
_SHORT = {b"\\b": b"\b", b"\\f": b"\f", b"\\n": b"\n", b"\\r": b"\r", b"\\t": b"\t"}


@lru_cache(maxsize=4096)
def _meaning(escape: bytes) -> bytes:
    if escape[0] == 0x25:
        return bytes.fromhex(escape[1:].decode())
    if escape[1] == 0x75:
        return chr(int.from_bytes(bytes.fromhex(escape[2:].decode()))).encode("utf-8", "surrogatepass")
    return _SHORT.get(escape, escape[1:])


class Layer:
    """`text` is what lies below it with one level of escapes taken off; positions go up to it and down from it.

    `whole` counts the bytes below that could be read: an escape that the end of the data splits is left out.
    """

    __slots__ = ("_begins", "_ends", "_from", "_until", "changes_nothing", "text", "whole")

    def __init__(self, below: bytes, *, final: bool) -> None:
        self._begins: list[int] = []  # where the meaning of each escape begins and ends in `text`,
        self._ends: list[int] = []
        self._from: list[int] = []  # and where the escape itself begins and ends below
        self._until: list[int] = []
        pieces: list[bytes] = []
        done = size = 0
        for found in _ESCAPE.finditer(below):
            start, end = found.span()
            meaning = _meaning(found[0])
            pieces += (below[done:start], meaning)
            size += start - done
            self._begins.append(size)
            size += len(meaning)
            self._ends.append(size)
            self._from.append(start)
            self._until.append(end)
            done = end
        unfinished = _UNFINISHED.search(below, max(done, len(below) - _UNFINISHED_MAX))
        self.whole = unfinished.start() if unfinished else len(below)
        pieces.append(below[done:] if final else below[done : self.whole])
        self.text = b"".join(pieces)
        self.changes_nothing = not self._from and not unfinished

    def start_below(self, at: int) -> int:
        """Where the byte at `at`, or the escape that means it, begins below."""
        unit = bisect_right(self._begins, at) - 1
        if unit < 0:
            return at
        return self._from[unit] if at < self._ends[unit] else self._until[unit] + at - self._ends[unit]

    def end_below(self, end: int) -> int:
        """Where the last byte before `end`, or the escape that means it, ends below."""
        if end == 0:
            return 0
        unit = bisect_right(self._begins, end - 1) - 1
        if unit >= 0 and end <= self._ends[unit]:
            return self._until[unit]
        return self.start_below(end - 1) + 1

    def start_above(self, at: int) -> int:
        """Where in `text` the byte at `at` below begins; inside an escape: the beginning of its meaning."""
        unit = bisect_right(self._from, at) - 1
        if unit < 0:
            return at
        return self._begins[unit] if at < self._until[unit] else self._ends[unit] + at - self._until[unit]

    def end_above(self, end: int) -> int:
        """Where in `text` the last byte before `end` below ends; inside an escape: the end of its meaning."""
        if end == 0:
            return 0
        unit = bisect_right(self._from, end - 1) - 1
        if unit >= 0 and end <= self._until[unit]:
            return self._ends[unit]
        return self.start_above(end - 1) + 1


class Peeled:
    """`raw` and the layers above it. `texts[0]` is `raw`; a layer that would change nothing is not made."""

    __slots__ = ("_layers", "texts", "whole", "wholes")

    def __init__(self, raw: bytes, *, final: bool) -> None:
        self.texts = [raw]
        self.wholes: list[int] = []
        self.whole = len(raw)  # raw bytes before the first escape that the end of the data splits, at any level
        self._layers: list[Layer] = []
        while len(self._layers) < DEPTH and (b"\\" in self.texts[-1] or b"%" in self.texts[-1]):
            layer = Layer(self.texts[-1], final=final)
            if layer.changes_nothing:
                break
            if layer.whole < len(self.texts[-1]):
                self.whole = min(self.whole, self.raw_start(len(self._layers), layer.whole))
            self.wholes.append(layer.whole)
            self._layers.append(layer)
            self.texts.append(layer.text)
        self.wholes.append(len(self.texts[-1]))

    def raw_start(self, level: int, at: int) -> int:
        """The raw position of the byte at `at` of level `level`."""
        for layer in reversed(self._layers[:level]):
            at = layer.start_below(at)
        return at

    def raw_span(self, level: int, start: int, end: int) -> tuple[int, int]:
        """The raw bytes that mean `start` to `end` of `level`, widened so that no escape of any level is split."""
        for layer in self._layers[level:]:
            start, end = layer.start_above(start), layer.end_above(end)
        for layer in reversed(self._layers):
            start, end = layer.start_below(start), layer.end_below(end)
        return start, end

    def unsplit(self, cut: int) -> int:
        """The nearest raw position at or before `cut` that splits no escape of any level."""
        for layer in self._layers:
            cut = layer.start_above(cut)
        return self.raw_start(len(self._layers), cut)

    def position(self, level: int, cut: int) -> int:
        """Where the raw position `cut`, which splits no escape, is at level `level` (or at the last one there is)."""
        for layer in self._layers[:level]:
            cut = layer.start_above(cut)
        return cut


def unescaped(value: bytes) -> list[bytes]:
    """What `value` means after each level of escapes that it has, itself left out."""
    return Peeled(value, final=True).texts[1:]
