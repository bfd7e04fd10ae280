"""The grammar of OpenAI's Responses. Data only; imports `table`.

What an item streams beside its own two events is in families: a name, and which of its events add, repeat, or tell how
far a hosted tool is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cassettes.grammar.table import (
    NOTHING,
    Counted,
    Fit,
    Grammar,
    Kind,
    Machine,
    Move,
    Quirk,
    Steady,
    Types,
    Variants,
)

_SDK: Final = "openai-python 3.51, type ResponseStreamEvent"
_SEEN: Final = "recordings of api.openai.com"

_NUMBER: Final[Types] = {"sequence_number": "integer"}
_ITEM: Final[Types] = {**_NUMBER, "output_index": "integer", "item_id": "string"}
_PART: Final[Types] = {**_ITEM, "content_index": "integer"}
_SUMMARY: Final[Types] = {**_ITEM, "summary_index": "integer"}
_VEILED: Final[Types] = {"obfuscation": "string"}
_OF_ITEM: Final = Move(machine="item", symbol="inner", key=("output_index",), ident="item_id")
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "part": ("output_index", "content_index"),
    "summary": ("output_index", "summary_index"),
    "input": ("output_index",),
    "tool": ("output_index",),
    "command": ("output_index", "command_index"),
}


def _lifecycle(name: str) -> Kind:
    return Kind(
        name=f"response.{name}",
        group="lifecycle",
        needs={**_NUMBER, "response": "object"},
        moves=(Move(machine="response", symbol=name),),
    )


def _item(name: str) -> Kind:
    """`added` or `done` of an item."""
    return Kind(
        name=f"response.output_item.{name}",
        group="item",
        needs={**_NUMBER, "output_index": "integer", "item": "object"},
        moves=(
            Move(machine="response", symbol="item"),
            Move(machine="item", symbol=name, key=("output_index",), ident="item.id"),
        ),
    )


def _inner(
    name: str,
    machine: str,
    symbol: str,
    needs: Types,
    may: Types = NOTHING,
    *,
    group: str,
    adds: str = "",
    sums: str = "",
) -> Kind:
    """An event inside an item, read by an instance of `machine` too."""
    own = Move(machine=machine, symbol=symbol, key=_KEYS[machine], adds=adds, sums=sums)
    return Kind(
        name=f"response.{name}",
        group=group,
        needs=needs,
        may=may,
        moves=(Move(machine="response", symbol="item"), _OF_ITEM, own),
    )


def _written(family: str, machine: str, whole: str, base: Types, *, group: str, extra: Types = NOTHING) -> list[Kind]:
    """`FAMILY.delta` and `FAMILY.done`, which says the pieces again at `whole`."""
    delta = _inner(
        f"{family}.delta",
        machine,
        "delta",
        {**base, "delta": "string"},
        {**_VEILED, **extra},
        group=group,
        adds="delta",
    )
    done = _inner(f"{family}.done", machine, "said", {**base, whole: "string"}, extra, group=group, sums=whole)
    return [delta, done]


def _framed(family: str, machine: str, base: Types, *, group: str) -> list[Kind]:
    """`FAMILY.added` and `FAMILY.done` around what is written in it."""
    return [
        _inner(f"{family}.{name}", machine, name, {**base, "part": "object"}, group=group) for name in ("added", "done")
    ]


def _tool(family: str, *stages: str, **needs: str) -> list[Kind]:
    """How far a hosted tool is; the last of `stages` that says so ends it."""
    return [_inner(f"{family}.{stage}", "tool", stage, {**_ITEM, **needs}, group="hosted tool") for stage in stages]


def _loose(name: str, group: str) -> Kind:
    """An event of which the SDK has the name and no recording shows the keys."""
    return Kind(name=f"response.{name}", group=group, moves=(Move(machine="response", symbol="item"),))


_COMMAND: Final[Types] = {**_ITEM, "command_index": "integer"}
_LOGPROBS: Final[Types] = {"logprobs": "list"}
_NAME: Final[Types] = {"name": "string"}
_IMAGE: Final[Types] = dict.fromkeys(("size", "quality", "background", "output_format"), "string")

_KINDS: Final = (
    *map(_lifecycle, ("created", "queued", "in_progress", "completed", "incomplete", "failed")),
    *map(_item, ("added", "done")),
    *_framed("content_part", "part", _PART, group="content part"),
    *_written("output_text", "part", "text", _PART, group="text", extra=_LOGPROBS),
    _inner(
        "output_text.annotation.added",
        "part",
        "annotation",
        {**_PART, "annotation_index": "integer", "annotation": "object"},
        group="text",
    ),
    *_written("refusal", "part", "refusal", _PART, group="refusal"),
    *_written("reasoning_text", "part", "text", _PART, group="reasoning"),
    *_framed("reasoning_summary_part", "summary", _SUMMARY, group="reasoning"),
    *_written("reasoning_summary_text", "summary", "text", _SUMMARY, group="reasoning"),
    *_written("function_call_arguments", "input", "arguments", _ITEM, group="tool input", extra=_NAME),
    *_written("custom_tool_call_input", "input", "input", _ITEM, group="tool input"),
    *_written("mcp_call_arguments", "input", "arguments", _ITEM, group="tool input"),
    *_written("code_interpreter_call_code", "input", "code", _ITEM, group="tool input"),
    *_written("apply_patch_call_operation_diff", "input", "diff", _ITEM, group="tool input"),
    *_tool("web_search_call", "in_progress", "searching", "completed"),
    *_tool("file_search_call", "in_progress", "searching", "completed"),
    *_tool("code_interpreter_call", "in_progress", "interpreting", "completed"),
    *_tool("mcp_list_tools", "in_progress", "completed", "failed"),
    *_tool("mcp_call", "in_progress", "completed", "failed"),
    *_tool("image_generation_call", "in_progress", "generating", "completed"),
    _inner(
        "image_generation_call.partial_image",
        "tool",
        "generating",
        {**_ITEM, "partial_image_index": "integer", "partial_image_b64": "string"},
        _IMAGE,
        group="hosted tool",
    ),
    _inner("shell_call_command.added", "command", "added", {**_COMMAND, "command": "string"}, group="shell"),
    _inner("shell_call_command.delta", "command", "delta", {**_COMMAND, "delta": "string"}, _VEILED, group="shell"),
    _inner("shell_call_command.done", "command", "done", {**_COMMAND, "command": "string"}, group="shell"),
    *(_loose(f"shell_call_output_content.{name}", "shell") for name in ("delta", "done")),
    *(_loose(f"audio.{name}", "audio") for name in ("delta", "done", "transcript.delta", "transcript.done")),
    _loose("compaction.compacting", "other"),
    Kind(
        name="error",
        group="error",
        may={
            **_NUMBER,
            "error": "object|null",
            **dict.fromkeys(("code", "message", "param", "headers"), "any"),
        },
        moves=(Move(machine="response", symbol="error"),),
    ),
    Kind(name="[DONE]", group="other", moves=(Move(machine="response", symbol="[DONE]"),)),
)


def _names(*starts: str) -> tuple[str, ...]:
    """The kinds of the families that begin with one of `starts`, and the end of the item."""
    inside = (kind.name for kind in _KINDS if kind.name.startswith(tuple(f"response.{start}." for start in starts)))
    return (*inside, "response.output_item.done")


_TAKES: Final[Mapping[str, tuple[str, ...]]] = {
    "message": _names("content_part", "output_text", "refusal"),
    "reasoning": _names("content_part", "reasoning_text", "reasoning_summary_part", "reasoning_summary_text"),
    "function_call": _names("function_call_arguments"),
    "custom_tool_call": _names("custom_tool_call_input"),
    "mcp_call": _names("mcp_call", "mcp_call_arguments"),
    "mcp_list_tools": _names("mcp_list_tools"),
    "web_search_call": _names("web_search_call"),
    "file_search_call": _names("file_search_call"),
    "code_interpreter_call": _names("code_interpreter_call", "code_interpreter_call_code"),
    "image_generation_call": _names("image_generation_call"),
    "apply_patch_call": _names("apply_patch_call_operation_diff"),
    "shell_call": _names("shell_call_command", "shell_call_output_content"),
    **dict.fromkeys(
        (
            "shell_call_output",
            "local_shell_call",
            "apply_patch_call_output",
            "mcp_approval_request",
            "tool_search_call",
            "tool_search_output",
            "compaction",
        ),
        ("response.output_item.done",),
    ),
    "computer_call": _names(),
}

_ITEM_NEEDS: Final[Mapping[str, Types]] = {
    "message": {"item.id": "string", "item.role": "string", "item.content": "list"},
    "function_call": {"item.id": "string", "item.call_id": "string", "item.name": "string", "item.arguments": "string"},
    "reasoning": {"item.id": "string", "item.summary": "list"},
}
_BUSY: Final = dict.fromkeys(("searching", "interpreting", "generating"), "busy")
_OVER: Final = {"completed": "over", "failed": "over"}
_WRITTEN: Final = {
    "none": {"added": "open"},
    "open": {"delta": "open", "annotation": "open", "said": "said"},
    "said": {"annotation": "said", "done": "closed"},
    "closed": {},
}

GRAMMAR: Final = Grammar(
    dialect="openai-responses",
    title="OpenAI Responses",
    source=_SDK,
    envelope={"error.message": "string", "error.type": "string", "error.code": "any", "error.param": "any"},
    type_key="type",
    names="type",
    done="[DONE]",
    natives=("openai",),
    failed=("error", "response.failed", "response.incomplete"),
    kinds=_KINDS,
    machines=(
        Machine(
            name="response",
            what="a response",
            start="begin",
            steps={
                "begin": {"created": "created", "error": "failed"},
                "created": {"queued": "queued", "in_progress": "open", "failed": "failed", "error": "failed"},
                "queued": {"in_progress": "open", "failed": "failed", "error": "failed"},
                "open": {
                    "item": "open",
                    "completed": "completed",
                    "incomplete": "incomplete",
                    "failed": "failed",
                    "error": "failed",
                },
                "completed": {},
                "incomplete": {},
                "failed": {"failed": "failed"},
            },
            ends=("completed", "incomplete", "failed"),
            source=_SEEN,
        ),
        Machine(
            name="item",
            what="an output item",
            start="none",
            steps={"none": {"added": "open"}, "open": {"inner": "open", "done": "closed"}, "closed": {}},
            ends=("closed",),
            settled_by=("response:completed",),
            counts=True,
            opened_as="item.type",
            opened_id="item.id",
            source=_SEEN,
        ),
        Machine(
            name="part",
            what="a content part",
            start="none",
            steps=_WRITTEN,
            ends=("closed",),
            settled_by=("item:done", "response:completed"),
            counts=True,
            source=_SEEN,
        ),
        Machine(
            name="summary",
            what="a part of a reasoning summary",
            start="none",
            steps=_WRITTEN,
            ends=("closed",),
            settled_by=("item:done", "response:completed"),
            counts=True,
            source=_SEEN,
        ),
        Machine(
            name="input",
            what="what a tool is given",
            start="none",
            steps={
                "none": {"delta": "open", "said": "said"},
                "open": {"delta": "open", "said": "said"},
                "said": {},
            },
            ends=("said",),
            settled_by=("item:done", "response:completed"),
            source=_SEEN,
        ),
        Machine(
            name="tool",
            what="a hosted tool's run",
            start="none",
            steps={
                "none": {"in_progress": "begun"},
                "begun": {**_BUSY, **_OVER},
                "busy": {**_BUSY, **_OVER},
                "over": {},
            },
            ends=("begun", "busy", "over"),
            source=_SEEN,
        ),
        Machine(
            name="command",
            what="a shell command",
            start="none",
            steps={"none": {"added": "open"}, "open": {"delta": "open", "done": "closed"}, "closed": {}},
            ends=("closed",),
            settled_by=("item:done", "response:completed"),
            source=_SDK,
        ),
    ),
    variants=(
        Variants(
            kinds=("response.output_item.added", "response.output_item.done"),
            place="item.type",
            rows={name: _ITEM_NEEDS.get(name, {"item.id": "string"}) for name in _TAKES},
        ),
        Variants(
            kinds=("response.content_part.added", "response.content_part.done"),
            place="part.type",
            rows={
                "output_text": {"part.text": "string", "part.annotations": "list"},
                "refusal": {"part.refusal": "string"},
                "reasoning_text": {"part.text": "string"},
            },
        ),
        Variants(
            kinds=("response.reasoning_summary_part.added", "response.reasoning_summary_part.done"),
            place="part.type",
            rows={"summary_text": {"part.text": "string"}},
        ),
    ),
    fits=(Fit("item", "", _TAKES, _SDK),),
    steady=(Steady("response-id", "response.id", _SDK), Steady("model", "response.model", _SDK)),
    counted=(Counted("sequence", "sequence_number", _SDK),),
    quirks=(
        Quirk(
            ("openrouter",),
            "3 recordings: no SSE names, [DONE] at the end; behind an error as in its chat",
            waives=("event-name",),
            steps=(
                "response:completed:[DONE]:completed",
                "response:incomplete:[DONE]:incomplete",
                "response:failed:[DONE]:failed",
            ),
        ),
        Quirk(("lmstudio",), "2 recordings: arguments come whole, in their `done` alone", waives=("input-sum",)),
        Quirk(("xai",), "7 recordings; errors as {code, error}, the second a text", waives=("envelope",)),
        Quirk(("azure", "deepseek", "bedrock", "groq"), "their recordings are as OpenAI's own"),
    ),
)
"""The table."""
