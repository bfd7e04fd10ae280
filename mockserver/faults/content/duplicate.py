"""`duplicate`: an event comes again, as from a proxy that replays. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, count
from mockserver.faults.places import Place
from mockserver.faults.woven import MOST_BYTES, Woven


def _does(woven: Woven, call: Call) -> None:
    woven.events_only()
    tape, times = woven.tape, call.given["times"]
    numbers = range(len(tape.events) - 1) if call.place is None else [tape.event_at(call.place.at)]
    if not numbers:
        raise FaultError("the body has no events")
    if tape.kind == "json-array":
        raise FaultError("the elements of a JSON array are told apart by what stands between them; use insert")
    if len(woven.tape.body) * times > MOST_BYTES:
        raise FaultError(f"{times} times is too often for this body")
    for number in reversed(numbers):
        start, stop = tape.events[number : number + 2]
        data = woven.data_between(start, stop) * times
        if data:
            woven.insert(Place("body", stop), data)


FAULT = Kind(
    name="duplicate",
    family="content",
    does=_does,
    sees="the event at the place once more (or TIMES more); without a place every event",
    example="duplicate@3e",
    place="may",
    arguments=(Argument(name="times", shown="TIMES", read=count, default=1),),
)
