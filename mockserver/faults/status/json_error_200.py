"""`json-error-200`: the provider's error object under 200. Imports `kinds`, `shapes`, `status` and `woven`."""

from __future__ import annotations

from cassettes.model import Head
from mockserver.faults.kinds import Argument, Call, Kind
from mockserver.faults.shapes import KINDS, error_kind, message_of, status_and_code
from mockserver.faults.status.status import provider_error
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    code, word = status_and_code(call.given["kind"], call.scene.dialect)
    _, body = provider_error(call.scene, code, message_of(code), word)
    woven.answer("json-error-200", Head(headers=(("content-type", "application/json"),)), body)


FAULT = Kind(
    name="json-error-200",
    family="status",
    does=_does,
    sees="200, application/json, and the provider's error object",
    example="json-error-200:overloaded",
    arguments=(Argument(name="kind", shown="KIND", read=error_kind, default="server", words=KINDS),),
    breaks=True,
    alone=True,
)
