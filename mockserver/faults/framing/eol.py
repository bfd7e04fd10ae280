"""`eol`: how the lines of an event stream end (WHATWG HTML 9.2.5 allows three ways). Imports `kinds` and `woven`."""

from __future__ import annotations

import re

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, choice
from mockserver.faults.woven import Woven

_EOL = re.compile(rb"\r\n|\r|\n")
_ENDS = {"crlf": b"\r\n", "cr": b"\r", "lf": b"\n"}


def _does(woven: Woven, call: Call) -> None:
    woven.events_only()
    if woven.tape.kind != "sse":
        raise FaultError("the answer is no event stream")
    wanted: str = call.given["to"]
    edits: list[tuple[int, int, bytes]] = []
    line = 0
    for found in _EOL.finditer(woven.joined):
        # mixed: LF behind fields, CR LF as the blank line, as proxies that rewrite half of them.
        end = _ENDS.get(wanted) or (b"\r\n" if found.start() == line else b"\n")
        if end != found[0]:
            edits.append((found.start(), found.end(), end))
        line = found.end()
    woven.rewrite(edits)


FAULT = Kind(
    name="eol",
    family="framing",
    phase="lines",
    does=_does,
    sees="the same events with lines that end in CR LF, CR, LF, or LF with CR LF as the blank line (mixed)",
    example="eol:crlf",
    arguments=(Argument(name="to", shown="crlf|cr|lf|mixed", read=choice("crlf", "cr", "lf", "mixed"), needed=True),),
)
