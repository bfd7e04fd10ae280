"""`insert`: bytes of one's own. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, raw
from mockserver.faults.woven import Woven


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise FaultError(f"{text[:40]!r} is no hex; expected pairs of 0-9 and a-f, such as efbbbf") from None


def _does(woven: Woven, call: Call) -> None:
    text, octets = call.given["text"], call.given["hex"]
    if (text is None) == (octets is None):
        raise FaultError('expected one of a text, such as "data: x\\n\\n", or hex=')
    data: bytes = octets if text is None else text.encode("utf-8", "surrogatepass")
    if not data:
        raise FaultError("there is nothing to insert")
    woven.insert(call.spot, data)


FAULT = Kind(
    name="insert",
    family="content",
    does=_does,
    sees="those bytes at the place, an HTTP chunk of their own",
    example='insert@2e:"event: surprise\\ndata: {}\\n\\n"',
    place="must",
    arguments=(Argument(name="text", shown="TEXT", read=raw), Argument(name="hex", shown="OCTETS", read=_hex)),
)
