"""What no run has played, and how it goes: whole tapes are deleted, of others the rest stays byte for byte.

What was played is what the pytest plugin notes in `.tokentape/played.jsonl`. Imports `cassettes`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cassettes.model import CassetteError, TokentapeError
from cassettes.printable import count
from cassettes.spans import without
from cassettes.store import FolderStore, put, remove, replace
from cassettes.yamlio import load, read_file

PLAYED = Path(".tokentape", "played.jsonl")
"""Where the plugin writes, below the rootdir of the tests."""


class Unused(NamedTuple):
    """A tape of which interactions were never played: their `numbers`, of how many. `changed`: since the last run."""

    file: Path
    numbers: tuple[int, ...]
    of: int
    changed: bool

    @property
    def whole(self) -> bool:
        """Whether nothing of it was ever played."""
        return len(self.numbers) == self.of

    @property
    def told(self) -> str:
        """In words."""
        if self.changed:
            return "changed since the last run; run the tests first"
        if self.whole:
            return f"never played ({count(self.of, 'interaction')}): the file goes"
        return f"{', '.join(f'#{number}' for number in self.numbers)} of {self.of} never played"


def played(file: Path) -> dict[Path, set[int]]:
    """The interactions by tape that runs have noted in `file`. Raises CassetteError where there is nothing to go by."""
    root = file.absolute().parent.parent
    found: dict[Path, set[int]] = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CassetteError(
            f"cannot read it ({error.strerror}), expected what runs have played; run pytest first, it notes that there",
            str(file),
        ) from None
    for number, line in enumerate(lines, 1):
        try:
            row: Mapping[str, object] = json.loads(line)
            tape, interaction = str(row["file"]), int(str(row["interaction"]))
        except (ValueError, KeyError, TypeError):
            raise CassetteError(
                'found no {"file": …, "interaction": …}; delete the file and run all tests once', f"{file}:{number}:1"
            ) from None
        found.setdefault((root / tape).resolve(), set()).add(interaction)
    return found


def unused(known: Mapping[Path, set[int]], roots: Sequence[Path], since: float) -> Iterator[Unused]:
    """The tapes under `roots` with interactions that are not `known`; without roots, those in folders of which runs
    have played something. `since`: when the last run noted what it played (s since 1970). Raises CassetteError."""
    places = roots or tuple(sorted({tape.parent for tape in known if tape.parent.is_dir()}))
    store = FolderStore(places)
    store.load()
    for tape in store.tapes:
        if not roots and tape.path.resolve().parent not in places:
            continue  # a folder below one: nothing was played of it
        of = len(tape.cassette.interactions)
        mine = known.get(tape.path.resolve(), set())
        numbers = tuple(number for number in range(1, of + 1) if number not in mine)
        if numbers:
            yield Unused(tape.path, numbers, of, tape.path.stat().st_mtime > since)


def drop(one: Unused) -> None:
    """Takes what was never played off the tape, or the tape away. Raises TokentapeError."""
    if one.whole:
        remove(one.file)
        return
    data = read_file(one.file)
    new = without(data, str(one.file), one.numbers)
    if new is not None:
        put(one.file, new)
        return
    held = load(data, str(one.file)).interactions
    if len(held) != one.of:
        raise TokentapeError(f"{one.file}: it has changed meanwhile; try again")
    replace(one.file, [each for number, each in enumerate(held, 1) if number not in one.numbers])
