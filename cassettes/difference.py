"""In what a live request differs from a taped one, as a report says it: `method`, `query`, `$.messages[1].content`; and
the rule under which a tape would have answered.

Only names are told, no values: those may be secret. Pure; imports `matching`, `normalise`, `routes`, `volatile` and the
standard library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Final

import msgspec

from cassettes import volatile
from cassettes.matching import LADDER, Asked, Entry, Index, Level, query_of
from cassettes.normalise import NO_RULES, NOT_ASKED, Rules, json_flaw, normalised
from cassettes.routes import same_path

MOST = 5
"""Differences that are named; more are only counted as more."""
LONGEST = 120
"""Characters of a difference; of a longer path the middle is left out."""
IGNORABLE = 3
"""Fields that a report proposes to ignore at most."""
FAR = 20
"""Differences that are counted to tell which tape is nearest."""
LENGTH = 3
"""What a list of another length counts for: what is in it was not looked at."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,40}")
_PATH = re.compile(r"""\$[^\s()…]+""")
_PLAIN = re.compile(r"\$(?:\.[A-Za-z0-9_-]+)+")
# What is asked: to ignore it is no advice.
_ASKED = re.compile(
    r"\$(?:\.(?:messages|input|contents|instructions|prompt|system|systemInstruction|model|tools)\b|\[[0-9]|$)"
)
ABSENT: Final = object()
"""The value of a field that is not there."""
_LENGTH = " (its length)"
_KINDS = {
    "call": "a call id",
    "date": "a date",
    "epoch": "a time in seconds",
    "time": "a time",
    "tmp": "a temporary path",
    "uuid": "a UUID",
}


class Miss(msgspec.Struct, frozen=True):
    """Why nothing answered: the place of the nearest tape, the fields that differ from it, the options under which
    `matches` would have answered."""

    nearest: str | None = None
    fields: tuple[str, ...] = ()
    rule: str | None = None
    matches: str | None = None


HOP = "$.continuationToken"
"""Where Gemini's request for the rest of a stream says of which (providers.md 6.6)."""


class Comparison:
    """A live request that is compared with one tape after the other; its body is normalised once."""

    def __init__(self, asked: Asked, rules: Rules = NO_RULES) -> None:
        self._asked = asked
        self._rules = rules

    @cached_property
    def _value(self) -> object:
        return normalised(self._asked.body, self._rules)

    def differences(self, entry: Entry, most: int = MOST) -> list[str]:
        """The first `most` differences from `entry`, and "more" if there are more. Empty if they are the same.

        What decides nothing (whether it is streamed, today's date) is left out unless nothing else differs.
        """
        found = [_short(name) for name in islice(self._all(entry), most + 1)]
        return [*found[:most], "more"] if len(found) > most else found

    def distance(self, entry: Entry) -> int:
        """How many deciding differences there are, FAR at most; a list of another length counts as several."""
        names = islice(self._deciding(entry), FAR)
        return min(FAR, sum(LENGTH if name.endswith(_LENGTH) else 1 for name in names))

    def _all(self, entry: Entry) -> Iterator[str]:
        deciding = False
        for name in self._deciding(entry):
            deciding = True
            yield name
        if not deciding and self._asked.body != entry.body:
            yield from _undecided(self._asked.body, entry.body)

    def _deciding(self, entry: Entry) -> Iterator[str]:
        asked = self._asked
        if asked.route.provider is not None and entry.provider not in {None, asked.route.provider}:
            yield "provider"
        if asked.request.method != entry.interaction.request.method:
            yield "method"
        if not same_path(entry.path, asked.route):
            yield "path"
        if query_of(asked.route.query) != query_of(entry.query):
            yield "query"
        if asked.body != entry.body:
            one, other = self._value, normalised(entry.body, self._rules)
            if not isinstance(one, bytes) and not isinstance(other, bytes):
                yield from (path for path, *_ in unequal(one, other))
            elif one != other:
                live, taped = _json(asked.body), _json(entry.body)
                flaw = "" if isinstance(taped, bytes) else json_flaw(asked.body)
                yield from (f"body ({flaw})" if flaw and path == "body" else path for path, *_ in unequal(live, taped))


def _undecided(body: bytes, taped: bytes) -> Iterator[str]:
    """Where two bodies differ that are one normalised value, and what is volatile there."""
    names = [
        f"{path}{_kind(value)}" if path.removeprefix("$.") not in NOT_ASKED else path
        for path, value, _ in islice(unequal(_json(body), _json(taped)), 100)
    ]
    yield from names or ["body (the same JSON, spelled otherwise)"]


def differences(asked: Asked, entry: Entry, most: int = MOST, rules: Rules = NO_RULES) -> list[str]:
    """As `Comparison.differences`."""
    return Comparison(asked, rules).differences(entry, most)


def missed(asked: Asked, index: Index, near: Entry | None, tried: tuple[Level, ...]) -> Miss:
    """What is to say of a request that nothing answers at the levels `tried`; `near` is the nearest tape."""
    if near is None:
        return Miss()
    fields = differences(asked, near, rules=index.rules)
    rule, matches = _rule(asked, index, near, fields, tried)
    return Miss(near.place, tuple(fields), rule, matches)


def _rule(
    asked: Asked, index: Index, near: Entry, fields: list[str], tried: tuple[Level, ...]
) -> tuple[str | None, str | None]:
    if HOP in fields:
        return None, None  # no level takes a beginning for what comes after it (`hops`)
    if any(name.startswith("body (not ") for name in fields):
        return None, None  # the client's mistake: nothing of ours is to be loosened for it
    if "provider" in fields and (found := _elsewhere(asked, index, near, tried)):
        return f"the mount /{near.provider}", found[0].place
    by_value = {"normalized", "key"}.intersection(tried)
    if not by_value and (found := index.find("normalized", asked)):
        return "--match normalized", found[0].place
    if ignoring := _ignoring(fields):
        return ignoring if by_value else f"--match normalized {ignoring}", near.place
    if "key" not in tried:
        for level in (*LADDER[2:], "order"):
            if level not in tried and (found := index.find(level, asked)):
                return f"--match {level}", found[0].place
    return None, None


def _elsewhere(asked: Asked, index: Index, near: Entry, tried: tuple[Level, ...]) -> tuple[Entry, ...]:
    """What the same request finds on the mount of the nearest tape's provider."""
    there = Asked(asked.request, msgspec.structs.replace(asked.route, provider=near.provider), lambda: asked.body)
    return next((found for level in tried if (found := index.find(level, there))), ())


def _ignoring(fields: list[str]) -> str | None:
    """The options that ignore all of the fields, if there are few and none of them is what is asked."""
    if not fields or len(fields) > IGNORABLE or any(not _PATH.fullmatch(name) or _ASKED.match(name) for name in fields):
        return None
    return " ".join(f"--ignore {name}" if _PLAIN.fullmatch(name) else f"--ignore '{name}'" for name in fields)


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _kind(value: object) -> str:
    """What in a value was taken for volatile, as ` (a date)`."""
    text = value if isinstance(value, str) else repr(value)
    found = volatile.find(text.encode("utf-8", "surrogatepass"))
    return f" ({', '.join(sorted({_KINDS[one.kind] for one in found}))})" if found else ""


def unequal(live: object, taped: object) -> Iterator[tuple[str, object, object]]:
    """JSON paths where two values differ, in the order of the live one, with both values (ABSENT where there is none).
    No recursion: a body may nest deeply."""
    waiting: list[tuple[str, object, object]] = [("$", live, taped)]
    while waiting:
        path, one, other = waiting.pop()
        if isinstance(one, bytes) or isinstance(other, bytes):
            if one != other:
                yield "body", one, other
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            names = [*one, *(name for name in other if name not in one)]
            pairs = [(path + _step(name), one.get(name, ABSENT), other.get(name, ABSENT)) for name in names]
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            pairs = [(f"{path}[{at}]", *both) for at, both in enumerate(zip(one, other, strict=True))]
        else:
            if type(one) is not type(other) or one != other:
                lists = isinstance(one, list) and isinstance(other, list)
                yield path + _LENGTH * lists, one, other
            continue
        waiting += reversed(pairs)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST // 2]}…{name[-LONGEST // 2 :]}"


def _step(name: str) -> str:
    return (
        f".{name}"
        if _NAME.fullmatch(name)
        else f"[{json.dumps(name if len(name) <= 40 else name[:40] + '…', ensure_ascii=False)}]"
    )
