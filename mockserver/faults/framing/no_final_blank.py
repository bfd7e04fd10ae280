"""`no-final-blank`: the last event is never closed; a parser must drop it (WHATWG HTML 9.2.6). Imports `kinds` and
`woven`."""

from __future__ import annotations

import re

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, switch
from mockserver.faults.woven import Woven

_CLOSING = re.compile(rb"((?:\r\n|\r(?!\n)|\n))((?:\r\n|\r|\n)+)\Z")


def _does(woven: Woven, call: Call) -> None:
    woven.events_only()
    if woven.tape.kind != "sse":
        raise FaultError("the answer is no event stream")
    joined = woven.joined
    found = _CLOSING.search(joined, max(0, len(joined) - 256))
    if found is None:
        raise FaultError("the body does not end with a blank line")
    start = found.start(1) if call.given["line"] else found.end(1)
    woven.rewrite([(start, len(joined), b"")])


FAULT = Kind(
    name="no-final-blank",
    family="framing",
    phase="lines",
    does=_does,
    sees="the last event without its blank line (line=yes: without the end of its line too), then a clean end",
    example="no-final-blank",
    arguments=(Argument(name="line", shown="yes", read=switch, default=False),),
)
