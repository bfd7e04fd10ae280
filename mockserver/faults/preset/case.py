"""`case`: what is known to break clients, by its id: faults, and often a stream of its own (`mockserver/cases`).

`mockserver.cases.playing` puts those in its place before any fault is at work. Imports `kinds`, `woven` and the table.
"""

from __future__ import annotations

from mockserver.cases.table import served
from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind
from mockserver.faults.woven import Woven


def _does(_woven: Woven, _call: Call) -> None:
    raise FaultError("a case is not unfolded here")


FAULT = Kind(
    name="case",
    family="preset",
    phase="status",
    does=_does,
    sees="a known trouble by its id, on a stream of its own where it needs one (`tokentape cases` lists them)",
    example="case:rst-mid-chunk",
    arguments=(Argument(name="id", shown="ID", read=served, needed=True),),
    # What the faults of a case depend on is not known before they are: all of it.
    random=True,
    clocked=True,
    targeted=True,
    breaks=True,
)
