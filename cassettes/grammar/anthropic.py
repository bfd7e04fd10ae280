"""The grammar of Anthropic's Messages. Data only; imports `table`."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from cassettes.grammar.table import (
    NOTHING,
    Fit,
    Grammar,
    Kind,
    Machine,
    Move,
    Quirk,
    Steady,
    Types,
    Variants,
    When,
)

_SDK: Final = "anthropic-sdk-python 2.10, types RawMessageStreamEvent"
_SEEN: Final = "recordings of api.anthropic.com"
_TEXT: Final = ("text_delta", "citations_delta")
_THINKING: Final = ("thinking_delta", "signature_delta")
_INPUT: Final = ("input_json_delta",)
_RESULTS: Final = (
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "mcp_tool_result",
    "advisor_tool_result",
    "container_upload",
    "redacted_thinking",
    "fallback",
)
"""Blocks that come whole in their `content_block_start`."""

_MESSAGE: Final[Types] = {
    "message.id": "string",
    "message.type": "string",
    "message.role": "string",
    "message.model": "string",
    "message.content": "list",
    "message.stop_reason": "string|null",
    "message.stop_sequence": "string|null",
    "message.usage": "object",
}
_TOOLS: Final = ("tool_use", "server_tool_use", "mcp_tool_use")
_CALL: Final[Types] = MappingProxyType(
    {"content_block.id": "string", "content_block.name": "string", "content_block.input": "object"}
)
_SIGNATURE: Final = ("signature_delta",)
_OTHER_DELTAS: Final = (*_TEXT, "thinking_delta", *_INPUT, "compaction_delta")


def _in_block(symbol: str, when: When = When(), adds: str = "") -> Move:  # noqa: B008 - a frozen value
    return Move(machine="block", symbol=symbol, key=("index",), when=when, adds=adds)


def _in_message(symbol: str) -> tuple[Move, ...]:
    return (Move(machine="message", symbol=symbol),)


GRAMMAR: Final = Grammar(
    dialect="anthropic",
    title="Anthropic Messages",
    source=_SDK,
    type_key="type",
    envelope={"type": "string", "error.type": "string", "error.message": "string"},
    names="type",
    natives=("anthropic",),
    kinds=(
        Kind(
            name="message_start",
            needs={"message": "object", **_MESSAGE},
            may={
                "message.stop_details": "object|null",
                "message.container": "object|null",
                "message.context_management": "object|null",
                "message.diagnostics": "any",
            },
            moves=_in_message("message_start"),
        ),
        Kind(
            name="content_block_start",
            needs={"index": "integer", "content_block": "object"},
            moves=(*_in_message("block"), _in_block("start")),
        ),
        Kind(
            name="content_block_delta",
            needs={"index": "integer", "delta": "object", "delta.type": "string"},
            may={
                "delta.text": "string",
                "delta.partial_json": "string",
                "delta.thinking": "string",
                "delta.estimated_tokens": "any",
                "delta.signature": "string",
                "delta.citation": "object",
                "delta.content": "string|null",
                "delta.encrypted_content": "string|null",
            },
            moves=(
                *_in_message("block"),
                _in_block("delta", When(at="delta.type", values=_OTHER_DELTAS), adds="delta.partial_json"),
                _in_block("signature", When(at="delta.type", values=_SIGNATURE)),
            ),
        ),
        Kind(
            name="content_block_stop",
            needs={"index": "integer"},
            moves=(*_in_message("block"), _in_block("stop")),
        ),
        Kind(
            name="message_delta",
            needs={
                "delta": "object",
                "delta.stop_reason": "string|null",
                "delta.stop_sequence": "string|null",
                "usage": "object",
                "usage.output_tokens": "integer",
            },
            may={
                "delta.stop_details": "object|null",
                "delta.container": "object|null",
                "context_management": "object|null",
                "usage.input_tokens": "integer|null",
                "usage.cache_creation_input_tokens": "integer|null",
                "usage.cache_read_input_tokens": "integer|null",
                "usage.output_tokens_details": "object|null",
                "usage.server_tool_use": "object|null",
                "usage.iterations": "list|null",
            },
            moves=_in_message("message_delta"),
        ),
        Kind(name="message_stop", moves=_in_message("message_stop")),
        Kind(name="ping", moves=_in_message("ping")),
        Kind(
            name="error",
            needs={"error": "object", "error.type": "string", "error.message": "string"},
            may={"error.details": "any", "request_id": "string|null"},
            moves=_in_message("error"),
        ),
    ),
    machines=(
        Machine(
            name="message",
            what="a message",
            start="begin",
            steps={
                "begin": {"message_start": "open", "ping": "begin", "error": "failed"},
                "open": {"block": "open", "ping": "open", "message_delta": "closing", "error": "failed"},
                "closing": {
                    "message_delta": "closing",
                    "ping": "closing",
                    "message_stop": "stopped",
                    "error": "failed",
                },
                "stopped": {},
                "failed": {},
            },
            ends=("stopped", "failed"),
            source=_SEEN,
        ),
        Machine(
            name="block",
            what="a content block",
            start="none",
            steps={
                "none": {"start": "open"},
                "open": {"delta": "open", "signature": "signed", "stop": "closed"},
                "signed": {"signature": "signed", "stop": "closed"},
                "closed": {},
            },
            ends=("closed",),
            source=_SEEN,
            settled_by=("message:message_delta",),
            alone=True,
            counts=True,
            opened_as="content_block.type",
            json=True,
        ),
    ),
    variants=(
        Variants(
            kinds=("content_block_start",),
            place="content_block.type",
            rows={
                "text": {"content_block.text": "string"},
                "thinking": {"content_block.thinking": "string", "content_block.signature": "string"},
                **dict.fromkeys(_TOOLS, _CALL),
                "compaction": NOTHING,
                **dict.fromkeys(_RESULTS, NOTHING),
            },
        ),
        Variants(
            kinds=("content_block_delta",),
            place="delta.type",
            rows={
                "text_delta": {"delta.text": "string"},
                "input_json_delta": {"delta.partial_json": "string"},
                "citations_delta": {"delta.citation": "object"},
                "thinking_delta": {"delta.thinking": "string"},
                "signature_delta": {"delta.signature": "string"},
                "compaction_delta": {"delta.content": "string|null"},
            },
        ),
        Variants(
            kinds=("message_delta",),
            place="delta.stop_reason",
            rows=dict.fromkeys(
                (
                    "end_turn",
                    "max_tokens",
                    "stop_sequence",
                    "tool_use",
                    "pause_turn",
                    "refusal",
                    "model_context_window_exceeded",
                    "compaction",
                ),
                NOTHING,
            ),
        ),
    ),
    fits=(
        Fit(
            "block",
            "delta.type",
            {
                "text": _TEXT,
                "thinking": _THINKING,
                **dict.fromkeys(_TOOLS, _INPUT),
                "compaction": ("compaction_delta",),
                **dict.fromkeys(_RESULTS, ()),
            },
            _SDK,
        ),
    ),
    steady=(Steady("message-id", "message.id", _SDK),),
    cut_by={
        "delta.stop_reason": (
            "max_tokens",
            "model_context_window_exceeded",
            "pause_turn",
            "refusal",
            "stop_sequence",
            "compaction",
        )
    },
    quirks=(
        Quirk(
            ("vertex", "azure", "openrouter", "gateway", "mirascope-router"),
            "their recordings are as Anthropic's own; gateways send pings of their own",
        ),
    ),
)
"""The table."""
