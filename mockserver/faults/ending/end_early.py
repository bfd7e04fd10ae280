"""`end-early`: the message ends properly, its rest is silently missing. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    if woven.head is None:
        raise FaultError("the tape breaks before its head is whole: there is no message to end")
    woven.end_here(call.spot, None, whole=True)


FAULT = Kind(
    name="end-early",
    family="ending",
    does=_does,
    sees="a clean end at the place (last chunk, a Content-Length that fits); only the content can tell",
    example="end-early@50%",
    place="must",
    breaks=True,
    alone=True,
)
