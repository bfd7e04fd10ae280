"""The Vercel AI SDK's UI message stream: what an app's own endpoint sends to its page (ai 6; header
`x-vercel-ai-ui-message-stream: v1`).

The endpoint is the app's, `/api/chat` unless it says otherwise; its requests are known by their messages, which have
parts. Imports the base and its own files beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

from cassettes.dialects import ai_sdk_ui_fold, ai_sdk_ui_speak
from cassettes.dialects.base import Dialect, Endpoint, at, content_text, json_bytes, json_headers
from cassettes.dialects.delta import NOTHING, Delta, Folded, ToolPart
from cassettes.dialects.speech import Speech, Voice
from cassettes.model import Headers

HEADERS: Headers = (
    ("x-vercel-ai-ui-message-stream", "v1"),
    ("cache-control", "no-cache"),
    ("x-accel-buffering", "no"),
)
"""What the SDK's own responses carry."""


@dataclass(frozen=True)
class AISDKUI(Dialect):
    """`POST /api/chat` of an app, or whatever its path is."""

    def prompt(self, body: object) -> str:
        messages = at(body, "messages")
        for message in reversed(messages if isinstance(messages, list) else []):
            if at(message, "role") == "user" and (text := content_text(at(message, "parts"))):
                return text
        return ""

    def streams(self, path: str, query: str, body: object) -> bool:  # noqa: ARG002 - there is nothing else
        return True

    def claims(self, body: object) -> bool:
        messages = at(body, "messages")
        return bool(messages) and isinstance(messages, list) and isinstance(at(messages[-1], "parts"), list)

    def delta(self, payload: object) -> Delta:
        """The arguments of a call come whole in `tool-input-available`, whether or not they came in pieces before: they
        are read there. A call has no number: that of its id stands for it."""
        match at(payload, "type"):
            case "text-delta":
                return Delta(_text(payload, "delta"))
            case "reasoning-delta":
                return Delta(reasoning=_text(payload, "delta"))
            case "tool-input-start" | "tool-input-available" | "tool-input-error":
                return Delta(tools=(_tool(payload),))
            case "finish":
                usage = at(payload, "messageMetadata", "usage")
                finish = _text(payload, "finishReason") or "stop"
                return Delta(usage=usage if isinstance(usage, dict) else None, finish=finish)
            case "abort":
                return Delta(finish="abort")
            case "error":
                return Delta(error=_text(payload, "errorText") or "error")
        return NOTHING

    def fold(self, payloads: Iterable[object]) -> Folded | None:
        return ai_sdk_ui_fold.fold(payloads)

    def speak(self, said: Sequence[Delta], voice: Voice) -> Speech:
        return ai_sdk_ui_speak.speak(said, voice)

    def envelope(self, status: int, message: str, code: str | None) -> object:  # noqa: ARG002 - the page shows it
        """The SDK shows its page the body of an error as it is; apps have no shape in common."""
        return {"error": message} | ({"code": code} if code else {})

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        message = {"id": "msg-1", "role": "user", "parts": [{"type": "text", "text": prompt}]}
        body = {"id": "chat-1", "messages": [message], "trigger": "submit-message"}
        return "/api/chat", json_headers(stream), json_bytes(body | ({"model": model} if model else {}))


def _text(value: object, key: str) -> str:
    found = at(value, key)
    return found if isinstance(found, str) else ""


def _tool(payload: object) -> ToolPart:
    ident, value = _text(payload, "toolCallId"), at(payload, "input")
    number = crc32(ident.encode("utf-8", "surrogatepass"))
    try:
        arguments = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:  # as deep as the parser took it, and no deeper from here
        arguments = ""
    return ToolPart(number, ident, _text(payload, "toolName"), arguments)


DIALECT = AISDKUI(
    name="ai-sdk-ui",
    endpoints=(
        Endpoint("chat", "POST", "/api/chat"),
        Endpoint("reconnect", "GET", "/api/chat/{}/stream"),
    ),
    anywhere=True,
    stream_type="text/event-stream",
    stream_headers=HEADERS,
)
