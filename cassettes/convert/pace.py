"""Chunks for an imported body: the recording's own where it has them, one event each 20 ms where it has none.

Sizes in bytes, gaps in ms. May import `cassettes.model` and `events`.
"""

from __future__ import annotations

from collections.abc import Sequence

from cassettes.events import event_ends
from cassettes.model import Chunk, EventKind

SYNTHETIC_GAP_MS = 20.0
"""The stated pace of a tape whose recording kept no time."""


def timed(pieces: Sequence[bytes], gaps_ms: Sequence[float]) -> tuple[tuple[Chunk, ...], float]:
    """One chunk a piece, each with its gap, and the gap that is left after the last.

    Gaps are differences of offsets rounded to 0.1 ms, so that rounding never adds up (DESIGN 4). A piece without
    bytes is no chunk: its gap goes to the next one.
    """
    chunks = []
    offset = before = 0.0
    for piece, gap in zip(pieces, gaps_ms, strict=True):
        offset += gap
        if piece:
            at = round(offset, 1)
            chunks.append(Chunk(round(at - before, 1), len(piece)))
            before = at
    return tuple(chunks), round(round(offset, 1) - before, 1)


def bounded(pieces: Sequence[bytes]) -> tuple[Chunk, ...]:
    """One chunk a piece at the synthetic pace."""
    return tuple(Chunk(SYNTHETIC_GAP_MS, len(piece)) for piece in pieces if piece)


def paced(body: bytes, kind: EventKind) -> tuple[Chunk, ...]:
    """One chunk an event at the synthetic pace, and one for a tail that is no event."""
    chunks = []
    start = 0
    for end in event_ends(body, kind):
        chunks.append(Chunk(SYNTHETIC_GAP_MS, end - start))
        start = end
    if start < len(body):
        chunks.append(Chunk(SYNTHETIC_GAP_MS, len(body) - start))
    return tuple(chunks)
