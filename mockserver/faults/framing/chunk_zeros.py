"""`chunk-zeros`: zeros before every chunk size (RFC 9112 7.1 allows any number). Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, count
from mockserver.faults.woven import Woven

MOST = 1000
"""Zeros before one size: more is an attack on a reader's line, not a framing."""


def _many(text: str) -> int:
    many = count(text)
    if many > MOST:
        raise FaultError(f"{text[:40]!r} is too many; expected {MOST} at most")
    return many


def _does(woven: Woven, call: Call) -> None:
    if woven.framing != "chunked":
        raise FaultError("the answer has no HTTP chunks")
    woven.zeros = call.given["count"]


FAULT = Kind(
    name="chunk-zeros",
    family="framing",
    does=_does,
    sees="N zeros before every chunk size, which do not change it",
    example="chunk-zeros:4",
    arguments=(Argument(name="count", shown="N", read=_many, needed=True),),
)
