"""A masker: bytes in, the same number of bytes out, with what must not be seen written over by `*`.

What is common to the maskers by value and by shape: the tail that is held back, because it could be the beginning of
a secret, and the spans that go over. The law of every masker: however the data is split, the output is the same.
What a secret is, is not known here. Pure; imports `escapes` only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from cassettes.escapes import Peeled

MASK = b"*"
# A line end gives nothing away, and without it events and headers would run together: a private key keeps its lines.
_STARS = bytes(byte if byte in b"\r\n" else MASK[0] for byte in range(256))


class Span(NamedTuple):
    """Bytes `start` to `end` that are to be masked, and why."""

    start: int
    end: int
    kind: str


def covered(data: bytes, spans: list[Span]) -> bytes:
    """`data` with `spans` masked; the length stays."""
    if not spans:
        return data
    pieces: list[bytes] = []
    done = 0
    for start, end, _ in sorted(spans):
        if end > done:
            first = max(start, done)
            pieces += (data[done:first], data[first:end].translate(_STARS))
            done = end
    pieces.append(data[done:])
    return b"".join(pieces)


class Masker(ABC):
    """A one-way masker of a stream. Cost: linear in the data; a held tail is looked at again with each feed."""

    def __init__(self, findings: list[Span] | None = None) -> None:
        self._held = b""
        # A found span may reach into the held tail: that many of its bytes are known to be masked.
        self._sure = Span(0, 0, "")
        self._at = 0
        self._findings = findings

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """Take `data`; return what can be released, masked. With `final` everything is."""
        buffer = self._held + data if self._held else data
        if not buffer:
            return b""
        if not self._sure.end and self._is_plain(buffer):
            self._held = b""
            self._at += len(buffer)
            return buffer
        peeled = Peeled(buffer, final=final)
        spans, hold = self._search(peeled, final=final)
        cut = len(buffer) if final else peeled.unsplit(min(hold, peeled.whole))
        if self._sure.end:
            spans.append(Span(*peeled.raw_span(0, 0, self._sure.end), self._sure.kind))
        spans = [span for span in spans if span.start < min(cut, span.end)]
        last = max(spans, key=lambda span: span.end, default=self._sure)
        self._sure = Span(0, last.end - cut, last.kind) if last.end > cut else Span(0, 0, "")
        spans = [Span(start, min(end, cut), kind) for start, end, kind in spans]
        if self._findings is not None:
            self._findings += (Span(start + self._at, end + self._at, kind) for start, end, kind in spans)
        self._passed(peeled, cut)
        self._held = buffer[cut:]
        self._at += cut
        return covered(buffer[:cut], spans)

    def passes(self, line: bytes) -> bool:
        """Whether `line`, with its line end and nothing before it, has nothing to mask; the quick answer, as below."""
        return self._is_plain(line)

    @abstractmethod
    def _is_plain(self, buffer: bytes) -> bool:
        """Whether all of `buffer` can be released as it is; the quick answer, so False may be wrong."""

    @abstractmethod
    def _search(self, peeled: Peeled, *, final: bool) -> tuple[list[Span], int]:
        """The spans to mask, and the raw position from which on more data could make a secret."""

    def _passed(self, peeled: Peeled, cut: int) -> None:  # noqa: B027 - what most need not know
        """The raw bytes before `cut` are about to be released."""
