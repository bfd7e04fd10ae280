"""`latency`: everything comes later. Imports `kinds` and `woven`."""

from __future__ import annotations

from msgspec.structs import replace

from mockserver.faults.kinds import Argument, Call, Kind, some_time
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    by: float = call.given["by"]
    if call.given["jitter"]:
        by = max(0.0, by + call.random.uniform(-call.given["jitter"], call.given["jitter"]))
    woven.informational = tuple(replace(one, at_ms=one.at_ms + by) for one in woven.informational)
    woven.head_at_ms += by
    woven.shift(0, by)


FAULT = Kind(
    name="latency",
    family="timing",
    does=_does,
    sees="the same answer, head and all, so much later",
    example="latency:800ms",
    arguments=(
        Argument(name="by", shown="DUR", read=some_time, needed=True),
        Argument(name="jitter", shown="DUR", read=some_time),
    ),
    random=True,
    makes_waits=True,
)
