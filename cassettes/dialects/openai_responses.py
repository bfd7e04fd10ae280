"""OpenAI Responses: creating, polling, resuming and cancelling (providers.md 4). Errors are those of OpenAI's chat.
How a stream becomes one response is `openai_responses_fold`. Imports the base, the
estimate of tokens and what is OpenAI's beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cassettes.dialects import openai_responses_speak
from cassettes.dialects.base import Dialect, Endpoint, at, json_bytes, json_headers, last_user_text
from cassettes.dialects.delta import NOTHING, Delta, Folded, ToolPart
from cassettes.dialects.estimate import tokens
from cassettes.dialects.openai_errors import error_message, openai_envelope, openai_error_headers
from cassettes.dialects.openai_responses_fold import TERMINAL, fold_responses, response_of
from cassettes.dialects.speech import Speech, Voice
from cassettes.model import Headers

_REASONING: Final = ("response.reasoning_text.delta", "response.reasoning_summary_text.delta")
_ARGUMENTS: Final = ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta")
_COUNTED: Final = ("instructions", "input", "tools", "text")


@dataclass(frozen=True)
class OpenAIResponses(Dialect):
    """`POST …/responses` and what hangs below it."""

    def prompt(self, body: object) -> str:
        given = at(body, "input")
        return given if isinstance(given, str) else last_user_text(given)

    def streams(self, path: str, query: str, body: object) -> bool:
        # A response that is there is asked for without a body: the query says whether as a stream (providers.md 4).
        return super().streams(path, query, body) or "stream=true" in query.split("&")

    def delta(self, payload: object) -> Delta:
        # `output_text.done` and `response.completed` hold the whole text once more: only deltas are new.
        kind, added = at(payload, "type"), at(payload, "delta")
        if isinstance(added, str):
            return _text_delta(kind, added, _place(payload))
        if kind == "response.output_item.added":
            return Delta(tools=_call(at(payload, "item"), _place(payload)))
        if kind in TERMINAL:
            return _last_delta(at(payload, "response"))
        return Delta(error=message) if (message := error_message(payload)) else NOTHING

    def fold(self, payloads: Iterable[object]) -> Folded | None:
        return fold_responses(payloads)

    def speak(self, said: Sequence[Delta], voice: Voice) -> Speech:
        return openai_responses_speak.speak(said, voice)

    def awaited(self, payloads: Sequence[object]) -> Sequence[object]:
        """Of a response that is made in the background the first event: it is queued, and then polled."""
        begun = next((number for number, one in enumerate(payloads, 1) if at(response_of(one), "id")), 0)
        detached = begun and at(response_of(payloads[begun - 1]), "background") is True
        return payloads[:begun] if detached else payloads

    def response_id(self, payloads: Iterable[object]) -> str | None:
        """The id of the response that a stream is of, by which it is polled, resumed and cancelled."""
        ids = (at(response_of(payload), "id") for payload in payloads)
        return next((ident for ident in ids if isinstance(ident, str) and ident), None)

    def count(self, body: object) -> object | None:
        """An estimate (`estimate.tokens`) over what the model is given: instructions, input, tools and text format."""
        given = [found for key in _COUNTED if (found := at(body, key)) is not None]
        return {"object": "response.input_tokens", "input_tokens": tokens(*given)}

    def deleted(self, ident: str) -> object:
        """The JSON that answers `DELETE …/responses/{id}`."""
        return {"id": ident, "object": "response", "deleted": True}

    def envelope(self, status: int, message: str, code: str | None) -> object:
        return openai_envelope(status, message, code)

    def error_headers(self, status: int) -> Headers:
        return openai_error_headers(status)

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        return "/responses", json_headers(stream), json_bytes({"model": model, "input": prompt, "stream": stream})


def _place(payload: object) -> int:
    place = at(payload, "output_index")
    return place if isinstance(place, int) else 0


def _text_delta(kind: object, added: str, place: int) -> Delta:
    if kind == "response.output_text.delta":
        return Delta(added)
    if kind in _REASONING:
        return Delta(reasoning=added)
    if kind == "response.refusal.delta":
        return Delta(refusal=added)
    return Delta(tools=(ToolPart(place, arguments=added),)) if kind in _ARGUMENTS else NOTHING


def _call(item: object, place: int) -> tuple[ToolPart, ...]:
    """The beginning of a call that the client is to answer; hosted tools are the provider's own affair."""
    key = {"function_call": "arguments", "custom_tool_call": "input"}.get(str(at(item, "type")))
    if key is None:
        return ()
    said = (at(item, "call_id"), at(item, "name"), at(item, key))
    return (ToolPart(place, *(text if isinstance(text, str) else "" for text in said)),)


def _last_delta(response: object) -> Delta:
    """Usage, finish and error of the response that a terminal event holds. `finish` is why it is incomplete, else its
    status."""
    usage = at(response, "usage")
    words = (at(response, "incomplete_details", "reason"), at(response, "status"))
    error = at(response, "error")
    return Delta(
        usage=usage if isinstance(usage, dict) else None,
        finish=next((word for word in words if isinstance(word, str) and word), ""),
        error=error_message({"error": error}) if error else "",
    )


DIALECT = OpenAIResponses(
    name="openai-responses",
    endpoints=(
        Endpoint("responses", "POST", "/responses"),
        Endpoint("response", "GET", "/responses/{}"),
        Endpoint("delete", "DELETE", "/responses/{}"),
        Endpoint("cancel", "POST", "/responses/{}/cancel"),
        Endpoint("input_items", "GET", "/responses/{}/input_items"),
        Endpoint("count_tokens", "POST", "/responses/input_tokens"),
        Endpoint("compact", "POST", "/responses/compact"),
    ),
    sdk_path="/v1",
    bare=("/v1", "", "/api/v1"),
    default_model="gpt-5.1",
)
