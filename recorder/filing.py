"""Where a finished recording goes: record modes, existing tapes found by content, one file for all. Writes through the store.

Called from one saving thread at a time. Imports `cassettes`, `spool` and `naming` only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from cassettes.redact import Redactor, scan
from cassettes.store import append, replace
from cassettes.yamlio import load_file

from cassettes import dialects, providers
from cassettes.matching import Asked, Entry, entry_of, request_key
from cassettes.model import Interaction
from cassettes.routes import tape_route
from recorder.naming import tape_name
from recorder.spool import Taken

RecordMode = Literal["none", "once", "new_episodes", "all", "rewrite"]
MODES: tuple[RecordMode, ...] = ("none", "once", "new_episodes", "all", "rewrite")


def key_of(interaction: Interaction, path: str | None = None) -> str:
    """The request key of a taped interaction; `path` overrides the one in its uri."""
    entry = entry_of("", 1, interaction)
    return request_key(entry.dialect, path if path is not None else _short(entry), entry.body)


def _short(entry: Entry) -> str:
    """What an SDK appends to its base URL: the part of a tape's path that does not depend on where it was recorded."""
    split = dialects.get(entry.dialect).split(entry.interaction.request.method, entry.path)
    return entry.path[len(split[1]) :] if split else entry.path


def asked_key(asked: Asked) -> str:
    """The request key of a live request, equal to `key_of` of its recording."""
    route = asked.route
    split = dialects.get(route.dialect).split(asked.request.method, route.path)
    path = route.path[len(split[1]) :] if split else route.path
    return request_key(route.dialect, path, asked.body)


class Filing:
    """Decides the file of a recording and writes it.

    `existing` are the tapes found at start, so that a key keeps its file whatever the file is called.
    """

    def __init__(
        self, folder: Path, mode: RecordMode, one_file: Path | None, existing: Iterable[tuple[Path, Interaction]]
    ) -> None:
        self.folder = folder
        self._mode = mode
        self._one_file = one_file
        self._of_key: dict[str, Path] = {}
        self._touched: set[str] = set()
        self._dropped: set[Path] = set()
        for path, interaction in existing:
            self._of_key.setdefault(key_of(interaction), path)

    def path_for(self, asked: Asked, provider: str) -> Path:
        """The file a recording of `asked` goes to."""
        if self._one_file is not None:
            return self._one_file
        key = asked_key(asked)
        known = self._of_key.get(key)
        if known is None:
            known = self.folder / self.name_for(asked, provider, key)
            self._of_key[key] = known
        return known

    def label(self, path: Path) -> str:
        """`path` as a spool file notes it: below the folder if it is there."""
        return str(path.relative_to(self.folder) if path.is_relative_to(self.folder) else path)

    def name_for(self, asked: Asked, provider: str, key: str) -> str:
        """The name of a new tape."""
        dialect = dialects.get(asked.route.dialect)
        try:
            body = json.loads(asked.body)
        except (ValueError, RecursionError):
            body = None
        return tape_name(provider, dialect.model(asked.route.path, body), dialect.prompt(body), key)

    def save(self, taken: Taken, path: Path, redactor: Redactor) -> tuple[Interaction, int]:
        """Writes what was taken to `path`; returns the interaction as written and how many secrets the last scan masked.

        Raises TokentapeError when it cannot be written; the file that was there is then as it was.
        """
        interaction, found = last_scan(taken.interaction, redactor)
        if found:
            from msgspec.structs import replace as with_fields

            stream = with_fields(interaction.response.stream, source="edited")
            interaction = with_fields(interaction, response=with_fields(interaction.response, stream=stream))
        key = key_of(interaction)
        if self._replaces(path, key):
            kept = [one for one in self._present(path) if key_of(one) != key] if self._one_file else []
            replace(path, [*kept, interaction])
        else:
            append(path, [interaction])
        self._touched.add(key)
        self._dropped.add(path)
        return interaction, found

    def _replaces(self, path: Path, key: str) -> bool:
        """`all`: the first recording of a key replaces what the file had of it. `rewrite`: the first use drops the file."""
        if self._mode == "rewrite" and path not in self._dropped:
            path.unlink(missing_ok=True)
            return True
        return self._mode in {"all", "rewrite"} and key not in self._touched

    def _present(self, path: Path) -> tuple[Interaction, ...]:
        return load_file(path).interactions if path.exists() else ()


def last_scan(interaction: Interaction, redactor: Redactor) -> tuple[Interaction, int]:
    """The last look before a write: masks what is left and says how many places there were (DESIGN 5)."""
    response = interaction.response
    found = len(scan(response.body, redactor)) + len(scan(interaction.request.body, redactor))
    masked = redactor.interaction(interaction)
    if masked != interaction and not found:
        found = 1
    return (masked if found else interaction), found


def provider_of(name: str | None, dialect: str, uri: str) -> str:
    """The provider a recording is filed under: the mount's, else the one of the upstream's host or the dialect's first."""
    if name is not None:
        return name
    by_host = tape_route(uri)[0]
    first = providers.for_dialect(dialect)
    return by_host or (first.name if first else "unknown")
