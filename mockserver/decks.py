"""Decks: isolated places on the tapes, by name. A deck appears on first use; the least recently used one goes first.

Pure state, no I/O; nothing here costs more for a long run than for a short one. A later issue gives a deck its own
tapes, scenario and journal. Imports `cassettes.matching` and `cassettes.framing` only.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

from cassettes.framing import octets
from cassettes.matching import Entry

MOST = 1000
"""Decks a server remembers."""
KEYS = 10_000
"""Request keys whose attempts a deck counts; the least recently asked for goes first."""
MAIN = ""
"""The deck of requests that name none."""


class Run:
    """Interactions (at least one) that answer one request in turn. Made once for a list of candidates: `key` stands for
    their places, so that a deck finds its own place on the run by a look-up, after a reload too."""

    __slots__ = ("__weakref__", "entries", "key", "positions")

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self.positions = {entry.place: number for number, entry in enumerate(self.entries)}
        self.key = hashlib.sha256(b"\0".join([octets(entry.place) for entry in self.entries])).hexdigest()

    @property
    def last(self) -> Entry:
        """The interaction that is repeated when all were played."""
        return self.entries[-1]

    def __len__(self) -> int:
        return len(self.entries)


class Deck:
    """How far each run of interactions has been played."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._passed: dict[str, int] = {}
        self._played: set[str] = set()
        self._attempts: OrderedDict[tuple[str, str, bytes], int] = OrderedDict()

    def attempt(self, key: tuple[str, str, bytes]) -> int:
        """The number of this request among those with its key, from 1 on and for the deck's life (DESIGN 7, `#n`)."""
        attempts = self._attempts
        number = attempts[key] = attempts.pop(key, 0) + 1
        if len(attempts) > KEYS:
            attempts.popitem(last=False)
        return number

    def choose(self, run: Run, *, unplayed: bool, repeat: bool) -> Entry | None:
        """The interaction of `run` that is next.

        `unplayed`: the first that the deck has not played at all (vcrpy's order); else the place on this very run.
        After the last one: the last again with `repeat`, else None.
        """
        place = self._first_unplayed(run) if unplayed else self._places.get(run.key, 0)
        if place < len(run.entries):
            return run.entries[place]
        return run.last if repeat else None

    def _first_unplayed(self, run: Run) -> int:
        """Where the first unplayed interaction is. What was played stays so: each is passed over once."""
        place = self._passed.get(run.key, 0)
        while place < len(run.entries) and run.entries[place].place in self._played:
            place += 1
        self._passed[run.key] = place
        return place

    def delivered(self, run: Run, entry: Entry) -> None:
        """The last body byte of `entry` has left: the place moves on to the one after it.

        Overlapping requests got the same entry: what both played is passed once, and nothing is skipped.
        """
        self._played.add(entry.place)
        after = run.positions[entry.place] + 1
        if after > self._places.get(run.key, 0):
            self._places[run.key] = after

    def forget(self) -> None:
        """Back to the start, as after a tape was changed."""
        self._places.clear()
        self._passed.clear()
        self._played.clear()


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
