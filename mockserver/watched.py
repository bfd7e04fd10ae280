"""A journal that somebody waits at: it says when something has changed, and remembers which interactions were played.

Only for servers in the process of their clients; a server on its own has a plain `Journal`. Belongs to the loop's
thread. Imports asyncio and `journal`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mockserver.journal import Journal, Record

if TYPE_CHECKING:
    from mockserver.journal import By, Ending


class Watched(Journal):
    """As `Journal`. `played`: (deck, place) of every interaction that was begun to be played; `version` changes when a
    request came or an answer is over."""

    def __init__(self) -> None:
        super().__init__()
        self.played: set[tuple[str, str]] = set()
        self.version = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def keep(self, record: Record) -> Record:
        """As `Journal.keep`."""
        kept = super().keep(record)
        if record.place is not None:
            self.played.add((record.deck, record.place))
        self._changed()
        return kept

    def end(self, record: Record, now: float, by: By, ending: Ending) -> None:
        """As `Journal.end`."""
        super().end(record, now, by, ending)
        self._changed()

    async def changed(self, since: int, seconds: float) -> None:
        """Returns when `version` is not `since` any more, or after so long."""
        if self.version != since:
            return
        change = asyncio.get_running_loop().create_future()
        self._waiting.add(change)
        try:
            await asyncio.wait({change}, timeout=seconds)
        finally:
            self._waiting.discard(change)

    def forget(self, deck: str) -> None:
        """Nothing of `deck` is known any more but what is under way."""
        self.clear(deck)
        self.played = {one for one in self.played if one[0] != deck}

    def _changed(self) -> None:
        self.version += 1
        for change in self._waiting:
            if not change.done():
                change.set_result(None)
