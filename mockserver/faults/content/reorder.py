"""`reorder`: two neighbouring events change places. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    woven.events_only()
    events = woven.tape.events
    number = woven.tape.event_at(call.spot.at)
    if number + 2 >= len(events):
        raise FaultError(f"event {number}e is the last one; there is none to change places with")
    if woven.tape.kind == "json-array":
        raise FaultError("the elements of a JSON array are told apart by what stands between them; use drop and insert")
    start, middle, stop = events[number : number + 3]
    first, second = woven.data_between(start, middle), woven.data_between(middle, stop)
    woven.put(start, stop, second + first)


FAULT = Kind(
    name="reorder",
    family="content",
    does=_does,
    sees="the event at the place after the one that follows it",
    example="reorder@3e",
    place="must",
)
