"""The machines of a grammar as a stream moves them: what comes out of order, what is left open, what does not add up.

Pure; imports `places`, `shape` and the tables.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from cassettes.check.places import elements, holds, type_of, value_at
from cassettes.check.shape import Misfit
from cassettes.grammar.table import Grammar, Kind, Machine, Move, Quirk

Key = tuple[int, ...]


@dataclass(slots=True)
class _Instance:
    """One run of a machine: where it is, what it was opened as, what it has gathered."""

    state: str
    opened_as: str | None = None
    opened_id: str | None = None
    gathered: list[str] = field(default_factory=list)
    loose: bool = False
    reported: bool = False


class Walk:
    """Takes the events of one stream in order. `resumed`: it begins in the middle; what was opened before is let be."""

    def __init__(self, grammar: Grammar, quirks: Iterable[Quirk], resumed: bool = False) -> None:
        self._grammar = grammar
        self._resumed = resumed
        self._failed = False
        self._more = {tuple(step.split(":")[:3]): step.split(":")[3] for quirk in quirks for step in quirk.steps}
        self._open: dict[str, dict[Key, _Instance]] = {machine.name: {} for machine in grammar.machines}
        self._unfinished: dict[str, dict[Key, None]] = {machine.name: {} for machine in grammar.machines}
        self._counts: Counter[tuple[str, Key]] = Counter()
        self._fits = {fit.machine: fit.takes for fit in grammar.fits}
        self._places = {fit.machine: fit.place for fit in grammar.fits}
        self._fitting = {fit.machine: frozenset(chain.from_iterable(fit.takes.values())) for fit in grammar.fits}
        first = grammar.machines[0]
        self._open[first.name][()] = _Instance(first.start, loose=resumed)

    def take(self, kind: Kind, event: object) -> list[Misfit]:
        """Moves the machines by one event. Of several events out of order that one makes, the first is told."""
        found: list[Misfit] = []
        ordered = False
        self._failed = self._failed or kind.name in self._grammar.failed
        for move in kind.moves:
            for within in elements(event, move.each):
                if not holds(move.when, within[-1]):
                    continue
                for misfit in self._step(move, kind, within):
                    if misfit.rule.endswith("-order"):
                        if ordered:
                            continue
                        ordered = True
                    found.append(misfit)
        return found

    def lose(self) -> None:
        """An event could not be read: what it said is missing, and nobody is to blame for that a second time."""
        for instances in self._open.values():
            for one in instances.values():
                one.loose = True

    def finish(self, *, cut: bool) -> Iterator[Misfit]:
        """The stream has ended, cleanly. `cut`: it says itself that its answer is not whole."""
        for number, machine in enumerate(self._grammar.machines):
            for key, one in self._open[machine.name].items():
                if one.state not in machine.ends and not one.reported:
                    yield self._left_open(machine, key, one, "the end of the stream")
                    if not number:
                        return  # what else is open is for the same reason
                elif machine.json and not cut and not one.loose and not _is_json("".join(one.gathered)):
                    yield Misfit(f"{machine.name}-json", f"{_which(machine, key)} is no JSON when joined", "whole JSON")

    def _step(self, move: Move, kind: Kind, within: tuple[object, ...]) -> Iterator[Misfit]:
        machine = self._grammar.machine[move.machine]
        key = _key(move, within)
        one = self._open[machine.name].get(key)
        if one is None:
            one = _Instance(machine.start, loose=self._resumed)
            yield from self._opened(machine, key, one, within[-1])
        target = self._target(machine, one, move.symbol)
        if target is None:
            yield self._misplaced(machine, key, one, move.symbol)
            target = machine.target(move.symbol, one.state)
            one.loose = True
        one.state = target
        if target in machine.ends or one.reported:
            self._unfinished[machine.name].pop(key, None)
        else:
            self._unfinished[machine.name][key] = None
        yield from self._said(machine, key, one, move, kind, within[-1])
        yield from self._settled(move, key)

    def _target(self, machine: Machine, one: _Instance, symbol: str) -> str | None:
        found = machine.steps.get(one.state, {}).get(symbol) or self._more.get((machine.name, one.state, symbol))
        if found is None and one.loose and one.state == machine.start:
            return machine.target(symbol, one.state)
        return found

    def _opened(self, machine: Machine, key: Key, one: _Instance, event: object) -> Iterator[Misfit]:
        beside = self._counts[machine.name, key[:-1]]
        self._counts[machine.name, key[:-1]] += 1
        if machine.counts and key[-1] != beside and not self._resumed:
            yield Misfit(f"{machine.name}-count", f"{machine.what} with the number {key[-1]}", str(beside))
        if machine.alone and (under_way := self._unfinished[machine.name]):
            other, _ = under_way.popitem()
            self._open[machine.name][other].reported = True
            expected = f"{_which(machine, other)} to be finished first"
            yield Misfit(f"{machine.name}-alone", f"{_which(machine, key)} begins", expected)
        one.opened_as = _text(event, machine.opened_as)
        one.opened_id = _text(event, machine.opened_id)
        self._open[machine.name][key] = one

    def _said(
        self, machine: Machine, key: Key, one: _Instance, move: Move, kind: Kind, event: object
    ) -> Iterator[Misfit]:
        """What the event says beyond its place in the order: whose it is, and the text that it adds or sums up."""
        opened_as = one.opened_as or ""
        takes = self._fits.get(machine.name, {}).get(opened_as)
        if takes is not None and move.symbol not in machine.steps[machine.start]:
            place = self._places[machine.name]
            said = _text(event, place) if place else kind.name
            if said in self._fitting[machine.name] and said not in takes:
                found = f"{said} in {_which(machine, key)}, which is a {opened_as}"
                yield Misfit(f"{machine.name}-fit", found, " or ".join(takes) or "nothing in it")
        ident = _text(event, move.ident)
        if machine.opened_id and ident and one.opened_id and ident != one.opened_id:
            found = f"{move.ident} is {ident[:80]!r}"
            yield Misfit(f"{machine.name}-id", found, f"{one.opened_id[:80]!r} as at its beginning")
        if move.anew:
            one.gathered.clear()
        if move.adds and (text := _text(event, move.adds)):
            one.gathered.append(text)
        if move.sums and not one.loose and (whole := _text(event, move.sums)) is not None:
            joined = _paired(one.gathered)
            if joined != whole:
                found = f"{move.sums} is not what came in pieces ({len(whole)} characters, and {len(joined)})"
                yield Misfit(f"{machine.name}-sum", found, "the pieces, joined")

    def _settled(self, move: Move, key: Key) -> Iterator[Misfit]:
        """What has to be finished when this symbol comes; nothing has to be behind an error."""
        if self._failed:
            return
        name = f"{move.machine}:{move.symbol}"
        for machine in self._grammar.machines:
            if name not in machine.settled_by:
                continue
            under_way = self._unfinished[machine.name]
            for other in [other for other in under_way if other[: len(key)] == key]:
                del under_way[other]
                one = self._open[machine.name][other]
                one.reported = True
                yield self._left_open(machine, other, one, move.symbol)

    def _left_open(self, machine: Machine, key: Key, one: _Instance, by: str) -> Misfit:
        found = f"{_which(machine, key)} is not finished ({one.state}) at {by}"
        return Misfit(f"{machine.name}-end", found, self._next(machine, one.state))

    def _misplaced(self, machine: Machine, key: Key, one: _Instance, symbol: str) -> Misfit:
        found = f"{self._name(machine, symbol)} for {_which(machine, key)}, which is {_at(machine, one.state)}"
        return Misfit(f"{machine.name}-order", found, self._next(machine, one.state))

    def _next(self, machine: Machine, state: str) -> str:
        return " or ".join(self._name(machine, symbol) for symbol in machine.steps.get(state, ())) or "nothing more"

    def _name(self, machine: Machine, symbol: str) -> str:
        """The one kind of event that is read as `symbol`, or what of it is."""
        kinds = self._grammar.means(machine.name, symbol)
        return kinds[0] if len(kinds) == 1 else symbol


def _key(move: Move, within: tuple[object, ...]) -> Key:
    found: list[int] = []
    for place in move.key:
        above = place.startswith("^")
        value = value_at(within[-2 if above and len(within) > 1 else -1], place.removeprefix("^"))
        found.append(value if type_of(value) == "integer" else 0)
    return tuple(found)


def _text(event: object, place: str) -> str | None:
    value = value_at(event, place) if place else None
    return value if isinstance(value, str) else None


def _which(machine: Machine, key: Key) -> str:
    return f"{machine.what.removeprefix('an ').removeprefix('a ')} {'.'.join(map(str, key))}".rstrip()


def _at(machine: Machine, state: str) -> str:
    return "not begun" if state == machine.start else state


def _paired(pieces: list[str]) -> str:
    """The pieces as one text, halves of surrogate pairs that now stand together made one character."""
    return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_json(text: str) -> bool:
    if not text:
        return True  # a tool without arguments
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
