"""`head-drip`: the head a few bytes at a time. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, count, some_time
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    if woven.head is None:
        raise FaultError("the tape breaks before its head is whole")
    woven.head_step, woven.head_every_ms = call.given["bytes"], call.given["every"]


FAULT = Kind(
    name="head-drip",
    family="framing",
    does=_does,
    sees="status line and headers in writes of N bytes, 1 ms apart (every=)",
    example="head-drip:3",
    arguments=(
        Argument(name="bytes", shown="N", read=count, needed=True),
        Argument(name="every", shown="DUR", read=some_time, default=1.0),
    ),
)
