"""`merge`: many events in one HTTP chunk. Imports `kinds` and `woven`."""

from __future__ import annotations

from itertools import groupby

from mockserver.faults.kinds import Argument, Call, Kind, count
from mockserver.faults.woven import Piece, Woven


def _does(woven: Woven, call: Call) -> None:
    most: int | None = call.given["chunks"]
    runs = [list(run) for _, run in groupby(woven.pieces, lambda piece: piece.chunk)]
    step = most or len(runs) or 1
    made: list[Piece] = []
    for first in range(0, len(runs), step):
        chunk = woven.new_chunk()
        together = [piece for run in runs[first : first + step] for piece in run]
        at = together[-1].at_ms
        made += [piece._replace(at_ms=at, chunk=chunk) for piece in together]
    woven.pieces = made


FAULT = Kind(
    name="merge",
    family="framing",
    does=_does,
    sees="N HTTP chunks as one, when the last of them is due; without N the whole body as one",
    example="merge:10",
    arguments=(Argument(name="chunks", shown="N", read=count),),
)
