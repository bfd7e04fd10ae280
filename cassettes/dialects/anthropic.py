"""Anthropic Messages (providers.md 5). Imports the base alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cassettes.dialects.base import Dialect, Endpoint, at, json_bytes, json_headers, last_user_text
from cassettes.dialects.delta import Delta

API_VERSION: Final = "2023-06-01"
_MAX_TOKENS: Final = 1024  # the field is required
_TYPES: Final = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@dataclass(frozen=True)
class Anthropic(Dialect):
    """`POST /v1/messages`."""

    def prompt(self, body: object) -> str:
        return last_user_text(at(body, "messages"))

    def delta(self, payload: object) -> Delta:
        text = at(payload, "delta", "text") if at(payload, "type") == "content_block_delta" else None
        return Delta(text if isinstance(text, str) else "")

    def envelope(self, status: int, message: str, code: str | None) -> object:
        error: dict[str, object] = {"type": error_type(status), "message": message}
        if code is not None:
            error["details"] = {"error_code": code}
        # A request id belongs to the envelope; ours is a constant, so that equal requests get equal answers.
        return {"type": "error", "error": error, "request_id": "req_tokentape"}

    def auth(self, key: str, variable: str = "") -> dict[str, str]:
        # The API takes a key in either header (providers.md 5); gateways often know the older one alone. A token from
        # ANTHROPIC_AUTH_TOKEN is a bearer token by definition.
        return super().auth(key) if variable.endswith("_AUTH_TOKEN") else {"x-api-key": key}

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        messages = [{"role": "user", "content": prompt}]
        body = {"model": model, "max_tokens": _MAX_TOKENS, "messages": messages, "stream": stream}
        return "/v1/messages", json_headers(stream) | {"anthropic-version": API_VERSION}, json_bytes(body)


def error_type(status: int) -> str:
    """The `error.type` that goes with a status (providers.md 5)."""
    return _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")


DIALECT = Anthropic(
    name="anthropic",
    endpoints=(
        Endpoint("messages", "POST", "/v1/messages"),
        Endpoint("count_tokens", "POST", "/v1/messages/count_tokens"),
        Endpoint("models", "GET", "/v1/models"),
        Endpoint("model", "GET", "/v1/models/{}"),
    ),
    bare=("", "/api"),
    # Never by x-api-key: new SDKs send a bearer token, and other providers use that header (providers.md 9.3).
    marks=("anthropic-version",),
    default_model="claude-sonnet-4-5",
)
