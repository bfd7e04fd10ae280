"""`comment`: a comment in an event stream: clients pass over it (WHATWG HTML 9.2.6). Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, raw, switch
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    woven.events_only()
    if woven.tape.kind != "sse":
        raise FaultError("the answer is no event stream")
    eol = woven.tape.eol
    lines = call.given["text"].splitlines() or [""]
    data = b"".join(f": {line}".rstrip().encode() + eol for line in lines)
    woven.insert(call.spot, data + (eol if call.given["blank"] else b""))


FAULT = Kind(
    name="comment",
    family="content",
    does=_does,
    sees="`: TEXT` and a blank line (blank=no: none, so that it stands in the next event)",
    example='comment@0e:"OPENROUTER PROCESSING"',
    place="must",
    arguments=(
        Argument(name="text", shown="TEXT", read=raw, default="tokentape"),
        Argument(name="blank", shown="no", read=switch, default=True),
    ),
)
