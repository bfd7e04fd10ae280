"""`pause`: a wait at a place, then the stream goes on. Imports `kinds` and `woven`."""

from __future__ import annotations

from msgspec.structs import replace

from mockserver.faults.kinds import Argument, Call, Kind, some_time
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    place, by = call.spot, call.given["for"]
    if place.side == "body":
        woven.shift(woven.edge(place.at), by)
        return
    if place.side == "headers":
        woven.status_line_lead_ms += by
    else:
        woven.informational = tuple(replace(one, at_ms=one.at_ms + by) for one in woven.informational)
    woven.head_at_ms += by
    woven.shift(0, by)


FAULT = Kind(
    name="pause",
    family="timing",
    does=_does,
    sees="every byte before the place, silence for the time given, then the rest",
    example="pause@3e:5s",
    place="must",
    outside=True,
    arguments=(Argument(name="for", shown="DUR", read=some_time, needed=True),),
    makes_waits=True,
)
