"""What is said in a request: its turns, by dialect; and the frame they are said in: model, tools, form of the answer.

For the levels `conversation` and `last-user` (DESIGN 6). Takes normalised values; how a text is cut into parts, ids,
cache marks and settings like the temperature are left out. Images and files count as what they are, not by their
content. Pure: what is not as the grammar has it is no error. May import `dialects` and the standard library.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from cassettes import dialects
from cassettes.dialects.base import at

Turn = tuple[object, ...]
"""`(role, "text", text)`, `(role, "call", name, arguments)`, `(role, "result", text)`; of the rest `(role, kind)`."""


class Frame(NamedTuple):
    """What every level above `route` keys on beside its own."""

    model: str | None
    tools: object
    form: object


def frame(dialect: str, path: str, value: object) -> Frame:
    """The frame of a request: model, tools, response format."""
    tools = [at(value, name) for name in ("tools", "functions")]
    form = [at(value, *place) for place in _FORMS.get(dialect, ())]
    return Frame(dialects.get(dialect).model(path, value), tools, form)


def turns(dialect: str, value: object) -> list[Turn] | None:
    """The turns of a request, texts that follow one another in one role joined; None if there are none to be seen."""
    read = _READERS.get(dialect)
    found = _joined(read(value)) if read is not None else []
    return found or None


def last_user(dialect: str, value: object) -> str:
    """The last text of the user; "" if there is none."""
    return dialects.get(dialect).prompt(value)


_FORMS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "openai-chat": (("response_format",),),
    "openai-responses": (("text", "format"),),
    "anthropic": (("output_format",), ("output_config", "format")),
    "ollama": (("format",),),
    "cohere": (("response_format",),),
    "gemini": tuple(
        (config, name)
        for config in ("generationConfig", "generation_config")
        for name in (
            "responseMimeType",
            "responseSchema",
            "responseJsonSchema",
            "response_mime_type",
            "response_schema",
        )
    ),
}


def _joined(found: Iterable[Turn]) -> list[Turn]:
    kept: list[Turn] = []
    for turn in found:
        if kept and turn[1] == "text" == kept[-1][1] and turn[0] == kept[-1][0]:
            kept[-1] = (turn[0], "text", f"{kept[-1][2]}\n{turn[2]}")
        else:
            kept.append(turn)
    return kept


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _arguments(value: object) -> object:
    """Arguments by value: they come as JSON in a string, or as JSON."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _text(value: object) -> str:
    """The text of a tool's result: a string, parts, or JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(
            _text(at(part, "text") if isinstance(part, dict) and "text" in part else part) for part in value
        )
    return "" if value is None else json.dumps(value, sort_keys=True)


def _parts(role: str, content: object) -> list[Turn]:
    """The parts of a message in the grammars of OpenAI: a string or a list of parts with a type."""
    found: list[Turn] = []
    for part in _items(content):
        text = part if isinstance(part, str) else at(part, "text")
        if isinstance(text, str):
            found += [(role, "text", text)] if text else []
        else:
            found.append((role, str(at(part, "type") or "part")))
    return found


def _chat(value: object) -> list[Turn]:
    found: list[Turn] = []
    for message in _items(at(value, "messages")):
        role = str(at(message, "role"))
        if role in {"tool", "function"}:
            found.append((role, "result", _text(at(message, "content"))))
            continue
        found += _parts(role, at(message, "content"))
        for call in [*_items(at(message, "tool_calls")), *_items(at(message, "function_call"))]:
            asked = at(call, "function") or at(call, "custom") or call
            arguments = at(asked, "arguments") if at(asked, "arguments") is not None else at(asked, "input")
            found.append((role, "call", at(asked, "name"), _arguments(arguments)))
    return found


def _ollama(value: object) -> list[Turn]:
    """As OpenAI's chat, but for images, which stand in a list beside the text; or one prompt (`/api/generate`)."""
    prompt = at(value, "prompt")
    alone: list[object] = [{"role": "system", "content": at(value, "system")}, {"role": "user", "content": prompt}]
    messages = alone if isinstance(prompt, str) else _items(at(value, "messages"))
    found: list[Turn] = []
    for message in messages:
        found += _chat({"messages": [message]})
        found += [(str(at(message, "role")), "image") for _ in _items(at(message, "images"))]
    return found + [("user", "image") for _ in _items(at(value, "images"))]


def _responses(value: object) -> list[Turn]:
    found: list[Turn] = _parts("system", at(value, "instructions"))
    if (before := at(value, "previous_response_id")) is not None:
        found.append(("assistant", "response", before))
    for item in _items(at(value, "input")):
        kind = at(item, "type")
        if isinstance(item, str):
            found.append(("user", "text", item))
        elif kind in {"function_call", "custom_tool_call"}:
            arguments = at(item, "arguments") if at(item, "arguments") is not None else at(item, "input")
            found.append(("assistant", "call", at(item, "name"), _arguments(arguments)))
        elif isinstance(kind, str) and kind.endswith("_output"):
            found.append(("tool", "result", _text(at(item, "output"))))
        elif at(item, "role") is not None:
            found += _parts(str(at(item, "role")), at(item, "content"))
        elif kind not in {"reasoning", "item_reference"}:
            found.append(("assistant", str(kind)))
    return found


def _anthropic(value: object) -> list[Turn]:
    found: list[Turn] = _parts("system", at(value, "system"))
    for message in _items(at(value, "messages")):
        role = str(at(message, "role"))
        for block in _items(at(message, "content")):
            kind = at(block, "type")
            if kind in {"tool_use", "server_tool_use", "mcp_tool_use"}:
                found.append((role, "call", at(block, "name"), at(block, "input")))
            elif isinstance(kind, str) and kind.endswith("tool_result"):
                found.append((role, "result", _text(at(block, "content"))))
            elif kind not in {"thinking", "redacted_thinking"}:
                found += _parts(role, block)
    return found


def _gemini(value: object) -> list[Turn]:
    system = at(value, "systemInstruction") or at(value, "system_instruction")
    found = list(_gemini_parts("system", system))
    for content in _items(at(value, "contents")):
        found += _gemini_parts(str(at(content, "role") or "user"), content)
    return found


def _gemini_parts(role: str, content: object) -> list[Turn]:
    found: list[Turn] = []
    parts = at(content, "parts") if isinstance(content, dict) and "parts" in content else content
    for part in _items(parts):
        text = part if isinstance(part, str) else at(part, "text")
        call = at(part, "functionCall") or at(part, "function_call")
        result = at(part, "functionResponse") or at(part, "function_response")
        if call is not None:
            found.append((role, "call", at(call, "name"), at(call, "args")))
        elif result is not None:
            found.append((role, "result", _text(at(result, "response"))))
        elif isinstance(text, str):
            if text and at(part, "thought") is not True:
                found.append((role, "text", text))
        else:
            found.append((role, "file"))
    return found


_READERS: Final[dict[str, Callable[[object], list[Turn]]]] = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "ollama": _ollama,
    "cohere": _chat,
}
