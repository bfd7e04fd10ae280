"""Decks: isolated places on the tapes, by name. A deck appears on first use; idle ones expire, and above a number of
them the least recently used one goes first.

Pure state, no I/O, no clock (it is told the time); nothing here costs more for a long run than for a short one. A deck
that was set up has a chooser of its own (`setup`), which is only kept here. Imports `cassettes.matching`,
`cassettes.framing` and `counting`.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

import msgspec

from cassettes.framing import octets
from cassettes.matching import Entry, Index
from mockserver.counting import Counting

if TYPE_CHECKING:
    from cassettes.routes import Route
    from mockserver.app import Forward
    from mockserver.choose import Chooser
    from mockserver.scenario import Scenario
    from mockserver.stored import Stored

MOST = 1000
"""Decks a server remembers, beside the main one."""
IDLE = 3600.0
"""Seconds after which a deck that nothing was asked of, and that plays nothing, is forgotten."""
MAIN = ""
"""The deck of requests that name none."""


class OwnTapes(Protocol):
    """The tapes and settings that a deck was given. `stored`: the responses on them, once they were asked for; `size`:
    characters of what was given as text."""

    stored: Stored | None
    size: int

    def chooser(self, index: Index) -> Chooser:
        """The deck's chooser, now that `index` is the server's."""


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


class Life:
    """A response that a deck has made: when (s), whether it goes on without a reader, when it was cancelled (s)."""

    __slots__ = ("cancelled", "created", "detached")

    def __init__(self, created: float, detached: bool) -> None:
        self.created = created
        self.detached = detached
        self.cancelled: float | None = None


class Lives:
    """The responses that a deck has made, by the place of their interaction, and those that it has deleted, by id. The
    oldest go first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._begun: OrderedDict[str, Life] = OrderedDict()
        self._deleted: OrderedDict[str, float] = OrderedDict()

    def get(self, place: str) -> Life | None:
        """The latest life of the response of an interaction."""
        return self._begun.get(place)

    def begin(self, place: str, life: Life) -> None:
        """A response is made, perhaps anew."""
        self._begun[place] = life
        self._begun.move_to_end(place)
        if len(self._begun) > self._most:
            self._begun.popitem(last=False)

    def delete(self, name: str, now: float) -> None:
        """The response called `name` is gone."""
        self._deleted[name] = now
        self._deleted.move_to_end(name)
        if len(self._deleted) > self._most:
            self._deleted.popitem(last=False)

    def is_deleted(self, name: str, life: Life | None) -> bool:
        """Whether it is gone, and was not made again since."""
        gone = self._deleted.get(name)
        return gone is not None and (life is None or life.created <= gone)

    def clear(self) -> None:
        """As if nothing had been asked for."""
        self._begun.clear()
        self._deleted.clear()


class Deck:
    """How far each run of interactions has been played, how often what was asked, and what became of the responses that
    were made.

    `own`: the tapes and settings it was given, None for the server's, as are `scenario` and `forward`. `faults`: what
    every request of the deck gets, as it was written. `live` counts its answers that are under way, `used` says when it
    was asked last (s). `counting` knows which attempt at the same a request is.
    """

    def __init__(self, name: str = MAIN, own: OwnTapes | None = None) -> None:
        self.name = name
        self.own = own
        self.faults: tuple[str, ...] = ()
        self.requests = 0
        self.misses = 0
        self.live = 0
        self.used = 0.0
        self.lives = Lives()
        self.counting = Counting()
        self.scenario: Scenario | None = None
        self.forward: Forward | None = None
        self._places: dict[str, int] = {}
        self._passed: dict[str, int] = {}
        self._played: set[str] = set()
        self._lengths: dict[str, tuple[str, int]] = {}

    @property
    def attempts(self) -> dict[str, int]:
        """How often each request key was asked for, the latest asked for last."""
        return self.counting.asked_for

    @property
    def places(self) -> list[tuple[str, int, int]]:
        """(place of its first interaction, interactions delivered, interactions) of each run that was begun."""
        return [(*self._lengths[key][:1], place, self._lengths[key][1]) for key, place in self._places.items()]

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
            self._lengths[run.key] = (run.entries[0].place, len(run.entries))

    def forget(self) -> None:
        """Back to the start, as after a tape was changed."""
        self._places.clear()
        self._passed.clear()
        self._played.clear()
        self.counting.forget()
        self._lengths.clear()
        self.lives.clear()


class Decks:
    """The decks of one server. The main deck never goes.

    `version` changes when a deck with tapes of its own comes or goes, or another is `bound`: what was found for a
    request may then be another. `bound`: the deck of requests that name none, if it is not the main one.
    """

    def __init__(self, most: int = MOST, idle: float = IDLE) -> None:
        self._most = most
        self._idle = idle
        self._main: Deck | None = None
        self._decks: OrderedDict[str, Deck] = OrderedDict()
        self._own = 0
        self.bound: str | None = None
        self.version = 0
        self.expired = 0

    def get(self, name: str | None, now: float = 0.0) -> Deck:
        """The deck called `name`, made if it is new; it was used `now` (s)."""
        if not name:
            self._main = self._main or Deck()
            self._main.used = now
            return self._main
        deck = self._decks.get(name)
        if deck is None:
            return self.put(Deck(name), now)
        deck.used = now
        self._decks.move_to_end(name)
        return deck

    def bind(self, name: str | None) -> None:
        """From now on requests that name no deck are of the one called `name`; None: of the main one."""
        self.bound = name
        self.version += 1

    def meant(self, route: Route) -> Route:
        """`route` with the deck that is bound, if it names none."""
        if self.bound is None or route.deck is not None:
            return route
        return msgspec.structs.replace(route, deck=self.bound)

    def put(self, deck: Deck, now: float) -> Deck:
        """Takes `deck` in, in place of one of that name."""
        self.remove(deck.name)
        self.expire(now)
        deck.used = now
        self._decks[deck.name] = deck
        if deck.own is not None:
            self._own += 1
            self.version += 1
        if len(self._decks) > self._most:
            self._gone(self._decks.popitem(last=False)[1])
        return deck

    def own(self, name: str | None) -> OwnTapes | None:
        """The tapes and settings that the deck of that name was given; makes no deck."""
        if not self._own or not name:
            return None
        deck = self._decks.get(name)
        return None if deck is None else deck.own

    def peek(self, name: str) -> Deck | None:
        """The deck called `name`, if there is one; not a use of it."""
        return self._decks.get(name) if name else self._main

    def remove(self, name: str) -> bool:
        """Forgets a deck; whether there was one."""
        if not name:
            was, self._main = self._main is not None, None
            return was
        deck = self._decks.pop(name, None)
        if deck is not None:
            self._gone(deck)
        return deck is not None

    def clear(self) -> int:
        """Forgets them all; how many there were."""
        names = [deck.name for deck in self]
        for name in names:
            self.remove(name)
        return len(names)

    def expire(self, now: float) -> None:
        """Forgets decks that were not used for long; those that play something count as used. O(1) if there is none."""
        while self._decks:
            name, oldest = next(iter(self._decks.items()))
            if oldest.used > now - self._idle:
                return
            if oldest.live:
                oldest.used = now
                self._decks.move_to_end(name)
            else:
                self.remove(name)
                self.expired += 1

    def _gone(self, deck: Deck) -> None:
        if deck.own is not None:
            self._own -= 1
            self.version += 1

    def __iter__(self) -> Iterator[Deck]:
        """All of them, the main one first, then in the order of their last use."""
        return iter([*([self._main] if self._main is not None else []), *self._decks.values()])

    def __len__(self) -> int:
        return len(self._decks) + (self._main is not None)
