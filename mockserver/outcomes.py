"""What the journal tells of an answer that a tape gives: when it begins, how it ended and who ended it. Pure; imports
`choose`, `decks`, `journal`, `plan`, `player` and `reading`."""

from __future__ import annotations

from mockserver.choose import Chosen
from mockserver.decks import Deck
from mockserver.journal import By, Ending, Record
from mockserver.plan import Action, Plan
from mockserver.player import OPEN, Outcome
from mockserver.reading import Reading

_ENDINGS: dict[Action, Ending] = {"keep": "kept-alive", "close": "fin", "reset": "reset", "truncate": "fin"}


def begun(n: int, chosen: Chosen, deck: Deck, start: float, reading: Reading) -> Record:
    """The record, with number `n`, of a tape that begins to play for a request of `deck` that came at `start` (s)."""
    return Record(
        n,
        reading.came,
        deck.name,
        start,
        chosen.plan.code,
        len(chosen.plan.wire),
        chosen.entry.place,
        reading.found[0] if reading.found else None,
        reading.key,
        chosen.attempt.life if chosen.attempt else None,
        reading.chooser.playing.seed if chosen.seed is None else chosen.seed,
        (chosen.breaking.text,) if chosen.breaking else (),
        chosen.notes,
    )


def ended(outcome: Outcome, plan: Plan, *, stopping: bool) -> tuple[By, Ending]:
    """Who ended an answer, and how. A stall is played to its end when somebody else ends it; where a fault changed the
    ending or the status, it was the fault."""
    if outcome == "dropped":
        return "control", "reset"
    if outcome == "client-left" or plan.action in OPEN:
        return ("shutdown", "aborted") if stopping else ("client", "client-left")
    return "tape" if plan.advances else "fault", _ENDINGS[plan.action]
