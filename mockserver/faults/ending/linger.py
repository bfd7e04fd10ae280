"""`linger`: all events are sent and the body stays open. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, some_time
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    if woven.framing == "length" or not woven.whole:
        found = "a Content-Length says where it ends" if woven.whole else "the tape does not end cleanly"
        raise FaultError(f"{found}: there is no open end to linger in")
    hold: float | None = call.given["for"]
    if hold is None:
        woven.action, woven.whole, woven.trailers = "stall", False, ()
    else:
        woven.end_at_ms += hold


FAULT = Kind(
    name="linger",
    family="ending",
    does=_does,
    sees="every event, then no end of the body: for the time given, else until it leaves itself",
    example="linger:10s",
    arguments=(Argument(name="for", shown="DUR", read=some_time),),
    breaks=True,
    alone=True,
)
