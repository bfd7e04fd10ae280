"""Masking by value: every form in which known secrets can be written, and the masker that finds them in a stream.

A secret is looked for raw, without its own escapes, and in base64 (RFC 4648 4 and 5) at each of the three alignments,
in data as it is and with its escapes taken off. Which values are secrets is not decided here. Pure.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache

from cassettes.escapes import Peeled, unescaped
from cassettes.masking import Masker, Span

MINIMUM = 12
"""Bytes below which a value is too common in ordinary text to be looked for."""

KIND = "credential"

# The beginning of a form by which it is looked for; also the shortest beginning that is masked where the data ends.
_SEED = 8
# Longer secrets are looked for in overlapping pieces: a tail of one piece in its longest spelling is a few KB.
_PIECE = 256
_OVERLAP = 8
_LINE_END = 0x0A
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _pieces(value: bytes) -> Iterator[bytes]:
    if len(value) <= _PIECE:
        yield value
        return
    for start in range(0, len(value) - _PIECE, _PIECE - _OVERLAP):
        yield value[start : start + _PIECE]
    yield value[-_PIECE:]


def _base64_cores(value: bytes) -> Iterator[bytes]:
    """The base64 characters that `value` alone decides, when 0, 1 or 2 bytes stand before it in its group of three."""
    for before in range(3):
        encoded = b64encode(bytes(before) + value + bytes(2))
        core = encoded[(8 * before + 5) // 6 : 8 * (before + len(value)) // 6]
        yield core
        yield core.translate(_URL_SAFE)


@lru_cache(maxsize=256)
def forms_of(secret: bytes) -> frozenset[bytes]:
    """The byte strings that give `secret` away, apart from escapes of single characters."""
    values = {secret, secret.replace(b" ", b"+"), *unescaped(secret)}
    pieces = [piece for value in values if len(value) >= MINIMUM for piece in _pieces(value)]
    return frozenset(pieces) | {core for piece in pieces for core in _base64_cores(piece)}


class Forms:
    """The forms of a set of secrets, made ready for the search. Immutable; shared by many maskers."""

    __slots__ = ("alphabet", "by_seed", "escapes", "room", "shadow", "stub_ends", "stubs")

    def __init__(self, secrets: Iterable[bytes]) -> None:
        forms = sorted({form for secret in secrets for form in forms_of(secret)})
        grouped: dict[bytes, list[bytes]] = {}
        for form in forms:
            grouped.setdefault(form[:_SEED], []).append(form)
        self.by_seed = {seed: tuple(group) for seed, group in grouped.items()}
        self.stubs = frozenset(seed[:size] for seed in grouped for size in range(1, _SEED))
        self.stub_ends = frozenset(stub[-1] for stub in self.stubs)
        self.alphabet = frozenset(b"".join(forms))
        self.escapes = _telling_escapes(self.alphabet)
        # Translated by `shadow`, data has `room` for a form only where so many bytes of the alphabet stand together:
        # two passes at the speed of memory, instead of one for each seed.
        self.shadow = bytes(0x61 if byte in self.alphabet else 0x20 for byte in range(256))
        self.room = b"a" * min(map(len, forms), default=1)


def _telling_escapes(alphabet: frozenset[int]) -> re.Pattern[bytes]:
    """Finds the escapes that stand for a byte of `alphabet`, or for a byte that begins an escape."""
    if alphabet and (min(alphabet) < 0x20 or max(alphabet) > 0x7F or alphabet & frozenset(b'"\\')):
        return re.compile(rb"%[0-9A-Fa-f]{2}|\\")
    codes = "|".join(f"{byte:02x}" for byte in sorted(alphabet | frozenset(b"\\%")))
    slash = "|/" if 0x2F in alphabet else ""
    return re.compile(f"%[0-9A-Fa-f]{{2}}|\\\\(?:u00(?i:{codes}){slash})".encode())


class ValueMasker(Masker):
    """Masks the forms of known secrets. Where the data ends, a beginning of 8 bytes or more is masked too."""

    def __init__(self, forms: Forms, findings: list[Span] | None = None) -> None:
        super().__init__(findings)
        self._forms = forms

    def passes(self, line: bytes) -> bool:
        """As for any masker; a beginning of a form is looked for too, since each line is masked to its own end."""
        return not any(seed in line for seed in self._forms.by_seed) and self._is_plain(line)

    def _is_plain(self, buffer: bytes) -> bool:
        forms = self._forms
        last = buffer[-1]
        if last in forms.stub_ends:
            return False
        if last in forms.alphabet or forms.room in buffer.translate(forms.shadow):
            for seed in forms.by_seed:
                if seed in buffer:
                    return False
        if b"%" in buffer or b"\\" in buffer:
            if forms.escapes.search(buffer):
                return False
            # After a line end no escape is open; else twelve bytes hold the longest of two levels that tells nothing.
            tail = buffer[-12:]
            return last == _LINE_END or not (b"%" in tail or b"\\" in tail)
        return True

    def _search(self, peeled: Peeled, *, final: bool) -> tuple[list[Span], int]:
        spans: list[Span] = []
        hold = len(peeled.texts[0])
        for level, text in enumerate(peeled.texts):
            begun = len(text)
            for start, end in self._occurrences(text, peeled.wholes[level]):
                if end or final:
                    spans.append(Span(*peeled.raw_span(level, start, end or len(text)), KIND))
                else:
                    begun = min(begun, start)
            if not final:
                begun = min(begun, self._stub(text))
                hold = min(hold, peeled.raw_start(level, begun)) if begun < len(text) else hold
        return spans, hold

    def _occurrences(self, text: bytes, whole: int) -> Iterator[tuple[int, int]]:
        """Start and end of every form in `text`, overlapping ones too; end 0: the text ends before the form does."""
        for seed, group in self._forms.by_seed.items():
            start = text.find(seed)
            while start >= 0:
                for form in group:
                    end = start + len(form)
                    if text.startswith(form, start):
                        yield start, end
                    elif (end > len(text) and form.startswith(text[start:])) or (
                        end > whole >= start + _SEED and form.startswith(text[start:whole])
                    ):
                        yield start, 0
                start = text.find(seed, start + 1)

    def _stub(self, text: bytes) -> int:
        """Where a beginning of a form that is shorter than its seed stands at the end of `text`; else its length."""
        if text and text[-1] in self._forms.stub_ends:
            for size in range(min(_SEED - 1, len(text)), 0, -1):
                if text[-size:] in self._forms.stubs:
                    return len(text) - size
        return len(text)
