"""`encode`: a content coding, flushed piece by piece as servers do that stream. Imports `kinds` and `woven`."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, choice, switch
from mockserver.faults.woven import Woven

_GZIP, _ZLIB = 31, 15  # wbits of zlib: a gzip member (RFC 1952), a zlib stream (RFC 1950: HTTP's "deflate")


class _Coder(Protocol):
    def add(self, data: bytes) -> bytes: ...
    def end(self) -> bytes: ...


class _Zlib:
    """One stream, flushed after each piece unless it is `lazy`."""

    def __init__(self, wbits: int, *, lazy: bool) -> None:
        self._stream = zlib.compressobj(wbits=wbits)
        self._lazy = lazy

    def add(self, data: bytes) -> bytes:
        out = self._stream.compress(data)
        return out if self._lazy else out + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._stream.flush()


class _Pieces:
    """A whole stream for each piece."""

    def __init__(self, encode: Callable[[bytes], bytes]) -> None:
        self._encode = encode

    def add(self, data: bytes) -> bytes:
        return self._encode(data)

    def end(self) -> bytes:
        return b""


def _member(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=_GZIP)
    return stream.compress(data) + stream.flush()


def _zstd() -> Callable[[bytes], bytes]:
    for name in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            module: Any = import_module(name)
        except ImportError:
            continue
        return lambda data: bytes(module.compress(data))
    raise FaultError("no zstd codec is installed (Python 3.14 has one): pip install 'tokentape[codecs]'")


def _coder(coding: str, *, lazy: bool) -> _Coder:
    if coding == "gzip-members":
        return _Pieces(_member)
    if coding == "zstd":
        return _Pieces(_zstd())
    return _Zlib(_GZIP if coding == "gzip" else _ZLIB, lazy=lazy)


def _does(woven: Woven, call: Call) -> None:
    if woven.head is None:
        raise FaultError("the tape breaks before its head is whole: there is no body")
    held = [value for name, value in woven.head.headers if name.lower() == "content-encoding"]
    if woven.coding or any(value.lower() != "identity" for value in held):
        raise FaultError(f"the body has a content coding already ({woven.coding or ', '.join(held)})")
    coding: str = call.given["coding"]
    coder = _coder(coding, lazy=not call.given["flush"])
    made = [piece._replace(data=coder.add(piece.data)) if piece.data else piece for piece in woven.pieces]
    end = coder.end()
    if end and made:
        last = made[-1]
        made.append(last._replace(data=end, start=last.stop, stop=last.stop))
    woven.pieces, woven.coding, woven.changed = made, coding, True
    name = "gzip" if coding == "gzip-members" else coding

    def edit(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        kept = [field for field in headers if field[0].lower() != "content-encoding"]
        place = next((number for number, field in enumerate(kept) if field[0].lower() == "content-type"), -1)
        return [*kept[: place + 1], ("content-encoding", name), *kept[place + 1 :]]

    woven.header_edits.append(edit)


FAULT = Kind(
    name="encode",
    family="encode",
    does=_does,
    sees="the body under a content coding, offered or not, flushed with each chunk (flush=no: at the end)",
    example="encode:gzip",
    arguments=(
        Argument(
            name="coding",
            shown="gzip|gzip-members|deflate|zstd",
            read=choice("gzip", "gzip-members", "deflate", "zstd"),
            needed=True,
        ),
        Argument(name="flush", shown="no", read=switch, default=True),
    ),
)
