"""An answer that is the same each time and goes out in one write: then only its accounts are left to do.

A tape without delays, asked for again, is one piece of bytes; what is decided anew for other answers (the deck's place,
faults, deadlines) is settled here once. Who asks checks that this still holds, and writes. Pure state. Imports this
package's records and what they are made of.
"""

from __future__ import annotations

from copy import copy

from mockserver.choose import Chosen
from mockserver.counting import Attempt
from mockserver.decks import Deck
from mockserver.journal import Journal
from mockserver.outcomes import begun, ended
from mockserver.player import LARGEST_WRITE
from mockserver.reading import Reading


class Again:
    """The next answers of `deck` to the requests of a reading, after one was `chosen`. `key` is what counts attempts.

    Made by `again`.
    """

    __slots__ = ("_chosen", "_record", "deck", "entry", "key", "wire")

    def __init__(self, chosen: Chosen, deck: Deck, reading: Reading, key: str) -> None:
        self.deck = deck
        self.key = key
        self.entry = chosen.entry
        self.wire = chosen.plan.wire
        self._chosen = chosen
        record = begun(0, chosen, deck, 0.0, reading)
        record.by, record.ending = ended("played", chosen.plan, stopping=False)
        record.size, record.plan = len(self.wire), chosen.plan
        self._record = record

    def chosen(self, attempt: Attempt) -> Chosen:
        """The answer to `attempt` for a player: where the line does not take it at once."""
        return self._chosen._replace(attempt=attempt)

    def over(self, attempt: Attempt, journal: Journal, start: float, now: float) -> None:
        """The answer to `attempt`, come at `start` (s), was written at `now`: what a player would have had done."""
        deck, chosen = self.deck, self._chosen
        record = copy(self._record)
        record.n = journal.total + 1
        record.start = start
        record.attempt = attempt.life
        record.first = record.last = record.end = now
        journal.take(record)
        deck.requests += 1
        if chosen.candidates is not None:
            deck.delivered(chosen.candidates, self.entry)
        deck.counting.end(attempt)


def again(chosen: Chosen, deck: Deck, reading: Reading) -> Again | None:
    """What `deck` answers next time, and from then on; None where that may be another answer, or takes its time."""
    plan, run, attempt = chosen.plan, chosen.candidates, chosen.attempt
    if run is None or len(run) > 1 or attempt is None or attempt.ambiguous or reading.asking.had is not None:
        return None
    if chosen.breaking is not None or chosen.rule or plan.action != "keep" or not plan.advances:
        return None
    at_once = len(plan.due) == 1 and plan.due[0] <= 0.0 >= plan.end_due and len(plan.wire) <= LARGEST_WRITE
    return Again(chosen, deck, reading, attempt.key) if at_once else None
