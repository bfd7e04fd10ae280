"""Decks: isolated places on the tapes, by name. A deck appears on first use; the least recently used one goes first.

Pure state, no I/O. A later issue gives a deck its own tapes, scenario and journal. Imports `cassettes.matching` only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from cassettes.matching import Entry

MOST = 1000
"""Decks a server remembers."""
MAIN = ""
"""The deck of requests that name none."""


class Deck:
    """How far each run of interactions has been played."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, ...], int] = {}
        self._played: set[str] = set()

    def choose(self, candidates: Sequence[Entry], *, unplayed: bool, repeat: bool) -> Entry | None:
        """The interaction that is next among `candidates` (not empty).

        `unplayed`: the first that the deck has not played at all (vcrpy's order); else the place in this very list.
        After the last one: the last again with `repeat`, else None.
        """
        if unplayed:
            following = next((entry for entry in candidates if entry.place not in self._played), None)
            return following or (candidates[-1] if repeat else None)
        place = self._places.get(_run(candidates), 0)
        if place < len(candidates):
            return candidates[place]
        return candidates[-1] if repeat else None

    def delivered(self, candidates: Sequence[Entry], entry: Entry) -> None:
        """The last body byte of `entry` has left: the place moves on to the one after it.

        Overlapping requests got the same entry: what both played is passed once, and nothing is skipped.
        """
        self._played.add(entry.place)
        run = _run(candidates)
        self._places[run] = max(self._places.get(run, 0), run.index(entry.place) + 1)

    def forget(self) -> None:
        """Back to the start, as after a tape was changed."""
        self._places.clear()
        self._played.clear()


def _run(candidates: Sequence[Entry]) -> tuple[str, ...]:
    return tuple([entry.place for entry in candidates])  # a list first: half the time of a generator


class Decks:
    """The decks of one server."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._decks: OrderedDict[str, Deck] = OrderedDict()

    def get(self, name: str | None) -> Deck:
        """The deck called `name`, made if it is new."""
        key = name or MAIN
        deck = self._decks.get(key)
        if deck is None:
            deck = self._decks[key] = Deck()
            if len(self._decks) > self._most:
                self._decks.popitem(last=False)
        self._decks.move_to_end(key)
        return deck

    def __len__(self) -> int:
        return len(self._decks)
