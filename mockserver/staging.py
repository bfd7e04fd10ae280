"""What a request gets on this attempt: the rule of the scenario, its tape, the faults of all sources added up.

Pure but for the deck's counting; nothing of `scenario` or the faults is loaded for who has none. Imports `choose`,
`counting`, `decks` and `faulty`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from cassettes.matching import Asked, Entry
from mockserver.choose import Chooser, Chosen, Found
from mockserver.decks import Deck
from mockserver.faults.grammar import FaultError
from mockserver.faulty import Breaking, Wanted, attempt_seed, breaking, broken_by
from mockserver.plan import Asking
from mockserver.resuming import had_of

if TYPE_CHECKING:
    from mockserver.counting import Attempt
    from mockserver.scenario import Rule, Scenario


class Moment(NamedTuple):
    """When a request came, by the hub's clock; `wall` tells that in seconds since 1970, for who needs it."""

    start: float
    wall: Callable[[], float]


class Stage(NamedTuple):
    """A request that is to be played: what it asks and how, what tapes have for it, and which faults are wanted. Where
    `found` is one interaction it was asked for itself: no rule replaces it, and no deck's place moves."""

    asked: Asked
    asking: Asking
    found: Found | Entry | None
    wanted: Wanted


def staged(stage: Stage, chooser: Chooser, scenario: Scenario | None, deck: Deck, moment: Moment) -> Chosen | None:
    """The answer to a request of `deck`, counted as one attempt at it; None where no tape has one.

    Who plays it ends the attempt (`Chosen.attempt`). Raises FaultError for faults that cannot act, and for a tape of a
    rule that is not loaded.
    """
    asked, rules = stage.asked, chooser.index.rules
    number, rule = (scenario and scenario.rule_for(asked, rules)) or (0, None)
    found, asking = stage.found, stage.asking
    if rule is not None and rule.tape is not None and not isinstance(found, Entry):
        found, asking = _named(rule.tape, number, stage, chooser)
    if found is None:
        return None
    counting = deck.counting
    key = rule.counted_by(asked, rules) if rule is not None else asked.likeness(rules).key
    attempt, seed = counting.begin(key, moment.start, scenario), _seed(chooser, scenario)
    try:
        acting = _breaking(stage.wanted, rule, attempt, deck, seed, moment.wall)
        chosen = (
            chooser.take(found, asking, acting)
            if isinstance(found, Entry)
            else chooser.pick(found, asking, deck, acting)
        )
    except FaultError:
        counting.end(attempt)
        raise
    if chosen is None:
        counting.end(attempt)
        return None
    counting.planned(attempt, moment.start + chosen.plan.end_due)
    restarts = rule is not None and rule.reset_after == "success" and chosen.faultless
    # Every request comes by here: made anew it costs a third of what `_replace` takes.
    plan, entry, run, breaks, left_out = chosen[:5]
    return Chosen(plan, entry, run, breaks, left_out, attempt, restarts, number, seed)


def _named(tape: str, rule: int, stage: Stage, chooser: Chooser) -> tuple[Found | Entry | None, Asking]:
    """What the tape of a rule has for the request; a list of models, say, it has not."""
    entries = chooser.tape(tape)
    if not entries:
        raise FaultError(f"rule {rule} of the scenario plays the tape {tape!r}, which is not loaded any more")
    found = chooser.among(entries, stage.asked)
    if found is None:
        return stage.found, stage.asking
    whole = stage.asked.route.operation is not None and not stage.asked.likeness(chooser.index.rules).streams
    return found, stage.asking._replace(whole=whole, had=had_of(stage.asked))


def _seed(chooser: Chooser, scenario: Scenario | None) -> int:
    return chooser.playing.seed if scenario is None or scenario.seed is None else scenario.seed


def _breaking(
    wish: Wanted, rule: Rule | None, attempt: Attempt, deck: Deck, seed: int, wall: Callable[[], float]
) -> Breaking | None:
    """The faults that act: command line, scenario, deck, URL, header (DESIGN 7), then those that chance draws."""
    if rule is None:
        wish = wish.in_deck(deck.faults)
        return breaking(wish, attempt, deck.name, seed, wall()) if wish.faults else None
    from mockserver.faults.breaking import acting
    from mockserver.faults.table import add_up, read

    sources = (wish.given, *map(read, deck.faults), wish.asked)
    given, *others = (acting(faults, attempt.life) for faults in sources)
    faults = add_up(given, rule.on(attempt), *others)
    mine = attempt_seed(seed, deck.name, attempt)
    if rule.chance:
        faults += rule.drawn(attempt, Random(mine), faults)
    return broken_by(faults, wish, attempt, mine, wall())
