"""The shipped tapes as they are once they were read, by the digest of their file: a server that plays the library is
ready before their YAML could be parsed (2 ms each). `make library` writes the table, a test holds it against the files.

A file that was edited has another digest and is parsed as any. Imports `model`, msgspec and the standard library.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from cassettes.model import Cassette
from cassettes.shipped import shipped_root

NAME = "library.bin"
_ROOT = f"{shipped_root()}{os.sep}"
_LARGEST = 16 * 1024 * 1024
"""Bytes of the table when it is inflated; more is none of ours."""


def known(path: Path, data: bytes) -> Cassette | None:
    """What the shipped tape at `path`, a file of these bytes, holds; None for any other file."""
    if not str(path).startswith(_ROOT):
        return None
    table = _table()
    packed = table.get(hashlib.sha256(data).hexdigest()) if table else None
    return None if packed is None else msgspec.msgpack.decode(packed, type=Cassette)


def compiled(tapes: Mapping[bytes, Cassette]) -> bytes:
    """The table of tapes, by the bytes of their files."""
    table = {hashlib.sha256(data).hexdigest(): msgspec.msgpack.encode(tape) for data, tape in sorted(tapes.items())}
    return zlib.compress(msgspec.msgpack.encode(table), 9)


@cache
def _table() -> Mapping[str, bytes]:
    """Empty where there is none: then tapes are parsed."""
    try:
        packed = (shipped_root() / NAME).read_bytes()
        return msgspec.msgpack.decode(zlib.decompressobj().decompress(packed, _LARGEST), type=dict[str, bytes])
    except (OSError, zlib.error, msgspec.MsgspecError):
        return {}
