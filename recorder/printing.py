"""What the recorder's commands print: talk on stderr, data on stdout, nothing that acts on a terminal.

Knows neither tapes nor options. Imports `cassettes.printable` and the standard library.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from cassettes.printable import escape

if TYPE_CHECKING:
    from cassettes.printable import Kind, Page

# What `escape` writes as `\x1b`, as JSON writes it; `json.dumps` has met those below U+0020. Not the line ends that
# indentation makes: within strings they are escaped already.
_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_STYLES: dict[Kind, str] = {"title": "1", "label": "2", "dim": "2", "bar": "36", "good": "32", "bad": "31"}


def say(line: str) -> None:
    """One line of talk on stderr, escaped. A stderr that nobody reads any more is no reason to fail a stream."""
    with contextlib.suppress(OSError, ValueError):
        print(escape(line), file=sys.stderr, flush=True)  # noqa: T201 - talk goes to stderr, data to stdout


def complain(message: object) -> None:
    """One line that says what went wrong."""
    say(f"tokentape: error: {message}")


def json_text(value: object) -> str:
    """`value` as indented JSON in Unicode, with characters that act on a terminal escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_json(value: object) -> None:
    """Data on stdout."""
    print(json_text(value))  # noqa: T201 - data on stdout


def has_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether control sequences may be written to `stream`: a terminal that is not dumb, and no NO_COLOR."""
    return stream.isatty() and environ.get("TERM") != "dumb" and not environ.get("NO_COLOR")


def page() -> Page:
    """Stdout as a page to write on."""
    from shutil import get_terminal_size

    from cassettes.printable import Page, unstyled

    encoding = (sys.stdout.encoding or "ascii").lower()
    style = _coloured if has_colour(sys.stdout, os.environ) else unstyled
    width = get_terminal_size((100, 24)).columns
    return Page(width=width, ascii_only=not encoding.startswith("utf"), style=style)


def _coloured(kind: Kind, text: str) -> str:
    return f"\x1b[{_STYLES[kind]}m{text}\x1b[0m"
