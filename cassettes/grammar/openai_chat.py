"""The grammar of OpenAI's Chat Completions, which many others speak with quirks of their own.

Data only; imports `table` and the quirks.
"""

from __future__ import annotations

from typing import Final

from cassettes.grammar.openai_chat_quirks import QUIRKS
from cassettes.grammar.table import NOTHING, Grammar, Kind, Machine, Move, Promise, Steady, Variants, When

_SPEC: Final = "openai/openai-openapi, CreateChatCompletionStreamResponse"
_SEEN: Final = "recordings of api.openai.com"
_CALL: Final = "choices[].delta.tool_calls[]"
_OBJECTS: Final = ("chat.completion.chunk", "chat.completion.done")  # the second: Perplexity
_SAID: Final = (
    "delta.content",
    "delta.refusal",
    "delta.reasoning",
    "delta.reasoning_content",
    "delta.reasoning_details",
    "delta.tool_calls",
    "delta.function_call",
    "delta.audio",
)


def _of_choice(symbol: str, when: When) -> Move:
    return Move(machine="choice", symbol=symbol, each="choices[]", key=("index",), when=when)


def _of_call(symbol: str, when: When, anew: bool = False) -> Move:
    return Move(
        machine="call",
        symbol=symbol,
        each=_CALL,
        key=("^index", "index"),
        when=when,
        adds="function.arguments",
        anew=anew,
    )


def _of_stream(symbol: str, when: When) -> Move:
    return Move(machine="stream", symbol=symbol, when=when)


GRAMMAR: Final = Grammar(
    dialect="openai-chat",
    title="OpenAI Chat Completions",
    source=_SPEC,
    envelope={"error.message": "string", "error.type": "string", "error.code": "any", "error.param": "any"},
    type_key="",
    names="none",
    named=("error",),
    done="[DONE]",
    natives=("openai",),
    kinds=(
        Kind(
            name="error",
            when=When(filled=("error",)),
            needs={"error": "object", "error.message": "string"},
            may={
                "error.type": "string|null",
                "error.param": "any",
                "error.code": "any",
                "error.metadata": "object|null",
                "error.status_code": "integer",
                "error.failed_generation": "string",
                **dict.fromkeys(("id", "object", "created", "model", "provider", "choices", "usage"), "any"),
                **dict.fromkeys(("system_fingerprint", "service_tier", "user_id"), "any"),
            },
            moves=(Move(machine="stream", symbol="error"),),
        ),
        Kind(
            name="chunk",
            when=When(filled=("id", "choices", "usage", "prompt_filter_results"), at="object", values=_OBJECTS),
            needs={
                "id": "string",
                "object": "string",
                "created": "integer",
                "model": "string",
                "choices": "list",
                "choices[].index": "integer",
                "choices[].delta": "object",
                "choices[].finish_reason": "string|null",
                f"{_CALL}.index": "integer",
                f"{_CALL}.function": "object",
            },
            may={
                "service_tier": "string|null",
                "system_fingerprint": "string|null",
                "usage": "object|null",
                "obfuscation": "string",
                "moderation": "object|null",
                "choices[].logprobs": "object|null",
                "choices[].delta.role": "string|null",
                "choices[].delta.content": "string|null",
                "choices[].delta.refusal": "string|null",
                "choices[].delta.tool_calls": "list|null",
                "choices[].delta.function_call": "object|null",
                "choices[].delta.audio": "object|null",
                "choices[].delta.annotations": "list|null",
                f"{_CALL}.id": "string|null",
                f"{_CALL}.type": "string|null",
                f"{_CALL}.function.name": "string|null",
                f"{_CALL}.function.arguments": "string|null",
            },
            moves=(
                _of_stream("chunk", When(filled=("choices",))),
                _of_choice("role", When(filled=("delta.role",))),
                _of_choice("says", When(filled=_SAID)),
                _of_call("begins", When(filled=("id", "function.name")), anew=True),
                _of_call("goes on", When(empty=("id", "function.name"))),
                _of_choice("finish", When(filled=("finish_reason",))),
                _of_stream("usage", When(filled=("usage",), empty=("choices",))),
                _of_stream("note", When(empty=("usage", "choices"))),
            ),
        ),
        Kind(name="[DONE]", moves=(Move(machine="stream", symbol="[DONE]"),)),
    ),
    machines=(
        Machine(
            name="stream",
            what="a stream",
            start="begin",
            steps={
                "begin": {"note": "begin", "chunk": "open", "error": "failed"},
                "open": {"chunk": "open", "note": "open", "usage": "counted", "[DONE]": "done", "error": "failed"},
                "counted": {"note": "counted", "[DONE]": "done", "error": "failed"},
                "done": {},
                "failed": {"[DONE]": "done"},
            },
            ends=("done", "failed"),
            source=_SEEN,
        ),
        Machine(
            name="choice",
            what="a choice",
            start="begin",
            steps={
                "begin": {"role": "open"},
                "open": {"says": "open", "finish": "finished"},
                "finished": {},
            },
            ends=("finished",),
            settled_by=("stream:usage", "stream:[DONE]"),
            source=_SEEN,
        ),
        Machine(
            name="call",
            what="a tool call",
            start="none",
            steps={"none": {"begins": "open"}, "open": {"goes on": "open"}},
            ends=("open",),
            counts=True,
            json=True,
            source=_SEEN,
        ),
    ),
    variants=(
        Variants(kinds=("chunk",), place="object", rows={"chat.completion.chunk": NOTHING}),
        Variants(
            kinds=("chunk",),
            place="choices[].finish_reason",
            rows=dict.fromkeys(("stop", "length", "tool_calls", "content_filter", "function_call"), NOTHING),
        ),
    ),
    steady=(
        Steady("id", "id", _SPEC),
        Steady("model", "model", _SPEC),
        Steady("created", "created", _SPEC),
    ),
    promises=(Promise("usage", "usage", "openai/openai-openapi, stream_options.include_usage"),),
    cut_by={"choices[].finish_reason": ("length", "content_filter", "error")},
    quirks=QUIRKS,
)
"""The table."""
