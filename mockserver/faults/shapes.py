"""What providers send inside a stream that is not the answer: keepalives, in-band errors, terminal events.

By dialect, then by provider where it differs (providers.md 1 and 3-8). Pure; imports `cassettes` and `kinds`.
"""

from __future__ import annotations

import json
from typing import Any, Final

from cassettes import dialects
from cassettes.dialects.base import at, json_bytes, payload
from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Scene, nearest
from mockserver.faults.tapeside import TapeSide, event_names

_WORDS: Final[dict[str, tuple[int, str | None]]] = {
    "overloaded": (503, None),
    "rate-limit": (429, None),
    "quota": (429, "insufficient_quota"),
    "server": (500, None),
    "timeout": (504, None),
    "invalid": (400, None),
    "auth": (401, None),
    "permission": (403, None),
    "not-found": (404, None),
}
KINDS: Final = ", ".join(_WORDS)
STYLES: Final[dict[str, tuple[str, ...]]] = {
    "openai-chat": ("done", "no-done", "event", "chunk", "flat", "string", "text"),
    "openai-responses": ("nested", "flat", "failed", "string", "text"),
    "anthropic": ("event", "nameless", "string", "text"),
    "gemini": ("data", "raw", "string", "text"),
    "cohere": ("end", "string", "text"),
    "raw": ("event", "nameless", "string", "text"),
}
"""How a dialect's stream can say that it failed, the usual way first."""
_USUAL: Final = {"openrouter": "chunk", "groq": "event", "xai": "flat"}
_TERMINAL_NAMES: Final = frozenset(
    {"message_stop", "response.completed", "response.incomplete", "response.failed", "message-end"}
)


def error_kind(text: str) -> str:
    """A word of KINDS, or a status. Raises FaultError."""
    word = text.lower().replace("_", "-")
    if word in _WORDS or (word.isascii() and word.isdigit() and 400 <= int(word[:4]) <= 599):
        return word
    raise FaultError(
        f"{text[:40]!r} is no kind of error; expected {KINDS} or a status from 400 to 599{nearest(word, list(_WORDS))}"
    )


def status_and_code(kind: str, dialect: str) -> tuple[int, str | None]:
    """The status that a kind of error has in a dialect, and its code."""
    if kind.isdigit():
        return int(kind), None
    status, code = _WORDS[kind]
    if dialect == "anthropic":
        return {"overloaded": (529, None), "quota": (429, "enforced_spend_limit_reached")}.get(kind, (status, code))
    return status, code if dialect.startswith("openai") else None


def message_of(status: int) -> str:
    """A message that says who made it up."""
    words = {429: "Rate limit reached", 503: "Overloaded", 529: "Overloaded", 504: "Timed out", 500: "Internal error"}
    return f"{words.get(status, 'Error')} (a fault of tokentape)"


def error_events(
    scene: Scene, tape: TapeSide, position: int, kind: str, style: str | None, message: str | None
) -> bytes:
    """What a stream says at `position` when it fails there. Raises FaultError for a style that the dialect has not."""
    dialect = scene.dialect if scene.dialect in STYLES else "raw"
    style = _style(scene, dialect, style)
    status, code = status_and_code(kind, dialect)
    said = message or message_of(status)
    if tape.kind in {"ndjson", "json-array"}:
        value = json_bytes(dialects.get(scene.dialect).envelope(status, said, code))
        if tape.kind == "ndjson":
            return value + b"\n"
        return (b"" if position else b"[") + value + b"\n]"
    if style == "text":
        text = f"event: error\ndata: {said}\n\n"
    elif style == "string":
        text = _data({"error": said})
    else:
        text = _SHAPES[dialect](scene, tape, position, style, (status, code, said))
    return text.encode().replace(b"\n", tape.eol)


def _style(scene: Scene, dialect: str, style: str | None) -> str:
    styles = STYLES[dialect]
    if style is None:
        usual = _USUAL.get(scene.provider.name, "") if scene.provider else ""
        return usual if usual in styles and dialect == "openai-chat" else styles[0]
    if style not in styles:
        raise FaultError(f"{dialect} has no style {style!r}; expected {', '.join(styles)}{nearest(style, styles)}")
    return style


def _data(value: object, event: str = "") -> str:
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(value, ensure_ascii=False)}\n\n"


Said = tuple[int, str | None, str]


def _chat(_scene: Scene, tape: TapeSide, _position: int, style: str, said: Said) -> str:
    """providers.md 3 (with and without [DONE]), 7 (xAI), 8.1 (OpenRouter), 8.7 (Groq)."""
    status, code, message = said
    done = "data: [DONE]\n\n"
    if style == "flat":
        return _data({"code": code or f"status_{status}", "error": message}) + done
    envelope: Any = dialects.get("openai-chat").envelope(status, message, code)
    if style == "event":
        return _data({"error": {**envelope["error"], "status_code": status}}, "error")
    if style == "chunk":
        first = next((value for value in _payloads(tape) if isinstance(value, dict)), {})
        kept = {key: first[key] for key in ("id", "provider", "model", "object", "created") if key in first}
        choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
        error = {"code": status, "message": message}
        return _data({**kept, "choices": [choice], "error": error}) + done
    return _data(envelope) + (done if style == "done" else "")


def _responses(_scene: Scene, tape: TapeSide, position: int, style: str, said: Said) -> str:
    """providers.md 4: documented flat, seen nested; `response.failed` is a terminal event."""
    status, code, message = said
    number = sum(1 for end in tape.events[1:] if end <= position)
    envelope: Any = dialects.get("openai-responses").envelope(status, message, code)
    error = envelope["error"]
    if style == "nested":
        return _data({"type": "error", "sequence_number": number, "error": error}, "error")
    if style == "flat":
        flat = {"code": error["code"], "message": message, "param": None}
        return _data({"type": "error", **flat, "sequence_number": number}, "error")
    first = at(next(_payloads(tape), None), "response")
    response = dict(first) if isinstance(first, dict) else {"id": "resp_tokentape", "object": "response", "output": []}
    response |= {"status": "failed", "error": {"code": code or _failure(status), "message": message}}
    return _data({"type": "response.failed", "sequence_number": number, "response": response}, "response.failed")


def _failure(status: int) -> str:
    return "rate_limit_exceeded" if status == 429 else "server_error"


def _anthropic(_scene: Scene, _tape: TapeSide, _position: int, style: str, said: Said) -> str:
    """providers.md 5: `event: error`, then EOF; without the event's name the SDKs drop it."""
    status, code, message = said
    envelope: Any = dialects.get("anthropic").envelope(status, message, code)
    return _data({"type": "error", "error": envelope["error"]}, "error" if style == "event" else "")


def _gemini(_scene: Scene, _tape: TapeSide, _position: int, style: str, said: Said) -> str:
    """providers.md 6.5: as data, or a bare JSON tail without `data:`."""
    envelope = dialects.get("gemini").envelope(said[0], said[2], said[1])
    return _data(envelope) if style == "data" else json.dumps(envelope, indent=2, ensure_ascii=False) + "\n"


def _cohere(_scene: Scene, _tape: TapeSide, _position: int, _style: str, said: Said) -> str:
    """Its own event for it (ChatMessageEndEventDelta of its SDK); one that it does not know it passes over (8.8)."""
    reason = "TIMEOUT" if said[0] == 504 else "ERROR"
    return _data({"type": "message-end", "delta": {"finish_reason": reason, "error": said[2]}}, "message-end")


def _raw(scene: Scene, _tape: TapeSide, _position: int, style: str, said: Said) -> str:
    envelope = dialects.get(scene.dialect).envelope(said[0], said[2], said[1])
    return _data(envelope, "error" if style == "event" else "")


_SHAPES: Final = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "cohere": _cohere,
    "raw": _raw,
}


def _payloads(tape: TapeSide) -> Any:
    return (payload(tape.event(number)) for number in range(min(8, len(tape.events) - 1)))


def keepalive(scene: Scene, tape: TapeSide, text: str | None) -> bytes:
    """What the provider sends while a model thinks, or `text` (a comment, unless it says otherwise). Raises FaultError
    where there is nothing that a client could take."""
    if text is None:
        text = _usual_keepalive(scene, tape)
    elif not text.startswith((":", "data", "event", "id", "retry")) and "\n" not in text:
        text = f": {text}"
    data = text.replace("\r\n", "\n").encode().replace(b"\n", tape.eol)
    if not data.endswith(tape.eol):
        data += tape.eol
    return data if data.endswith(tape.eol * 2) else data + tape.eol


def _usual_keepalive(scene: Scene, tape: TapeSide) -> str:
    if tape.kind != "sse":
        raise FaultError("only event streams have keepalives; for other bodies give text=")
    if scene.provider is not None and scene.provider.keepalive and scene.dialect.startswith("openai"):
        return scene.provider.keepalive[0]
    if scene.dialect == "gemini":
        raise FaultError("Gemini sends none and google-genai cannot read comments; ask for one with text=keep-alive")
    if scene.dialect == "anthropic":
        return 'event: ping\ndata: {"type": "ping"}'
    return ": keep-alive"


def terminal_events(scene: Scene, tape: TapeSide) -> list[int]:
    """The numbers of the events that say that the answer is over: `[DONE]`, `message_stop`, `response.completed`,
    Gemini's chunk with a finishReason. They stand at the end of a stream; none is an empty list."""
    found: list[int] = []
    for number in range(len(tape.events) - 2, -1, -1):
        event = tape.event(number)
        done = b"[DONE]" in event and payload(event) is None
        value = payload(event)
        gemini = scene.dialect == "gemini" and bool(dialects.get("gemini").delta(value).finish)
        ollama = tape.kind == "ndjson" and at(value, "done") is True
        if done or gemini or ollama or _TERMINAL_NAMES.intersection(event_names(event)):
            found.append(number)
        elif value is not None:
            break
    return found[::-1]
