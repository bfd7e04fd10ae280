"""A whole answer, given where no stream was asked for, as the pieces that a stream of it would have said. Pure.

The inverse of `Dialect.fold`, as far as a delta holds it. May import the base, the deltas and `talk`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cassettes import dialects
from cassettes.dialects.base import at
from cassettes.dialects.delta import NOTHING, Delta, ToolPart
from cassettes.transpose.talk import encoded, items, text_at


def deltas(dialect: str, body: object) -> list[Delta]:
    """The pieces, none of them empty; none at all for what is no answer of the grammar."""
    found = _anthropic(body) if dialect == "anthropic" else _responses(body) if dialect == "openai-responses" else None
    if dialect == "openai-chat":
        found = _chat(body)
    elif dialect == "cohere":
        found = _cohere(body)
    # Gemini's and Ollama's whole answer is an event as any other.
    pieces = iter([dialects.get(dialect).delta(body)]) if found is None else found
    return [piece for piece in pieces if piece != NOTHING]


def _chat(body: object) -> Iterator[Delta]:
    choices = items(at(body, "choices"))
    first = next((one for one in choices if at(one, "index") in (0, None)), None)
    message, finish = at(first, "message"), at(first, "finish_reason")
    choice = {"index": 0, "delta": message, "finish_reason": finish}
    yield dialects.get("openai-chat").delta({"choices": [choice], "usage": at(body, "usage")})


def _anthropic(body: object) -> Iterator[Delta]:
    for number, block in enumerate(items(at(body, "content"))):
        match at(block, "type"):
            case "text":
                yield Delta(text_at(block, "text"))
            case "thinking":
                yield Delta(reasoning=text_at(block, "thinking"))
            case "tool_use" | "server_tool_use" | "mcp_tool_use":
                arguments = encoded(at(block, "input") or {})
                yield Delta(tools=(ToolPart(number, text_at(block, "id"), text_at(block, "name"), arguments),))
    usage, stop = at(body, "usage"), at(body, "stop_reason")
    ended = {"type": "message_delta", "usage": usage, "delta": {"stop_reason": stop, **_details(body)}}
    yield dialects.get("anthropic").delta(ended)


def _details(body: object) -> dict[str, object]:
    details = at(body, "stop_details")
    return {"stop_details": details} if details is not None else {}


def _responses(body: object) -> Iterator[Delta]:
    for number, item in enumerate(items(at(body, "output"))):
        match at(item, "type"):
            case "message":
                for part in items(at(item, "content")):
                    yield Delta(text_at(part, "text"), refusal=text_at(part, "refusal"))
            case "reasoning":
                texts = [*items(at(item, "summary")), *items(at(item, "content"))]
                yield Delta(reasoning="".join(text_at(one, "text") for one in texts))
            case "function_call" | "custom_tool_call":
                arguments = text_at(item, "arguments") or text_at(item, "input")
                yield Delta(tools=(ToolPart(number, text_at(item, "call_id"), text_at(item, "name"), arguments),))
    kind = {"incomplete": "response.incomplete", "failed": "response.failed"}.get(text_at(body, "status"))
    yield dialects.get("openai-responses").delta({"type": kind or "response.completed", "response": body})


def _cohere(body: object) -> Iterator[Delta]:
    message = at(body, "message")
    yield Delta(reasoning=text_at(message, "tool_plan"))
    for part in items(at(message, "content")):
        yield Delta(text_at(part, "text"), reasoning=text_at(part, "thinking"))
    for number, call in enumerate(items(at(message, "tool_calls"))):
        function = at(call, "function")
        arguments = text_at(function, "arguments")
        yield Delta(tools=(ToolPart(number, text_at(call, "id"), text_at(function, "name"), arguments),))
    end = {"finish_reason": at(body, "finish_reason"), "usage": at(body, "usage")}
    yield dialects.get("cohere").delta({"type": "message-end", "delta": end})
