"""Places in decoded JSON, as tables write them: `delta.type`, `choices[].index`. Pure; standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from cassettes.grammar.table import When

_TYPES: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "list",
    type(None): "null",
}
_EMPTY: tuple[object, ...] = (None, "", [], {})


@cache
def steps(place: str) -> tuple[tuple[str, bool], ...]:
    """The keys of a place, and whether all elements of what is there are meant."""
    return tuple((part.removesuffix("[]"), part.endswith("[]")) for part in place.split(".")) if place else ()


def values(value: object, place: str) -> list[Any]:
    """Everything that stands at `place`, null included; nothing where it is missing."""
    found: list[Any] = [value]
    for key, each in steps(place):
        found = [one[key] for one in found if isinstance(one, dict) and key in one]
        if each:
            found = [inner for one in found if isinstance(one, list) for inner in one]
        if not found:
            break
    return found


def value_at(value: object, place: str) -> Any:
    """The first of `values`; None without one."""
    found = values(value, place)
    return found[0] if found else None


def elements(value: object, each: str) -> Iterator[tuple[object, ...]]:
    """The elements at `each`, every one behind the elements of lists that it is in (the outermost first)."""
    if not each:
        yield (value,)
        return
    found: list[tuple[tuple[object, ...], object]] = [((), value)]
    for key, many in steps(each):
        below = [(chain, one[key]) for chain, one in found if isinstance(one, dict) and key in one]
        found = (
            [((*chain, inner), inner) for chain, one in below if isinstance(one, list) for inner in one]
            if many
            else below
        )
    for chain, _ in found:
        yield chain


def filled(value: object, place: str) -> bool:
    """Whether something at `place` is there and not null, "", [] or {}."""
    return any(one not in _EMPTY for one in values(value, place))


def holds(when: When, value: object) -> bool:
    """Whether the condition holds for `value`."""
    if when.filled:
        for place in when.filled:
            if filled(value, place):
                break
        else:
            return False
    for place in when.empty:
        if filled(value, place):
            return False
    if not when.at:
        return True
    said = value_at(value, when.at)
    return said is None or said == "" or said in when.values


def type_of(value: object) -> str:
    """The JSON type of a decoded value."""
    return _TYPES[type(value)]


def is_of(value: object, types: str) -> bool:
    """Whether the value has one of `types` (`string|null`)."""
    own, wanted = type_of(value), types.split("|")
    return own in wanted or "any" in wanted or (own == "integer" and "number" in wanted)
