"""`no-terminal`: nothing says that the answer is over. Imports `kinds`, `shapes` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind
from mockserver.faults.shapes import terminal_events
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    woven.events_only()
    numbers = terminal_events(call.scene, woven.tape)
    if not numbers:
        raise FaultError("the tape has no terminal event ([DONE], message_stop, response.completed, a finishReason)")
    events = woven.tape.events
    for number in numbers:
        woven.put(events[number], events[number + 1], b"")


FAULT = Kind(
    name="no-terminal",
    family="content",
    does=_does,
    sees="all text and a clean end without [DONE], message_stop, response.completed or the chunk with finishReason",
    example="no-terminal",
    breaks=True,
)
