"""`invalid-utf8`: an octet that no UTF-8 text has. Imports `kinds` and `woven`."""

from __future__ import annotations

from cassettes import dialects
from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven

_OCTET = b"\xff"


def _does(woven: Woven, call: Call) -> None:
    if woven.replaced_by:
        raise FaultError(f"the body was replaced by {woven.replaced_by}")
    at = call.spot.at
    if at >= len(woven.tape.body):
        raise FaultError("no byte starts at the end")
    events = woven.tape.events
    number = next((index for index in range(len(events) - 1) if events[index] == at), None)
    if number is None:
        woven.put(at, at + 1, _OCTET)
        return
    start, stop = events[number : number + 2]
    event = woven.data_between(start, stop)
    inside = _text_at(event, dialects.get(call.scene.dialect).text(event))
    woven.put(start, stop, event[:inside] + _OCTET + event[inside:])


def _text_at(event: bytes, text: str) -> int:
    """Where the text of an event begins; without one where its last string does."""
    found = event.find(text[:8].encode()) if text else -1
    if found >= 0:
        return found
    quote = event.rfind(b':"')
    if quote < 0:
        raise FaultError("the event holds no text; give a byte, such as 100b")
    return quote + 2


FAULT = Kind(
    name="invalid-utf8",
    family="content",
    does=_does,
    sees="FF in front of the event's text (at a byte inside an event: in its place)",
    example="invalid-utf8@3e",
    place="must",
)
