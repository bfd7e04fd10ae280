"""`stall`: not a byte more, the connection stays open. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.kinds import Argument, Call, Kind, some_time
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    hold: float | None = call.given["for"]
    woven.end_here(call.spot, "stall" if hold is None else "close", hold_ms=hold)


FAULT = Kind(
    name="stall",
    family="ending",
    does=_does,
    sees="every byte before the place, then silence on an open connection; with a time, FIN after it",
    example="stall@2e:30s",
    place="may",
    default="end",
    outside=True,
    arguments=(Argument(name="for", shown="DUR", read=some_time),),
    breaks=True,
    alone=True,
)
