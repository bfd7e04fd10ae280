"""`malformed`: an event whose JSON is none, closed as it should be. Imports `kinds` and `woven`."""

from __future__ import annotations

import re

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, choice
from mockserver.faults.woven import Woven

_OBJECT = re.compile(rb"\{[^\r\n]*\}")


def _does(woven: Woven, call: Call) -> None:
    woven.events_only()
    number = woven.tape.event_at(call.spot.at)
    start, stop = woven.tape.events[number : number + 2]
    event = woven.data_between(start, stop)
    found = _OBJECT.search(event)
    if found is None or found.end() - found.start() < 4:
        raise FaultError(f"event {number}e holds no JSON object in one line")
    value = found[0]
    glued = call.given["how"] == "glued"
    cut = call.random.randrange(2, len(value) - 1)
    while value[cut] & 0xC0 == 0x80:  # inside a character it would be bad UTF-8 besides, and clients fail at that first
        cut -= 1
    changed = value + value if glued else value[:cut]
    woven.put(start, stop, event[: found.start()] + changed + event[found.end() :])


FAULT = Kind(
    name="malformed",
    family="content",
    does=_does,
    sees="an event whose JSON stops in the middle (glued: stands there twice) with its blank line",
    example="malformed@3e",
    place="must",
    arguments=(Argument(name="how", shown="cut|glued", read=choice("cut", "glued"), default="cut"),),
    random=True,
)
