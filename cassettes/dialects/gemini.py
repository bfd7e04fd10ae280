"""Google Gemini generateContent: the model is in the path, the verb says whether to stream (providers.md 6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from cassettes.dialects import gemini_errors, gemini_fold, gemini_speak
from cassettes.dialects.base import Dialect, Endpoint, at, content_text, json_bytes, json_headers
from cassettes.dialects.delta import Delta, Folded, ToolPart
from cassettes.dialects.estimate import tokens
from cassettes.dialects.speech import Speech, Voice
from cassettes.model import EventKind, Headers

_COLLECTIONS: Final = ("/models/", "/tunedModels/")
_OPERATIONS: Final = {
    "generateContent": "generate",
    "streamGenerateContent": "generate",
    "countTokens": "count_tokens",
}
# What ends an answer because of what it says, not of how it was asked for (providers.md 6.3).
_REFUSALS: Final = frozenset(
    (
        *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "JAILBREAK"),
        *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
    )
)


@dataclass(frozen=True)
class Gemini(Dialect):
    """`POST /{version}/models/{model}:streamGenerateContent` and its likes."""

    def split(self, method: str, path: str) -> tuple[str, str] | None:
        resource, colon, verb = path.rpartition(":")
        operation = _OPERATIONS.get(verb)
        if method == "POST" and path.startswith("/") and colon and operation and (found := _model_place(resource)):
            return operation, resource[: found[0]]
        return super().split(method, path)

    def model(self, path: str, body: object) -> str | None:
        resource, colon, _ = path.rpartition(":")
        found = _model_place(resource if colon else path)
        if found is None:
            return super().model(path, body)
        return unquote((resource if colon else path)[found[1] :])

    def prompt(self, body: object) -> str:
        contents = at(body, "contents")
        for content in reversed(contents if isinstance(contents, list) else [contents]):
            if at(content, "role") in ("user", None) and (text := content_text(at(content, "parts"))):
                return text
        return ""

    def streams(self, path: str, query: str, body: object) -> bool:  # noqa: ARG002 - `alt` only says in what form
        return path.rpartition(":")[2] == "streamGenerateContent"

    def form(self, path: str, query: str) -> EventKind | None:
        """Events only with `alt=sse`, else one array of the responses (providers.md 6.2)."""
        if not self.streams(path, query, None):
            return None
        return "sse" if "alt=sse" in query.split("&") else "json-array"

    def delta(self, payload: object) -> Delta:
        """Of candidate 0. Calls come whole, nearly always: their number is their place in the event, so each part with
        a name is a call of its own; of one whose arguments are streamed only the name is told."""
        one = next(gemini_fold.unwrapped([payload]), None)
        candidate = at(one, "candidates", 0)
        parts = at(candidate, "content", "parts")
        if at(candidate, "index") not in (None, 0) or not isinstance(parts, list):
            parts = []
        usage, finish = at(one, "usageMetadata"), _text(candidate, "finishReason")
        return Delta(
            text=_joined(parts, thought=False),
            reasoning=_joined(parts, thought=True),
            refusal=_refusal(one, finish),
            tools=tuple(part for number, value in enumerate(parts) if (part := _tool(number, value))),
            usage=usage if isinstance(usage, dict) else None,
            finish=finish,
            error=_error(at(one, "error")),
        )

    def fold(self, payloads: Iterable[object]) -> Folded | None:
        return gemini_fold.fold(payloads)

    def speak(self, said: Sequence[Delta], voice: Voice) -> Speech:
        return gemini_speak.speak(said, voice)

    def envelope(self, status: int, message: str, code: str | None) -> object:
        return gemini_errors.envelope(status, message, code)

    def error_headers(self, status: int) -> Headers:  # noqa: ARG002 - the same for each
        return gemini_errors.HEADERS

    def models(self, names: Sequence[str]) -> object:
        return {"models": [self.model_card(name) for name in names]}

    def model_card(self, name: str) -> object:
        bare = name.removeprefix("models/")
        return {
            "name": name if name.startswith("tunedModels/") else f"models/{bare}",
            "version": "001",
            "displayName": bare,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        }

    def count(self, body: object) -> object | None:
        """An estimate (`estimate.tokens`) over the contents, the system instruction and the tools; those of
        `generateContentRequest` where they are wrapped in it."""
        asked = at(body, "generateContentRequest")
        source = asked if isinstance(asked, dict) else body
        return {"totalTokens": tokens(*(at(source, key) for key in ("contents", "systemInstruction", "tools")))}

    def auth(self, key: str, variable: str = "") -> dict[str, str]:  # noqa: ARG002 - one header for every key
        return {"x-goog-api-key": key}

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        path = f"/v1beta/models/{quote(model.removeprefix('models/'), safe='')}:{verb}"
        body = {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
        return path, json_headers(stream), json_bytes(body)


def _text(value: object, *place: str | int) -> str:
    found = at(value, *place)
    return found if isinstance(found, str) else ""


def _joined(parts: list[object], *, thought: bool) -> str:
    return "".join(_text(part, "text") for part in parts if (at(part, "thought") is True) is thought)


def _tool(number: int, part: object) -> ToolPart | None:
    call = at(part, "functionCall")
    if not isinstance(call, dict) or not call:
        return None
    args = call.get("args")
    try:
        arguments = json.dumps(args, ensure_ascii=False) if isinstance(args, dict) else ""
    except RecursionError:  # as deep as the parser took it, and no deeper from here
        arguments = ""
    return ToolPart(number, _text(call, "id"), _text(call, "name"), arguments)


def _refusal(payload: object, finish: str) -> str:
    """Why there is no answer, or no more of it: in words where the provider has some."""
    if blocked := _text(payload, "promptFeedback", "blockReason"):
        return _text(payload, "promptFeedback", "blockReasonMessage") or blocked
    return _text(payload, "candidates", 0, "finishMessage") or finish if finish in _REFUSALS else ""


def _error(error: object) -> str:
    if not isinstance(error, dict):
        return ""
    return _text(error, "message") or _text(error, "status") or "error"


def _model_place(resource: str) -> tuple[int, int] | None:
    """Where the first collection in a path and the model after it start: a model may hold `/` (providers.md 9.3)."""
    places = [(place, place + len(name)) for name in _COLLECTIONS if (place := resource.find(name)) >= 0]
    found = min(places, default=None)
    return found if found and found[1] < len(resource) else None


_VERSIONS = ("/v1", "/v1beta", "/v1alpha")

DIALECT = Gemini(
    name="gemini",
    endpoints=(
        Endpoint("models", "GET", "/models"),
        Endpoint("model", "GET", "/models/{}"),
    ),
    prefixes=_VERSIONS,
    bare=_VERSIONS,
    marks=("x-goog-api-key", "?key"),
    default_model="gemini-2.5-flash",
    stream_type="text/event-stream",
    finish_ends=True,
)
