"""Where the tapes of a test are: beside it by its own name, or found by the names that it gives (DESIGN 9).

Looks at the file system, reads no tape. Imports `cassettes` and `handed`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from cassettes.model import CassetteError
from cassettes.shipped import SUFFIXES, shipped_names, shipped_root, tape_name
from mockserver.handed import Source

LONGEST = 200
"""Bytes of a file's name without its suffix; file systems take 255."""
_FORBIDDEN = re.compile(r"[<>?%*:|\"'/\\]")  # as pytest-recording has it, so that one tree serves both


class Node(NamedTuple):
    """A test: its node id, its file, what its own tape is called (`Class.test[param]`), the folder of its module's
    tapes."""

    nodeid: str
    file: Path
    name: str
    folder: Path

    @property
    def own(self) -> Path:
        """The file that it records to."""
        return self.folder / f"{self.name}.yaml"

    @property
    def command(self) -> str:
        """What records its tape."""
        return f"pytest '{self.nodeid}' --tokentape-record=once"


def node_of(nodeid: str, file: Path, class_name: str | None, name: str, folder: str | Path | None) -> Node:
    """A test as pytest tells of it. `folder`: where pytest-recording would keep its cassettes, if that is said."""
    whole = _FORBIDDEN.sub("-", f"{class_name}.{name}" if class_name else name)
    if len(whole.encode()) > LONGEST:
        import hashlib

        digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        whole = whole.encode()[: LONGEST - 9].decode("utf-8", "ignore") + "-" + digest
    default = file.parent / "cassettes" / file.stem
    return Node(nodeid, file, whole, default if folder is None else Path(folder))


def own_source(test: Node) -> Source | None:
    """The tape that the test recorded, if it has."""
    return _in(test.folder, test.name)


def find(test: Node, name: str | Path, configured: Sequence[Path]) -> Source | None:
    """`name` in the module's folder, in `cassettes` beside the test, in the configured tapes, in the library."""
    if isinstance(name, Path) and name.is_absolute():
        return Source(name, name) if name.exists() else None
    for place in (test.folder, test.file.parent / "cassettes", *configured):
        if place.is_file():
            if place.name.endswith(SUFFIXES) and str(name) in {place.name, tape_name(place, place)}:
                return Source(place, place)
        elif (found := _in(place, name)) is not None:
            return found
    return _in(shipped_root(), name)


def _in(place: Path, name: str | Path) -> Source | None:
    for path in (place / name, *(place / f"{name}{suffix}" for suffix in SUFFIXES)):
        if path.is_file() and path.name.endswith(SUFFIXES):
            return Source(path, place)
    folder = place / name
    return Source(folder, place) if folder.is_dir() else None


def missing(test: Node, name: str | Path, configured: Sequence[Path], root: Path) -> CassetteError:
    """The tape `name` is nowhere: where it was looked for, what is called nearly so, what records it."""
    places = [test.folder, test.file.parent / "cassettes", *configured]
    known = [*shipped_names(), *(tape for place in places if place.is_dir() for tape in _names(place))]
    near = get_close_matches(str(name), known, n=1)
    meant = f"; did you mean {near[0]!r}? If not," if near else ";"
    where = ", ".join(shown(place, root) for place in places)
    return CassetteError(
        f"the tape {str(name)!r} is neither in {where} nor in the library{meant} `{test.command}` records it"
    )


def _names(place: Path) -> list[str]:
    found = sorted(path for path in place.rglob("*") if path.name.endswith(SUFFIXES))
    return [tape_name(path, place) for path in found[:1000]]


def shown(place: Path, root: Path) -> str:
    """`place` as messages name it: from `root`, where it is below."""
    return str(place.relative_to(root)) if place.is_relative_to(root) else str(place)
