"""`empty`: 200 and a clean end without one event. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven


def _does(woven: Woven, _call: Call) -> None:
    if woven.head is None:
        raise FaultError("the tape breaks before its head is whole: there is no answer to empty")
    framing, head = woven.framing, woven.head
    woven.answer("empty", head, b"")
    woven.framing = framing


FAULT = Kind(
    name="empty",
    family="status",
    does=_does,
    sees="the tape's status and headers, no body byte, a clean end",
    example="empty",
    breaks=True,
    alone=True,
)
