"""A request of the AI SDK's UI: messages of parts, in which a call and what came out of it are one. Pure."""

from __future__ import annotations

from typing import Final

from cassettes.dialects.base import at
from cassettes.transpose.talk import (
    Json,
    Losses,
    Part,
    Role,
    Talk,
    Turn,
    decoded,
    image,
    items,
    linked,
    result_text,
    said,
    set_as,
    text_at,
    url_of,
)

_READ: Final = frozenset(("id", "messages", "trigger", "messageId", "model"))
_ROLES: Final[dict[str, Role]] = {"system": "system", "assistant": "assistant"}


def read(body: Json, losses: Losses) -> Talk:
    """The request as a value; settings and tools are the app's own."""
    losses.rest("request", body, _READ)
    turns: list[Turn] = []
    for number, message in enumerate(items(at(body, "messages"))):
        losses.rest(f"request.messages[{number}]", message, ("id", "role", "parts"))
        role = _ROLES.get(text_at(message, "role"), "user")
        parts: list[Part] = []
        results: list[Part] = []
        for part in items(at(message, "parts")):
            _read_part(part, parts, results)
        turns.append(Turn(role, tuple(parts)))
        turns += [Turn("tool", tuple(results))] if results else []
    return Talk(model=text_at(body, "model"), turns=linked(turns))


def write(talk: Talk, losses: Losses) -> Json:
    """The body of the request."""
    results = {part.id: part for turn in talk.turns for part in turn.parts if part.kind == "result"}
    messages: list[object] = []
    for number, turn in enumerate(talk.turns):
        place = f"request turn {number + 1}"
        if turn.role == "tool":
            continue
        if turn.role == "assistant":
            parts = said(turn, ("text", "reasoning", "call"), losses, place)
        else:
            parts = said(turn, ("text", "image") if turn.role == "user" else ("text",), losses, place)
        made = [_written(part, results) for part in parts]
        messages.append({"id": f"msg-{len(messages) + 1}", "role": turn.role, "parts": made})
    if talk.tools:
        losses.add("request.tools", "they are the app's own, and no page sends them")
    if talk.choice is not None:
        losses.add("request.tool_choice", "it is the app's own")
    if talk.form is not None:
        losses.add("request.response_format", "it is the app's own")
    set_as(talk, {}, losses)
    model = {"model": talk.model} if talk.model else {}
    return {"id": "chat-1", "messages": messages, "trigger": "submit-message", **model}


def _read_part(part: object, parts: list[Part], results: list[Part]) -> None:
    kind = text_at(part, "type")
    if kind in ("text", "reasoning"):
        parts += [Part(kind, text)] if (text := text_at(part, "text")) else []  # type: ignore[arg-type]
    elif kind == "file" and text_at(part, "mediaType").startswith("image/"):
        parts.append(image(text_at(part, "url")))
    elif kind.startswith("tool-") or kind == "dynamic-tool":
        name = text_at(part, "toolName") or kind.removeprefix("tool-")
        ident = text_at(part, "toolCallId")
        parts.append(Part("call", "", ident, name, decoded(at(part, "input"))))
        came = at(part, "output") if at(part, "output") is not None else at(part, "errorText")
        results += [Part("result", result_text(came), ident, name)] if came is not None else []
    elif kind != "step-start":
        parts.append(Part("other", kind or "part"))


def _written(part: Part, results: dict[str, Part]) -> Json:
    if part.kind == "image":
        return {"type": "file", "mediaType": part.media or "image/png", "url": url_of(part)}
    if part.kind != "call":
        return {"type": part.kind, "text": part.text}
    result = results.get(part.id)
    state = "input-available" if result is None else "output-available"
    call: Json = {"type": f"tool-{part.name}", "toolCallId": part.id, "state": state, "input": part.value}
    return call if result is None else call | {"output": result.text}
