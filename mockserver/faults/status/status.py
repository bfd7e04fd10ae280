"""`status`: the provider's own error before any stream. Imports `kinds`, `shapes`, `woven` and `cassettes`."""

from __future__ import annotations

import re
from email.utils import formatdate
from http import HTTPStatus

from cassettes import dialects
from cassettes.dialects.base import json_bytes
from cassettes.model import Head, Headers
from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, Scene, choice, field_text, raw, status_code
from mockserver.faults.shapes import message_of
from mockserver.faults.woven import Woven

_AFTER = re.compile(r"(date:)?([0-9]{1,10}(?:\.[0-9]{1,6})?)")


def _after(text: str) -> str:
    if not _AFTER.fullmatch(text) or (text.startswith("date:") and "." in text):
        raise FaultError(f"{text[:40]!r}: expected seconds such as 1 or 0.5, or date:N for the date N seconds ahead")
    return text


def _ms(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise FaultError(f"{text[:40]!r}: expected a number of milliseconds, such as 300")
    return text


def provider_error(scene: Scene, code: int, message: str, word: str | None) -> tuple[Headers, bytes]:
    """Headers and body of an error response as the provider of the scene shapes it."""
    if scene.provider is not None:
        return scene.provider.error(scene.dialect, code, message, word)
    return dialects.get(scene.dialect).error(code, message, word)


def phrase(code: int) -> str:
    """The reason phrase of a status; 529 has one that Anthropic made."""
    return HTTPStatus(code).phrase if code in set(HTTPStatus) else {529: "Overloaded"}.get(code, "Unknown")


def _does(woven: Woven, call: Call) -> None:
    given, code = call.given, call.given["code"]
    message = given["message"] or message_of(code)
    headers, body = provider_error(call.scene, code, message, given["type"])
    if code < 400:
        body = json_bytes({}) if code not in {204, 304} else b""
    own: list[tuple[str, str]] = []
    if given["retry-after"] is not None:
        own.append(("retry-after", _written(given["retry-after"], call.scene.now)))
    if given["retry-after-ms"] is not None:
        own.append(("retry-after-ms", given["retry-after-ms"]))
    if given["should-retry"] is not None:
        own.append(("x-should-retry", given["should-retry"]))
    said = {name for name, _ in own}
    kept = [(name, value) for name, value in headers if name.lower() not in said]
    woven.answer("status", Head(code=code, message=phrase(code), headers=(*kept, *own)), body)


def _written(after: str, now: float) -> str:
    ahead = after.removeprefix("date:")
    # Rounded up: a client that subtracts its own clock must not find less than was asked for.
    return formatdate(int(now + 0.999) + int(ahead), usegmt=True) if ahead != after else after


FAULT = Kind(
    name="status",
    family="status",
    does=_does,
    sees="that status with the provider's error body and headers, and the retry-after given (date:N: as a date)",
    example="status:429,retry-after=1",
    place="may",
    outside=True,
    arguments=(
        Argument(name="code", shown="CODE", read=status_code, needed=True),
        Argument(name="retry-after", shown="N|date:N", read=_after),
        Argument(name="retry-after-ms", shown="N", read=_ms),
        Argument(name="should-retry", shown="true|false", read=choice("true", "false")),
        Argument(name="message", shown="TEXT", read=raw),
        Argument(name="type", shown="CODE", read=field_text),
    ),
    clocked=True,
    breaks=True,
    alone=True,
)
