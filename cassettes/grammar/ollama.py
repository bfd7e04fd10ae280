"""The grammar of Ollama's own API: lines of `/api/chat` and `/api/generate`. Data only; imports `table`."""

from __future__ import annotations

from typing import Final

from cassettes.grammar.table import NOTHING, Grammar, Kind, Machine, Move, Steady, Types, Variants, When

_SDK: Final = "ollama-python 0.6, types ChatResponse and GenerateResponse; docs.ollama.com/api"
_SEEN: Final = "recordings of 127.0.0.1:11434"
_LAST: Final = ("done_reason", "total_duration")
"""What the last line alone has; servers of 2024 and before say no reason."""
_EVERY: Final[Types] = {"model": "string", "created_at": "string", "done": "boolean"}
_MAY: Final[Types] = {
    "done_reason": "string",
    "total_duration": "integer",
    "load_duration": "integer",
    "prompt_eval_count": "integer",
    "prompt_eval_duration": "integer",
    "eval_count": "integer",
    "eval_duration": "integer",
    "logprobs": "list",
    "remote_model": "string",
    "remote_host": "string",
}
_MOVES: Final = (
    Move(machine="answer", symbol="says", when=When(empty=_LAST)),
    Move(machine="answer", symbol="last", when=When(filled=_LAST)),
)

GRAMMAR: Final = Grammar(
    dialect="ollama",
    title="Ollama",
    source=_SDK,
    type_key="",
    envelope={"error": "string"},
    names="none",
    natives=("ollama",),
    kinds=(
        Kind(
            name="error",
            when=When(filled=("error",)),
            needs={"error": "string"},
            may={"status_code": "integer", "signin_url": "string"},
            moves=(Move(machine="answer", symbol="error"),),
        ),
        Kind(
            name="chat",
            when=When(filled=("message",)),
            needs={**_EVERY, "message": "object", "message.role": "string", "message.content": "string"},
            may={
                **_MAY,
                "message.thinking": "string",
                "message.images": "list|null",
                "message.tool_calls": "list",
                "message.tool_name": "string",
                "message.tool_calls[].id": "string",
                "message.tool_calls[].function": "object",
                "message.tool_calls[].function.index": "integer",
                "message.tool_calls[].function.name": "string",
                "message.tool_calls[].function.arguments": "object",
            },
            moves=_MOVES,
        ),
        Kind(
            name="generate",
            when=When(filled=("created_at", "done_reason")),
            needs={**_EVERY, "response": "string"},
            may={**_MAY, "thinking": "string", "context": "list"},
            moves=_MOVES,
        ),
    ),
    machines=(
        Machine(
            name="answer",
            what="an answer",
            start="begin",
            steps={
                "begin": {"says": "open", "last": "finished", "error": "failed"},
                "open": {"says": "open", "last": "finished", "error": "failed"},
                "finished": {},
                "failed": {},
            },
            ends=("finished", "failed"),
            source=_SEEN,
        ),
    ),
    variants=(
        Variants(
            kinds=("chat", "generate"),
            place="done_reason",
            rows=dict.fromkeys(("stop", "length", "load", "unload"), NOTHING),
        ),
    ),
    steady=(Steady("model", "model", _SEEN),),
    cut_by={"done_reason": ("length",)},
)
"""The table."""
