"""`cut`: FIN inside the framing, as a server or proxy that dies. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    woven.end_here(call.spot, "close")


FAULT = Kind(
    name="cut",
    family="ending",
    does=_does,
    sees="every byte before the place, then FIN inside the framing: no last chunk, or fewer bytes than Content-Length",
    example="cut@50%",
    place="may",
    default="end",
    outside=True,
    breaks=True,
    alone=True,
)
