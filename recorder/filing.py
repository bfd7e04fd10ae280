"""Where a finished recording goes: its file, by the record mode and by content. Writes through `cassettes.store`.

A file is found by the request keys on it, not by its name. Called by one thread at a time. Imports `cassettes` and
`naming`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec.structs import replace as with_fields

from cassettes import dialects
from cassettes.matching import Entry, entry_of, request_key
from cassettes.model import Interaction
from cassettes.normalise import NO_RULES, Rules
from cassettes.redact import Redactor
from cassettes.store import replace, update
from recorder.naming import tape_name

RecordMode = Literal["none", "once", "new_episodes", "all", "rewrite"]


def key_of(interaction: Interaction, rules: Rules = NO_RULES) -> str:
    """The request key of a taped interaction; the same whatever base URL it was recorded through."""
    entry = entry_of("", 1, interaction)
    return request_key(entry.dialect, _appended(entry), entry.body, rules=rules)


def _appended(entry: Entry) -> str:
    """What an SDK appended to its base URL; the whole path where no grammar knows it."""
    split = dialects.get(entry.dialect).split(entry.interaction.request.method, entry.path)
    return entry.path[len(split[1]) :] if split else entry.path


def name_of(interaction: Interaction, rules: Rules = NO_RULES) -> str:
    """The name of a new tape, made of what is masked already."""
    entry = entry_of("", 1, interaction)
    dialect = dialects.get(entry.dialect)
    try:
        body = json.loads(entry.body)
    except (ValueError, RecursionError):
        body = None
    provider = interaction.response.stream.provider
    return tape_name(provider, dialect.model(entry.path, body), dialect.prompt(body), key_of(interaction, rules))


class _Asked(NamedTuple):
    """Who was asked, and what (the request key): two providers may be asked the same, and neither's answer may go to
    the other's file or replace it. None: a tape that does not say whose it is; it is anybody's, as in playing."""

    provider: str | None
    key: str


class Filing:
    """Decides the file of a recording and writes it. `existing`: the interactions found at start, with their files.

    `all` replaces what a file had of a key when the key is first recorded; `rewrite` drops the whole file when it is
    first written to; the others append. With `one_file` everything goes there.
    """

    def __init__(
        self,
        folder: Path,
        mode: RecordMode = "once",
        one_file: Path | None = None,
        existing: Iterable[tuple[Path, Interaction]] = (),
        rules: Rules = NO_RULES,
    ) -> None:
        self.folder = folder
        self.one_file = one_file
        self._mode = mode
        self._rules = rules
        self._of_key: dict[_Asked, Path] = {}
        self._renewed: set[_Asked] = set()
        self._written: set[Path] = set()
        for path, interaction in existing:
            self._of_key.setdefault(self._key(interaction), path)

    def save(self, path: Path, interactions: Iterable[Interaction]) -> None:
        """Writes recordings, in order, to the file that `path_of` says of each of them.

        Raises TokentapeError when it cannot be written; the file that was there is then as it was.
        """
        new = [(self._key(interaction), interaction) for interaction in interactions]
        if self._mode == "rewrite" and path not in self._written:
            replace(path, [interaction for _, interaction in new])
        else:
            update(path, lambda present: self._merged(present, new))
        self._written.add(path)
        self._renewed.update(key for key, _ in new)

    def path_of(self, interaction: Interaction) -> Path:
        """The file of an interaction: that of its key at its provider, else a new one."""
        if self.one_file is not None:
            return self.one_file
        key = self._key(interaction)
        path = self._of_key.get(key) or self._of_key.get(_Asked(None, key.key))
        if path is None:
            path = self._of_key[key] = self.folder / name_of(interaction, self._rules)
        return path

    def _key(self, interaction: Interaction) -> _Asked:
        return _Asked(entry_of("", 1, interaction).provider, key_of(interaction, self._rules))

    def _merged(self, present: tuple[Interaction, ...], new: list[tuple[_Asked, Interaction]]) -> list[Interaction]:
        """What a file holds after `new`, which comes last: the order is that of this run."""
        renewing = {key for key, _ in new} - self._renewed if self._mode == "all" else set()
        renewing |= {_Asked(None, key.key) for key in renewing}
        kept = [one for one in present if self._key(one) not in renewing] if renewing else list(present)
        return kept + [interaction for _, interaction in new]


def last_scan(interaction: Interaction, redactor: Redactor) -> tuple[Interaction, bool]:
    """The last look before a write: masks what is left, then the tape says `edited` (DESIGN 5)."""
    masked = redactor.interaction(interaction)
    if masked == interaction:
        return interaction, False
    stream = with_fields(masked.response.stream, source="edited")
    return with_fields(masked, response=with_fields(masked.response, stream=stream)), True
