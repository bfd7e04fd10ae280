"""`drop`: events are missing in the middle. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, count
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    woven.events_only()
    events, many = woven.tape.events, call.given["events"]
    number = woven.tape.event_at(call.spot.at)
    if number + many >= len(events):
        raise FaultError(f"the tape has {len(events) - 1 - number} events from {number}e on, not {many}")
    woven.put(events[number], events[number + many], b"")


FAULT = Kind(
    name="drop",
    family="content",
    does=_does,
    sees="the stream without the event at the place (or N events from there)",
    example="drop@3e",
    place="must",
    arguments=(Argument(name="events", shown="N", read=count, default=1),),
)
