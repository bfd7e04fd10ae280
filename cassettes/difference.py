"""In what a live request differs from a taped one, as a report says it: `method`, `query`, `$.messages[1].content`.

Only names are told, no values: those may be secret. Pure; imports `matching`, `routes` and the standard library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice

from cassettes.matching import NOT_IN_KEY, Asked, Entry, query_of
from cassettes.routes import same_path

MOST = 5
"""Differences that are named; more are only counted as more."""
LONGEST = 120
"""Characters of a difference; of a longer path the middle is left out."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,40}")
_ABSENT = object()


def differences(asked: Asked, entry: Entry, most: int = MOST) -> list[str]:
    """The first `most` differences of `asked` from `entry`, and "more" if there are more. Empty if they are the same.

    Fields that decide nothing (whether it is streamed) are left out unless nothing else differs.
    """
    found = [_short(name) for name in islice(_all(asked, entry), most + 1)]
    return [*found[:most], "more"] if len(found) > most else found


def _all(asked: Asked, entry: Entry) -> Iterator[str]:
    if asked.request.method != entry.interaction.request.method:
        yield "method"
    if not same_path(entry.path, asked.route):
        yield "path"
    if query_of(asked.route.query) != query_of(entry.query):
        yield "query"
    if asked.body != entry.body:
        yield from _bodies(asked.body, entry.body)


def _bodies(live: bytes, taped: bytes) -> Iterator[str]:
    try:
        one, other = json.loads(live), json.loads(taped)
    except (ValueError, RecursionError):
        yield "body"
        return
    names = list(islice(_values(one, other), 100))
    deciding = [name for name in names if name.removeprefix("$.") not in NOT_IN_KEY]
    yield from deciding or names or ["body (the same JSON, spelled otherwise)"]


def _values(live: object, taped: object) -> Iterator[str]:
    """JSON paths where two values differ, in the order of the live one. No recursion: a body may nest deeply."""
    waiting: list[tuple[str, object, object]] = [("$", live, taped)]
    while waiting:
        path, one, other = waiting.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            names = [*one, *(name for name in other if name not in one)]
            pairs = [(path + _step(name), one.get(name, _ABSENT), other.get(name, _ABSENT)) for name in names]
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            pairs = [(f"{path}[{at}]", *both) for at, both in enumerate(zip(one, other, strict=True))]
        else:
            if type(one) is not type(other) or one != other:
                yield path if not isinstance(one, list) or not isinstance(other, list) else f"{path} (its length)"
            continue
        waiting += reversed(pairs)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST // 2]}…{name[-LONGEST // 2 :]}"


def _step(name: str) -> str:
    return f".{name}" if _NAME.fullmatch(name) else f"[{json.dumps(name[:40])}]"
