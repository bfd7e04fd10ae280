"""A request of Anthropic's Messages: the system prompt beside the turns, results in the user's, blocks. Pure."""

from __future__ import annotations

from typing import Final

from cassettes.dialects.base import at
from cassettes.transpose.talk import (
    Choice,
    Form,
    Json,
    Kinds,
    Losses,
    Part,
    Talk,
    Tool,
    Turn,
    as_object,
    items,
    linked,
    result_text,
    said,
    set_as,
    settings_of,
    text_at,
)

MOST_TOKENS: Final = 4096
"""`max_tokens` of a request that did not say: the field is required."""
NAMES: Final = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop_sequences",
}
_READ: Final = frozenset(
    (
        *("model", "messages", "system", "tools", "tool_choice", "stream", "output_config", "output_format"),
        *NAMES.values(),
    )
)
_CHOICES: Final = {"auto": "auto", "none": "none", "required": "any"}
_BLOCKS: Final = {
    "text": ("type", "text"),
    "thinking": ("type", "thinking"),
    "tool_use": ("type", "id", "name", "input"),
    "tool_result": ("type", "tool_use_id", "content"),
    "image": ("type", "source"),
}


def read(body: Json, losses: Losses) -> Talk:
    """The request as a value."""
    losses.rest("request", body, _READ)
    turns: list[Turn] = []
    system = tuple(_parts(at(body, "system"), "request.system", losses))
    if system:
        turns.append(Turn("system", system))
    for number, message in enumerate(items(at(body, "messages"))):
        parts = _parts(at(message, "content"), f"request.messages[{number}].content", losses)
        if text_at(message, "role") == "assistant":
            turns.append(Turn("assistant", tuple(parts)))
            continue
        results = tuple(part for part in parts if part.kind == "result")
        others = tuple(part for part in parts if part.kind != "result")
        turns += [Turn("tool", results)] if results else []
        turns += [Turn("user", others)] if others or not results else []
    settings = settings_of(body, NAMES)
    if at(body, "tool_choice", "disable_parallel_tool_use") is True:
        settings["parallel"] = False
    return Talk(
        model=text_at(body, "model"),
        turns=linked(turns),
        tools=_tools(body, losses),
        settings=settings,
        choice=_choice(at(body, "tool_choice")),
        form=_form(at(body, "output_config", "format") or at(body, "output_format")),
    )


def write(talk: Talk, losses: Losses) -> Json:
    """The body of the request."""
    system, messages = _messages(talk, losses)
    settings = set_as(talk, NAMES | {"parallel": "parallel"}, losses)
    parallel = settings.pop("parallel", True)
    body: Json = {"model": talk.model, "max_tokens": settings.pop("max_tokens", MOST_TOKENS)}
    if system:
        body["system"] = system
    body["messages"] = messages
    if talk.tools:
        empty: Json = {"type": "object", "properties": {}}
        body["tools"] = [
            {"name": tool.name, "description": tool.about, "input_schema": tool.schema or empty} for tool in talk.tools
        ]
    choice: Json = {}
    if talk.choice is not None:
        kind = talk.choice.kind
        choice = {"type": "tool", "name": talk.choice.name} if kind == "tool" else {"type": _CHOICES.get(kind, "auto")}
    if parallel is False:
        choice = (choice or {"type": "auto"}) | {"disable_parallel_tool_use": True}
    if choice:
        body["tool_choice"] = choice
    if talk.form is not None and talk.form.schema is None:
        losses.add("request.response_format", "Anthropic has JSON of a schema alone")
    elif talk.form is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": talk.form.schema}}
    return body | settings | {"stream": True}


def _messages(talk: Talk, losses: Losses) -> tuple[object, list[Json]]:
    """The system prompt, and the turns."""
    system: list[object] = []
    messages: list[Json] = []
    for number, turn in enumerate(talk.turns):
        place = f"request turn {number + 1}"
        if turn.role == "system":
            if messages:
                losses.add(f"{place}, its place", "a system prompt stands before all turns; it is moved there")
            system += [{"type": "text", "text": one.text} for one in said(turn, ("text",), losses, place)]
            continue
        if turn.role == "tool":
            blocks = [_block(one) for one in said(turn, ("result",), losses, place)]
        else:
            kinds: Kinds = ("text", "image") if turn.role == "user" else ("text", "call")
            blocks = [_block(one) for one in said(turn, kinds, losses, place)]
        if blocks:
            alone = len(blocks) == 1 and blocks[0]["type"] == "text"
            role = "assistant" if turn.role == "assistant" else "user"
            messages.append({"role": role, "content": blocks[0]["text"] if alone else blocks})
    if len(system) == 1:
        return at(system, 0, "text"), messages
    return system, messages


def _block(part: Part) -> Json:
    match part.kind:
        case "call":
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": as_object(part.value)}
        case "result":
            return {"type": "tool_result", "tool_use_id": part.id, "content": part.text}
        case "image" if part.media:
            source: Json = {"type": "base64", "media_type": part.media, "data": part.text}
            return {"type": "image", "source": source}
        case "image":
            return {"type": "image", "source": {"type": "url", "url": part.text}}
    return {"type": "text", "text": part.text}


def _parts(content: object, place: str, losses: Losses) -> list[Part]:
    parts: list[Part] = []
    for number, block in enumerate(items(content)):
        if isinstance(block, str):
            parts += [Part("text", block)] if block else []
            continue
        kind = text_at(block, "type")
        losses.rest(f"{place}[{number}]", block, _BLOCKS.get(kind, block if isinstance(block, dict) else ()))
        match kind:
            case "text":
                parts += [Part("text", text_at(block, "text"))] if text_at(block, "text") else []
            case "thinking":
                parts.append(Part("reasoning", text_at(block, "thinking")))
            case "tool_use":
                parts.append(Part("call", "", text_at(block, "id"), text_at(block, "name"), at(block, "input")))
            case "tool_result":
                text = result_text(at(block, "content"))
                parts.append(Part("result", text, text_at(block, "tool_use_id")))
            case "image" if text_at(block, "source", "data"):
                parts.append(
                    Part("image", text_at(block, "source", "data"), media=text_at(block, "source", "media_type"))
                )
            case "image" if text_at(block, "source", "url"):
                parts.append(Part("image", text_at(block, "source", "url")))
            case _:
                parts.append(Part("other", kind or "block"))
    return parts


def _tools(body: Json, losses: Losses) -> tuple[Tool, ...]:
    tools: list[Tool] = []
    for number, tool in enumerate(items(at(body, "tools"))):
        if at(tool, "input_schema") is None:
            losses.add(f"request.tools[{number}] ({text_at(tool, 'type') or 'tool'})", "it is no function")
            continue
        losses.rest(f"request.tools[{number}]", tool, ("name", "description", "input_schema", "type"))
        tools.append(Tool(text_at(tool, "name"), text_at(tool, "description"), at(tool, "input_schema")))
    return tuple(tools)


def _choice(value: object) -> Choice | None:
    kind = text_at(value, "type")
    if kind == "tool":
        return Choice("tool", text_at(value, "name"))
    return next((Choice(own) for own, theirs in _CHOICES.items() if theirs == kind), None)


def _form(value: object) -> Form | None:
    return Form(at(value, "schema")) if text_at(value, "type") == "json_schema" else None
