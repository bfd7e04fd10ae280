"""The grammar of AG-UI. Data only; imports `table`."""

from __future__ import annotations

from typing import Final

from cassettes.grammar.table import NOTHING, Grammar, Kind, Machine, Move, Steady, Types, Variants

_SDK: Final = "@ag-ui/core 1.0, EventSchema; @ag-ui/client 1.0, verifyEvents"
_ANY: Final[Types] = {
    "timestamp": "number|null",
    "rawEvent": "any",
    "metadata": "object|null",
    "subagentRunId": "string|null",
}
_RUN: Final[Types] = {"threadId": "string", "runId": "string"}
_MESSAGE: Final[Types] = {"messageId": "string"}


def _kind(name: str, needs: Types = NOTHING, may: Types = NOTHING, *moves: Move) -> Kind:
    own = moves or (Move(machine="run", symbol="says"),)
    return Kind(name=name, needs=needs, may={**_ANY, **may}, moves=own)


def _in(machine: str, symbol: str) -> tuple[Move, ...]:
    key = "toolCallId" if machine == "call" else "messageId"
    return (Move(machine="run", symbol="says"), Move(machine=machine, symbol=symbol, key=(key,)))


def _part(name: str, what: str) -> Machine:
    return Machine(
        name=name,
        what=what,
        start="none",
        # The next run may be of the same messages.
        steps={"none": {"start": "open"}, "open": {"content": "open", "end": "closed"}, "closed": {"start": "open"}},
        ends=("closed",),
        source=_SDK,
        settled_by=("run:RUN_FINISHED",),
    )


GRAMMAR: Final = Grammar(
    dialect="ag-ui",
    title="AG-UI",
    source=_SDK,
    type_key="type",
    envelope={"error": "any"},
    names="none",
    natives=("app",),
    failed=("RUN_ERROR",),
    kinds=(
        _kind(
            "RUN_STARTED",
            _RUN,
            {"protocolVersion": "string", "parentRunId": "string", "input": "object"},
            Move(machine="run", symbol="RUN_STARTED"),
        ),
        _kind(
            "RUN_FINISHED",
            _RUN,
            {"result": "any", "outcome": "object", "outcome.type": "string", "usage": "list"},
            Move(machine="run", symbol="RUN_FINISHED"),
        ),
        _kind(
            "RUN_ERROR",
            {"message": "string"},
            {"code": "string", "usage": "list"},
            Move(machine="run", symbol="RUN_ERROR"),
        ),
        _kind("TEXT_MESSAGE_START", _MESSAGE, {"role": "string", "name": "string"}, *_in("text", "start")),
        _kind("TEXT_MESSAGE_CONTENT", {**_MESSAGE, "delta": "string"}, NOTHING, *_in("text", "content")),
        _kind("TEXT_MESSAGE_END", _MESSAGE, NOTHING, *_in("text", "end")),
        _kind("TEXT_MESSAGE_CHUNK", NOTHING, {**_MESSAGE, "role": "string", "name": "string", "delta": "string"}),
        _kind(
            "TOOL_CALL_START",
            {"toolCallId": "string", "toolCallName": "string"},
            {"parentMessageId": "string"},
            *_in("call", "start"),
        ),
        _kind("TOOL_CALL_ARGS", {"toolCallId": "string", "delta": "string"}, NOTHING, *_in("call", "content")),
        _kind("TOOL_CALL_END", {"toolCallId": "string"}, NOTHING, *_in("call", "end")),
        _kind(
            "TOOL_CALL_CHUNK",
            NOTHING,
            {"toolCallId": "string", "toolCallName": "string", "parentMessageId": "string", "delta": "string"},
        ),
        _kind("TOOL_CALL_RESULT", {**_MESSAGE, "toolCallId": "string", "content": "string|list"}, {"role": "string"}),
        _kind("REASONING_START", _MESSAGE),
        _kind("REASONING_MESSAGE_START", {**_MESSAGE, "role": "string"}, NOTHING, *_in("reasoning", "start")),
        _kind("REASONING_MESSAGE_CONTENT", {**_MESSAGE, "delta": "string"}, NOTHING, *_in("reasoning", "content")),
        _kind("REASONING_MESSAGE_END", _MESSAGE, NOTHING, *_in("reasoning", "end")),
        _kind("REASONING_MESSAGE_CHUNK", NOTHING, {**_MESSAGE, "delta": "string"}),
        _kind("REASONING_END", _MESSAGE),
        _kind("REASONING_ENCRYPTED_VALUE", {"subtype": "string", "entityId": "string", "encryptedValue": "string"}),
        _kind("STATE_SNAPSHOT", {"snapshot": "any"}),
        _kind("STATE_DELTA", {"delta": "list"}),
        _kind("MESSAGES_SNAPSHOT", {"messages": "list"}),
        _kind("ACTIVITY_SNAPSHOT", {**_MESSAGE, "activityType": "string", "content": "any"}, {"replace": "boolean"}),
        _kind("ACTIVITY_DELTA", {**_MESSAGE, "activityType": "string", "patch": "list"}),
        _kind("STEP_STARTED", {"stepName": "string"}),
        _kind("STEP_FINISHED", {"stepName": "string"}),
        _kind("RAW", {"event": "any"}, {"source": "string"}),
        _kind("CUSTOM", {"name": "string", "value": "any"}),
    ),
    machines=(
        Machine(
            name="run",
            what="a run",
            start="begin",
            steps={
                "begin": {"RUN_STARTED": "open", "RUN_ERROR": "failed"},
                "open": {"says": "open", "RUN_FINISHED": "finished", "RUN_ERROR": "failed"},
                "finished": {"RUN_STARTED": "open"},
                "failed": {},
            },
            ends=("finished", "failed"),
            source=_SDK,
        ),
        _part("text", "a message"),
        _part("call", "a tool call"),
        _part("reasoning", "a message of reasoning"),
    ),
    variants=(
        Variants(
            kinds=("RUN_FINISHED",),
            place="outcome.type",
            rows=dict.fromkeys(("success", "interrupt", "cancelled", "suspended"), NOTHING),
        ),
    ),
    steady=(Steady("thread", "threadId", _SDK),),
)
"""The table."""
