"""Tapes in folders: found, named, loaded, noticed when they change, written without ever losing what was there.

The only module of this package that writes files. No format of its own: bytes are `cassettes.yamlio`. A store stays
inside its roots and skips links that leave them. Imports `model`, `shipped`, `printable`, `yamlio`, `growing`;
for foreign tapes `convert`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from cassettes.compiled import known
from cassettes.growing import Growing, Piece, Stamp, joined
from cassettes.model import Cassette, CassetteError, Interaction, TokentapeError
from cassettes.printable import count
from cassettes.shipped import SUFFIXES, shipped_names, shipped_root, shipped_tape, tape_name, tapes_in
from cassettes.yamlio import load, load_file, read_file

__all__ = [
    "SUFFIXES",
    "FolderStore",
    "append",
    "find_tape",
    "nearest_path",
    "notes_of",
    "put",
    "read_tape",
    "remove",
    "replace",
    "shipped_root",
    "tape_name",
    "update",
]

LOCK = ".tokentape.lock"
UNSAVED = ".unsaved"
"""Added to the name of a tape that was written whole but could not be put in its place."""


class Tape(NamedTuple):
    """A loaded file. `name` is its path under its root without `.yaml[.gz]`, `/` between folders."""

    name: str
    path: Path
    cassette: Cassette


def notes_of(tapes: Iterable[Tape]) -> list[str]:
    """What was said as tapes were read, a line each and each once, with the file it is of, or the first of several."""
    said: dict[str, list[str]] = {}
    for tape in tapes:
        for note in tape.cassette.notes:
            said.setdefault(note, []).append(str(tape.path))
    return [
        f"{places[0]}{f' and {len(places) - 1} more' if len(places) > 1 else ''}: {note}"
        for note, places in said.items()
    ]


class Changes(NamedTuple):
    """What `refresh` found: names of tapes that came, changed or went, and a line for each file that cannot be read."""

    loaded: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.loaded or self.gone)


_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def find_tape(name: str | os.PathLike[str]) -> Path:
    """The file or folder that `name` means: a path, or the name of a shipped tape (`openai/hello`) or of a folder of
    them. Raises CassetteError that names the nearest."""
    wanted = os.fspath(name)
    if os.path.exists(wanted):  # noqa: PTH110 - Path.exists raises for names that are too long
        return Path(wanted)
    if (shipped := shipped_tape(wanted)) is not None:
        return shipped
    names = shipped_names()
    here = nearest_path(wanted)
    near = get_close_matches(wanted, [*([here] if here else []), *names], n=1)
    hellos = ", ".join(one for one in names if one.endswith("/hello"))
    fix = f"; record tapes with `tokentape record -o DIR` (shipped are {hellos} and others: `tokentape list`)"
    meant = f"; did you mean {near[0]}?" if near else fix
    raise CassetteError(f"there is no such file or folder, and no shipped tape is called so{meant}", wanted)


def nearest_path(wanted: str) -> str | None:
    """The tape or folder on the disk whose path is nearest to `wanted`, which is not there; None if none is near."""
    folder, name = os.path.split(wanted.rstrip("/"))
    if folder and not os.path.isdir(folder):  # noqa: PTH112 - as above
        known = nearest_path(folder)
        if known is None:
            return None
        folder = known
        if os.path.exists(os.path.join(folder, name)):  # noqa: PTH110, PTH118
            return os.path.join(folder, name)  # noqa: PTH118
    # What all tapes end in must not make two names alike.
    stems = {_stem(one): one for one in reversed(tapes_in(folder or "."))}
    near = get_close_matches(_stem(name), stems, n=1)
    return os.path.join(folder, stems[near[0]]) if near else None  # noqa: PTH118


def _stem(name: str) -> str:
    return next((name.removesuffix(one) for one in (".yaml.gz", *SUFFIXES) if name.endswith(one)), name)


class FolderStore:
    """The tapes under `roots`, files or folders. `load` once, then `refresh` when something may have changed."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(Path(root) for root in roots)
        self._tapes: dict[Path, Tape] = {}
        self._stamps: dict[Path, Stamp] = {}

    @property
    def tapes(self) -> tuple[Tape, ...]:
        """The loaded tapes in the order of their names (bytewise). Of several that are called the same, as under two
        roots, the second is `NAME~2` and so on: a name is one tape's."""
        ordered = sorted(self._tapes.values(), key=lambda tape: (tape.name.encode("utf-8", "replace"), tape.path))
        counts = Counter(tape.name for tape in ordered)
        if len(counts) == len(ordered):
            return tuple(ordered)
        numbers: Counter[str] = Counter()
        found: list[Tape] = []
        for tape in ordered:
            numbers[tape.name] += 1
            number = numbers[tape.name]
            found.append(tape if number == 1 else tape._replace(name=f"{tape.name}~{number}"))
        return tuple(found)

    def load(self) -> None:
        """Loads everything. Raises CassetteError as `load_readable` does, and for the first file it cannot read."""
        errors = self.load_readable()
        if errors:
            more = len(errors) - 1
            raise CassetteError(errors[0] + (f" (and {count(more, 'more file')} cannot be read)" if more else ""))

    def load_readable(self) -> tuple[str, ...]:
        """Loads what can be read and returns a line for each file that cannot. Raises CassetteError for a root that is
        missing or has no tapes."""
        for root in self._roots:
            if not root.exists():
                raise CassetteError(
                    "there is no such file or folder; record tapes with `tokentape record -o DIR`", str(root)
                )
            found = list(_files(root))
            endings = ", ".join("*" + suffix for suffix in SUFFIXES)
            if not found and not root.is_dir():
                raise CassetteError(
                    f"its name is not that of a tape (expected {endings}, or a folder of such)", str(root)
                )
            if not found:
                raise CassetteError(
                    f"there are no tapes here (expected {endings}); record some with `tokentape record -o {root}`",
                    str(root),
                )
        return self.refresh().errors

    def refresh(self) -> Changes:
        """Reads again what changed by time, size or inode. A file that cannot be read keeps the tape it was."""
        try:
            seen: dict[Path, Path] = {path: root for root in self._roots for path in _files(root)}
        except CassetteError as error:
            return Changes(errors=(str(error),))
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
        # One that was packed, or unpacked, has the name it had: it is there, not gone.
        return Changes(tuple(loaded), tuple(name for name in names if name not in loaded), tuple(errors))


def read_tape(path: Path) -> Cassette:
    """The cassette at `path`; recordings of other tools than vcrpy are imported. Raises CassetteError."""
    data = read_file(path)
    if (cassette := known(path, data)) is not None:
        return cassette
    try:
        return load(data, str(path))
    except CassetteError:
        from cassettes.convert import convert, sniff

        if sniff(data, str(path)) is None:
            raise
        return convert(data, str(path))


def _files(root: Path) -> Iterator[Path]:
    """The cassette files of a root, dot folders left out, and links that lead out of it.

    Links to folders are not followed. Raises CassetteError for a folder that may not be read.
    """
    if root.is_file():
        if root.name.endswith(SUFFIXES):
            yield root
        return
    home = os.path.realpath(root)
    for folder, folders, names in os.walk(root, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or not name.endswith(SUFFIXES):
                continue
            # realpath, since Path.resolve raises for a link to itself (before Python 3.13).
            if not path.is_symlink() or Path(os.path.realpath(path)).is_relative_to(home):
                yield path


def _unreadable(error: OSError) -> None:
    # Gone since it was listed, or below a file and so not there at all: no mistake of anyone's.
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise CassetteError(f"cannot look into this folder ({error.strerror}), expected tapes", str(error.filename))


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def append(path: Path, interactions: Iterable[Interaction]) -> None:
    """Adds `interactions` to the tape at `path`, made if it is new. Raises TokentapeError; the old file is then intact.

    When the old file cannot be read or would grow too large, they are kept beside it.
    """
    new = tuple(interactions)
    with _locked(path.parent):
        try:
            pieces = _WRITTEN.pieces(str(path), (*_present(path), *new))
            data = _bytes(path, pieces)
        except TokentapeError as error:
            kept = _keep(path, _bytes(path, _WRITTEN.pieces("", new)))
            kind = CassetteError if isinstance(error, CassetteError) else TokentapeError
            raise kind(f"{error}; the new recording is kept in {kept}") from None
        _write(path, data, pieces)


def replace(path: Path, interactions: Iterable[Interaction]) -> None:
    """Makes the tape at `path` hold just `interactions`. Raises TokentapeError; the old file is then intact."""
    pieces = _WRITTEN.pieces("", tuple(interactions))
    data = _bytes(path, pieces)
    with _locked(path.parent):
        _write(path, data, pieces)


def update(path: Path, change: Callable[[tuple[Interaction, ...]], Iterable[Interaction]]) -> tuple[Interaction, ...]:
    """Makes the tape at `path` hold what `change` makes of what is on it (nothing if it is new), under the lock of its
    folder. Returns what it holds now. Raises TokentapeError; the old file is then intact."""
    with _locked(path.parent):
        held = tuple(change(_present(path)))
        pieces = _WRITTEN.pieces(str(path), held)
        _write(path, _bytes(path, pieces), pieces)
    return held


def put(path: Path, data: bytes) -> None:
    """Makes the file of the tape at `path` `data`, byte for byte. Raises CassetteError where that is no cassette, and
    TokentapeError; the old file is then intact."""
    load(data, str(path))
    with _locked(path.parent):
        _write(path, data, None)


def remove(path: Path) -> None:
    """Deletes the tape at `path`. Raises TokentapeError."""
    try:
        with _locked(path.parent):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise TokentapeError(f"{path}: cannot be deleted ({error.strerror})") from None


_WRITTEN = Growing()


def _present(path: Path) -> tuple[Interaction, ...]:
    """What is on the tape at `path`; nothing if it is new."""
    try:
        stamp = _stamp(path)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise CassetteError(f"cannot read it ({error.strerror}), expected a cassette", str(path)) from None
    known = _WRITTEN.held(str(path), stamp)
    return load_file(path).interactions if known is None else known


def _bytes(path: Path, pieces: tuple[Piece, ...]) -> bytes:
    return joined(pieces, compress=path.name.endswith(".gz"))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder's lock, so that two recorders never write one tape at once. Waits for as long as a write takes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Reading rights are enough for a lock, and the file may be another user's.
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CREAT | _NO_LINK, 0o644)
    except OSError as error:
        raise TokentapeError(f"{folder}: cannot write here ({error.strerror})") from None
    try:
        if sys.platform != "win32":
            import fcntl

            with contextlib.suppress(OSError):  # a file system without locks: renames still keep files whole
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, data: bytes, pieces: tuple[Piece, ...] | None) -> None:
    """Beside the tape, on the disk, then into its place: no reader ever sees half a tape."""
    scratch = _scratch(path, data)
    try:
        stamp = _stamp(scratch)
        scratch.replace(path)
        if pieces is not None:
            _WRITTEN.wrote(str(path), stamp, pieces)
        _sync(path.parent)
    except OSError as error:
        kept = _set_aside(scratch, path)
        raise TokentapeError(f"{path}: cannot be replaced ({error.strerror}); the new tape is in {kept}") from None


def _keep(path: Path, data: bytes) -> Path:
    """Writes `data` beside `path` under a name that is no tape's; returns it."""
    return _set_aside(_scratch(path, data), path)


def _scratch(path: Path, data: bytes) -> Path:
    """A new file beside `path` that holds `data`, on the disk, with the rights of the tape it is to replace."""
    scratch = path
    try:
        descriptor, scratch = _new_file(path.parent)
        with os.fdopen(descriptor, "wb") as file:
            with contextlib.suppress(OSError):
                scratch.chmod(stat.S_IMODE(path.stat().st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if scratch != path:
            with contextlib.suppress(OSError):
                scratch.unlink()
        raise TokentapeError(f"{path}: cannot be written ({error.strerror}); what was there is as it was") from None
    return scratch


def _new_file(folder: Path) -> tuple[int, Path]:
    """A descriptor and the name of a file that was not there before (what a killed process left stays)."""
    for number in itertools.count():
        name = folder / f".tokentape-{os.getpid()}-{number}.tmp"
        with contextlib.suppress(FileExistsError):
            return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o644), name
    raise AssertionError("unreachable: count() does not end")


def _set_aside(scratch: Path, path: Path) -> Path:
    """Gives `scratch` the name of `path` with UNSAVED and, so that nothing kept earlier is lost, a number."""
    names = (path.with_name(f"{path.name}{UNSAVED}{number or ''}") for number in range(1000))
    with contextlib.suppress(OSError):
        return scratch.rename(next((name for name in names if not name.exists()), scratch))
    return scratch


def _sync(folder: Path) -> None:
    """Puts a rename on the disk where folders can be opened for that (POSIX)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
