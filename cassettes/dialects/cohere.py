"""Cohere's chat, version 2 (providers.md 8.8). Imports the base and its own folding beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cassettes.dialects import cohere_fold, cohere_speak
from cassettes.dialects.base import Dialect, Endpoint, at, json_bytes, json_headers, last_user_text
from cassettes.dialects.delta import NOTHING, Delta, Folded, ToolPart
from cassettes.dialects.speech import Speech, Voice

_ERROR_ID: Final = "00000000-0000-4000-8000-000000000000"
"""A constant, so that equal requests get equal answers."""


@dataclass(frozen=True)
class Cohere(Dialect):
    """`POST /v2/chat`."""

    def prompt(self, body: object) -> str:
        return last_user_text(at(body, "messages"))

    def delta(self, payload: object) -> Delta:
        """A plan for the use of tools is reasoning as well: it stands before the calls, and is none of the answer."""
        message = at(payload, "delta", "message")
        match at(payload, "type"):
            case "content-start" | "content-delta":
                content = at(message, "content")
                return Delta(text=_text(content, "text"), reasoning=_text(content, "thinking"))
            case "tool-plan-delta":
                return Delta(reasoning=_text(message, "tool_plan"))
            case "tool-call-start" | "tool-call-delta":
                return Delta(tools=(_tool(payload, at(message, "tool_calls")),))
            case "message-end":
                usage = at(payload, "delta", "usage")
                return Delta(
                    usage=usage if isinstance(usage, dict) else None,
                    finish=_text(at(payload, "delta"), "finish_reason"),
                    error=_text(at(payload, "delta"), "error"),
                )
        return Delta(error=_text(payload, "message")) if cohere_fold.is_error(payload) else NOTHING

    def fold(self, payloads: Iterable[object]) -> Folded | None:
        return cohere_fold.fold(payloads)

    def speak(self, said: Sequence[Delta], voice: Voice) -> Speech:
        return cohere_speak.speak(said, voice)

    def envelope(self, status: int, message: str, code: str | None) -> object:  # noqa: ARG002 - it has an id and words
        """An id and the words (recorded: errors/crmne__ruby_llm__2); a code, which is ours, stands beside them."""
        return {"id": _ERROR_ID, "message": message} | ({"code": code} if code else {})

    def models(self, names: Sequence[str]) -> object:
        return {"models": [self.model_card(name) for name in names]}

    def model_card(self, name: str) -> object:
        return {
            "name": name,
            "endpoints": ["chat"],
            "finetuned": False,
            "context_length": 128000,
            "tokenizer_url": None,
            "default_endpoints": [],
        }

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        body = {"model": model, "messages": [{"role": "user", "content": prompt}], "stream": stream}
        return "/v2/chat", json_headers(stream), json_bytes(body)


def _text(value: object, key: str) -> str:
    found = at(value, key)
    return found if isinstance(found, str) else ""


def _tool(payload: object, call: object) -> ToolPart:
    index, function = at(payload, "index"), at(call, "function")
    number = index if isinstance(index, int) else 0
    return ToolPart(number, _text(call, "id"), _text(function, "name"), _text(function, "arguments"))


DIALECT = Cohere(
    name="cohere",
    endpoints=(
        Endpoint("chat", "POST", "/v2/chat"),
        Endpoint("models", "GET", "/v1/models"),
        Endpoint("model", "GET", "/v1/models/{}"),
    ),
    # Its SDKs are made by a generator that says so; of those who claim `/v1/models` no other one is.
    marks=("x-fern-sdk-name",),
    default_model="command-a-03-2025",
    stream_type="text/event-stream",
    finish_ends=True,
)
