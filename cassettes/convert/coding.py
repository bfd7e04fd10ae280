"""Content codings undone, piece by piece, under the limits of DESIGN 11.

An imported tape is an identity tape: a player cannot show the events of a compressed stream. Decoding goes piece by
piece so that the boundaries a recording has survive it. brotli and zstd only where something that reads them is
installed. No formats. May import `cassettes.framing` and `cassettes.model`.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from cassettes.framing import listed
from cassettes.model import CassetteError, Headers

MAX_BYTES = 64 * 1024 * 1024
MAX_RATIO = 1000
_RATIO_FLOOR = 1 << 20  # a mebibyte of one byte over and over is no attack, whatever its ratio
# brotli and zstd have no bound on what a byte can become, and not every binding of theirs can be told to stop;
# slices of this size keep one step to a few megabytes, after which the limits are looked at.
_SLICE = 256
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


class Unreadable(Exception):  # noqa: N818 - an outcome of import, not an error of its reader
    """No installed library reads this coding."""


class _Feed(Protocol):
    def __call__(self, data: bytes, /) -> bytes: ...


def undo(pieces: Sequence[bytes], coding: str, place: str, room: int = MAX_BYTES) -> list[bytes] | None:
    """What each of `pieces` adds to the decoded body; None if the body never was in this coding.

    `room` is the number of bytes that may come out. A body that breaks off decodes as far as it goes. Raises
    CassetteError for a bomb or damaged data, Unreadable for a coding that no installed library knows.
    """
    whole = b"".join(pieces)
    if not whole or not _may_be(coding, whole):
        return None
    feed = _feed(coding, whole)
    decoded: list[bytes] = []
    made = 0
    limit = min(room, max(_RATIO_FLOOR, MAX_RATIO * len(whole)))
    try:
        for piece in pieces:
            parts = []
            for start in range(0, len(piece), _SLICE):
                part = feed(piece[start : start + _SLICE])
                made += len(part)
                if made > limit:
                    raise CassetteError(f"{coding} body of {len(whole)} bytes inflates beyond {limit} bytes", place)
                parts.append(part)
            decoded.append(b"".join(parts))
    except CassetteError:
        raise
    except Exception as error:  # noqa: BLE001 - every codec library has an exception class of its own
        if coding in ("deflate", "br") and _is_text(whole):
            return None  # these two have no magic number: text that does not decode was never coded
        raise CassetteError(f"damaged {coding} body: {error}", place) from None
    return decoded


def plain_body(headers: Headers, body: bytes) -> bytes | None:
    """A request body with its content codings undone, to be compared and taped (DESIGN 6); None if it has none, or one
    that cannot be undone within the limits: then it is compared as it is."""
    codings = listed(headers, "content-encoding")
    pieces: list[bytes] | None = [body]
    try:
        for coding in reversed(codings):
            if coding != "identity" and pieces is not None:
                pieces = undo(pieces, {"x-gzip": "gzip"}.get(coding, coding), "a request")
    except (CassetteError, Unreadable):
        return None
    plain = b"".join(pieces or ())
    return plain if pieces is not None and plain != body else None


def _may_be(coding: str, whole: bytes) -> bool:
    magic = {"gzip": _GZIP, "zstd": _ZSTD}.get(coding)
    return magic is None or whole.startswith(magic)


def _is_text(whole: bytes) -> bool:
    try:
        whole.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _feed(coding: str, whole: bytes) -> _Feed:
    if coding == "gzip":
        return _zlib_feed(zlib.MAX_WBITS | 16)
    if coding == "deflate":
        # RFC 9110 8.4.1.2 means the zlib format; some servers send raw deflate, which has no header.
        wrapped = len(whole) > 1 and whole[0] & 0x0F == 8 and (whole[0] << 8 | whole[1]) % 31 == 0
        return _zlib_feed(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
    if coding == "br":
        return _first(
            ("brotli", lambda m: m.Decompressor().process), ("brotlicffi", lambda m: m.Decompressor().process)
        )
    if coding == "zstd":
        return _first(
            ("compression.zstd", lambda m: m.ZstdDecompressor().decompress),
            ("zstandard", lambda m: m.ZstdDecompressor().decompressobj().decompress),
        )
    raise Unreadable(coding)


def _zlib_feed(wbits: int) -> _Feed:
    """Inflates member after member: a gzip body may be several (RFC 1952 2.2). What follows the last is dropped."""
    stream = zlib.decompressobj(wbits)

    def feed(data: bytes) -> bytes:
        nonlocal stream
        parts = []
        while data:
            if stream.eof:
                if wbits <= zlib.MAX_WBITS or data[:1] != _GZIP[:1]:
                    break
                stream = zlib.decompressobj(wbits)
            parts.append(stream.decompress(data))
            data = stream.unused_data
        return b"".join(parts)

    return feed


def _first(*choices: tuple[str, Callable[[Any], _Feed]]) -> _Feed:
    for name, make in choices:
        try:
            return make(importlib.import_module(name))
        except ImportError:
            continue
    raise Unreadable(choices[0][0])
