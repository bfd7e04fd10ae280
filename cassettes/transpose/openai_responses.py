"""A request of OpenAI's Responses: instructions, and a list of items. Pure."""

from __future__ import annotations

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
    texts,
    url_of,
)

NAMES: Final = {
    "max_tokens": "max_output_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "parallel": "parallel_tool_calls",
}
_READ: Final = frozenset(
    (*("model", "instructions", "input", "tools", "tool_choice", "stream", "stream_options", "text"), *NAMES.values())
)
_ROLES: Final[dict[str, Role]] = {"system": "system", "developer": "system", "assistant": "assistant"}


def read(body: Json, losses: Losses) -> Talk:
    """The request as a value."""
    losses.rest("request", body, _READ)
    losses.rest("request.text", at(body, "text"), ("format",))
    turns: list[Turn] = []
    if instructions := text_at(body, "instructions"):
        turns.append(Turn("system", (Part("text", instructions),)))
    for number, item in enumerate(items(at(body, "input"))):
        turn = _turn(item, f"request.input[{number}]", losses)
        if turn is None:
            continue
        if turn.role == "assistant" and turns and turns[-1].role == "assistant":
            # An answer's items are one turn: its text, its calls.
            turns[-1] = turns[-1]._replace(parts=turns[-1].parts + turn.parts)
        else:
            turns.append(turn)
    return Talk(
        model=text_at(body, "model"),
        turns=linked(turns),
        tools=_tools(body, losses),
        settings=settings_of(body, NAMES),
        choice=_choice(at(body, "tool_choice")),
        form=_form(at(body, "text", "format")),
    )


def write(talk: Talk, losses: Losses) -> Json:
    """The body of the request."""
    body: Json = {"model": talk.model}
    given: list[object] = []
    for number, turn in enumerate(talk.turns):
        if turn.role == "system" and not given and "instructions" not in body and texts(turn):
            body["instructions"] = texts(turn)
        else:
            given += _items(turn, f"request turn {number + 1}", losses)
    body["input"] = given
    if talk.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.about,
                "parameters": tool.schema or {},
                "strict": False,
            }
            for tool in talk.tools
        ]
    if talk.choice is not None:
        named: object = {"type": "function", "name": talk.choice.name}
        body["tool_choice"] = named if talk.choice.kind == "tool" else talk.choice.kind
    if talk.form is not None:
        form = talk.form
        schema: Json = {"type": "json_schema", "name": form.name or "answer", "schema": form.schema}
        schema |= {} if form.strict is None else {"strict": form.strict}
        body["text"] = {"format": {"type": "json_object"} if form.schema is None else schema}
    return body | set_as(talk, NAMES, losses) | {"stream": True}


def _turn(item: object, place: str, losses: Losses) -> Turn | None:
    kind = text_at(item, "type")
    if isinstance(item, str):
        return Turn("user", (Part("text", item),) if item else ())
    if kind in {"function_call", "custom_tool_call"}:
        arguments = at(item, "arguments") if at(item, "arguments") is not None else at(item, "input")
        part = Part("call", "", text_at(item, "call_id"), text_at(item, "name"), decoded(arguments))
        return Turn("assistant", (part,))
    if kind in {"function_call_output", "custom_tool_call_output"}:
        return Turn("tool", (Part("result", result_text(at(item, "output")), text_at(item, "call_id")),))
    if kind == "reasoning":
        losses.rest(place, item, ("type", "id", "summary", "content", "status"))
        thoughts = [*items(at(item, "summary")), *items(at(item, "content"))]
        text = "\n".join(text_at(one, "text") for one in thoughts)
        return Turn("assistant", (Part("reasoning", text),)) if text else None
    if at(item, "role") is None:
        losses.add(f"{place} ({kind or 'item'})", "it has no counterpart")
        return None
    parts = tuple(_part(part) for part in items(at(item, "content")))
    return Turn(
        _ROLES.get(text_at(item, "role"), "user"), tuple(part for part in parts if part.kind != "text" or part.text)
    )


def _part(part: object) -> Part:
    kind = text_at(part, "type")
    if isinstance(part, str) or kind in {"input_text", "output_text", "text"}:
        return Part("text", part if isinstance(part, str) else text_at(part, "text"))
    if kind == "input_image" and text_at(part, "image_url"):
        return image(text_at(part, "image_url"))
    return Part("other", kind or "part")


def _items(turn: Turn, place: str, losses: Losses) -> list[object]:
    """A turn as items: its texts as one message, each call and each result as one of its own."""
    if turn.role == "tool":
        results = said(turn, ("result",), losses, place)
        return [{"type": "function_call_output", "call_id": one.id, "output": one.text} for one in results]
    if turn.role == "assistant":
        parts = said(turn, ("text", "call"), losses, place)
    else:
        parts = said(turn, ("text", "image") if turn.role == "user" else ("text",), losses, place)
    kind = "output_text" if turn.role == "assistant" else "input_text"
    made: list[object] = []
    content: list[Json] = []
    for part in parts:
        if part.kind == "call":
            call: Json = {"type": "function_call", "call_id": part.id, "name": part.name}
            made.append(call | {"arguments": encoded(part.value)})
        elif part.kind == "image":
            content.append({"type": "input_image", "image_url": url_of(part), "detail": "auto"})
        else:
            content.append({"type": kind, "text": part.text})
    said_here: Json = {"type": "message", "role": turn.role, "content": content}
    return [said_here, *made] if content or not made else made


def _tools(body: Json, losses: Losses) -> tuple[Tool, ...]:
    tools: list[Tool] = []
    for number, tool in enumerate(items(at(body, "tools"))):
        if text_at(tool, "type") != "function":
            losses.add(f"request.tools[{number}] ({text_at(tool, 'type') or 'tool'})", "it is no function")
            continue
        losses.rest(f"request.tools[{number}]", tool, ("type", "name", "description", "parameters"))
        tools.append(Tool(text_at(tool, "name"), text_at(tool, "description"), at(tool, "parameters")))
    return tuple(tools)


def _choice(value: object) -> Choice | None:
    if isinstance(value, str):
        return Choice(value)
    return Choice("tool", text_at(value, "name")) if text_at(value, "type") == "function" else None


def _form(value: object) -> Form | None:
    if text_at(value, "type") == "json_schema":
        strict = at(value, "strict")
        return Form(at(value, "schema"), text_at(value, "name"), strict if isinstance(strict, bool) else None)
    return Form() if text_at(value, "type") == "json_object" else None
