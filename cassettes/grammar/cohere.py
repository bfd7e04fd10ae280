"""The grammar of Cohere's chat, version 2. Data only; imports `table`."""

from __future__ import annotations

from typing import Final

from cassettes.grammar.table import NOTHING, Grammar, Kind, Machine, Move, Steady, Types, Variants

_SDK: Final = "cohere-python 7.3, types V2ChatStreamResponse"
_SEEN: Final = "recordings of api.cohere.com"
_MESSAGE: Final = "delta.message"
_INDEX: Final[Types] = {"index": "integer"}


def _says(symbol: str = "says") -> Move:
    return Move(machine="message", symbol=symbol)


def _of(machine: str, symbol: str, adds: str = "") -> Move:
    return Move(machine=machine, symbol=symbol, key=("index",), adds=adds)


def _part(name: str, what: str, *, json: bool = False, deltas: bool = True) -> Machine:
    return Machine(
        name=name,
        what=what,
        start="none",
        steps={
            "none": {"start": "open"},
            "open": {**({"delta": "open"} if deltas else {}), "end": "closed"},
            "closed": {},
        },
        ends=("closed",),
        source=_SEEN,
        settled_by=("message:message-end",),
        alone=True,
        counts=True,
        json=json,
    )


_ARGUMENTS: Final = f"{_MESSAGE}.tool_calls.function.arguments"

GRAMMAR: Final = Grammar(
    dialect="cohere",
    title="Cohere chat, version 2",
    source=_SDK,
    type_key="type",
    envelope={"message": "string"},
    names="type",
    natives=("cohere",),
    done="[DONE]",
    failed=(),
    kinds=(
        Kind(
            name="message-start",
            needs={
                "id": "string",
                "delta": "object",
                _MESSAGE: "object",
                f"{_MESSAGE}.role": "string",
                f"{_MESSAGE}.content": "list",
                f"{_MESSAGE}.tool_plan": "string",
                f"{_MESSAGE}.tool_calls": "list",
                f"{_MESSAGE}.citations": "list",
            },
            moves=(_says("message-start"),),
        ),
        Kind(
            name="content-start",
            needs={**_INDEX, f"{_MESSAGE}.content": "object", f"{_MESSAGE}.content.type": "string"},
            may={f"{_MESSAGE}.content.text": "string", f"{_MESSAGE}.content.thinking": "string", "delta": "object"},
            moves=(_says(), _of("content", "start")),
        ),
        Kind(
            name="content-delta",
            needs={**_INDEX, f"{_MESSAGE}.content": "object"},
            may={
                f"{_MESSAGE}.content.text": "string",
                f"{_MESSAGE}.content.thinking": "string",
                "delta": "object",
                "logprobs": "object|null",
            },
            moves=(_says(), _of("content", "delta")),
        ),
        Kind(name="content-end", needs=_INDEX, moves=(_says(), _of("content", "end"))),
        Kind(
            name="tool-plan-delta",
            needs={"delta": "object", f"{_MESSAGE}.tool_plan": "string"},
            moves=(_says(),),
        ),
        Kind(
            name="tool-call-start",
            needs={
                **_INDEX,
                "delta": "object",
                f"{_MESSAGE}.tool_calls.id": "string",
                f"{_MESSAGE}.tool_calls.type": "string",
                f"{_MESSAGE}.tool_calls.function": "object",
                f"{_MESSAGE}.tool_calls.function.name": "string",
                _ARGUMENTS: "string",
            },
            moves=(_says(), _of("call", "start", _ARGUMENTS)),
        ),
        Kind(
            name="tool-call-delta",
            needs={**_INDEX, "delta": "object", _ARGUMENTS: "string"},
            moves=(_says(), _of("call", "delta", _ARGUMENTS)),
        ),
        Kind(name="tool-call-end", needs=_INDEX, moves=(_says(), _of("call", "end"))),
        Kind(
            name="citation-start",
            needs={**_INDEX, "delta": "object", f"{_MESSAGE}.citations": "object"},
            moves=(_says(), _of("citation", "start")),
        ),
        Kind(name="citation-end", needs=_INDEX, moves=(_says(), _of("citation", "end"))),
        Kind(
            name="message-end",
            needs={"delta": "object", "delta.finish_reason": "string"},
            may={"id": "string", "delta.usage": "object|null", "delta.error": "string|null"},
            moves=(_says("message-end"),),
        ),
        Kind(name="debug", may={"prompt": "string"}, moves=(_says(),)),
        Kind(name="[DONE]", moves=(_says("[DONE]"),)),
    ),
    machines=(
        Machine(
            name="message",
            what="a message",
            start="begin",
            steps={
                "begin": {"message-start": "open"},
                "open": {"says": "open", "message-end": "ended"},
                "ended": {"[DONE]": "done"},
                "done": {},
            },
            ends=("ended", "done"),
            source=_SEEN,
        ),
        _part("content", "a content part"),
        _part("call", "a tool call", json=True),
        _part("citation", "a citation", deltas=False),
    ),
    variants=(
        Variants(
            kinds=("content-start",),
            place=f"{_MESSAGE}.content.type",
            rows={
                "text": {f"{_MESSAGE}.content.text": "string"},
                "thinking": {f"{_MESSAGE}.content.thinking": "string"},
            },
        ),
        Variants(
            kinds=("message-end",),
            place="delta.finish_reason",
            rows=dict.fromkeys(("COMPLETE", "STOP_SEQUENCE", "MAX_TOKENS", "TOOL_CALL", "ERROR", "TIMEOUT"), NOTHING),
        ),
    ),
    steady=(Steady("message-id", "id", _SDK),),
    cut_by={"delta.finish_reason": ("MAX_TOKENS", "STOP_SEQUENCE", "ERROR", "TIMEOUT")},
)
"""The table."""
