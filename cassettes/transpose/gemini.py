"""A request of Gemini's generateContent: contents of parts, the model in the path. Pure."""

from __future__ import annotations

import json
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
    as_object,
    items,
    linked,
    said,
    set_as,
    settings_of,
    text_at,
)

NAMES: Final = {
    "max_tokens": "maxOutputTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "stop": "stopSequences",
    "seed": "seed",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
}
_READ: Final = frozenset(("contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "model"))
_CONFIG: Final = frozenset(
    (*NAMES.values(), "responseMimeType", "responseSchema", "responseJsonSchema", "candidateCount")
)
_SNAKES: Final = {
    "system_instruction": "systemInstruction",
    "generation_config": "generationConfig",
    "tool_config": "toolConfig",
}
_CHOICES: Final = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
_RESULT: Final = "result"


def read(body: Json, losses: Losses) -> Talk:
    """The request as a value; the model is in the path."""
    body = {_SNAKES.get(key, key): value for key, value in body.items()}
    config = at(body, "generationConfig")
    losses.rest("request", body, _READ)
    losses.rest("request.generationConfig", config, _CONFIG)
    if at(config, "candidateCount") not in (None, 1):
        losses.add("request.generationConfig.candidateCount", "one answer is kept")
    turns: list[Turn] = []
    if system := _parts(at(body, "systemInstruction"), "request.systemInstruction", losses):
        turns.append(Turn("system", tuple(system)))
    for number, content in enumerate(items(at(body, "contents"))):
        parts = _parts(content, f"request.contents[{number}]", losses)
        results = tuple(part for part in parts if part.kind == "result")
        others = tuple(part for part in parts if part.kind != "result")
        role: Role = "assistant" if text_at(content, "role") in {"model", "assistant"} else "user"
        turns += [Turn("tool", results)] if results else []
        turns += [Turn(role, others)] if others or not results else []
    return Talk(
        turns=linked(turns),
        tools=_tools(body, losses),
        settings=settings_of(config, NAMES),
        choice=_choice(at(body, "toolConfig", "functionCallingConfig")),
        form=_form(config),
    )


def write(talk: Talk, losses: Losses) -> Json:
    """The body of the request."""
    system: list[object] = []
    contents: list[Json] = []
    for number, turn in enumerate(talk.turns):
        place = f"request turn {number + 1}"
        if turn.role == "system":
            if contents:
                losses.add(f"{place}, its place", "the system's instruction stands before all turns; it is moved there")
            system += [{"text": one.text} for one in said(turn, ("text",), losses, place)]
            continue
        if turn.role == "tool":
            parts = said(turn, ("result",), losses, place)
        else:
            parts = said(turn, ("text", "image") if turn.role == "user" else ("text", "call"), losses, place)
        role = "model" if turn.role == "assistant" else "user"
        if parts:
            contents.append({"role": role, "parts": [_written(part) for part in parts]})
    body: Json = {"contents": contents}
    if system:
        body["systemInstruction"] = {"parts": system}
    if talk.tools:
        body["tools"] = [{"functionDeclarations": [_declared(tool) for tool in talk.tools]}]
    if talk.choice is not None:
        named = talk.choice.kind == "tool"
        mode: Json = {"mode": "ANY" if named else _CHOICES.get(talk.choice.kind, "AUTO")}
        body["toolConfig"] = {
            "functionCallingConfig": mode | ({"allowedFunctionNames": [talk.choice.name]} if named else {})
        }
    config = set_as(talk, NAMES, losses)
    if talk.form is not None:
        schema = {} if talk.form.schema is None else {"responseJsonSchema": talk.form.schema}
        config |= {"responseMimeType": "application/json", **schema}
    return body | ({"generationConfig": config} if config else {})


def _parts(content: object, place: str, losses: Losses) -> list[Part]:
    held = at(content, "parts") if isinstance(content, dict) and "parts" in content else content
    parts: list[Part] = []
    for number, part in enumerate(items(held)):
        call = at(part, "functionCall") or at(part, "function_call")
        result = at(part, "functionResponse") or at(part, "function_response")
        text = part if isinstance(part, str) else text_at(part, "text")
        data = at(part, "inlineData") or at(part, "inline_data")
        if text_at(part, "thoughtSignature"):
            losses.add(f"{place}.parts[{number}].thoughtSignature", "only the model that signed it can read it")
        if call is not None:
            parts.append(Part("call", "", text_at(call, "id"), text_at(call, "name"), at(call, "args") or {}))
        elif result is not None:
            came = _result(at(result, "response"))
            parts.append(Part("result", came, text_at(result, "id"), text_at(result, "name")))
        elif data is not None and text_at(data, "mimeType").startswith("image/"):
            parts.append(Part("image", text_at(data, "data"), media=text_at(data, "mimeType")))
        elif text:
            parts.append(Part("reasoning" if at(part, "thought") is True else "text", text))
        elif isinstance(part, dict) and not isinstance(part.get("text"), str):
            parts.append(Part("other", next(iter(part), "part")))
    return parts


def _result(response: object) -> str:
    """What came out of a function: the text that is the only thing in its response, as `write` puts it, else JSON."""
    if isinstance(response, dict) and response.keys() == {_RESULT} and isinstance(response[_RESULT], str):
        return str(response[_RESULT])
    return "" if response is None else json.dumps(response, ensure_ascii=False)


def _written(part: Part) -> Json:
    match part.kind:
        case "call":
            return {"functionCall": {"id": part.id, "name": part.name, "args": as_object(part.value)}}
        case "result":
            return {"functionResponse": {"id": part.id, "name": part.name, "response": {_RESULT: part.text}}}
        case "image" if part.media:
            return {"inlineData": {"mimeType": part.media, "data": part.text}}
        case "image":
            return {"fileData": {"fileUri": part.text}}
    return {"text": part.text}


def _declared(tool: Tool) -> Json:
    schema = {} if tool.schema is None else {"parametersJsonSchema": tool.schema}
    return {"name": tool.name, "description": tool.about, **schema}


def _tools(body: Json, losses: Losses) -> tuple[Tool, ...]:
    tools: list[Tool] = []
    for number, group in enumerate(items(at(body, "tools"))):
        declared = at(group, "functionDeclarations") or at(group, "function_declarations")
        losses.rest(f"request.tools[{number}]", group, ("functionDeclarations", "function_declarations"), "no function")
        for one in items(declared):
            schema = at(one, "parametersJsonSchema")
            schema = _lowered(at(one, "parameters")) if schema is None else schema
            tools.append(Tool(text_at(one, "name"), text_at(one, "description"), schema))
    return tuple(tools)


def _lowered(schema: object) -> object:
    """A JSON Schema of one in Google's own form, which writes types in capitals (OpenAPI 3.0 subset)."""
    if isinstance(schema, list):
        return [_lowered(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value.lower() if key == "type" and isinstance(value, str) else _lowered(value)
        for key, value in schema.items()
    }


def _choice(config: object) -> Choice | None:
    names = items(at(config, "allowedFunctionNames"))
    if len(names) == 1 and isinstance(names[0], str):
        return Choice("tool", names[0])
    mode = text_at(config, "mode").upper()
    return next((Choice(own) for own, theirs in _CHOICES.items() if theirs == mode), None)


def _form(config: object) -> Form | None:
    schema = at(config, "responseJsonSchema")
    schema = _lowered(at(config, "responseSchema")) if schema is None else schema
    if schema is not None:
        return Form(schema)
    return Form() if text_at(config, "responseMimeType") == "application/json" else None
