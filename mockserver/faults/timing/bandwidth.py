"""`bandwidth`: a slow line. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, size
from mockserver.faults.woven import MOST_PIECES, Piece, Woven

STEP_MS = 20.0
"""How often a slow line delivers: a modem's and a throttled socket's grain."""


def _does(woven: Woven, call: Call) -> None:
    rate: int = call.given["rate"]
    step = max(1, int(rate * STEP_MS / 1000))
    if sum(len(piece.data) // step + 1 for piece in woven.pieces) > MOST_PIECES:
        raise FaultError(f"{rate} bytes a second makes more than {MOST_PIECES} writes of this body")
    made: list[Piece] = []
    free = woven.head_at_ms
    for piece in woven.pieces:
        parts = [piece.data[at : at + step] for at in range(0, len(piece.data), step)] or [b""]
        for number, data in enumerate(parts):
            free = max(free, piece.at_ms) + len(data) * 1000.0 / rate
            start = min(piece.stop, piece.start + number * step)
            stop = piece.stop if number == len(parts) - 1 else min(piece.stop, start + step)
            made.append(piece._replace(at_ms=free, data=data, start=start, stop=stop))
    woven.pieces = made
    woven.end_at_ms = max(woven.end_at_ms, free)


FAULT = Kind(
    name="bandwidth",
    family="timing",
    does=_does,
    sees="the body at no more than so many bytes a second, in small writes",
    example="bandwidth:2000",
    arguments=(Argument(name="rate", shown="BYTES_PER_S", read=size, needed=True),),
)
