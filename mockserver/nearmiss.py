"""How a request differs from the tape that comes nearest to it, with both values: for those who wrote the test.

Both sides are masked already: a tape when it was recorded, a request when it came in. Pure; imports `cassettes`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from cassettes.difference import ABSENT, Comparison, unequal
from cassettes.matching import Asked, Entry
from cassettes.normalise import Rules, normalised
from cassettes.printable import escape

MOST = 5
"""Fields that are shown."""
WIDTH = 100
"""Characters of a value that are shown, around the first that differs."""


def unlike(asked: Asked, entry: Entry, rules: Rules) -> Iterator[str]:
    """Lines that show field by field what the tape has and what came. Dates, ids and what else does not count are as
    the comparison sees them (`<uuid-1>`)."""
    named = [name for name in Comparison(asked, rules).differences(entry) if not name.startswith(("$", "body"))]
    if "method" in named or "path" in named:
        yield from _pair(
            "request line",
            f"{entry.interaction.request.method} {entry.path}",
            f"{asked.request.method} {asked.route.path}",
        )
    if "provider" in named:
        yield from _pair("provider", entry.provider, asked.route.provider)
    if "query" in named:
        yield from _pair("query", entry.query, asked.route.query)
    fields = list(islice(unequal(normalised(asked.body, rules), normalised(entry.body, rules)), MOST + 1))
    for name, one, other in fields[:MOST]:
        yield from _pair(name, other, one)
    if len(fields) > MOST:
        yield "… and more"


def _pair(name: str, taped: object, live: object) -> Iterator[str]:
    one, other = _text(taped), _text(live)
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    yield escape(name)
    yield f"  - tape:    {_around(one, at)}"
    yield f"  + request: {_around(other, at)}"


def _text(value: object) -> str:
    if value is ABSENT:
        return "(absent)"
    if isinstance(value, bytes):
        return escape(value.decode("utf-8", "replace"))
    return escape(json.dumps(value, ensure_ascii=False))


def _around(text: str, at: int) -> str:
    """What of `text` is shown where its interest is at character `at`."""
    start = max(0, at - WIDTH // 2) if len(text) > WIDTH else 0
    shown = text[start : start + WIDTH]
    return f"{'…' if start else ''}{shown}{'…' if start + WIDTH < len(text) else ''}"
