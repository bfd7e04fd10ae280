"""`http10`: an old server: HTTP/1.0, no length, no chunks. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven


def _does(woven: Woven, _call: Call) -> None:
    if woven.length is not None:
        raise FaultError("content-length gives the body a length, and http10 takes it away; give one")
    woven.http10, woven.framing, woven.trailers = True, "close", ()


FAULT = Kind(
    name="http10",
    family="framing",
    does=_does,
    sees="HTTP/1.0 and a body that FIN ends, so that a cut looks like an end",
    example="http10;end-early@50%",
)
