"""A terminal as the client of a recording: prints the text of a stream as it comes, with figures on a TTY.

What is printed is masked and escaped: neither a key that the upstream repeats nor a control sequence gets out. No clock
of its own. Imports `cassettes` and the standard library.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Literal, TextIO

from cassettes.dialects import Dialect
from cassettes.model import Framing, Head, header
from cassettes.printable import clip, count, escape
from cassettes.redact import Redactor
from cassettes.sse import Parser

TEXT_KEPT = 1 << 22
"""Characters of an answer that are kept for `--json`."""
FIGURES_EVERY = 0.1
"""Seconds between two looks at the figures."""


class Screen:
    """Stdout for text and stderr for figures, as one screen.

    `out` is None where nothing is printed as it comes. `width` is that of a terminal behind `err`, 0 without one (or
    with NO_COLOR): then there are no live figures. `same`: the text goes to that terminal too, so the figures stand in
    the line below it.
    """

    def __init__(self, out: TextIO | None, err: TextIO, *, width: int = 0, same: bool = False) -> None:
        self._out = out
        self._err = err
        self._width = width
        self._same = same and out is not None
        self._shown = False

    @property
    def shows_figures(self) -> bool:
        """Whether `figures` does anything."""
        return self._width > 0

    def text(self, text: str, *, problem: bool = False) -> None:
        """Prints `text` where the cursor is; what is a `problem` goes to stderr."""
        stream = self._err if problem else self._out
        if stream is None:
            return
        self.clear()
        stream.write(escape(text, keep="\n\t"))
        stream.flush()

    def figures(self, line: str) -> None:
        """Shows `line` until the next text: below it, and the cursor stays behind the text."""
        if not self._width:
            return
        shown = clip(line, self._width - 1)
        # IND makes room below without moving to column 1: down, up again, save the cursor, write below, restore it.
        self._err.write(f"\x1bD\x1b[A\x1b7\x1b[B\r\x1b[2K{shown}\x1b8" if self._same else f"\r\x1b[K{shown}")
        self._err.flush()
        self._shown = True

    def clear(self) -> None:
        """Takes the figures away."""
        if self._shown:
            self._err.write("\x1b[J" if self._same else "\r\x1b[K")
            self._err.flush()
            self._shown = False


class Terminal:
    """A `Downstream` that prints: the text of events, or a body that is no stream as it is."""

    def __init__(self, dialect: Dialect, screen: Screen, redactor: Redactor, clock: Callable[[], float]) -> None:
        self.dechunks = True
        self.left = False
        self._dialect = dialect
        self._screen = screen
        self._mask = redactor.stream()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._clock = clock
        self._begun = clock()
        self._looked = self._begun
        self._parser = Parser()
        self._streams = False
        self._problem = False
        self._kept: list[str] = []
        self._room = TEXT_KEPT
        self._ends_line = True
        self.events = 0
        self.first_byte_ms: float | None = None

    @property
    def text(self) -> str:
        """What was printed, masked, up to TEXT_KEPT characters."""
        return "".join(self._kept)

    def informational(self, head: Head) -> None:
        """A 1xx head is of no interest here."""

    def head(self, head: Head, framing: Framing) -> None:  # noqa: ARG002 - Downstream's signature
        """Whether what follows is a stream of events, and whether it is the answer or a problem."""
        self._problem = head.code >= 300
        self._streams = "text/event-stream" in (header(head.headers, "content-type") or "").lower()

    def body(self, data: bytes) -> None:
        """Prints the text of the events in `data`, or `data` itself."""
        now = self._clock()
        if self.first_byte_ms is None:
            self.first_byte_ms = (now - self._begun) * 1000
        if self._streams:
            blocks = self._parser.feed(data)
            self.events += len(blocks)
            text = "".join(self._dialect.text(block.raw) for block in blocks)
            self._print(self._mask.feed(text.encode("utf-8", "replace")))
        else:
            self._print(self._mask.feed(data))
        if self._screen.shows_figures and now - self._looked >= FIGURES_EVERY:
            self._looked = now
            self._screen.figures(self.figures(now))

    def end(self, action: Literal["keep", "close", "reset", "stall"]) -> None:  # noqa: ARG002 - Downstream's signature
        """The answer is over: prints what was held back and ends the line."""
        self._print(self._mask.finish(), final=True)
        self._screen.clear()
        if not self._ends_line:
            self._screen.text("\n", problem=self._problem)

    def buffered(self) -> int:
        """A terminal takes everything at once."""
        return 0

    def figures(self, now: float) -> str:
        """One line: time to the first byte, events, rate."""
        seconds = max(now - self._begun, 1e-3)
        first = "no byte yet" if self.first_byte_ms is None else f"first byte {self.first_byte_ms:,.0f} ms"
        return f"{first}, {count(self.events, 'event')} in {seconds:.1f} s, {self.events / seconds:.0f}/s"

    def _print(self, data: bytes, *, final: bool = False) -> None:
        text = self._decode.decode(data, final)
        if not text:
            return
        self._ends_line = text.endswith("\n")
        self._screen.text(text, problem=self._problem)
        self._kept.append(text[: self._room])
        self._room -= len(self._kept[-1])
