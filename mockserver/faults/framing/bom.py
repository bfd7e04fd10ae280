"""`bom`: a byte order mark first (WHATWG HTML 9.2.5: exactly one is taken off). Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven


def _does(woven: Woven, _call: Call) -> None:
    first = next((number for number, piece in enumerate(woven.pieces) if piece.data), None)
    if first is None:
        raise FaultError("the answer has no body")
    woven.changed = True
    woven.pieces[first] = woven.pieces[first]._replace(data=b"\xef\xbb\xbf" + woven.pieces[first].data)


FAULT = Kind(
    name="bom",
    family="framing",
    phase="lines",
    does=_does,
    sees="EF BB BF before the first byte of the body",
    example="bom",
)
