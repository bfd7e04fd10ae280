"""Masking by shape: the masker that finds key-shaped strings in a stream, but for those inside opaque JSON strings.

Signatures and encrypted reasoning are sent back to the provider byte for byte, so a mask in them would break a tape for
no gain: they hold no key that its owner could leak. What a key looks like is in `keyshapes`. Pure.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cassettes.escapes import DEPTH, Peeled
from cassettes.keyshapes import SHAPES, WORD, Shape
from cassettes.masking import Masker, Span

_OPENER = re.compile(rb'"(?:signature|thoughtSignature|thought_signature|encrypted_content)" {0,2}: {0,2}"')
_OPENER_BEGUN = re.compile(rb'"(?:[A-Za-z_]{1,18}(?:" {0,2}(?:: {0,2})?)?)?\Z')
# What is kept of the released text: no less than the longest opener.
_PAST = 32
# Twelve bytes hold the longest escape of two levels that `_TELLING_ESCAPE` does not find.
_REACH = _PAST + 12
_ENDLESS = 1 << 62
_LINE_END = 0x0A

_LITERALS = tuple(sorted({shape.literal for shape in SHAPES}))
_BORDERED = tuple(sorted({shape.literal for shape in SHAPES if shape.bordered}))
_STUBS = frozenset(literal[:size] for literal in _LITERALS for size in range(1, len(literal)))
_STUB_ENDS = frozenset(stub[-1] for stub in _STUBS)
_LONGEST_STUB = max(map(len, _STUBS))


def _branches(words: list[str]) -> str:
    """A regular expression for `words`, which begin no other one: branched by letter, it rules out most in one step."""
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word[0], []).append(word[1:])
    branches = [re.escape(letter) + (_branches(rest) if any(rest) else "") for letter, rest in groups.items()]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


_LITERAL = _branches([literal.decode() for literal in _BORDERED])
_ANY_LITERAL = re.compile(f"[^A-Za-z0-9_-]{_LITERAL}".encode())
# In `\nsk-` the border is an escape that ends in a letter.
_ANY_LITERAL_ESCAPED = re.compile(rf"(?:\\(?:[bfnrt]|u[0-9A-Fa-f]{{4}})|[^A-Za-z0-9_-]){_LITERAL}".encode())
_TELLING = (*{shape.literal for shape in SHAPES if not shape.bordered}, b"ignature", b"encrypted_content")
# Escapes for what shapes are made of, and for what begins an escape.
_TELLING_ESCAPE = re.compile(rb"\\u00(?:2[5bdefBDEF]|3[0-9dD]|[4-7][0-9A-Fa-f])|%[0-9A-Fa-f]{2}")


class _Past(NamedTuple):
    """What the released bytes of one level leave behind: their last ones, and what goes on in the next.

    `opaque`: inside a string that is left alone; `resume`: where to look for the next one (from the cut back, <= 0);
    `runs`: the shapes of masked runs that may go on.
    """

    text: bytes = b""
    opaque: bool = False
    resume: int = 0
    runs: tuple[Shape, ...] = ()


# At the beginning; and after a line end, which is a border, and which no opener and no escape has in it.
_NO_PASTS = (_Past(),) * (DEPTH + 1)


class _Found(NamedTuple):
    """What one level showed: its text with the past before it, where the past ends, opaque strings, matches."""

    text: bytes
    base: int
    opaque: list[tuple[int, int]]
    matches: list[tuple[int, int, Shape]]


class ShapeMasker(Masker):
    """Masks key-shaped strings. A run that is longer than its shape can decide on is masked as it streams."""

    def __init__(self, findings: list[Span] | None = None) -> None:
        super().__init__(findings)
        self._pasts: tuple[_Past, ...] = _NO_PASTS
        self._found: list[_Found] = []
        self._busy = False

    def _is_plain(self, buffer: bytes) -> bool:
        last = buffer[-1]
        if self._busy or last in _STUB_ENDS or buffer.startswith(_BORDERED):
            return False
        for literal in _TELLING:
            if literal in buffer:
                return False
        escaped = b"\\" in buffer
        if (_ANY_LITERAL_ESCAPED if escaped else _ANY_LITERAL).search(buffer):
            return False
        if (escaped or b"%" in buffer) and _TELLING_ESCAPE.search(buffer):
            return False
        pasts = self._pasts
        if pasts is not _NO_PASTS and any(_OPENER_BEGUN.search(past.text) for past in pasts):
            return False
        if last == _LINE_END:
            self._pasts = _NO_PASTS
            return True
        tail = buffer[-_REACH:]
        if b"%" in tail or b"\\" in tail:
            return False
        size = len(buffer)
        self._pasts = tuple(_Past((p.text + buffer)[-_PAST:], resume=max(p.resume - size, -_PAST)) for p in pasts)
        return True

    def _search(self, peeled: Peeled, *, final: bool) -> tuple[list[Span], int]:
        found: list[_Found] = []
        for level, past in enumerate(self._pasts):
            if level >= len(peeled.texts) and set(self._pasts[level:]) == {self._pasts[level - 1]}:
                break  # nothing that the level below does not show
            text = past.text + peeled.texts[min(level, len(peeled.texts) - 1)]
            found.append(_Found(text, len(past.text), _opaque_strings(text, past), []))
        self._found = found
        opaque = [
            self._raw(peeled, level, start, end) for level, seen in enumerate(found) for start, end in seen.opaque
        ]
        spans: list[Span] = []
        hold = len(peeled.texts[0])
        for level, seen in enumerate(found):
            begun = self._look(peeled, level, opaque, final=final)
            if begun < len(seen.text):
                hold = min(hold, self._raw(peeled, level, begun, begun + 1)[0])
            spans += (Span(*self._raw(peeled, level, start, end), shape.kind) for start, end, shape in seen.matches)
        return spans, hold

    def _raw(self, peeled: Peeled, level: int, start: int, end: int) -> tuple[int, int]:
        """Raw positions of a span of `level`; what lies in the past counts from 0, an endless one goes on."""
        base = self._found[level].base
        depth = min(level, len(peeled.texts) - 1)
        if end >= _ENDLESS:
            return peeled.raw_start(depth, max(start - base, 0)), _ENDLESS
        return peeled.raw_span(depth, max(start - base, 0), max(end - base, 0))

    def _look(self, peeled: Peeled, level: int, opaque: list[tuple[int, int]], *, final: bool) -> int:
        """Collect the matches of one level; return where a string begins that more data could make a key."""
        text, base, _, matches = self._found[level]
        runs = self._pasts[level].runs
        begun = len(text)
        for shape in SHAPES:
            at = base
            if shape in runs and (more := shape.rest.match(text, base)):
                at = more.end()
                matches.append((base - 1, at, shape))  # it began before
            at = text.find(shape.literal, at)
            while at >= 0:
                step = at + 1
                raw = self._raw(peeled, level, at, step)[0]
                if not (shape.bordered and at and text[at - 1] in WORD) and not any(a <= raw < b for a, b in opaque):
                    reach = shape.reach.match(text, at, at + shape.bound)
                    if not final and reach and reach.end() == len(text) < at + shape.bound:
                        begun = min(begun, at)
                        break
                    if whole := shape.whole.match(text, at):
                        step = whole.end()
                        matches.append((at, step, shape))
                at = text.find(shape.literal, step)
        return begun if final else min(begun, _stub(text, base))

    def _passed(self, peeled: Peeled, cut: int) -> None:
        pasts = []
        for level, seen in enumerate(self._found):
            depth = min(level, len(peeled.texts) - 1)
            here = seen.base + peeled.position(depth, cut)
            runs = tuple(shape for start, end, shape in seen.matches if start < here <= end)
            inside = any(start <= here <= end for start, end in seen.opaque)
            before = [end + 1 for _, end in seen.opaque if end < here]
            resume = max(before, default=seen.base + self._pasts[level].resume) - here
            text = seen.text[max(here - _PAST, 0) : here]
            pasts.append(_Past(text, inside, max(resume, -len(text)), runs))
        self._pasts = (*pasts, *pasts[-1:] * (DEPTH + 1 - len(pasts)))
        self._busy = any(past.opaque or past.runs for past in pasts)


def _opaque_strings(text: bytes, past: _Past) -> list[tuple[int, int]]:
    """Begin and end of the opaque strings in `text`, without quotes; they are base64, so the next quote ends them."""
    strings: list[tuple[int, int]] = []
    base = len(past.text)
    start = base if past.opaque else -1
    resume = max(base + past.resume, 0)
    while True:
        if start < 0:
            opener = _OPENER.search(text, resume)
            if opener is None:
                return strings
            start = opener.end()
        end = text.find(b'"', start)
        if end < 0:
            return [*strings, (start, _ENDLESS)]
        strings.append((start, end))
        start, resume = -1, end + 1


def _stub(text: bytes, base: int) -> int:
    """Where the beginning of a literal that is not whole stands at the end of `text`; else its length."""
    if len(text) > base and text[-1] in _STUB_ENDS:
        for at in range(max(base, len(text) - _LONGEST_STUB), len(text)):
            if text[at:] in _STUBS and not (at and text[at - 1] in WORD and not text[at:].startswith(b"-")):
                return at
    return len(text)
