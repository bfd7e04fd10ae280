"""Tapes that are handed to a deck in the process of the server: read from files, kept while these stay as they are.

A deck over the network gets its tapes by name or as text (`setup`). Imports `cassettes`, `choose` and `setup`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cassettes.matching import Entry, Index, entry_of
from cassettes.model import Cassette, CassetteError
from cassettes.normalise import Rules
from cassettes.shipped import shipped_root, tape_name
from cassettes.store import FolderStore, Tape, find_tape
from mockserver.choose import Chooser, Playing
from mockserver.setup import PLAN_BYTES

if TYPE_CHECKING:
    from mockserver.stored import Stored


class Source(NamedTuple):
    """A file or folder of tapes. Their names are their paths under `root`, which may be the file itself."""

    path: Path
    root: Path

    @property
    def is_shipped(self) -> bool:
        """Whether it is one of the tapes that ship with tokentape: what is on them is nobody's own request."""
        return self.path.is_relative_to(shipped_root())


class Held(NamedTuple):
    """Interactions of files: `files` says of each tape's name where it was read."""

    entries: tuple[Entry, ...] = ()
    files: dict[str, Path] = {}  # noqa: RUF012 - never changed


def source(given: str | Path) -> Source:
    """What a path, or the name of a shipped tape or folder, means. Raises CassetteError that names the nearest."""
    path = find_tape(given)
    root = shipped_root() if path.is_relative_to(shipped_root()) else path
    return Source(path, root)


class Shelf:
    """Tapes that were read, so that a hundred tests with the same tapes parse them once."""

    def __init__(self) -> None:
        self._stores: dict[Source, FolderStore] = {}
        self._entries: dict[tuple[Path, str, Rules], tuple[Cassette, tuple[Entry, ...]]] = {}

    def held(self, sources: Sequence[Source], rules: Rules) -> Held:
        """The interactions of `sources` as they are now. Raises CassetteError for what is missing or cannot be read."""
        entries: list[Entry] = []
        files: dict[str, Path] = {}
        for one in sources:
            for tape in self._tapes(one):
                if tape.path in files.values():
                    continue
                name = called = tape_name(tape.path, one.root)
                number = 1
                while name in files:
                    number += 1
                    name = f"{called}~{number}"
                files[name] = tape.path
                entries += self._read(tape, name, rules)
        return Held(tuple(entries), files)

    def _tapes(self, one: Source) -> tuple[Tape, ...]:
        store = self._stores.get(one)
        if store is None:
            store = FolderStore((one.path,))
            store.load()
            self._stores[one] = store
        elif errors := store.refresh().errors:
            raise CassetteError(errors[0])
        return store.tapes

    def _read(self, tape: Tape, name: str, rules: Rules) -> tuple[Entry, ...]:
        made = self._entries.get((tape.path, name, rules))
        if made is None or made[0] is not tape.cassette:
            numbered = enumerate(tape.cassette.interactions, start=1)
            read = tuple(entry_of(name, number, interaction, rules) for number, interaction in numbered)
            made = self._entries[tape.path, name, rules] = tape.cassette, read
        return made[1]


class HandedTapes:
    """A deck's own chooser. Nothing that the server has is on it. `files` says of tapes' names where they were read."""

    def __init__(
        self, entries: Iterable[Entry], rules: Rules, playing: Playing, files: Mapping[str, Path] | None = None
    ) -> None:
        self.files = files or {}
        self.stored: Stored | None = None
        self.size = 0
        self._own = Chooser(Index(entries, rules), playing, PLAN_BYTES)

    def chooser(self, _index: Index) -> Chooser:
        """The deck's chooser, whatever the server's tapes are."""
        return self._own
