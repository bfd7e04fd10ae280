"""`half-close`: FIN from us while the connection stays open for the client. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    if call.scene.tls:
        raise FaultError("a TLS connection cannot be closed in one direction; use cut or no-close-notify")
    woven.end_here(call.spot, "half-close", whole=woven.whole and woven.is_end(call.spot))


FAULT = Kind(
    name="half-close",
    family="ending",
    does=_does,
    sees="every byte before the place, then EOF; what it still sends is taken until it closes (not over TLS)",
    example="half-close@3e",
    place="may",
    default="end",
    outside=True,
    breaks=True,
    alone=True,
)
