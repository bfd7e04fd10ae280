"""`early-hints`: interim responses before the answer (RFC 9110 15.2). Imports `kinds` and `woven`."""

from __future__ import annotations

from cassettes.model import Informational
from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Call, Kind
from mockserver.faults.woven import Woven

_INTERIM = (
    (103, "Early Hints", (("link", "</style.css>; rel=preload; as=style"),)),
    (102, "Processing", ()),
)


def _does(woven: Woven, _call: Call) -> None:
    if woven.head is None:
        raise FaultError("the tape breaks before its head is whole")
    at = woven.head_at_ms
    woven.informational += tuple(Informational(at, code, message, headers) for code, message, headers in _INTERIM)


FAULT = Kind(
    name="early-hints",
    family="status",
    does=_does,
    sees="103 and 102 before the answer; it must pass over both",
    example="early-hints",
)
