"""What a grammar is made of: kinds of events, the machines they move, rules about values, the quirks of providers.

Data only: what is done with it is `cassettes.check` (findings) and `cassettes.grammar.page` (the documentation); a
stream can be made by it as well. Places in an event are written `delta.type`; `[]` behind a name is every element of a
list.
Imports the standard library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Level = Literal["error", "warning", "unknown"]
"""`error`: clients break or lose something. `warning`: they cope, but it is not what the provider sends. `unknown`: in
no table, perhaps new."""

Types = Mapping[str, str]
"""Place -> JSON types, `|` between: string, integer, number, boolean, object, list, null, any."""

_BOM: Final = "tried: openai-python 3.51, anthropic-sdk-python 2.10, python-genai 3.3"
NOTHING: Final[Types] = MappingProxyType({})


class When(NamedTuple):
    """A condition on an event, or on an element of it. A value is filled if it is there and not null, "", [] or {}.

    Holds if one of `filled` is filled (or there are none to fill), all of `empty` are not, and the value at the place
    `at`, should there be one, is one of `values`.
    """

    filled: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    at: str = ""
    values: tuple[str, ...] = ()


ALWAYS: Final = When()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What an event does to a machine: `symbol` is read by the instance of `machine` that the values at `key` name.

    `each`: the list whose elements make a move each; `key` and all other places then count from the element (`^index`
    is that of the element around it). A missing number in a key is 0. `adds`: the place of text that the instance
    gathers; `sums`: where the text gathered stands again, whole; `ident`: where the id stands that the instance was
    opened with. `anew`: what was gathered is dropped first.
    """

    machine: str
    symbol: str
    each: str = ""
    key: tuple[str, ...] = ()
    when: When = ALWAYS
    adds: str = ""
    sums: str = ""
    ident: str = ""
    anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of event. `needs` are the keys that every one has, `may` those that some have; in an object of which a
    place is named here, other keys are unknown. `when` tells the kinds of dialects whose events name no type."""

    name: str
    needs: Types = field(default_factory=lambda: NOTHING)
    may: Types = field(default_factory=lambda: NOTHING)
    moves: tuple[Move, ...] = ()
    when: When = ALWAYS
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """What the value at `place` of the events `kinds` may be, and the keys that each one needs besides."""

    kinds: tuple[str, ...]
    place: str
    rows: Mapping[str, Types]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A finite automaton; of one with keys there is an instance for each value of them.

    `steps`: state -> symbol -> state; what is not there is against the rule `NAME-order`. `ends`: the states in which
    an instance may be when one of the symbols `settled_by` (`machine:symbol`) comes, and at a clean end of the stream
    (`NAME-end`). `alone`: one at a time is under way (`NAME-alone`). `counts`: the last part of the key counts 0, 1,
    2 … (`NAME-count`). `opened_as`, `opened_id`: places of what its first event says of it, for `Fit` and `Move.ident`
    (`NAME-id`). `json`: what it gathers is JSON in the end (`NAME-json`), unless the answer was cut
    (`Grammar.cut_by`).
    """

    name: str
    what: str
    start: str
    steps: Mapping[str, Mapping[str, str]]
    ends: tuple[str, ...]
    source: str
    settled_by: tuple[str, ...] = ()
    alone: bool = False
    counts: bool = False
    opened_as: str = ""
    opened_id: str = ""
    json: bool = False

    def target(self, symbol: str, state: str) -> str:
        """Where `symbol` leads from the first state that knows it, the way back after an event that was missed; `state`
        if none does."""
        return next((steps[symbol] for steps in self.steps.values() if symbol in steps), state)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol, in the order of the table."""
        return tuple(dict.fromkeys(symbol for steps in self.steps.values() for symbol in steps))


class Fit(NamedTuple):
    """Which events an instance of `machine` takes, by what it was opened as (`Machine.opened_as`). `place` is where an
    event says what it is; empty: by its kind. Rule `MACHINE-fit`."""

    machine: str
    place: str
    takes: Mapping[str, tuple[str, ...]]
    source: str


class Steady(NamedTuple):
    """The value at `place` is the same in all events that have it. Rule `NAME`."""

    rule: str
    place: str
    source: str
    level: Level = "warning"


class Counted(NamedTuple):
    """The number at `place` counts from 0, one more in each event. Rule `NAME`."""

    rule: str
    place: str
    source: str


class Promise(NamedTuple):
    """An event whose key `place` is null says that one will come where it is filled. Rule `NAME`."""

    rule: str
    place: str
    source: str


class Quirk(NamedTuple):
    """How `providers` differ: `steps` more (`machine:state:symbol:state`), rules that do not hold (`waives`), keys that
    they leave out (`lacks`, as `kind:place`) and keys that they add (`adds`, the same), values of their own (`says`, as
    `place=value`), other types of a key (`types`, as `kind:place=types`). `source`: where it was seen."""

    providers: tuple[str, ...]
    source: str
    steps: tuple[str, ...] = ()
    waives: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


class Rule(NamedTuple):
    """What a finding rests on. `id` is stable: `dialect/name`."""

    id: str
    says: str
    source: str
    level: Level = "error"


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """The events of one dialect and their order.

    The first of `machines` is that of the whole stream, it has no key and one instance.
    `type_key`: the place where an event names its kind (empty: it does not). `names`: `type` if the SSE name is that
    kind, `none` if there are no names but those of `named`. `done`: the kind of a last line of data that is no JSON.
    `failed`: kinds after which nothing has to come. `envelope`: the keys of an error response. `cut_by`: place ->
    values that say an answer is not whole. `natives`: the providers held to the letter; with a provider that is neither
    one of them nor in a quirk, all quirks are let pass, as nobody knows who speaks.
    """

    dialect: str
    title: str
    source: str
    type_key: str
    names: Literal["type", "none"]
    kinds: tuple[Kind, ...]
    machines: tuple[Machine, ...]
    natives: tuple[str, ...]
    named: tuple[str, ...] = ()
    done: str = ""
    failed: tuple[str, ...] = ("error",)
    envelope: Types = field(default_factory=lambda: NOTHING)
    variants: tuple[Variants, ...] = ()
    fits: tuple[Fit, ...] = ()
    steady: tuple[Steady, ...] = ()
    counted: tuple[Counted, ...] = ()
    promises: tuple[Promise, ...] = ()
    cut_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quirks: tuple[Quirk, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Kind]:
        """The kinds by name."""
        return {kind.name: kind for kind in self.kinds}

    @cached_property
    def machine(self) -> Mapping[str, Machine]:
        """The machines by name."""
        return {machine.name: machine for machine in self.machines}

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """Every rule by its name, which is its id without the dialect."""
        return {
            name: Rule(f"{self.dialect}/{name}", says, source, level) for name, says, source, level in self._rules()
        }

    def means(self, machine: str, symbol: str) -> tuple[str, ...]:
        """The kinds that mean `symbol` to the machine, and nothing else."""
        said = ((kind.name, {move.symbol for move in kind.moves if move.machine == machine}) for kind in self.kinds)
        return tuple(name for name, symbols in said if symbols == {symbol})

    def quirks_of(self, provider: str) -> tuple[Quirk, ...]:
        """The quirks that `provider` may have."""
        if provider in self.natives or any(provider in quirk.providers for quirk in self.quirks):
            return tuple(quirk for quirk in self.quirks if provider in quirk.providers)
        return self.quirks

    def _rules(self) -> Iterator[tuple[str, str, str, Level]]:
        yield "utf-8", "a stream is UTF-8; other bytes come out as U+FFFD", "WHATWG HTML 9.2.5", "error"
        yield "bom", "a stream begins without a byte order mark; many clients lose its first event", _BOM, "warning"
        yield "json", "the data of an event is a JSON object", self.source, "error"
        yield (
            "tail",
            "the last event has its blank line; without it most clients drop it",
            "WHATWG HTML 9.2.6",
            "warning",
        )
        named = "its type" if self.names == "type" else "none"
        yield "event-name", f"the SSE name of an event is {named}", self.source, "error"
        yield "keys", "an event has the keys that its kind needs, of the types they have", self.source, "error"
        yield "type", "the kind of an event is in the table", self.source, "unknown"
        yield "variant", "what an event says it is or holds is in the table", self.source, "unknown"
        yield "key", "the keys of an event are in the table", self.source, "unknown"
        yield "empty", "a stream has at least one event", self.source, "error"
        yield "stream", "a request for a stream is answered by one, or by an error status", self.source, "warning"
        yield "envelope", f"the JSON of an error response has {' and '.join(self.envelope)}", self.source, "warning"
        for machine in self.machines:
            yield from _machine_rules(machine, every=machine is self.machines[0])
        for name in _summed(self):
            says = f"the pieces of {self.machine[name].what} are, joined, what is said again at its end"
            yield f"{name}-sum", says, self.machine[name].source, "error"
        for fit in self.fits:
            yield f"{fit.machine}-fit", f"what comes belongs to {self.machine[fit.machine].what}", fit.source, "error"
        for steady in self.steady:
            yield steady.rule, f"`{steady.place}` is the same in all events", steady.source, steady.level
        for counted in self.counted:
            yield counted.rule, f"`{counted.place}` counts from 0, by one", counted.source, "error"
        for promise in self.promises:
            says = f"where `{promise.place}` is null, a later event has it filled"
            yield promise.rule, says, promise.source, "error"


def _machine_rules(machine: Machine, every: bool) -> Iterator[tuple[str, str, str, Level]]:
    name, source = machine.name, machine.source
    yield f"{name}-order", f"the events of {machine.what} come in the order of its diagram", source, "error"
    if {*machine.steps} - {*machine.ends} - (set() if every else {machine.start}):
        settled = " and ".join(one.partition(":")[2] for one in machine.settled_by)
        by = f"before {settled}, and before" if settled else "before"
        yield f"{name}-end", f"{machine.what} is finished {by} a clean end of the stream", source, "error"
    if machine.alone:
        yield f"{name}-alone", f"{machine.what} is finished before the next one begins", source, "error"
    if machine.counts:
        yield f"{name}-count", f"the numbers of {machine.what} and the next count from 0, by one", source, "error"
    if machine.opened_id:
        yield f"{name}-id", f"the events of {machine.what} name the id that it began with", source, "error"
    if machine.json:
        yield f"{name}-json", f"the pieces of {machine.what} are JSON together", source, "error"


def _summed(grammar: Grammar) -> tuple[str, ...]:
    """The machines of which an event says again, whole, what others said in pieces: rule `NAME-sum`."""
    moves = (move for kind in grammar.kinds for move in kind.moves)
    return tuple(dict.fromkeys(move.machine for move in moves if move.sums))
