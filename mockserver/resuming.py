"""Which interaction goes on for a client that has had a part of a stream, and where: by SSE event id or by token.

What has been read out of a tape for it is remembered, bounded. Imports `cassettes` and `decks`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from itertools import islice

from cassettes import hops
from cassettes.matching import Asked, Entry
from cassettes.model import header
from cassettes.resume import LAST_EVENT_ID, Had, Ids, Rest, ids_of
from mockserver.decks import Run

REMEMBERED = 256
"""Interactions whose event ids are remembered."""
LOOKED_INTO = 50
"""Interactions of a run that are looked into for an id."""


class Resuming:
    """Finds the rest of a stream. For as long as the tapes stay."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, Ids] = OrderedDict()

    def forget(self) -> None:
        """The tapes have changed."""
        self._ids.clear()

    def after_id(self, entry: Entry, ident: str) -> Rest | None:
        """What comes after the event with that id; from the start where the tape was recorded for that id; None if the
        interaction does not have it."""
        if header(entry.interaction.request.headers, LAST_EVENT_ID) == ident:
            return Rest(0)
        ids = self._ids.get(entry.place)
        if ids is None:
            ids = self._ids[entry.place] = ids_of(entry.interaction.response)
            if len(self._ids) > REMEMBERED:
                self._ids.popitem(last=False)
        return ids.rest(ident)

    def among(self, run: Run, following: Entry | None, had: Had) -> tuple[Entry, Rest] | None:
        """The interaction of `run` that goes on there, and where: first `following`, the next of the deck, then those
        played before it, the last first. None if none knows of it; then the stream is played from its start, as
        servers do with an id that they have forgotten."""
        at = run.positions[following.place] if following is not None else len(run.entries)
        order: Iterable[Entry] = (*run.entries[at : at + 1], *reversed(run.entries[:at]), *run.entries[at + 1 :])
        for entry in islice(order, LOOKED_INTO):
            found = self.after_id(entry, had.value) if had.kind == "id" else hops.rest(had.value, entry)
            if found is not None:
                return entry, found
        return None


def had_of(asked: Asked) -> Had | None:
    """What a request says that its client has had."""
    if (ident := header(asked.request.headers, LAST_EVENT_ID)) is not None:
        return Had("id", ident) if ident else None
    return hops.had(asked.body) if asked.route.dialect == "gemini" else None
