"""`buffer`: what a proxy does that buffers (nginx `proxy_buffering`). Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.kinds import Argument, Call, Kind, size
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    most: int | None = call.given["bytes"]
    at, held = woven.end_at_ms, 0
    filled: list[int] = []
    for index, piece in enumerate(woven.pieces):
        held += len(piece.data)
        filled.append(index)
        if most is not None and held >= most:
            _release(woven, filled, piece.at_ms)
            filled, held = [], 0
    _release(woven, filled, at)


def _release(woven: Woven, indexes: list[int], at_ms: float) -> None:
    for index in indexes:
        woven.pieces[index] = woven.pieces[index]._replace(at_ms=at_ms)


FAULT = Kind(
    name="buffer",
    family="timing",
    does=_does,
    sees="the head, then nothing until the end, then all of it at once (with BYTES: whenever so many are held)",
    example="buffer",
    arguments=(Argument(name="bytes", shown="BYTES", read=size),),
)
