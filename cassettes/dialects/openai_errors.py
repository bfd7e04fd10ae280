"""How OpenAI and those who speak like it say that something went wrong: an error response, and an error inside a
stream that began with 200 (providers.md 3, 4, 7 and 8). Both of OpenAI's grammars share it. Imports the base alone.
"""

from __future__ import annotations

import re
from typing import Final

from cassettes.dialects.base import at, json_bytes
from cassettes.dialects.delta import Folded
from cassettes.model import Headers

_STATUS: Final = re.compile("[45][0-9]{2}")
_CODES: Final = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
# Constants, so that equal requests get equal answers. No retry-after: it changes how long an SDK waits, which is for
# the fault that sends the 429 to say (providers.md 2.3).
_RATE_LIMITS: Final[Headers] = (
    ("x-ratelimit-limit-requests", "500"),
    ("x-ratelimit-limit-tokens", "30000"),
    ("x-ratelimit-remaining-requests", "0"),
    ("x-ratelimit-remaining-tokens", "0"),
    ("x-ratelimit-reset-requests", "120ms"),
    ("x-ratelimit-reset-tokens", "1s"),
)
_STATUSES: Final = (
    ("quota", 429),
    ("rate_limit", 429),
    ("rate limit", 429),
    ("too_many", 429),
    ("authentication", 401),
    ("api_key", 401),
    ("permission", 403),
    ("not_found", 404),
    ("not found", 404),
    ("timeout", 504),
    ("overloaded", 503),
    ("unavailable", 503),
    ("server_error", 500),
    ("internal", 500),
    ("invalid", 400),
    ("unsupported", 400),
    ("bad_request", 400),
    ("badrequest", 400),
)


def openai_type(status: int, code: str | None = None) -> str:
    """The `error.type` that goes with a status (providers.md 3)."""
    if status >= 500:
        return "server_error"
    if status == 429:
        return "insufficient_quota" if code == "insufficient_quota" else "rate_limit_exceeded"
    return "invalid_request_error"


def openai_envelope(status: int, message: str, code: str | None) -> object:
    """OpenAI's error object: all four keys are always there (providers.md 3)."""
    kind = openai_type(status, code)
    return {"error": {"message": message, "type": kind, "param": None, "code": code or _CODES.get(status)}}


def openai_error_headers(status: int) -> Headers:
    """What OpenAI's error responses carry beside their type (providers.md 3): the SDKs read the request id."""
    headers: Headers = (("x-request-id", "req_tokentape"), ("openai-version", "2020-10-01"))
    return headers + _RATE_LIMITS if status == 429 else headers


def is_error(payload: object) -> bool:
    """Whether an event says that its stream failed, in any of the shapes seen: a truthy `error` (an object, or a
    string as xAI has it), OpenAI's flat `type: error`, vLLM's `object: error`."""
    return bool(at(payload, "error")) or "error" in (at(payload, "type"), at(payload, "object"))


def error_message(payload: object) -> str:
    """The message of an event that is an error, never empty; "" for any other event."""
    if not is_error(payload):
        return ""
    error = at(payload, "error") or payload
    said = (error, at(error, "message"), at(payload, "message"), at(error, "code"), at(error, "type"))
    return next((text for text in said if isinstance(text, str) and text), None) or _shown(error)


def _shown(error: object) -> str:
    try:
        return json_bytes(error).decode("utf-8", "replace")
    except RecursionError:
        return "error"


def folded_error(payload: object) -> Folded:
    """The error response that stands for a stream of which nothing came but the error event `payload`."""
    error = at(payload, "error") or payload
    if at(payload, "error") and (at(payload, "choices") is not None or at(payload, "type") == "error"):
        # A chunk with an error in it (OpenRouter), or OpenAI's event: the envelope holds the error alone.
        return Folded(error_status(payload), {"error": error})
    if at(payload, "type") == "error":
        status = error_status(payload)
        flat = {"message": error_message(payload), "type": openai_type(status)}
        return Folded(status, {"error": flat | {key: at(payload, key) for key in ("param", "code")}})
    return Folded(error_status(payload), payload)


def error_status(payload: object) -> int:
    """The HTTP status that an error event means: the one it names, else that of its type or code, else 500."""
    error = at(payload, "error")
    for named in (at(where, key) for where in (error, payload) for key in ("status_code", "code", "status")):
        if (isinstance(named, int) and 400 <= named <= 599) or (isinstance(named, str) and _STATUS.fullmatch(named)):
            return int(named)
    words = (at(where, key) for where in (error, payload) for key in ("code", "type"))
    said = " ".join(word for word in words if isinstance(word, str)).lower()
    return next((status for part, status in _STATUSES if part in said), 500)
