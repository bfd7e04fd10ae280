"""The tapes of a server: loaded from a store, indexed, read again when a file changes. Imports `cassettes` only."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401 - asyncio.to_thread would load it amid live streams
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cassettes.matching import Entry, Index, entry_of
from cassettes.normalise import NO_RULES, Rules
from cassettes.store import Changes, FolderStore, Tape, notes_of
from mockserver.choose import Chooser

if TYPE_CHECKING:
    from mockserver.scenario import Scenario
    from mockserver.scenario_file import ScenarioFile

NAMED = 5
"""Tapes that are named when many change at once."""


def index_of(
    store: FolderStore, known: dict[Path, tuple[Tape, tuple[Entry, ...]]] | None = None, rules: Rules = NO_RULES
) -> Index:
    """The interactions of every loaded tape, compared by `rules`. `known` is kept from one call to the next: what is in
    it is not worked out again as long as its tape stays."""
    known = {} if known is None else known
    held = {}
    for tape in store.tapes:
        before = known.get(tape.path)
        held[tape.path] = before if before is not None and before[0] is tape else (tape, _entries(tape, rules))
    known.clear()
    known.update(held)
    return Index((entry for _, entries in held.values() for entry in entries), rules)


def _entries(tape: Tape, rules: Rules) -> tuple[Entry, ...]:
    numbered = enumerate(tape.cassette.interactions, start=1)
    return tuple(entry_of(tape.name, number, interaction, rules) for number, interaction in numbered)


class Staging(Protocol):
    """What plays a scenario: the server."""

    scenario: Scenario | None


class Reload:
    """Looks at the files when called; a changed tape is played from its next request on, a changed scenario too.

    A tape that cannot be read any more stays as it was. `report` is told a line for what changed, and why a tape could
    not be read, once a change.
    """

    def __init__(
        self, store: FolderStore, chooser: Chooser, report: Callable[[str], None], rules: Rules = NO_RULES
    ) -> None:
        self._store = store
        self._rules = rules
        self._chooser = chooser
        self._report = report
        self._known: dict[Path, tuple[Tape, tuple[Entry, ...]]] = {}
        self._scenario: ScenarioFile | None = None
        self._stage: Staging | None = None

    def follow(self, file: ScenarioFile, stage: Staging) -> None:
        """From now on the scenario of `file`, each version of it, is that of `stage`."""
        self._scenario, self._stage = file, stage
        stage.scenario = file.scenario

    async def __call__(self) -> None:
        """Reads and indexes in a thread, so that live streams keep their time."""
        await self._look_at_tapes()
        await self._look_at_scenario()

    async def _look_at_tapes(self) -> None:
        changes, index = await asyncio.to_thread(self._look)
        for error in changes.errors:
            self._report(f"tokentape: error: {error}")
        if index is None:
            return
        self._chooser.reload(index)
        self._report(f"tokentape: {_told(changes)}")
        for note in notes_of(tape for tape in self._store.tapes if tape.name in changes.loaded):
            self._report(f"tokentape: note: {note}")

    async def _look_at_scenario(self) -> None:
        """After the tapes: a new version may name new ones."""
        file, stage = self._scenario, self._stage
        if file is not None and stage is not None and await asyncio.to_thread(file.look):
            stage.scenario = file.scenario

    def _look(self) -> tuple[Changes, Index | None]:
        changes = self._store.refresh()
        return changes, index_of(self._store, self._known, self._rules) if changes else None


def _told(changes: Changes) -> str:
    parts = [("loaded", changes.loaded), ("gone", changes.gone)]
    return "; ".join(f"{what} {_names(names)}" for what, names in parts if names)


def _names(names: tuple[str, ...]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
