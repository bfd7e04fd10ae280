"""Gemini's errors (providers.md 6.5): a google.rpc.Status for every HTTP status.

Pure; imports `cassettes.dialects.base` and `cassettes.model`.
"""

from __future__ import annotations

from typing import Final

from cassettes.dialects.base import at
from cassettes.model import Headers

BAD_KEY: Final = "API_KEY_INVALID"
"""The reason of the 400 that a bad key gets."""

_NAMES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_STATUSES: Final = {name: status for status, name in _NAMES.items()} | {
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "ALREADY_EXISTS": 409,
}
_TYPE: Final = "type.googleapis.com/google.rpc."
HEADERS: Final[Headers] = (
    ("content-type", "application/json; charset=UTF-8"),
    ("vary", "Origin, X-Origin, Referer"),
    ("x-xss-protection", "0"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-content-type-options", "nosniff"),
)
"""The same on every error: a 429 has no retry-after, its body says when to come back."""


def status_name(status: int) -> str:
    """The canonical name that goes with an HTTP status; 409 and 400 have more than one, the usual is taken."""
    return _NAMES.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")


def status_of(error: object) -> int:
    """The HTTP status of an error object: its code, else that of its name, else 500."""
    code, name = at(error, "code"), at(error, "status")
    if isinstance(code, int) and 400 <= code <= 599:
        return code
    return _STATUSES.get(name, 500) if isinstance(name, str) else 500


def envelope(status: int, message: str, code: str | None) -> object:
    """The JSON of an error response. `code` is the reason in its details; a 429 says when to come back: in 1 s."""
    # The key `error` comes first: google-genai demands it (providers.md 6.5).
    error: dict[str, object] = {"code": status, "message": message, "status": status_name(status)}
    details: list[object] = []
    if code is not None:
        details.append(_reason(code))
    if status == 429:
        details.append({"@type": _TYPE + "RetryInfo", "retryDelay": "1s"})
    if details:
        error["details"] = details
    return {"error": error}


def _reason(code: str) -> object:
    info: dict[str, object] = {"@type": _TYPE + "ErrorInfo", "reason": code}
    if code == BAD_KEY:
        return info | {"domain": "googleapis.com", "metadata": {"service": "generativelanguage.googleapis.com"}}
    return info | {"domain": "tokentape"}
