"""OpenAI Chat Completions, spoken by most gateways too (providers.md 3 and 8). Imports the base alone."""

from __future__ import annotations

from dataclasses import dataclass

from cassettes.dialects.base import Dialect, Endpoint, at, content_text, json_bytes, json_headers, last_user_text
from cassettes.dialects.delta import NOTHING, Delta


def openai_type(status: int) -> str:
    """The `error.type` that goes with a status (providers.md 3)."""
    if status >= 500:
        return "server_error"
    return "rate_limit_exceeded" if status == 429 else "invalid_request_error"


def openai_envelope(status: int, message: str, code: str | None) -> object:
    """OpenAI's error object: all four keys are always there (providers.md 3)."""
    return {"error": {"message": message, "type": openai_type(status), "param": None, "code": code}}


@dataclass(frozen=True)
class OpenAIChat(Dialect):
    """`POST …/chat/completions`."""

    def prompt(self, body: object) -> str:
        return last_user_text(at(body, "messages"))

    def delta(self, payload: object) -> Delta:
        # Choices interleave when n > 1; the text of a stream is that of the first.
        choices = at(payload, "choices")
        for choice in choices if isinstance(choices, list) else []:
            if at(choice, "index") in (0, None):
                return Delta(content_text(at(choice, "delta", "content"), between=""))
        return NOTHING

    def envelope(self, status: int, message: str, code: str | None) -> object:
        return openai_envelope(status, message, code)

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        body = {"model": model, "messages": [{"role": "user", "content": prompt}], "stream": stream}
        return "/chat/completions", json_headers(stream), json_bytes(body)


DIALECT = OpenAIChat(
    name="openai-chat",
    endpoints=(
        Endpoint("chat", "POST", "/chat/completions"),
        Endpoint("models", "GET", "/models"),
        Endpoint("model", "GET", "/models/{}"),
    ),
    sdk_path="/v1",
    bare=("/v1", "", "/api/v1"),
    default_model="gpt-5.1",
)
