"""How OpenAI, xAI and OpenRouter write Responses: order of keys, ids, and the object that every lifecycle event holds.

Data, taken from recordings in public repositories. Pure; imports `speech` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cassettes.dialects.speech import Voice

Fields = dict[str, object]

# What a request may ask and its response repeats; the values are what OpenAI says where nobody asked.
_ECHOED: Final[Mapping[str, object]] = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "reasoning": {"effort": "none", "summary": None},
    "safety_identifier": None,
    "service_tier": "auto",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
    "metadata": {},
}
_KEYS: Final = (
    *("id", "object", "created_at", "status", "background", "completed_at", "error", "frequency_penalty"),
    *("incomplete_details", "instructions", "max_output_tokens", "max_tool_calls", "model", "moderation", "output"),
    *("parallel_tool_calls", "presence_penalty", "previous_response_id", "prompt_cache_key", "prompt_cache_retention"),
    *("reasoning", "safety_identifier", "service_tier", "store", "temperature", "text", "tool_choice", "tools"),
    *("top_logprobs", "top_p", "truncation", "usage", "user", "metadata"),
)
_XAI_KEYS: Final = (
    *("created_at", "completed_at", "id", "max_output_tokens", "model", "object", "output", "parallel_tool_calls"),
    *("previous_response_id", "reasoning", "temperature", "text", "tool_choice", "tools", "top_p", "usage", "user"),
    *("incomplete_details", "status", "store", "metadata", "background", "service_tier", "truncation", "top_logprobs"),
    *("presence_penalty", "frequency_penalty", "prompt_cache_key", "max_tool_calls", "safety_identifier", "error"),
    "instructions",
)
_PREFIXES: Final = {"message": "msg_", "reasoning": "rs_", "function_call": "fc_"}


@dataclass(frozen=True)
class Style:
    """One provider's way. `lead`: the keys that come first in an event, the others by name. `named`: events have an
    `event:` line. `done`: `[DONE]` ends the stream. `whole`: the arguments of a call come in one delta. `summarised`:
    reasoning comes as a summary, else as its text. `keys`: those of the response, in order. `items`: those of an item
    of a type, where they are not as made. `uuids`: ids are made of one. `usage`: what is counted beside the usual."""

    lead: tuple[str, ...] = ("type",)
    named: bool = True
    done: bool = False
    whole: bool = False
    summarised: bool = True
    obfuscated: bool = False
    keys: tuple[str, ...] = _KEYS
    items: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uuids: bool = False
    usage: Mapping[str, object] = field(default_factory=dict)

    def item(self, fields: Mapping[str, object]) -> Fields:
        """A copy of an item, its keys in the provider's order."""
        order = self.items.get(str(fields.get("type")), tuple(fields))
        return {key: fields[key] for key in (*order, *(key for key in fields if key not in order)) if key in fields}

    def response_id(self, voice: Voice) -> str:
        """The id of the response."""
        return voice.uuid("response") if self.uuids else f"resp_0{voice.hexes('response', 49)}"

    def item_id(self, voice: Voice, kind: str, place: int) -> str:
        """The id of the item of that type at that place of the output."""
        if self.uuids:
            return f"{_PREFIXES[kind]}{voice.uuid('response')}" + (f"_{place}" if kind == "function_call" else "")
        return f"{_PREFIXES[kind]}0{voice.hexes(f'item {place}', 49)}"

    def call_id(self, voice: Voice, number: int) -> str:
        """The id by which the answer to a call names it."""
        name = f"call {number}"
        return f"call-{voice.uuid(name)}-{number}" if self.uuids else f"call_{voice.token(name, 24)}"

    def thinking(self, voice: Voice, ident: str) -> Fields:
        """An item of reasoning that begins. What would be encrypted is random."""
        begun: Fields = {"id": ident, "type": "reasoning", "summary": []}
        if self.uuids:
            return begun | {"status": "in_progress"}
        encrypted = f"gAAAAAB{voice.token('encrypted', 221)}=="
        return {"id": ident, "type": "reasoning", "content": [], "encrypted_content": encrypted, "summary": []}

    def list_of(self, kind: str) -> str:
        """The list of an item in which its part of that kind stands."""
        return "summary" if kind == "reasoning" and self.summarised else "content"

    def name(self, kind: str) -> str:
        """What the events of a part are called, without `response.` and `.delta`."""
        return {
            "text": "output_text",
            "refusal": "refusal",
            "tool": "function_call_arguments",
            "reasoning": "reasoning_summary_text" if self.summarised else "reasoning_text",
        }[kind]

    def part(self, kind: str) -> str:
        """What the events around a part are called, without `response.` and `.added`."""
        return "reasoning_summary_part" if self.list_of(kind) == "summary" else "content_part"


_STYLES: Final[Mapping[str, Style]] = {
    "openai": Style(obfuscated=True),
    "azure": Style(obfuscated=True),
    "xai": Style(
        lead=("sequence_number", "type"),
        whole=True,
        keys=_XAI_KEYS,
        items={
            "message": ("content", "id", "role", "type", "status"),
            "function_call": ("arguments", "call_id", "name", "type", "id", "status"),
            "reasoning": ("id", "summary", "type", "status"),
        },
        uuids=True,
        usage={"num_sources_used": 0, "num_server_side_tools_used": 0, "cost_in_usd_ticks": 1707000},
    ),
    "openrouter": Style(named=False, done=True),
}


def style_of(provider: str) -> Style:
    """The style of a provider's row; the plain one for a provider without recordings."""
    return _STYLES.get(provider, Style())


def response_object(
    voice: Voice,
    style: Style,
    *,
    status: str,
    reason: str | None,
    output: Sequence[Fields],
    usage: Fields | None,
) -> Fields:
    """The response as it is at that moment. What the request asked for is repeated in it."""
    values: Fields = {key: voice.asked.get(key, value) for key, value in _ECHOED.items()}
    for key in ("reasoning", "text"):
        asked, usual = values[key], _ECHOED[key]
        if isinstance(asked, dict) and isinstance(usual, dict):
            values[key] = {**usual, **asked}
    values |= {
        "id": style.response_id(voice),
        "object": "response",
        "created_at": voice.created,
        "completed_at": voice.created + 1 if status == "completed" else None,
        "status": status,
        "error": None,
        "incomplete_details": None if reason is None else {"reason": reason},
        "model": voice.model,
        "moderation": None,
        "output": list(output),
        "usage": usage,
    }
    return {key: values[key] for key in style.keys}
