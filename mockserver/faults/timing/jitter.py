"""`jitter`: chance moves every offset; nothing overtakes anything. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.kinds import Argument, Call, Kind, some_time
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    most: float = call.given["most"]
    uniform = call.random.uniform
    at = woven.head_at_ms = max(0.0, woven.head_at_ms + uniform(-most, most))
    for index, piece in enumerate(woven.pieces):
        if not piece.fixed:
            at = max(at, piece.at_ms + uniform(-most, most))
            woven.pieces[index] = piece._replace(at_ms=at)
    woven.end_at_ms = max(at, woven.end_at_ms)


FAULT = Kind(
    name="jitter",
    family="timing",
    does=_does,
    sees="the same bytes in the same order, each up to so much earlier or later",
    example="jitter:50ms",
    arguments=(Argument(name="most", shown="DUR", read=some_time, needed=True),),
    random=True,
    makes_waits=True,
)
