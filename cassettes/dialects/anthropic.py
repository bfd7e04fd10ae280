"""Anthropic Messages (providers.md 5). Imports the base and its own errors, folding and speaking beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cassettes.dialects import anthropic_errors, anthropic_fold, anthropic_speak
from cassettes.dialects.base import Dialect, Endpoint, at, json_bytes, json_headers, last_user_text
from cassettes.dialects.delta import NOTHING, Delta, Folded, ToolPart
from cassettes.dialects.estimate import tokens
from cassettes.dialects.speech import Speech, Voice
from cassettes.model import Headers

API_VERSION: Final = "2023-06-01"
_MAX_TOKENS: Final = 1024  # the field is required
_CREATED: Final = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Anthropic(Dialect):
    """`POST /v1/messages`."""

    def prompt(self, body: object) -> str:
        return last_user_text(at(body, "messages"))

    def delta(self, payload: object) -> Delta:
        """Tool parts are of every kind of tool, those the server runs included; their number is the block's index."""
        match at(payload, "type"):
            case "content_block_delta":
                return _block_delta(payload)
            case "content_block_start":
                return _block_start(payload)
            case "message_start":
                usage = at(payload, "message", "usage")
                return Delta(usage=usage) if isinstance(usage, dict) else NOTHING
            case "message_delta":
                return _message_delta(payload)
            case "error":
                message = _text(payload, "error", "message")
                return Delta(error=message or _text(payload, "error", "type") or "error")
        return NOTHING

    def fold(self, payloads: Iterable[object]) -> Folded | None:
        return anthropic_fold.fold(payloads)

    def speak(self, said: Sequence[Delta], voice: Voice) -> Speech:
        return anthropic_speak.speak(said, voice)

    def envelope(self, status: int, message: str, code: str | None) -> object:
        return anthropic_errors.envelope(status, message, code)

    def error_headers(self, status: int) -> Headers:
        return anthropic_errors.headers(status)

    def error(
        self, status: int, message: str, code: str | None = None, *, retry: bool | None = None
    ) -> tuple[Headers, bytes]:
        """As the base's; unsaid, `retry` is what the API says. A spend limit has no retry-after (providers.md 5)."""
        retry = anthropic_errors.retried(status) if retry is None else retry
        headers, body = super().error(status, message, code, retry=retry)
        if code == anthropic_errors.SPEND_LIMIT:
            headers = tuple(pair for pair in headers if pair[0] != "retry-after")
        return headers, body

    def models(self, names: Sequence[str]) -> object:
        first, last = (names[0], names[-1]) if names else (None, None)
        cards = [self.model_card(name) for name in names]
        return {"data": cards, "has_more": False, "first_id": first, "last_id": last}

    def model_card(self, name: str) -> object:
        return {"type": "model", "id": name, "display_name": name, "created_at": _CREATED}

    def count(self, body: object) -> object | None:
        """An estimate (`estimate.tokens`) over the system prompt, the messages and the tools."""
        return {"input_tokens": tokens(at(body, "system"), at(body, "messages"), at(body, "tools"))}

    def auth(self, key: str, variable: str = "") -> dict[str, str]:
        # The API takes a key in either header (providers.md 5); gateways often know the older one alone. A token from
        # ANTHROPIC_AUTH_TOKEN is a bearer token by definition.
        return super().auth(key) if variable.endswith("_AUTH_TOKEN") else {"x-api-key": key}

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        messages = [{"role": "user", "content": prompt}]
        body = {"model": model, "max_tokens": _MAX_TOKENS, "messages": messages, "stream": stream}
        return "/v1/messages", json_headers(stream) | {"anthropic-version": API_VERSION}, json_bytes(body)


def _text(value: object, *place: str | int) -> str:
    found = at(value, *place)
    return found if isinstance(found, str) else ""


def _number(payload: object) -> int:
    index = at(payload, "index")
    return index if isinstance(index, int) else 0


def _block_delta(payload: object) -> Delta:
    match at(payload, "delta", "type"):
        case "text_delta":
            return Delta(_text(payload, "delta", "text"))
        case "thinking_delta":
            return Delta(reasoning=_text(payload, "delta", "thinking"))
        case "input_json_delta":
            part = ToolPart(_number(payload), arguments=_text(payload, "delta", "partial_json"))
            return Delta(tools=(part,))
    return NOTHING


def _block_start(payload: object) -> Delta:
    block = at(payload, "content_block")
    match at(block, "type"):
        case "text":
            return Delta(_text(block, "text"))
        case "thinking":
            return Delta(reasoning=_text(block, "thinking"))
        case "tool_use" | "server_tool_use" | "mcp_tool_use":
            return Delta(tools=(ToolPart(_number(payload), _text(block, "id"), _text(block, "name")),))
    return NOTHING


def _message_delta(payload: object) -> Delta:
    usage, finish = at(payload, "usage"), _text(payload, "delta", "stop_reason")
    refusal = _text(payload, "delta", "stop_details", "explanation") or finish if finish == "refusal" else ""
    return Delta(refusal=refusal, usage=usage if isinstance(usage, dict) else None, finish=finish)


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
