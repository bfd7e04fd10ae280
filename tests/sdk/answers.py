"""Answers as the providers stream them: one value, written as the events of each wire grammar (providers.md 3-8).

What a client must make of an answer is known from the value, not from the stream. Nothing of tokentape is imported.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

CREATED = 1795167000
"""The epoch that every answer says it was made at."""


class Call(NamedTuple):
    """A tool call whose arguments come in pieces."""

    id: str
    name: str
    pieces: tuple[str, ...]

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments as a value."""
        value: dict[str, Any] = json.loads("".join(self.pieces))
        return value


class Answer(NamedTuple):
    """What a model says. `read` and `wrote` are tokens."""

    text: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    read: int = 11
    wrote: int = 23


ANSWERS = {
    "text": Answer(text=("하나", ", 둘", ",", " three", " 🎉\n", "```js\nlet a = 'b'\n```", " 끝."), read=9, wrote=14),
    "tools": Answer(
        text=("Looking ", "it up."),
        calls=(
            Call("call_a1", "weather", ('{"ci', 'ty": "서', '울", "days"', ": 3}")),
            Call("call_b2", "clock", ('{"zone":', ' "Asia/Seoul"}')),
        ),
        read=57,
        wrote=41,
    ),
    "reasoning": Answer(text=("It is ", "42."), reasoning=("First 6", " by 7, ", "then done."), read=15, wrote=77),
}


class ChatStyle(NamedTuple):
    """How a provider's chat stream differs from OpenAI's (providers.md 7 and 8). `usage`: in a last chunk without
    choices, with the last choice, in a chunk that repeats it, or none (not asked for). `bare`: chunks have id and
    choices only, choices no index. `whole_calls`: a call comes in one piece; @ai-sdk/xai takes nothing else."""

    model: str = "gpt-5.1"
    reasoning: str = "reasoning_content"
    usage: str = "own"
    comment: bytes = b""
    bare: bool = False
    null_end: bool = False
    whole_calls: bool = False


CHAT_STYLES = {
    "openai": ChatStyle(),
    "xai": ChatStyle("grok-4", whole_calls=True),
    "openrouter": ChatStyle("openai/gpt-5.1", "reasoning", "kept", b": OPENROUTER PROCESSING\n\n"),
    "groq": ChatStyle("openai/gpt-oss-120b", "reasoning"),
    "deepseek": ChatStyle("deepseek-chat", "reasoning_content", "last", b": keep-alive\n\n"),
    "mistral": ChatStyle("mistral-large-latest", "reasoning_content", "last"),
    "infron": ChatStyle("google/gemini-2.5-flash", "reasoning_content", "none", b": INFRONAI PROCESSING\n\n"),
    "runyourai": ChatStyle("openai/gpt-5.2", usage="none"),
    "tokenhub": ChatStyle("gpt-4o", "reasoning_content", "last", b"", bare=True),
    "gateway": ChatStyle("gpt-5", "reasoning_content", "own", b"", null_end=True),
}


def chat(answer: Answer, style: ChatStyle = ChatStyle(), mark: str = "") -> Iterator[bytes]:  # noqa: B008 - a frozen value
    """Chat Completions. `mark` becomes part of the id."""
    head: dict[str, Any] = {"id": f"chatcmpl-{mark}T1"}
    if not style.bare:
        head |= {"object": "chat.completion.chunk", "created": CREATED, "model": style.model}

    def one(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        if style.bare:
            choice = {"delta": delta, **({"finish_reason": finish} if finish else {})}
        return data({**head, "choices": [choice], **more})

    total = answer.read + answer.wrote
    usage = {"prompt_tokens": answer.read, "completion_tokens": answer.wrote, "total_tokens": total}
    finish = "tool_calls" if answer.calls else "stop"
    last: dict[str, Any] = {"content": None} if style.null_end else {}
    yield from filter(None, (style.comment,))
    yield one({"role": "assistant", "content": ""})
    yield from (one({style.reasoning: piece}) for piece in answer.reasoning)
    yield from filter(None, (style.comment,))
    yield from (one({"content": piece}) for piece in answer.text)
    for number, call in enumerate(answer.calls):
        opened = {"name": call.name, "arguments": "".join(call.pieces) if style.whole_calls else ""}
        yield one({"tool_calls": [{"index": number, "id": call.id, "type": "function", "function": opened}]})
        for piece in () if style.whole_calls else call.pieces:
            yield one({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
    yield one(last, finish, **({"usage": usage} if style.usage == "last" else {}))
    if style.usage == "own":
        yield data({**head, "choices": [], "usage": usage})
    if style.usage == "kept":
        yield one({"role": "assistant", "content": ""}, finish, usage=usage)
    yield b"data: [DONE]\n\n"


def responses(answer: Answer, model: str = "gpt-5.1", mark: str = "") -> Iterator[bytes]:
    """Responses: an item for the reasoning, one for the text, one for each call."""
    count = itertools.count()
    head = {"id": f"resp_{mark}T1", "object": "response", "created_at": CREATED, "model": model, "error": None}
    head |= {"incomplete_details": None, "instructions": None, "metadata": {}, "parallel_tool_calls": True}
    head |= {"temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0}
    done: list[dict[str, Any]] = []

    def one(kind: str, **more: Any) -> bytes:
        return named({"type": f"response.{kind}", "sequence_number": next(count), **more})

    def whole(status: str, usage: object = None) -> dict[str, Any]:
        return {**head, "status": status, "output": list(done), "usage": usage}

    yield one("created", response=whole("in_progress"))
    yield one("in_progress", response=whole("in_progress"))
    if answer.reasoning:
        item = {"id": "rs_T1", "type": "reasoning", "status": "in_progress", "summary": []}
        yield one("output_item.added", output_index=0, item=item)
        place: dict[str, Any] = {"item_id": "rs_T1", "output_index": 0, "summary_index": 0}
        thought = {"type": "summary_text", "text": "".join(answer.reasoning)}
        yield one("reasoning_summary_part.added", **place, part={"type": "summary_text", "text": ""})
        yield from (one("reasoning_summary_text.delta", **place, delta=piece) for piece in answer.reasoning)
        yield one("reasoning_summary_text.done", **place, text=thought["text"])
        yield one("reasoning_summary_part.done", **place, part=thought)
        done.append({**item, "status": "completed", "summary": [thought]})
        yield one("output_item.done", output_index=0, item=done[-1])
    if answer.text:
        yield from _message(one, answer, done)
    for call in answer.calls:
        number, item_id = len(done), f"fc_{call.id}"
        item = {"id": item_id, "type": "function_call", "status": "in_progress", "call_id": call.id, "name": call.name}
        yield one("output_item.added", output_index=number, item={**item, "arguments": ""})
        place = {"item_id": item_id, "output_index": number}
        yield from (one("function_call_arguments.delta", **place, delta=piece) for piece in call.pieces)
        yield one("function_call_arguments.done", **place, name=call.name, arguments="".join(call.pieces))
        done.append({**item, "status": "completed", "arguments": "".join(call.pieces)})
        yield one("output_item.done", output_index=number, item=done[-1])
    usage = {"input_tokens": answer.read, "input_tokens_details": {"cached_tokens": 0}}
    usage |= {"output_tokens": answer.wrote, "output_tokens_details": {"reasoning_tokens": 0}}
    yield one("completed", response=whole("completed", {**usage, "total_tokens": answer.read + answer.wrote}))


def _message(one: Any, answer: Answer, done: list[dict[str, Any]]) -> Iterator[bytes]:
    item = {"id": "msg_T1", "type": "message", "role": "assistant"}
    place = {"item_id": "msg_T1", "output_index": len(done), "content_index": 0}
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
    text = "".join(answer.text)
    yield one("output_item.added", output_index=len(done), item={**item, "status": "in_progress", "content": []})
    yield one("content_part.added", **place, part=part)
    yield from (one("output_text.delta", **place, delta=piece, logprobs=[]) for piece in answer.text)
    yield one("output_text.done", **place, text=text, logprobs=[])
    yield one("content_part.done", **place, part={**part, "text": text})
    done.append({**item, "status": "completed", "content": [{**part, "text": text}]})
    yield one("output_item.done", output_index=len(done) - 1, item=done[-1])


def messages(answer: Answer, model: str = "claude-sonnet-4-5", mark: str = "") -> Iterator[bytes]:
    """Anthropic Messages: a block for the thinking, one for the text, one for each call."""
    head = {"id": f"msg_{mark}T1", "type": "message", "role": "assistant", "model": model, "content": []}
    head |= {"stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": answer.read, "output_tokens": 1}}
    number = itertools.count()

    def block(start: dict[str, Any], *deltas: dict[str, Any]) -> Iterator[bytes]:
        index = next(number)
        yield named({"type": "content_block_start", "index": index, "content_block": start})
        yield from (named({"type": "content_block_delta", "index": index, "delta": delta}) for delta in deltas)
        yield named({"type": "content_block_stop", "index": index})

    yield named({"type": "message_start", "message": head})
    if answer.reasoning:
        thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in answer.reasoning]
        signed = {"type": "signature_delta", "signature": "c2lnbmVk"}
        yield from block({"type": "thinking", "thinking": "", "signature": ""}, *thoughts, signed)
    yield named({"type": "ping"})
    if answer.text:
        yield from block({"type": "text", "text": ""}, *({"type": "text_delta", "text": one} for one in answer.text))
    for call in answer.calls:
        pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *call.pieces)]
        yield from block({"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, *pieces)
    ended = {"stop_reason": "tool_use" if answer.calls else "end_turn", "stop_sequence": None}
    yield named({"type": "message_delta", "delta": ended, "usage": {"output_tokens": answer.wrote}})
    yield named({"type": "message_stop"})


def generate(answer: Answer, model: str = "gemini-2.5-flash", mark: str = "") -> Iterator[bytes]:
    """Gemini: CRLF, usage on every chunk, calls whole."""
    parts = [{"text": piece, "thought": True} for piece in answer.reasoning]
    parts += [{"text": piece} for piece in answer.text]
    parts += [{"functionCall": {"name": call.name, "args": call.arguments}} for call in answer.calls]
    for number, part in enumerate(parts, 1):
        candidate: dict[str, Any] = {"content": {"parts": [part], "role": "model"}, "index": 0}
        wrote = answer.wrote * number // len(parts)
        if number == len(parts):
            candidate["finishReason"] = "STOP"
        usage = {"promptTokenCount": answer.read, "candidatesTokenCount": wrote, "totalTokenCount": answer.read + wrote}
        chunk = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model, "responseId": f"{mark}T1"}
        yield b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\r\n\r\n"


def lines(answer: Answer, model: str = "llama3.2") -> Iterator[bytes]:
    """Ollama: a line of JSON each, calls whole, the counts on the last."""
    head = {"model": model, "created_at": "2026-11-20T09:30:00.5Z"}

    def one(done: bool = False, **message: Any) -> bytes:
        said = {"role": "assistant", "content": "", **message}
        return json.dumps({**head, "message": said, "done": done, **(counts if done else {})}).encode() + b"\n"

    counts = {"done_reason": "stop", "total_duration": 9, "prompt_eval_count": answer.read, "eval_count": answer.wrote}
    yield from (one(thinking=piece) for piece in answer.reasoning)
    yield from (one(content=piece) for piece in answer.text)
    for call in answer.calls:
        yield one(tool_calls=[{"id": call.id, "function": {"name": call.name, "arguments": call.arguments}}])
    yield one(done=True)


def cohere(answer: Answer, mark: str = "") -> Iterator[bytes]:
    """Cohere: a part of the content for the thinking, one for the text; then the calls."""
    number = itertools.count()

    def one(kind: str, index: int | None = None, **message: Any) -> bytes:
        own = {} if index is None else {"index": index}
        return named({"type": kind, **own, **({"delta": {"message": message}} if message else {})})

    def content(kind: str, pieces: Sequence[str]) -> Iterator[bytes]:
        if pieces:
            index = next(number)
            yield one("content-start", index, content={"type": kind, kind: ""})
            yield from (one("content-delta", index, content={kind: piece}) for piece in pieces)
            yield one("content-end", index)

    empty: dict[str, Any] = {"content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield named({"id": f"{mark}T1", "type": "message-start", "delta": {"message": {"role": "assistant", **empty}}})
    yield from content("thinking", answer.reasoning)
    yield from content("text", answer.text)
    for index, call in enumerate(answer.calls):
        function = {"name": call.name, "arguments": ""}
        yield one("tool-call-start", index, tool_calls={"id": call.id, "type": "function", "function": function})
        for piece in call.pieces:
            yield one("tool-call-delta", index, tool_calls={"function": {"arguments": piece}})
        yield one("tool-call-end", index)
    usage = {"tokens": {"input_tokens": answer.read, "output_tokens": answer.wrote}}
    reason = "TOOL_CALL" if answer.calls else "COMPLETE"
    yield named({"type": "message-end", "delta": {"finish_reason": reason, "usage": usage}})
    yield b"data: [DONE]\n\n"


def data(value: object) -> bytes:
    """A `data:` event."""
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


def named(value: dict[str, Any]) -> bytes:
    """An event named by its `type`."""
    return f"event: {value['type']}\n".encode() + data(value)


def expected(answer: Answer, finish: Sequence[str], reasoning: bool = True) -> dict[str, Any]:
    """What a client has to find: `finish` is its word for a plain end and for tool calls; not all keep `reasoning`."""
    return {
        "text": "".join(answer.text),
        "calls": [[call.name, call.arguments] for call in answer.calls],
        "finish": finish[bool(answer.calls)],
        "usage": [answer.read, answer.wrote],
        "reasoning": "".join(answer.reasoning) if reasoning else "",
    }
