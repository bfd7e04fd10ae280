"""A request of OpenAI's Chat Completions, and of Cohere's chat, which is nearly the same: read and written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cassettes.dialects.base import at
from cassettes.transpose.talk import (
    Choice,
    Form,
    Json,
    Losses,
    Part,
    Role,
    Talk,
    Tool,
    Turn,
    decoded,
    encoded,
    image,
    items,
    linked,
    result_text,
    said,
    set_as,
    settings_of,
    text_at,
    url_of,
)

NAMES: Final = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "stop": "stop",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "parallel": "parallel_tool_calls",
}
_ROLES: Final[Mapping[str, Role]] = {
    "developer": "system",
    "system": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
# How it streams is the form of the answer, which is said anew.
_READ: Final = frozenset(
    (
        *("model", "messages", "tools", "tool_choice", "response_format", "stream", "stream_options"),
        *("max_completion_tokens", *NAMES.values()),
    )
)
_MESSAGE: Final = frozenset(
    ("role", "content", "tool_calls", "tool_call_id", "function_call", "reasoning_content", "reasoning", "tool_plan")
)


def read(body: Json, losses: Losses) -> Talk:
    """The request as a value."""
    losses.rest("request", body, _READ)
    settings = settings_of(body, NAMES)
    if (most := at(body, "max_completion_tokens")) is not None:
        settings["max_tokens"] = most
    return Talk(
        model=text_at(body, "model"),
        turns=read_messages(body, losses),
        tools=read_tools(body, losses),
        settings=settings,
        choice=_choice(at(body, "tool_choice")),
        form=_form(at(body, "response_format")),
    )


def write(talk: Talk, losses: Losses) -> Json:
    """The body of the request."""
    body: Json = {"model": talk.model, "messages": write_messages(talk, losses)}
    if talk.tools:
        body["tools"] = write_tools(talk)
    if talk.choice is not None:
        body["tool_choice"] = (
            {"type": "function", "function": {"name": talk.choice.name}}
            if talk.choice.kind == "tool"
            else talk.choice.kind
        )
    if talk.form is not None:
        form = talk.form
        schema: Json = {"name": form.name or "answer", "schema": form.schema}
        schema |= {} if form.strict is None else {"strict": form.strict}
        as_is = {"type": "json_object"}
        body["response_format"] = as_is if form.schema is None else {"type": "json_schema", "json_schema": schema}
    return body | set_as(talk, NAMES, losses) | {"stream": True, "stream_options": {"include_usage": True}}


def read_messages(body: Json, losses: Losses) -> tuple[Turn, ...]:
    """The turns in `messages`."""
    turns: list[Turn] = []
    for number, message in enumerate(items(at(body, "messages"))):
        place = f"request.messages[{number}]"
        losses.rest(place, message, _MESSAGE)
        role = _ROLES.get(text_at(message, "role"), "user")
        if role == "tool":
            ident, name = text_at(message, "tool_call_id"), text_at(message, "name")
            parts = [Part("result", result_text(at(message, "content")), ident, name)]
        else:
            thought = text_at(message, "reasoning_content") or text_at(message, "reasoning")
            thought = thought or text_at(message, "tool_plan")
            parts = [Part("reasoning", thought)] if thought else []
            parts += [_part(part) for part in items(at(message, "content"))]
            calls = [*items(at(message, "tool_calls")), *items(at(message, "function_call"))]
            parts += [_call(call) for call in calls]
        turns.append(Turn(role, tuple(part for part in parts if part.kind != "text" or part.text)))
    return linked(turns)


def write_messages(talk: Talk, losses: Losses, *, thoughts: bool = False) -> list[object]:
    """The turns as messages; results are a message each. `thoughts`: the grammar has parts for them (Cohere's)."""
    messages: list[object] = []
    for number, turn in enumerate(talk.turns):
        place = f"request turn {number + 1}"
        if turn.role == "tool":
            results = said(turn, ("result",), losses, place)
            messages += [{"role": "tool", "tool_call_id": one.id, "content": one.text} for one in results]
            continue
        if turn.role == "assistant":
            parts = said(turn, ("text", "call", *(("reasoning",) if thoughts else ())), losses, place)
        else:
            parts = said(turn, ("text", "image") if turn.role == "user" else ("text",), losses, place)
        calls = [part for part in parts if part.kind == "call"]
        content = [_written(part) for part in parts if part.kind != "call"]
        message: Json = {"role": turn.role, "content": _plain(content)}
        if calls:
            message["tool_calls"] = [
                {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": encoded(one.value)}}
                for one in calls
            ]
        messages.append(message)
    return messages


def read_tools(body: Json, losses: Losses) -> tuple[Tool, ...]:
    """The functions in `tools` and, of old, in `functions`."""
    tools: list[Tool] = []
    for number, tool in enumerate(items(at(body, "tools"))):
        function = at(tool, "function")
        if isinstance(function, dict):
            tools.append(Tool(text_at(function, "name"), text_at(function, "description"), function.get("parameters")))
            losses.rest(f"request.tools[{number}].function", function, ("name", "description", "parameters"))
        else:
            losses.add(f"request.tools[{number}] ({text_at(tool, 'type') or 'tool'})", "it is no function")
    return tuple(tools)


def write_tools(talk: Talk) -> list[object]:
    """The functions."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.about, "parameters": tool.schema or {}},
        }
        for tool in talk.tools
    ]


def _part(part: object) -> Part:
    kind = text_at(part, "type")
    if isinstance(part, str) or kind == "text":
        return Part("text", part if isinstance(part, str) else text_at(part, "text"))
    if kind == "image_url":
        return image(text_at(part, "image_url", "url") or text_at(part, "image_url"))
    if kind == "thinking":
        return Part("reasoning", result_text(at(part, "thinking")))
    return Part("other", kind or "part")


def _call(call: object) -> Part:
    named = at(call, "function") or at(call, "custom") or call
    arguments = at(named, "arguments") if at(named, "arguments") is not None else at(named, "input")
    return Part("call", id=text_at(call, "id"), name=text_at(named, "name"), value=decoded(arguments))


def _written(part: Part) -> Json:
    if part.kind == "image":
        return {"type": "image_url", "image_url": {"url": url_of(part)}}
    kind = "thinking" if part.kind == "reasoning" else "text"
    return {"type": kind, kind: part.text}


def _plain(content: list[Json]) -> object:
    """A single text is a string; nothing is null."""
    if len(content) == 1 and content[0]["type"] == "text":
        return content[0]["text"]
    return content or None


def _choice(value: object) -> Choice | None:
    if isinstance(value, str):
        return Choice(value)
    name = text_at(value, "function", "name")
    return Choice("tool", name) if name else None


def _form(value: object) -> Form | None:
    if text_at(value, "type") == "json_schema":
        strict = at(value, "json_schema", "strict")
        own = strict if isinstance(strict, bool) else None
        return Form(at(value, "json_schema", "schema"), text_at(value, "json_schema", "name"), own)
    return Form() if text_at(value, "type") == "json_object" else None
