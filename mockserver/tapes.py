"""The tapes of a server: loaded from a store, indexed, read again when a file changes. Imports `cassettes` only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cassettes.matching import Index, entry_of
from cassettes.store import FolderStore
from mockserver.choose import Chooser


def index_of(store: FolderStore) -> Index:
    """The interactions of every loaded tape."""
    return Index(
        entry_of(tape.name, number, interaction)
        for tape in store.tapes
        for number, interaction in enumerate(tape.cassette.interactions, start=1)
    )


class Reload:
    """Looks at the files when called; a changed tape is played from its next request on.

    A tape that cannot be read any more stays as it was; `report` is told why, once a change.
    """

    def __init__(self, store: FolderStore, chooser: Chooser, report: Callable[[str], None]) -> None:
        self._store = store
        self._chooser = chooser
        self._report = report

    async def __call__(self) -> None:
        """Reads in a thread, so that live streams keep their time."""
        changes = await asyncio.to_thread(self._store.refresh)
        for error in changes.errors:
            self._report(f"tokentape: error: {error}")
        if changes:
            self._chooser.reload(index_of(self._store))
