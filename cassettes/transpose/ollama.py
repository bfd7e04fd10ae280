"""A request of Ollama's own API: messages with one text each, arguments as JSON, settings among the options. Pure."""

from __future__ import annotations

from typing import Final

from cassettes.dialects.base import at
from cassettes.transpose.openai_chat import read_tools, write_tools
from cassettes.transpose.talk import (
    Form,
    Json,
    Losses,
    Part,
    Role,
    Talk,
    Turn,
    as_object,
    items,
    linked,
    result_text,
    said,
    set_as,
    settings_of,
    text_at,
    texts,
)

NAMES: Final = {
    "max_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
_READ: Final = frozenset(("model", "messages", "prompt", "system", "images", "tools", "format", "options", "stream"))
_MESSAGE: Final = frozenset(("role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"))
_ROLES: Final[dict[str, Role]] = {"system": "system", "assistant": "assistant", "tool": "tool"}
_MEDIA: Final = "image/png"
"""Of a picture Ollama says no type; it looks into the bytes."""


def read(body: Json, losses: Losses) -> Talk:
    """The request as a value: `/api/chat`, or the one prompt of `/api/generate`."""
    losses.rest("request", body, _READ)
    losses.rest("request.options", at(body, "options"), NAMES.values())
    messages = items(at(body, "messages"))
    if isinstance(at(body, "prompt"), str):
        asked = {"role": "user", "content": at(body, "prompt"), "images": at(body, "images")}
        messages = [{"role": "system", "content": at(body, "system")}, asked]
    turns = [_turn(one, f"request.messages[{number}]", losses) for number, one in enumerate(messages)]
    form = at(body, "format")
    return Talk(
        model=text_at(body, "model"),
        turns=linked(turn for turn in turns if turn.parts or turn.role != "system"),
        tools=read_tools(body, losses),
        settings=settings_of(at(body, "options"), NAMES),
        form=Form(form) if isinstance(form, dict) else Form() if form == "json" else None,
    )


def write(talk: Talk, losses: Losses) -> Json:
    """The body of a request to `/api/chat`."""
    body: Json = {"model": talk.model, "messages": _messages(talk, losses)}
    if talk.tools:
        body["tools"] = write_tools(talk)
    if talk.choice is not None and talk.choice.kind != "auto":
        losses.add("request.tool_choice", "Ollama leaves it to the model")
    if talk.form is not None:
        body["format"] = "json" if talk.form.schema is None else talk.form.schema
    options = set_as(talk, NAMES, losses)
    return body | ({"options": options} if options else {}) | {"stream": True}


def _turn(message: object, place: str, losses: Losses) -> Turn:
    losses.rest(place, message, _MESSAGE)
    role = _ROLES.get(text_at(message, "role"), "user")
    text = result_text(at(message, "content"))
    if role == "tool":
        part = Part("result", text, text_at(message, "tool_call_id"), text_at(message, "tool_name"))
        return Turn(role, (part,))
    thought = text_at(message, "thinking")
    parts = [Part("reasoning", thought)] if thought else []
    parts += [Part("text", text)] if text else []
    parts += [Part("image", data, media=_MEDIA) for data in items(at(message, "images")) if isinstance(data, str)]
    for call in items(at(message, "tool_calls")):
        function = at(call, "function")
        arguments = at(function, "arguments")
        parts.append(Part("call", "", text_at(call, "id"), text_at(function, "name"), arguments or {}))
    return Turn(role, tuple(parts))


def _messages(talk: Talk, losses: Losses) -> list[object]:
    messages: list[object] = []
    for number, turn in enumerate(talk.turns):
        place = f"request turn {number + 1}"
        if turn.role == "tool":
            messages += [
                {"role": "tool", "content": one.text, "tool_name": one.name, "tool_call_id": one.id}
                for one in said(turn, ("result",), losses, place)
            ]
            continue
        if turn.role == "assistant":
            parts = said(turn, ("text", "reasoning", "call"), losses, place)
        else:
            parts = said(turn, ("text", "image") if turn.role == "user" else ("text",), losses, place)
        message: Json = {"role": turn.role, "content": texts(turn)}
        thoughts = "\n".join(part.text for part in parts if part.kind == "reasoning")
        images = [part for part in parts if part.kind == "image"]
        for one in images:
            if not one.media:
                losses.add(f"{place} (image)", "Ollama takes the bytes of an image, not its URL")
        calls = [part for part in parts if part.kind == "call"]
        message |= {"thinking": thoughts} if thoughts else {}
        held = [one.text for one in images if one.media]
        message |= {"images": held} if held else {}
        if calls:
            message["tool_calls"] = [
                {"id": one.id, "function": {"name": one.name, "arguments": as_object(one.value)}} for one in calls
            ]
        messages.append(message)
    return messages
