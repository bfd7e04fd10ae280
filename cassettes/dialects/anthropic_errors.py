"""Anthropic's errors (providers.md 5): which type goes with which status, the envelope, the headers beside it.

Ids and figures are constants, so that equal requests get equal answers. Imports `cassettes.model` alone.
"""

from __future__ import annotations

from typing import Final

from cassettes.model import Headers

REQUEST_ID: Final = "req_tokentape"
ORGANIZATION: Final = "00000000-0000-0000-0000-000000000000"
SPEND_LIMIT: Final = "enforced_spend_limit_reached"
"""The `error_code` of a 429 that waiting does not cure: it comes without a retry-after."""

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_STATUSES: Final = {kind: status for status, kind in _TYPES.items()}
# What a client that ran into the limit of requests is told; the reset lies in the past whenever it is read.
_RATE_LIMITS: Final[Headers] = (
    ("anthropic-ratelimit-requests-limit", "50"),
    ("anthropic-ratelimit-requests-remaining", "0"),
    ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z"),
    ("anthropic-ratelimit-tokens-limit", "50000"),
    ("anthropic-ratelimit-tokens-remaining", "50000"),
    ("anthropic-ratelimit-tokens-reset", "2026-01-01T00:00:00Z"),
    ("anthropic-ratelimit-input-tokens-limit", "40000"),
    ("anthropic-ratelimit-input-tokens-remaining", "40000"),
    ("anthropic-ratelimit-input-tokens-reset", "2026-01-01T00:00:00Z"),
    ("anthropic-ratelimit-output-tokens-limit", "10000"),
    ("anthropic-ratelimit-output-tokens-remaining", "10000"),
    ("anthropic-ratelimit-output-tokens-reset", "2026-01-01T00:00:00Z"),
)


def error_type(status: int) -> str:
    """The `error.type` that goes with a status."""
    return _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")


def status_of(kind: object) -> int:
    """The status of an `error.type`, 500 for one that is not known: an error inside a stream has no status."""
    return _STATUSES.get(kind, 500) if isinstance(kind, str) else 500


def envelope(status: int, message: str, code: str | None) -> object:
    """The JSON of an error response; `code` is what the details call `error_code`."""
    error: dict[str, object] = {"type": error_type(status), "message": message}
    if code is not None:
        error["details"] = {"error_code": code}
    return {"type": "error", "error": error, "request_id": REQUEST_ID}


def headers(status: int) -> Headers:
    """The headers of an error response. `retry-after` (1 s) stands on 429 alone: a client may obey it to the letter."""
    own: Headers = (
        ("content-type", "application/json"),
        ("request-id", REQUEST_ID),
        ("anthropic-organization-id", ORGANIZATION),
    )
    return (*own, ("retry-after", "1"), *_RATE_LIMITS) if status == 429 else own


def retried(status: int) -> bool | None:
    """What the API says in `x-should-retry`; None where it leaves that to the client (408 and 409)."""
    return None if status in (408, 409) else status == 429 or status >= 500
