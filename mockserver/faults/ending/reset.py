"""`reset`: RST. A client that has read everything before it gets ECONNRESET next. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    woven.end_here(call.spot, "reset")


FAULT = Kind(
    name="reset",
    family="ending",
    does=_does,
    sees="every byte before the place, then ECONNRESET (RST, sent once its kernel has the bytes)",
    example="reset@3e",
    place="may",
    default="end",
    outside=True,
    breaks=True,
    alone=True,
)
