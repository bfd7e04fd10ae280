"""OpenAI Responses: creating, polling, resuming and cancelling (providers.md 4). Errors are those of OpenAI's chat."""

from __future__ import annotations

from dataclasses import dataclass

from cassettes.dialects.base import Dialect, Endpoint, at, json_bytes, json_headers, last_user_text
from cassettes.dialects.delta import Delta
from cassettes.dialects.openai_chat import openai_envelope


@dataclass(frozen=True)
class OpenAIResponses(Dialect):
    """`POST …/responses` and what hangs below it."""

    def prompt(self, body: object) -> str:
        given = at(body, "input")
        return given if isinstance(given, str) else last_user_text(given)

    def delta(self, payload: object) -> Delta:
        # `output_text.done` and `response.completed` hold the whole text once more: only deltas are new.
        text = at(payload, "delta") if at(payload, "type") == "response.output_text.delta" else None
        return Delta(text if isinstance(text, str) else "")

    def envelope(self, status: int, message: str, code: str | None) -> object:
        return openai_envelope(status, message, code)

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        return "/responses", json_headers(stream), json_bytes({"model": model, "input": prompt, "stream": stream})


DIALECT = OpenAIResponses(
    name="openai-responses",
    endpoints=(
        Endpoint("responses", "POST", "/responses"),
        Endpoint("response", "GET", "/responses/{}"),
        Endpoint("cancel", "POST", "/responses/{}/cancel"),
    ),
    sdk_path="/v1",
    bare=("/v1", "", "/api/v1"),
    default_model="gpt-5.1",
)
