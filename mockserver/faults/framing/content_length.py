"""`content-length`: a length that is not the body's. Imports `kinds` and `woven`."""

from __future__ import annotations

import re
from collections.abc import Callable

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind
from mockserver.faults.woven import Woven

_LENGTH = re.compile(r"(?:([+-])([0-9]{1,12})|([0-9]{1,12})|([0-9]{1,3})%)")


def _length(text: str) -> Callable[[int], int]:
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise FaultError(f"{text[:40]!r} is no length; expected +100, -100, a number of bytes, or 50%")
    if found[4]:
        percent = int(found[4])
        return lambda size: size * percent // 100
    if found[3]:
        length = int(found[3])
        return lambda _size: length
    by = int(found[1] + found[2])
    return lambda size: max(0, size + by)


def _does(woven: Woven, call: Call) -> None:
    woven.framing, woven.trailers, woven.length = "length", (), call.given["length"]


FAULT = Kind(
    name="content-length",
    family="framing",
    does=_does,
    sees="the body under a Content-Length that is N bytes more or less than it has, then FIN",
    example="content-length:+100",
    arguments=(Argument(name="length", shown="±N", read=_length, needed=True),),
)
