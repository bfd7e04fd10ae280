"""Tapes in folders: found, named, loaded, noticed when they change, written without ever losing what was there.

The only module of this package that writes files. No format of its own: bytes are `cassettes.yamlio`. A store stays
inside its roots and skips links that leave them. Imports `model`, `yamlio` and, for foreign recordings, `convert`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cassettes.model import Cassette, CassetteError, Interaction, TokentapeError
from cassettes.yamlio import dump, load, load_file, read_file

SUFFIXES = (".yaml", ".yml", ".yaml.gz")
LOCK = ".tokentape.lock"
UNSAVED = ".unsaved"
"""Added to the name of a tape that was written whole but could not be put in its place."""


class Tape(NamedTuple):
    """A loaded file. `name` is its path under its root without `.yaml[.gz]`, `/` between folders."""

    name: str
    path: Path
    cassette: Cassette


class Changes(NamedTuple):
    """What `refresh` found: names of tapes that came, changed or went, and a line for each file that cannot be read."""

    loaded: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.loaded or self.gone)


Stamp = tuple[int, int, int]


def shipped_root() -> Path:
    """The folder of the tapes that ship with tokentape."""
    return Path(__file__).parent / "library"


def tape_name(path: Path, root: Path) -> str:
    """The name of the tape at `path`, found under `root` (which may be the file itself)."""
    shown = path.name if path == root else path.relative_to(root).as_posix()
    suffix = next(suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if shown.endswith(suffix))
    return shown.removesuffix(suffix)


class FolderStore:
    """The tapes under `roots`, files or folders. `load` once, then `refresh` when something may have changed."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(Path(root) for root in roots)
        self._tapes: dict[Path, Tape] = {}
        self._stamps: dict[Path, Stamp] = {}

    @property
    def tapes(self) -> tuple[Tape, ...]:
        """The loaded tapes in the order of their names (bytewise)."""
        return tuple(sorted(self._tapes.values(), key=lambda tape: (tape.name.encode("utf-8", "replace"), tape.path)))

    def load(self) -> None:
        """Loads everything. Raises CassetteError for a root that is missing or has no tapes, and for the first file
        that cannot be read."""
        for root in self._roots:
            if not root.exists():
                raise CassetteError(
                    "there is no such file or folder; record tapes with `tokentape record -o DIR`", str(root)
                )
            found = list(_files(root))
            if not found:
                raise CassetteError(
                    f"there are no tapes here (expected {', '.join('*' + suffix for suffix in SUFFIXES)}); "
                    f"record some with `tokentape record -o {root}`",
                    str(root),
                )
        changes = self.refresh()
        if changes.errors:
            more = len(changes.errors) - 1
            raise CassetteError(changes.errors[0] + (f" (and {more} more files cannot be read)" if more else ""))

    def refresh(self) -> Changes:
        """Reads again what changed by time, size or inode. A file that cannot be read keeps the tape it was."""
        seen: dict[Path, Path] = {path: root for root in self._roots for path in _files(root)}
        loaded: list[str] = []
        errors: list[str] = []
        for path, root in seen.items():
            try:
                stamp = _stamp(path)
            except OSError:
                continue  # gone between the listing and the look: the next refresh will say so
            if self._stamps.get(path) == stamp:
                continue
            self._stamps[path] = stamp
            try:
                self._tapes[path] = Tape(tape_name(path, root), path, read_tape(path))
            except CassetteError as error:
                errors.append(str(error))
            else:
                loaded.append(self._tapes[path].name)
        gone = [path for path in self._stamps if path not in seen]
        names = [self._tapes.pop(path).name for path in gone if path in self._tapes]
        for path in gone:
            del self._stamps[path]
        return Changes(tuple(loaded), tuple(names), tuple(errors))


def read_tape(path: Path) -> Cassette:
    """The cassette at `path`; recordings of other tools that are no vcrpy cassettes are imported. Raises CassetteError."""
    data = read_file(path)
    try:
        return load(data, str(path))
    except CassetteError:
        from cassettes.convert import convert, sniff

        if sniff(data, str(path)) is None:
            raise
        return convert(data, str(path))


def _files(root: Path) -> Iterator[Path]:
    """The cassette files of a root, dot folders left out, and links that lead out of it."""
    if root.is_file():
        if root.name.endswith(SUFFIXES):
            yield root
        return
    home = root.resolve()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or not name.endswith(SUFFIXES):
                continue
            if not path.is_symlink() or path.resolve().is_relative_to(home):
                yield path


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def append(path: Path, interactions: Iterable[Interaction]) -> None:
    """Adds `interactions` to the tape at `path`, made if it is new. Raises TokentapeError; the old file is then intact."""
    with _locked(path.parent):
        present = load_file(path).interactions if path.exists() else ()
        _write(path, Cassette((*present, *interactions)))


def replace(path: Path, interactions: Iterable[Interaction]) -> None:
    """Makes the tape at `path` hold just `interactions`. Raises TokentapeError; the old file is then intact."""
    with _locked(path.parent):
        _write(path, Cassette(tuple(interactions)))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder's lock, so that two recorders never write one tape at once."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise TokentapeError(f"{folder}: cannot write here ({error.strerror})") from None
    try:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, cassette: Cassette) -> None:
    """Beside the tape, on the disk, then into its place: no reader ever sees half a tape."""
    data = dump(cassette, compress=path.name.endswith(".gz"))
    # Ours alone under the folder's lock; created with what the umask leaves of 0666.
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
        raise TokentapeError(f"{path}: cannot be written ({error.strerror}); what was there is as it was") from None
    try:
        scratch.replace(path)
    except OSError as error:
        kept = path.with_name(path.name + UNSAVED)
        with contextlib.suppress(OSError):
            scratch = scratch.replace(kept)
        raise TokentapeError(f"{path}: cannot be replaced ({error.strerror}); the new tape is in {scratch}") from None

