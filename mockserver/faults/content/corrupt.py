"""`corrupt`: bytes that are others than were sent. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, size
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    start, many = call.spot.at, call.given["bytes"]
    if woven.replaced_by:
        raise FaultError(f"the body was replaced by {woven.replaced_by}")
    if start + many > len(woven.tape.body):
        raise FaultError(f"the tape has {len(woven.tape.body) - start} bytes from there on, not {many}")
    data = woven.data_between(start, start + many)
    woven.put(start, start + many, bytes(byte ^ call.random.randrange(1, 256) for byte in data))


FAULT = Kind(
    name="corrupt",
    family="content",
    does=_does,
    sees="the byte at the place (or N bytes) changed by chance; the length stays",
    example="corrupt@100b",
    place="must",
    arguments=(Argument(name="bytes", shown="N", read=size, default=1),),
    random=True,
)
