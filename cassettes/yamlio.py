"""Cassette files: bytes <-> Cassette (DESIGN 4). The face of the yaml modules; nothing else needs to import them.

`yamlparse` guards (limits, event pass), `yamltree` knows places, `yamlread` and `yamlstream` give meaning, `yamlwrite`
emits. Knows one file at a time; folders, names and writing safely are `cassettes.store`.
"""

from __future__ import annotations

import gzip
import os
import stat
from pathlib import Path

from cassettes.model import Cassette, CassetteError, TokentapeError
from cassettes.yamlparse import MAX_BYTES, parse, parse_plain
from cassettes.yamlread import read_cassette
from cassettes.yamlwrite import canonical, text_of

__all__ = ["MAX_BYTES", "canonical", "dump", "load", "load_file", "parse_plain"]


def load(data: bytes, place: str, *, fix_sizes: bool = False) -> Cassette:
    """The cassette in `data`: YAML, or gzip of YAML. A plain vcrpy cassette gets synthetic pacing and a note.

    `place` names the file in messages. `fix_sizes` mends `chunks` that do not fit their body (and marks what it mended
    `edited`). Raises CassetteError, one line with file:line:col, whatever the bytes are.
    """
    place = place.encode("unicode_escape").decode() if not place.isprintable() else place
    return read_cassette(parse(data, place), fix_sizes=fix_sizes)


def load_file(path: str | os.PathLike[str], *, fix_sizes: bool = False) -> Cassette:
    """`load` of the file at `path`. Raises CassetteError also when it is missing, unreadable or no regular file."""
    return load(read_file(path), os.fspath(path), fix_sizes=fix_sizes)


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a regular file of at most MAX_BYTES. Raises CassetteError."""
    place = os.fspath(path)
    try:
        found = Path(path).stat()
        if not stat.S_ISREG(found.st_mode):  # a FIFO would block, a device would never end
            raise CassetteError("found no regular file, expected a cassette (*.yaml, *.yml, *.yaml.gz)", place)
        if found.st_size > MAX_BYTES:
            raise CassetteError(f"found {found.st_size >> 20} MB, expected at most {MAX_BYTES >> 20}", place)
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CassetteError(f"cannot read it ({error.strerror or error}), expected a cassette", place) from None


def dump(cassette: Cassette, *, compress: bool = False) -> bytes:
    """The file of `cassette`, as YAML or (`compress`) as gzip with a fixed time stamp, equal for equal cassettes.

    What is returned has been read back and compared: raises TokentapeError when the file would not say what the
    cassette does, which is a bug or a cassette that no file can hold (over MAX_BYTES, a header name that is no token).
    """
    wanted = canonical(cassette)
    data = text_of(wanted).encode()
    try:
        found = load(data, "the new tape")
    except CassetteError as error:
        raise TokentapeError(f"this recording cannot be a cassette: {error}") from None
    if found.interactions != wanted.interactions:
        raise TokentapeError(
            f"this recording would not read back as it is ({_difference(found, wanted)}); please report it"
        )
    return gzip.compress(data, mtime=0) if compress else data


def _difference(found: Cassette, wanted: Cassette) -> str:
    """Where two cassettes differ first, as a path of names."""
    for at, (one, other) in enumerate(zip(found.interactions, wanted.interactions, strict=False), 1):
        for part in ("request", "response"):
            left, right = getattr(one, part), getattr(other, part)
            for name in left.__struct_fields__:
                if getattr(left, name) != getattr(right, name):
                    return f"interaction #{at}, {part}.{name}"
    return "number of interactions"
