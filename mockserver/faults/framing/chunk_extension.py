"""`chunk-extension`: what may stand behind a chunk size (RFC 9112 7.1.1). Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, field_text
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    if woven.framing != "chunked":
        raise FaultError("the answer has no HTTP chunks")
    woven.extension = call.given["text"].encode()


FAULT = Kind(
    name="chunk-extension",
    family="framing",
    does=_does,
    sees="`;TEXT` behind every chunk size, which it must pass over",
    example='chunk-extension:"foo=bar;q=a"',
    arguments=(Argument(name="text", shown="TEXT", read=field_text, default="tokentape=1", equals=True),),
)
