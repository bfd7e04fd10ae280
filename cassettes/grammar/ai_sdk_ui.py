"""The grammar of the AI SDK's UI message stream. Data only; imports `table`."""

from __future__ import annotations

from typing import Final

from cassettes.grammar.table import NOTHING, Grammar, Kind, Machine, Move, Types, Variants

_SDK: Final = "ai 6.0, uiMessageChunkSchema and processUIMessageStream"
_ID: Final[Types] = {"id": "string"}
_META: Final[Types] = {"providerMetadata": "object|null"}
_CALL: Final[Types] = {"toolCallId": "string"}
_CALL_MAY: Final[Types] = {
    **_META,
    "toolMetadata": "object",
    "dynamic": "boolean",
    "title": "string",
    "providerExecuted": "boolean",
}


def _says(symbol: str = "part") -> Move:
    return Move(machine="message", symbol=symbol)


def _in(machine: str, symbol: str, key: str = "id") -> Move:
    return Move(machine=machine, symbol=symbol, key=(key,))


def _text(name: str) -> tuple[Kind, ...]:
    """The three kinds of a part of text."""
    return (
        Kind(name=f"{name}-start", needs=_ID, may=_META, moves=(_says(), _in(name, "start"))),
        Kind(
            name=f"{name}-delta",
            needs={**_ID, "delta": "string"},
            may=_META,
            moves=(_says(), _in(name, "delta")),
        ),
        Kind(name=f"{name}-end", needs=_ID, may=_META, moves=(_says(), _in(name, "end"))),
    )


def _part(name: str, what: str) -> Machine:
    return Machine(
        name=name,
        what=what,
        start="none",
        # The next step of the answer may begin its ids anew.
        steps={"none": {"start": "open"}, "open": {"delta": "open", "end": "closed"}, "closed": {"start": "open"}},
        ends=("closed",),
        source=_SDK,
        settled_by=("message:finish",),
    )


def _call(name: str, symbol: str, needs: Types, may: Types = NOTHING) -> Kind:
    """A kind of event about a tool; one that is no symbol of its machine moves the message alone."""
    moves = (_says(), _in("tool", symbol, "toolCallId")) if symbol else (_says(),)
    return Kind(name=name, needs={**_CALL, **needs}, may={**_CALL_MAY, **may}, moves=moves)


GRAMMAR: Final = Grammar(
    dialect="ai-sdk-ui",
    title="AI SDK UI message stream",
    source=_SDK,
    type_key="type",
    envelope={"error": "any"},
    names="none",
    natives=("app",),
    done="[DONE]",
    failed=("error", "abort"),
    kinds=(
        Kind(name="start", may={"messageId": "string", "messageMetadata": "any"}, moves=(_says("start"),)),
        Kind(name="start-step", moves=(_says(),)),
        Kind(name="finish-step", moves=(_says(),)),
        *_text("text"),
        *_text("reasoning"),
        _call("tool-input-start", "start", {"toolName": "string"}, {"inputEncoding": "string"}),
        _call("tool-input-delta", "delta", {"inputTextDelta": "string"}),
        _call("tool-input-available", "end", {"toolName": "string", "input": "any"}),
        _call("tool-input-error", "end", {"toolName": "string", "input": "any", "errorText": "string"}),
        _call(
            "tool-approval-request",
            "",
            {"approvalId": "string"},
            {"approvalDescriptor": "any", "inputSchemaInput": "any", "signature": "string"},
        ),
        _call("tool-output-available", "", {"output": "any"}, {"preliminary": "boolean"}),
        _call("tool-output-error", "", {"errorText": "string"}),
        _call("tool-output-denied", "", NOTHING),
        Kind(
            name="source-url",
            needs={"sourceId": "string", "url": "string"},
            may={**_META, "title": "string"},
            moves=(_says(),),
        ),
        Kind(
            name="source-document",
            needs={"sourceId": "string", "mediaType": "string", "title": "string"},
            may={**_META, "filename": "string"},
            moves=(_says(),),
        ),
        Kind(name="file", needs={"url": "string", "mediaType": "string"}, may=_META, moves=(_says(),)),
        Kind(name="message-metadata", needs={"messageMetadata": "any"}, moves=(_says(),)),
        Kind(name="finish", may={"finishReason": "string", "messageMetadata": "any"}, moves=(_says("finish"),)),
        Kind(name="abort", may={"reason": "string"}, moves=(_says("abort"),)),
        Kind(name="error", needs={"errorText": "string"}, moves=(_says("error"),)),
        Kind(name="[DONE]", moves=(_says("[DONE]"),)),
    ),
    machines=(
        Machine(
            name="message",
            what="a message",
            start="begin",
            steps={
                "begin": {"start": "open", "part": "open", "error": "failed"},
                "open": {"part": "open", "finish": "finished", "abort": "failed", "error": "failed"},
                "finished": {"[DONE]": "done"},
                "failed": {"part": "failed", "finish": "finished", "abort": "failed", "[DONE]": "done"},
                "done": {},
            },
            ends=("finished", "failed", "done"),
            source=_SDK,
        ),
        _part("text", "a text part"),
        _part("reasoning", "a reasoning part"),
        Machine(
            name="tool",
            what="a tool call",
            start="none",
            steps={
                "none": {"start": "open", "end": "closed"},
                "open": {"delta": "open", "end": "closed"},
                "closed": {},
            },
            ends=("closed",),
            source=_SDK,
            settled_by=("message:finish",),
        ),
    ),
    variants=(
        Variants(
            kinds=("finish",),
            place="finishReason",
            rows=dict.fromkeys(("stop", "length", "content-filter", "tool-calls", "error", "other"), NOTHING),
        ),
    ),
)
"""The table."""
