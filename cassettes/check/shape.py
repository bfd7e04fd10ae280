"""The keys of one event: what its kind needs and does not have, what has another type, what no table knows. Pure.

Imports `places` and the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cassettes.check.places import holds, is_of, type_of, value_at, values
from cassettes.grammar.table import Grammar, Kind, Quirk, Types, Variants

_DEEPEST = 8
"""Levels of JSON that places of tables go down to, and a few."""


class Misfit(NamedTuple):
    """What is against the rule of that name: phrases of what was found and what was expected."""

    rule: str
    found: str
    expected: str = ""


class Shapes:
    """The kinds of a grammar as one provider may send them."""

    def __init__(self, grammar: Grammar, quirks: Iterable[Quirk]) -> None:
        self._grammar = grammar
        quirks = tuple(quirks)
        self._by_shape: dict[tuple[str, object], tuple[Misfit, ...]] = {}
        self._own = {tuple(one.split("=", 1)) for quirk in quirks for one in quirk.says}
        lacks, adds = _named(quirk.lacks for quirk in quirks), _named(quirk.adds for quirk in quirks)
        own = dict(one.split("=", 1) for quirk in quirks for one in quirk.types)
        self._types = {
            kind.name: {
                place: own.get(f"{kind.name}:{place}", types)
                for place, types in (*kind.needs.items(), *kind.may.items())
            }
            for kind in grammar.kinds
        }
        self._needs = {
            kind.name: {place: types for place, types in kind.needs.items() if (kind.name, place) not in lacks}
            for kind in grammar.kinds
        }
        self._known = {
            kind.name: _closed([*kind.needs, *kind.may, *(place for name, place in adds if name == kind.name)])
            for kind in grammar.kinds
        }
        self._variants = {
            kind.name: [row for row in grammar.variants if kind.name in row.kinds] for kind in grammar.kinds
        }

    def kind_of(self, event: object) -> Kind | None:
        """The kind of a decoded event; None if the table has none for it."""
        if not self._grammar.type_key:
            return next(
                (kind for kind in self._grammar.kinds if kind.name[:1] != "[" and holds(kind.when, event)), None
            )
        name = value_at(event, self._grammar.type_key)
        return self._grammar.by_name.get(name) if isinstance(name, str) else None

    def misfits(self, kind: Kind, event: object) -> Iterator[Misfit]:
        """What is wrong with the keys of an event of that kind."""
        # The events of a stream have few shapes; what depends on keys and types alone is worked out once for each.
        same = (kind.name, _shape(event))
        found = self._by_shape.get(same)
        if found is None:
            found = self._by_shape[same] = tuple(self._of_shape(kind, event))
        yield from found
        for row in self._variants[kind.name]:
            yield from self._variant(row, event)

    def _of_shape(self, kind: Kind, event: object) -> Iterator[Misfit]:
        yield from _lacking(event, self._needs[kind.name])
        yield from _mistyped(event, self._types[kind.name])
        for parent, known in self._known[kind.name].items():
            yield from self._unknown(parent, known, event)

    def _variant(self, row: Variants, event: object) -> Iterator[Misfit]:
        for said in values(event, row.place):
            if said is None or (row.place, str(said)) in self._own:
                continue
            needs = row.rows.get(said) if isinstance(said, str) else None
            if needs is None:
                yield Misfit("variant", f"{row.place} is {str(said)[:60]!r}, which is in no table")
            else:
                yield from _lacking(event, needs)
                yield from _mistyped(event, needs)

    def _unknown(self, parent: str, known: frozenset[str], event: object) -> Iterator[Misfit]:
        extra = {self._grammar.type_key} if not parent else frozenset()
        for one in values(event, parent):
            for key in one if isinstance(one, dict) else ():
                if key not in known and key not in extra:
                    yield Misfit("key", f"the key {_place(parent, key)}, which is in no table")


def _named(groups: Iterable[Iterable[str]]) -> list[tuple[str, str]]:
    """(kind, place) of every `kind:place`."""
    split = (one.partition(":") for group in groups for one in group)
    return [(kind, place) for kind, _, place in split]


def _closed(places: Iterable[str]) -> dict[str, frozenset[str]]:
    """The keys of every object that the places name keys of."""
    found: dict[str, set[str]] = {"": set()}
    for place in places:
        parent, _, key = place.rpartition(".")
        found.setdefault(parent, set()).add(key.removesuffix("[]"))
    return {parent: frozenset(keys) for parent, keys in found.items()}


def _shape(value: object, levels: int = _DEEPEST) -> object:
    """The keys and types of decoded JSON, lists by the shapes that occur in them."""
    if isinstance(value, dict) and levels:
        return tuple((key, _shape(one, levels - 1)) for key, one in value.items())
    if isinstance(value, list) and levels:
        return frozenset(_shape(one, levels - 1) for one in value)
    return type(value)


def _place(parent: str, key: str) -> str:
    return f"{parent}.{key[:60]}" if parent else key[:60]


def _lacking(event: object, needs: Types) -> Iterator[Misfit]:
    for place, types in needs.items():
        parent, _, key = place.rpartition(".")
        if any(isinstance(one, dict) and key not in one for one in values(event, parent)):
            yield Misfit("keys", f"no {place}", types.replace("|", " or "))


def _mistyped(event: object, places: Types) -> Iterator[Misfit]:
    for place, types in places.items():
        wrong = next((one for one in values(event, place) if not is_of(one, types)), _FITS)
        if wrong is not _FITS:
            yield Misfit("keys", f"{place} is {_a(type_of(wrong))}", types.replace("|", " or "))


def _a(word: str) -> str:
    return word if word == "null" else f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


_FITS = object()
