"""`no-close-notify`: TCP ends under TLS without its closing alert (RFC 8446 6.1). Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    if not call.scene.tls:
        raise FaultError("the connection is not encrypted (serve --tls makes it so); use cut")
    woven.end_here(call.spot, "truncate", whole=woven.whole and woven.is_end(call.spot))


FAULT = Kind(
    name="no-close-notify",
    family="ending",
    does=_does,
    sees="every byte before the place, then FIN without TLS's closing alert: some clients take it for a whole answer",
    example="no-close-notify@50%",
    place="may",
    default="end",
    outside=True,
    breaks=True,
    alone=True,
)
