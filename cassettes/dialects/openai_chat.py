"""OpenAI Chat Completions, spoken by most gateways too (providers.md 3 and 8). How a stream becomes one answer is
`openai_chat_fold`. Imports the base and what is OpenAI's beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cassettes.dialects import openai_chat_speak
from cassettes.dialects.base import Dialect, Endpoint, at, content_text, json_bytes, json_headers, last_user_text
from cassettes.dialects.delta import Delta, Folded, ToolPart
from cassettes.dialects.openai_chat_fold import REASONING, chunk_usage, fold_chat
from cassettes.dialects.openai_errors import error_message, openai_envelope, openai_error_headers
from cassettes.dialects.speech import Speech, Voice
from cassettes.model import Headers


@dataclass(frozen=True)
class OpenAIChat(Dialect):
    """`POST …/chat/completions`."""

    def prompt(self, body: object) -> str:
        return last_user_text(at(body, "messages"))

    def delta(self, payload: object) -> Delta:
        added, finish = _first_choice(payload)
        refusal = at(added, "refusal")
        return Delta(
            text=content_text(at(added, "content"), between=""),
            reasoning=_reasoning(added),
            refusal=refusal if isinstance(refusal, str) else "",
            tools=_tools(added),
            usage=chunk_usage(payload),
            finish=finish if isinstance(finish, str) else "",
            error=error_message(payload),
        )

    def fold(self, payloads: Iterable[object]) -> Folded | None:
        return fold_chat(payloads)

    def speak(self, said: Sequence[Delta], voice: Voice) -> Speech:
        return openai_chat_speak.speak(said, voice)

    def envelope(self, status: int, message: str, code: str | None) -> object:
        return openai_envelope(status, message, code)

    def error_headers(self, status: int) -> Headers:
        return openai_error_headers(status)

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        body = {"model": model, "messages": [{"role": "user", "content": prompt}], "stream": stream}
        return "/chat/completions", json_headers(stream), json_bytes(body)


def _first_choice(payload: object) -> tuple[object, object]:
    """The delta and the finish reason of the first choice: choices interleave when n > 1."""
    choices = at(payload, "choices")
    for choice in choices if isinstance(choices, list) else []:
        if at(choice, "index") in (0, None):
            return at(choice, "delta"), at(choice, "finish_reason")
    return None, None


def _reasoning(added: object) -> str:
    """The first key that has any: OpenRouter sends the same text as `reasoning` and in `reasoning_details`; Mistral's
    stands in `content`, as parts of type `thinking`."""
    for key in REASONING:
        if isinstance(text := at(added, key), str) and text:
            return text
    details, content = at(added, "reasoning_details"), at(added, "content")
    texts = [at(entry, "text") or at(entry, "summary") for entry in (details if isinstance(details, list) else [])]
    thoughts = [at(part, "thinking") for part in (content if isinstance(content, list) else [])]
    texts += [content_text(thought, between="") for thought in thoughts]
    return "".join(text for text in texts if isinstance(text, str))


def _tools(added: object) -> tuple[ToolPart, ...]:
    calls, legacy = at(added, "tool_calls"), at(added, "function_call")
    parts = [_tool(place, call) for place, call in enumerate(calls if isinstance(calls, list) else [])]
    if isinstance(legacy, dict):
        parts.append(_tool(0, {"function": legacy}))
    return tuple(parts)


def _tool(place: int, call: object) -> ToolPart:
    index, ident = at(call, "index"), at(call, "id")
    named = at(call, "function") or at(call, "custom")
    name, arguments = at(named, "name"), at(named, "arguments") or at(named, "input")
    return ToolPart(
        number=index if isinstance(index, int) else place,
        id=ident if isinstance(ident, str) else "",
        name=name if isinstance(name, str) else "",
        arguments=arguments if isinstance(arguments, str) else "",
    )


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
