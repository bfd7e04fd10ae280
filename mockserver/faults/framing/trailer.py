"""`trailer`: fields behind the last chunk (RFC 9112 7.1.2). Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind, field_name, field_text
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    if woven.framing != "chunked" or not woven.whole:
        raise FaultError("trailers stand behind a last chunk, and this answer has none")
    woven.trailers += tuple((field_name(name), field_text(value)) for name, value in call.pairs)


FAULT = Kind(
    name="trailer",
    family="framing",
    does=_does,
    sees="a field behind the last chunk",
    example="trailer:x-checksum=abc",
    pairs=True,
)
