"""`drip`: the body a few bytes at a time. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, count, some_time
from mockserver.faults.woven import MOST_PIECES, Piece, Woven


def _does(woven: Woven, call: Call) -> None:
    step, every = call.given["bytes"], call.given["every"]
    if sum(len(piece.data) // step + 1 for piece in woven.pieces) > MOST_PIECES:
        raise FaultError(f"{step} bytes at a time make more than {MOST_PIECES} writes of this body")
    made: list[Piece] = []
    last = woven.head_at_ms
    for piece in woven.pieces:
        for at in range(0, len(piece.data), step):
            data = piece.data[at : at + step]
            start = min(piece.stop, piece.start + at)
            stop = piece.stop if at + step >= len(piece.data) else min(piece.stop, start + step)
            last = max(piece.at_ms, last + every) if made else piece.at_ms
            made.append(piece._replace(at_ms=last, data=data, start=start, stop=stop))
        if not piece.data:
            made.append(piece)
    woven.pieces = made
    woven.end_at_ms = max(woven.end_at_ms, last)


FAULT = Kind(
    name="drip",
    family="timing",
    does=_does,
    sees="the body in writes of so many bytes, 1 ms apart (every=), inside the HTTP chunks of the tape",
    example="drip:1",
    arguments=(
        Argument(name="bytes", shown="N", read=count, needed=True),
        Argument(name="every", shown="DUR", read=some_time, default=1.0),
    ),
)
