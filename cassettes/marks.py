"""Marks over bytes: when how much of a body came, made into frames. What the recorder and `verify` see of a stream.

Pure; imports `model` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cassettes.model import Frame

SAME_CHUNK_MS = 1.0
"""A pause up to this inside an HTTP chunk is not kept: the pieces are one line of `chunks` (DESIGN 4)."""


class Mark(NamedTuple):
    """`size` body bytes came `at_ms` after the last request byte; `left` are still to come of their HTTP chunk or of
    the Content-Length."""

    at_ms: float
    size: int
    left: int


def frames_of(marks: Iterable[Mark], body: bytes, *, chunked: bool) -> tuple[Frame, ...]:
    """`body` as frames, one for each HTTP chunk (other framings: each read); a pause inside a chunk begins a new one.

    Marks beyond the end of `body` have no frame.
    """
    frames: list[Frame] = []
    first, start, before = 0, 0, 0.0
    for at_ms, size, left in marks:
        if first < start and at_ms - before > SAME_CHUNK_MS:
            frames.append(Frame(before, body[first:start], True))
            first = start
        start, before = start + size, at_ms
        if not (chunked and left):
            frames.append(Frame(at_ms, body[first:start], False))
            first = start
    if first < start:
        frames.append(Frame(before, body[first:start], True))
    return tuple(frame for frame in frames if frame.data)
