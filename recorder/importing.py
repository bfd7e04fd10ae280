"""`tokentape import`: tapes of other tools' recordings, masked like any recording. Imports `cassettes` only."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from cassettes.convert import convert, sniff
from cassettes.model import CassetteError, TokentapeError
from cassettes.redact import Redactor
from cassettes.store import replace
from cassettes.yamlio import read_file


class TakenNameError(TokentapeError):
    """There is a tape already where an imported one would go."""


class Imported(NamedTuple):
    """A file that became a tape."""

    file: Path
    format: str | None
    tape: Path
    interactions: int


class Importing:
    """Imports files one by one into `folder`. Never over a tape that is there, unless told to, and never over one that
    the same run has made."""

    def __init__(self, folder: Path, redactor: Redactor, *, overwrite: bool) -> None:
        self._folder = folder
        self._redactor = redactor
        self._overwrite = overwrite
        self._made: dict[Path, Path] = {}

    def take(self, file: Path) -> Imported:
        """Raises CassetteError for what is no recording, TakenNameError, TokentapeError when it cannot be written."""
        data = read_file(file)
        cassette = convert(data, str(file))
        if not cassette.interactions:
            lost = f" ({cassette.notes[0]})" if cassette.notes else ""
            raise CassetteError(f"found no interactions in it{lost}, expected one at least; no tape is made", str(file))
        target = self._target(file)
        replace(target, (self._redactor.interaction(one) for one in cassette.interactions))
        self._made[target] = file
        return Imported(file, sniff(data, str(file)), target, len(cassette.interactions))

    def _target(self, file: Path) -> Path:
        name = file.name.removesuffix(".gz")
        target = self._folder / f"{name.rpartition('.')[0] or name}.yaml"
        if target in self._made:
            raise TakenNameError(
                f"{file}: {self._made[target]} has become {target} already; import it into another folder (-o)"
            )
        if target.exists() and not self._overwrite:
            raise TakenNameError(
                f"{file}: {target} is there already; --overwrite replaces it, -o imports into another folder"
            )
        return target
