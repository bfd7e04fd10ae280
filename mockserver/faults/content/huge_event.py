"""`huge-event`: one event of megabytes, as those with images in them are. Imports `kinds` and `woven`."""

from __future__ import annotations

from cassettes import dialects
from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, size
from mockserver.faults.woven import Woven

_FIELD = b',"tokentape_padding":"'


def _does(woven: Woven, call: Call) -> None:
    woven.events_only()
    tape = woven.tape
    number = tape.event_at(call.place.at) if call.place is not None else _first_text(woven, call.scene.dialect)
    start, stop = tape.events[number : number + 2]
    event = woven.data_between(start, stop)
    at = event.rfind(b"}")
    if at < 0 or event.find(b"{") < 0:
        raise FaultError(f"event {number}e holds no JSON object to fill")
    field = _FIELD.removeprefix(b",") if event[:at].rstrip().endswith(b"{") else _FIELD
    many = call.given["bytes"] - len(event) - len(field) - 1
    if many < 0:
        raise FaultError(f"event {number}e has {len(event)} bytes; expected {len(event) + len(_FIELD) + 1} at least")
    woven.put(start, stop, event[:at] + field + b"x" * many + b'"' + event[at:])


def _first_text(woven: Woven, dialect: str) -> int:
    text = dialects.get(dialect).text
    count = len(woven.tape.events) - 1
    found = next((number for number in range(count) if text(woven.tape.event(number))), None)
    if found is None:
        raise FaultError("no event carries text; name one, such as huge-event@0e:8mb")
    return found


FAULT = Kind(
    name="huge-event",
    family="content",
    does=_does,
    sees="the event at the place (else the first with text) of so many bytes: its JSON has a long field more",
    example="huge-event:8mb",
    place="may",
    arguments=(Argument(name="bytes", shown="BYTES", read=size, needed=True),),
)
