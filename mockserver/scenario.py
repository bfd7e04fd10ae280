"""A scenario as a value: which requests get which tapes and faults on which attempt (DESIGN 7).

Pure: what time it is, how often a request came and what its file looks like are others' business (`hub`, `counting`,
`scenario_file`). Imports `cassettes`, `counting` and `faults`.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from random import Random
from typing import Literal, NamedTuple

import msgspec

from cassettes import dialects, providers
from cassettes.matching import Asked
from cassettes.model import Headers
from cassettes.normalise import NO_RULES, Rules, decoded
from cassettes.routes import Route
from mockserver.counting import WHOLE_DECK, Attempt
from mockserver.faults.breaking import acting
from mockserver.faults.grammar import ALWAYS, Attempts
from mockserver.faults.table import Bound, rival

Globs = tuple[str, ...]
"""Patterns of which one must fit: `*` any text, `?` a character, `[…]` one of them; none: everything fits."""
Faults = tuple[Bound, ...]
Count = Literal["request", "deck"]
ResetAfter = Literal["success", "never"]


class When(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests a rule is for: all that are given must fit.

    `path` is the raw path behind deck, faults and mount; `deck` is empty for requests that name none; `header` are
    pairs of a lower-case name and the globs of its value; `stream`: whether a stream is asked for.
    """

    provider: Globs = ()
    dialect: Globs = ()
    model: Globs = ()
    path: Globs = ()
    deck: Globs = ()
    header: tuple[tuple[str, Globs], ...] = ()
    stream: bool | None = None

    def fits(self, asked: Asked, rules: Rules = NO_RULES) -> bool:
        """Whether the rule is for `asked`. `rules` are those of the index: what is worked out by them is kept."""
        route = asked.route
        return (
            (not self.provider or _any(self.provider, _provider(route)))
            and _fits(self.dialect, route.dialect)
            and _fits(self.path, route.path)
            and _fits(self.deck, route.deck or "")
            and all(_has(asked.request.headers, name, globs) for name, globs in self.header)
            and (self.stream is None or asked.likeness(rules).streams == self.stream)
            and (not self.model or _fits(self.model, _model(asked)))
        )

    @property
    def everything(self) -> bool:
        """Whether it is for every request."""
        return self == When()


class Chance(NamedTuple):
    """Faults that act together on a share of the requests: `probability` from 0 to 1."""

    faults: Faults
    probability: float


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What the requests of `when` get. `tape`: a tape's name, or one interaction as `NAME#n`; None: whichever matches.

    `attempts[k]` are the faults of attempt k + 1, the last repeats. `count`: whose requests are counted; `reset_after`:
    whether counting starts again after an attempt that was delivered whole and without fault.
    """

    when: When = When()
    tape: str | None = None
    attempts: tuple[Faults, ...] = ()
    chance: tuple[Chance, ...] = ()
    count: Count = "request"
    reset_after: ResetAfter = "success"

    def counted_by(self, asked: Asked, rules: Rules = NO_RULES) -> str:
        """The key by which a deck counts `asked`: the request's own, or that of the whole deck."""
        return WHOLE_DECK if self.count == "deck" else asked.likeness(rules).key

    def on(self, attempt: Attempt) -> Faults:
        """The faults of `attempt`; those with `#n` count the deck's life. A case, which has attempts of its own, counts
        from the first of the items beside each other that name it."""
        if not self.attempts:
            return ()
        index = min(attempt.number, len(self.attempts)) - 1
        return tuple(
            counting_from(one, attempt.life - (attempt.number - 1 - self._first(one, index)))
            for one in acting(self.attempts[index], attempt.life)
        )

    def _first(self, bound: Bound, index: int) -> int:
        while index and bound in self.attempts[index - 1]:
            index -= 1
        return index

    def drawn(self, attempt: Attempt, random: Random, others: Faults = ()) -> Faults:
        """The faults of `chance` that fall to `attempt`: one draw for each, in order, whatever the draws before it
        gave. One that contradicts what acts already (`others` included) is left out, so that the first ending wins.
        A case is at its first attempt."""
        faults: list[Bound] = []
        for chance in self.chance:
            hit = random.random() < chance.probability
            meant = acting(chance.faults, attempt.life) if hit else ()
            if meant and not _contradict(meant, (*others, *faults)):
                faults += (counting_from(one, attempt.life) for one in meant)
        return tuple(faults)


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """Rules, of which the first that fits decides. `seed` is None where nothing says which."""

    rules: tuple[Rule, ...] = ()
    seed: int | None = None

    def rule_for(self, asked: Asked, rules: Rules = NO_RULES) -> tuple[int, Rule] | None:
        """The first rule for `asked` and its number, from 1; None if there is none."""
        for number, rule in enumerate(self.rules, start=1):
            if rule.when.fits(asked, rules):
                return number, rule
        return None


def counting_from(bound: Bound, life: int) -> Bound:
    """`bound`, a case whose own attempts then count from that request of the deck's life; any other stays."""
    if bound.kind.family != "preset" or bound.fault.attempts != ALWAYS:
        return bound
    return bound._replace(fault=bound.fault._replace(attempts=Attempts(life)))


def _contradict(drawn: Faults, others: Faults) -> bool:
    """Whether they cannot act together, with what the cases among them are made of."""
    if any(one.kind.family == "preset" for one in (*drawn, *others)):
        from mockserver.cases.playing import contradict

        return contradict(drawn, others)
    return any(rival(one, others) is not None for one in drawn)


def _provider(route: Route) -> Globs:
    """The names of whom the request is meant for: the row's and its aliases; of a mount that is no row, its own."""
    row = route.meant
    if row is not None:
        return (row.name, *row.aliases)
    name = route.provider or route.likely
    return (name,) if name else ()


def _any(globs: Globs, texts: Globs) -> bool:
    return any(_fits(globs, text) for text in texts)


def _fits(globs: Globs, text: str) -> bool:
    return not globs or any(fnmatchcase(text, glob) for glob in globs)


def _has(headers: Headers, name: str, globs: Globs) -> bool:
    return any(own.lower() == name and _fits(globs, value) for own, value in headers)


def _model(asked: Asked) -> str:
    route = asked.route
    return dialects.get(route.dialect).model(route.path, decoded(asked.body)) or ""


def known_providers() -> Globs:
    """Every name by which a provider of ours is known."""
    return tuple(name for row in providers.load().values() for name in (row.name, *row.aliases))
