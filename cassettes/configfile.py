"""The configuration file: which one counts where one works, and what it holds as TOML (DESIGN 9).

What its settings mean is `config`. A file that is found upwards may be someone else's: see `search`. Imports `model`
and, only once there is a file, tomllib and `tomlplaces`.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from cassettes.model import TokentapeError

OWN_FILE, PROJECT_FILE = "tokentape.toml", "pyproject.toml"
CHOSEN = "TOKENTAPE_CONFIG"
"""The variable that names the file to read; empty: none is read."""
MAX_BYTES = 1 << 20
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class ConfigError(TokentapeError):
    """A configuration file that cannot be used: `file:line: what was found and expected`."""

    exit_code = 3


class VariableError(TokentapeError):
    """A `TOKENTAPE_` variable that cannot be used."""

    exit_code = 2


@dataclass(frozen=True)
class Document:
    """A file that was found: its settings as TOML has them, and where these begin in it."""

    path: Path
    table: Mapping[str, Any]
    text: str
    root: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The file as messages name it: short where it is in the working folder."""
        return self.path.name if self.path.parent == Path.cwd() else str(self.path)

    @cached_property
    def _lines(self) -> dict[tuple[str, ...], int]:
        from cassettes.tomlplaces import key_lines

        return key_lines(self.text)

    def place(self, *path: str) -> str:
        """`file:line` of a key below the settings; of the nearest table around it where the scan does not see it."""
        whole = (*self.root, *path)
        line = next((self._lines[whole[:end]] for end in range(len(whole), 0, -1) if whole[:end] in self._lines), 1)
        return f"{self.shown}:{line}"


class Search(NamedTuple):
    """What a search found: the file, if any, and a line for each one that it passed over for safety."""

    document: Document | None
    notes: tuple[str, ...] = ()


def search(folder: Path, environ: Mapping[str, str], user: int | None) -> Search:
    """The file for work in `folder`: the one that TOKENTAPE_CONFIG names, else the nearest upwards.

    `tokentape.toml` goes before a `pyproject.toml` beside it; a `pyproject.toml` without `[tool.tokentape]` is passed
    over. So is, with a note, a file in a folder that everybody may write to and that belongs neither to `user` nor to
    root: in a shared /tmp anyone could put one. Raises ConfigError, VariableError.
    """
    if CHOSEN in environ:
        if not environ[CHOSEN]:
            return Search(None)
        path = Path(environ[CHOSEN]).absolute()
        if not path.is_file():
            raise VariableError(f"{CHOSEN}: there is no file {str(path)!r}; expected a TOML file, or nothing for none")
        return Search(_document(path) or Document(path, {}, ""))
    notes: list[str] = []
    for place in (folder, *folder.parents):
        for path in (place / OWN_FILE, place / PROJECT_FILE):
            if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where it may not look
                continue
            if _foreign(path, user):
                if path.name == OWN_FILE:
                    notes.append(
                        f"{path} is not used: everybody may write to its folder and it is not yours; "
                        f"{CHOSEN}={path} uses it"
                    )
            elif (document := _document(path)) is not None:
                return Search(document, tuple(notes))
    return Search(None, tuple(notes))


def _foreign(path: Path, user: int | None) -> bool:
    """`user` is None where files have no owner (Windows). The file's own bits do not count: some mounts set all."""
    try:
        shared = path.parent.stat().st_mode & stat.S_IWOTH
        return user is not None and bool(shared) and path.lstat().st_uid not in {user, 0}
    except OSError:
        return True


def _document(path: Path) -> Document | None:
    """None for a `pyproject.toml` that has no settings of ours, without parsing one that never names us."""
    project = path.name == PROJECT_FILE
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        if project:
            return None
        raise ConfigError(f"{path}: cannot read it ({error.strerror}), expected settings in TOML") from None
    if project and b"tokentape" not in data:
        return None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: found more than {MAX_BYTES >> 20} MB, expected settings in TOML")
    document = _parsed(path, data)
    if not project:
        return document
    table = document.table.get("tool")
    ours = table.get("tokentape") if isinstance(table, dict) else None
    if ours is None:
        return None
    document = replace(document, root=("tool", "tokentape"))
    if not isinstance(ours, dict):
        raise ConfigError(f"{document.place()}: tool.tokentape: found no table, expected a table of settings")
    return replace(document, table=ours)


def _parsed(path: Path, data: bytes) -> Document:
    import tomllib

    shown = Document(path, {}, "").shown
    try:
        text = data.decode().replace("\r\n", "\n")
        return Document(path, tomllib.loads(text), text)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{shown}:{line}: found bytes that are not UTF-8, expected TOML") from None
    except tomllib.TOMLDecodeError as error:
        at = _AT.search(str(error))
        place = f"{shown}:{at[1]}:{at[2]}" if at and at[1] else f"{shown}:{text.count(chr(10)) + 1}"
        what = _AT.sub("", str(error))
        raise ConfigError(f"{place}: not TOML: {what[:1].lower()}{what[1:]}") from None
    except RecursionError:
        raise ConfigError(f"{shown}: nested too deeply, expected settings in TOML") from None
