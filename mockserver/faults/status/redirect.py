"""`redirect`: elsewhere (RFC 9110 15.4). Imports `kinds`, `status` and `woven`."""

from __future__ import annotations

from cassettes.model import Head
from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, field_text
from mockserver.faults.status.status import phrase
from mockserver.faults.woven import Woven

_CODES = ("301", "302", "303", "307", "308")


def _code(text: str) -> int:
    if text not in _CODES:
        raise FaultError(f"{text[:40]!r} is no redirect; expected {', '.join(_CODES)}")
    return int(text)


def _does(woven: Woven, call: Call) -> None:
    code: int = call.given["code"]
    headers = (("location", call.given["to"] or call.scene.target),)
    woven.answer("redirect", Head(code=code, message=phrase(code), headers=headers), b"")


FAULT = Kind(
    name="redirect",
    family="status",
    does=_does,
    sees="that status and a Location: to=, else the same path without its /!FAULTS",
    example="redirect:307",
    arguments=(
        Argument(name="code", shown="CODE", read=_code, default=307),
        Argument(name="to", shown="URL", read=field_text),
    ),
    targeted=True,
    breaks=True,
    alone=True,
)
