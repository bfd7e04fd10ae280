"""Text made safe and fit for a terminal: control characters escaped, widths counted in columns, the page to write on.

A tape is untrusted and its text goes to people's terminals; nothing of it may move the cursor, set a title, or turn the
direction of a line (DESIGN 11). No colours here, only the place where a caller's come in. Standard library only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from itertools import accumulate
from typing import Literal, NamedTuple

Kind = Literal["title", "label", "dim", "bar", "good", "bad"]
Style = Callable[[Kind, str], str]

_LABEL = 10

# Controls (C0, DEL, C1), line and paragraph separators, marks that reorder a line, the BOM, lone surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str, keep: str = "") -> str:
    r"""`text` with every character that acts on a terminal written as `\n`, `\x1b`, `\u202e`.

    Characters of `keep` stay as they are, for text whose lines are wanted.
    """
    return _UNSAFE.sub(lambda found: found[0] if found[0] in keep else _written(found[0]), text)


def escape_bytes(data: bytes) -> str:
    r"""`data` as text: UTF-8 where it is, `\xff` where it is not, and escaped."""
    text = data.decode("utf-8", "surrogateescape")
    return _UNSAFE.sub(lambda found: _written(found[0], raw=True), text)


def columns(text: str) -> int:
    """The columns that escaped `text` takes on a terminal: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def clip(text: str, width: int, mark: str = "…") -> str:
    """`text` cut to `width` columns, with `mark` in the last place if anything was cut."""
    if columns(text) <= width:
        return text
    room = width - columns(mark)
    if room < 0:
        return ""
    kept = 0
    for reached in accumulate(map(_width, text)):
        if reached > room:
            break
        kept += 1
    return text[:kept] + mark


def pad(text: str, width: int) -> str:
    """`text` with blanks behind it up to `width` columns."""
    return text + " " * (width - columns(text))


def milliseconds(value: float, digits: int = 1) -> str:
    """`1,234.5 ms`."""
    return f"{value:,.{digits}f} ms"


def count(number: int, noun: str, *, grouped: bool = True) -> str:
    """`1 chunk`, `1,234 chunks`. Not `grouped`: `1234 chunks`, for lines that programs read too."""
    shown = f"{number:,}" if grouped else str(number)
    return f"{shown} {noun}" if number == 1 else f"{shown} {noun}s"


def unstyled(kind: Kind, text: str) -> str:  # noqa: ARG001 - the shape of a Style
    """The Style that adds nothing."""
    return text


class Page(NamedTuple):
    """What is written on: `width` in columns, `ascii_only` for terminals without block characters, `style` for colours.

    `style` gets whole pieces of text, measured and escaped already, and may add what takes no columns.
    """

    width: int = 80
    ascii_only: bool = False
    style: Style = unstyled

    def clip(self, text: str, width: int | None = None) -> str:
        """`text` cut to `width` columns, the page's own without it."""
        return clip(text, self.width if width is None else max(0, width), "~" if self.ascii_only else "…")

    def row(self, label: str, text: str, kind: Kind | None = None) -> str:
        """One line of a list of facts, never cut: a terminal wraps it, a reader of a log needs the whole."""
        return f"  {self.style('label', pad(label, _LABEL))}{self.style(kind, text) if kind else text}"


def _written(character: str, raw: bool = False) -> str:
    code = ord(character)
    if raw and 0xDC80 <= code <= 0xDCFF:  # a byte that surrogateescape carried
        code -= 0xDC00
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
