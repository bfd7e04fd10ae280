"""The attempts of one deck: the how-manieth request of its key a request is, and when counting starts again.

Pure state: the time is handed in, nothing here asks for it. Bounded: keys that were not asked for longest go first,
and are new when they come back. Imports the standard library only.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

KEYS: Final = 1024
"""Request keys that a deck counts."""
WHOLE_DECK: Final = ""
"""The key that stands for all requests of a deck."""


class Attempt(NamedTuple):
    """One request of `key`: its `number` since counting last started (from 1), what `#n` compares (`life`), and which
    of all requests of the key it is (`serial`), which no two have in common.

    `ambiguous`: an equal request was still being answered. This one is then no retry of it and has its numbers. The
    requests of a whole deck are told apart by their order alone.
    """

    key: str
    number: int = 1
    life: int = 1
    serial: int = 1
    ambiguous: bool = False


class _Count:
    """What is known of a key: its numbers, how many answers are open, and until when (s) the last of them is played."""

    __slots__ = ("life", "number", "open", "serial", "until")

    def __init__(self) -> None:
        self.number = self.life = self.serial = self.open = 0
        self.until = 0.0


class Counting:
    """Counts the requests of one deck by key. Each `begin` is followed by one `end`."""

    def __init__(self, most: int = KEYS) -> None:
        self._most = most
        self._counts: OrderedDict[str, _Count] = OrderedDict()
        self._deck = _Count()
        self._rules: object = None

    def begin(self, key: str, now: float, rules: object = None) -> Attempt:
        """The attempt that a request of `key`, come at `now` (s), is. With other `rules` than before, numbers (not
        lives) start again: who edits a scenario means it from its first attempt on."""
        if rules is not self._rules:
            self._rules = rules
            for count in (self._deck, *self._counts.values()):
                count.number = 0
        deck = self._deck
        deck.number, deck.life, deck.serial = deck.number + 1, deck.life + 1, deck.serial + 1
        if key == WHOLE_DECK:
            return Attempt(key, deck.number, deck.life, deck.serial)
        count = self._made(key)
        # What was played to its end and waits for the client to leave, as a stall does, is over: the client may well
        # keep that connection while it tries again, and would else never get beyond it.
        ambiguous = count.open > 0 and now < count.until
        count.open += 1
        count.serial += 1
        if not ambiguous or not count.number:
            count.number += 1
        if not ambiguous:
            count.life += 1
        return Attempt(key, count.number, count.life, count.serial, ambiguous)

    def planned(self, attempt: Attempt, until: float) -> None:
        """The answer to `attempt` is played until then (s)."""
        count = self._counts.get(attempt.key)
        if count is not None:
            count.until = max(count.until, until)

    def restart(self, attempt: Attempt) -> None:
        """`attempt` was delivered whole and without fault: the next request of its key is the first again."""
        count = self._deck if attempt.key == WHOLE_DECK else self._counts.get(attempt.key)
        if count is not None:
            count.number = 0

    def end(self, attempt: Attempt) -> None:
        """Nothing is done for `attempt` any more."""
        count = self._counts.get(attempt.key)
        if count is None or not count.open:
            return
        count.open -= 1
        if not count.open:
            count.until = 0.0

    @property
    def asked_for(self) -> dict[str, int]:
        """How often each key was asked for, the latest last."""
        return {key: count.serial for key, count in self._counts.items()}

    def forget(self) -> None:
        """Back to the start."""
        self._counts.clear()
        self._deck = _Count()

    def _made(self, key: str) -> _Count:
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = _Count()
            if len(self._counts) > self._most:
                self._counts.popitem(last=False)
        self._counts.move_to_end(key)
        return count

    def __len__(self) -> int:
        return len(self._counts)
