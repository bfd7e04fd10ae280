"""`drop-header`: a header of the answer is missing. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, field_name
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    name: str = call.given["name"]
    framing = {"chunked": "transfer-encoding", "length": "content-length"}.get(woven.framing, "connection")
    have = [key.lower() for key, _ in woven.head.headers] if woven.head is not None else []
    if name.lower() not in (*have, framing):
        raise FaultError(f"the answer has no header {name}")
    woven.header_edits.append(lambda headers: [field for field in headers if field[0].lower() != name.lower()])


FAULT = Kind(
    name="drop-header",
    family="framing",
    does=_does,
    sees="the answer without that header; without Transfer-Encoding the chunk sizes are part of the body",
    example="drop-header:content-type",
    arguments=(Argument(name="name", shown="NAME", read=field_name, needed=True),),
)
