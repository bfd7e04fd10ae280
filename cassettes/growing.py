"""Tapes that grow: the text of an interaction is made and checked once, not again whenever one is added to its file.

What a process wrote itself it remembers, within limits; a file that somebody else has touched since is read anew. No
file is opened here: that is `cassettes.store`. Imports `model`, `yamlio` and `yamlparse`.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from cassettes.model import Cassette, Interaction
from cassettes.yamlio import dump
from cassettes.yamlparse import MAX_BYTES, MAX_NODES, parse

REMEMBERED = 8
"""Files whose interactions are remembered."""
REMEMBERED_BYTES = 64 * 1024 * 1024
"""Text of all of them together."""
_HEAD = b"version: 1\ninteractions:\n"

Stamp = tuple[int, int, int]
"""Of a file: time of change in ns, bytes, inode. Every write of ours makes a new inode."""


class Piece(NamedTuple):
    """One interaction as a file holds it: `text` was read back and compared, `nodes` are the YAML values in it."""

    interaction: Interaction
    text: bytes
    nodes: int


class Growing:
    """The files that this process has written. Safe to use from several threads, one a file at a time."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, tuple[Stamp, tuple[Piece, ...]]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def held(self, file: str, stamp: Stamp) -> tuple[Interaction, ...] | None:
        """What was written to `file`, if it is still as its `stamp` was then."""
        with self._lock:
            known = self._files.get(file)
        return tuple(piece.interaction for piece in known[1]) if known is not None and known[0] == stamp else None

    def pieces(self, file: str, interactions: tuple[Interaction, ...]) -> tuple[Piece, ...]:
        """The pieces of `file` to be. Raises TokentapeError for an interaction that no file can hold."""
        with self._lock:
            known = self._files.get(file, ((0, 0, 0), ()))[1]
        made = {id(piece.interaction): piece for piece in known}
        return tuple(made.get(id(one)) or _piece(one) for one in interactions)

    def wrote(self, file: str, stamp: Stamp, pieces: tuple[Piece, ...]) -> None:
        """Remembers what `file` holds now."""
        with self._lock:
            self._forget(file)
            self._files[file] = (stamp, pieces)
            self._bytes += _size(pieces)
            while len(self._files) > REMEMBERED or (self._files and self._bytes > REMEMBERED_BYTES):
                self._forget(next(iter(self._files)))

    def _forget(self, file: str) -> None:
        _, pieces = self._files.pop(file, (None, ()))
        self._bytes -= _size(pieces)


def joined(pieces: tuple[Piece, ...], *, compress: bool) -> bytes:
    """The file of `pieces`, byte for byte what `yamlio.dump` makes of their interactions. Raises TokentapeError."""
    if not pieces or len(_HEAD) + _size(pieces) > MAX_BYTES or sum(piece.nodes for piece in pieces) > MAX_NODES:
        return dump(Cassette(tuple(piece.interaction for piece in pieces)), compress=compress)
    data = _HEAD + b"".join([piece.text for piece in pieces])
    return gzip.compress(data, mtime=0) if compress else data


def _piece(interaction: Interaction) -> Piece:
    text = dump(Cassette((interaction,)))
    return Piece(interaction, text.removeprefix(_HEAD), parse(text, "the new tape").nodes)


def _size(pieces: tuple[Piece, ...]) -> int:
    return sum(len(piece.text) for piece in pieces)
