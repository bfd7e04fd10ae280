"""`no-space`: `data:{…}` for `data: {…}`; both are one (WHATWG HTML 9.2.6). Imports `kinds` and `woven`."""

from __future__ import annotations

import re

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven

_SPACE = re.compile(rb"(?:(?<=[\r\n])|\A)(?:data|event|id|retry):( )")


def _does(woven: Woven, _call: Call) -> None:
    woven.events_only()
    if woven.tape.kind != "sse":
        raise FaultError("the answer is no event stream")
    edits = [(found.start(1), found.end(1), b"") for found in _SPACE.finditer(woven.joined)]
    if not edits:
        raise FaultError("no field of this stream has a space behind its colon")
    woven.rewrite(edits)


FAULT = Kind(
    name="no-space",
    family="framing",
    phase="lines",
    does=_does,
    sees="fields without the space behind their colon",
    example="no-space",
)
