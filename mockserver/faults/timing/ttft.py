"""`ttft`: when the first body byte comes. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, some_time
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    first = next((piece for piece in woven.pieces if piece.data and not piece.fixed), None)
    if first is None:
        raise FaultError("the answer has no body byte")
    at: float = call.given["at"]
    woven.head_at_ms = min(woven.head_at_ms, at)
    woven.shift(0, at - first.at_ms)


FAULT = Kind(
    name="ttft",
    family="timing",
    does=_does,
    sees="the head, and the first body byte at that time after its request; what follows keeps its gaps",
    example="ttft:20s",
    arguments=(Argument(name="at", shown="DUR", read=some_time, needed=True),),
    makes_waits=True,
)
