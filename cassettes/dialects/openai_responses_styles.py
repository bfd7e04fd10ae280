"""How each provider writes Responses: order of keys, ids, and the object that every lifecycle event holds.

Data, taken from recordings in public repositories; of several ages the newest. Pure; imports `speech` and
`openai_models` alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cassettes.dialects.openai_models import effort, reasons
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
    "prompt_cache_retention": "in_memory",
    "reasoning": None,
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
    *("reasoning", "safety_identifier", "service_tier", "store", "temperature", "text", "tool_choice", "tool_usage"),
    *("tools", "top_logprobs", "top_p", "truncation", "usage", "user", "metadata"),
)
# OpenAI's of before July 2026, and what Azure filters.
_AZURE_KEYS: Final = tuple(
    key
    for one in _KEYS
    if one != "tool_usage"
    for key in ((one, "content_filters") if one == "completed_at" else (one,))
)
_XAI_KEYS: Final = (
    *("created_at", "completed_at", "id", "max_output_tokens", "model", "object", "output", "parallel_tool_calls"),
    *("previous_response_id", "reasoning", "temperature", "text", "tool_choice", "tools", "top_p", "usage", "user"),
    *("incomplete_details", "status", "store", "metadata", "background", "service_tier", "truncation", "top_logprobs"),
    *("presence_penalty", "frequency_penalty", "prompt_cache_key", "max_tool_calls", "safety_identifier", "error"),
    "instructions",
)
_OPENROUTER_KEYS: Final = (
    *("id", "object", "created_at", "model", "status", "completed_at", "output", "error", "incomplete_details"),
    *("tools", "tool_choice", "parallel_tool_calls", "max_output_tokens", "temperature", "top_p", "presence_penalty"),
    *("frequency_penalty", "top_logprobs", "max_tool_calls", "metadata", "background", "previous_response_id"),
    *("service_tier", "truncation", "store", "instructions", "text", "reasoning", "safety_identifier"),
    *("prompt_cache_key", "prompt_cache_options", "usage"),
)
_XAI_ORDER: Final = (
    *("sequence_number", "type", "response", "arguments", "content_index", "delta", "item", "item_id", "output_index"),
    *("part", "summary_index", "text", "refusal", "logprobs", "error"),
)
_OPENROUTER_ORDER: Final = (
    *("type", "response", "output_index", "item_id", "content_index", "summary_index", "item", "part", "delta", "text"),
    *("refusal", "name", "arguments", "logprobs", "error", "sequence_number"),
)
_REASONING: Final[Mapping[str, object]] = {
    "context": "$context",
    "effort": "$effort",
    "mode": "$mode",
    "summary": None,
}
_UNSAID: Final[Mapping[str, object]] = {"effort": None, "summary": None}
_PHASED: Final = re.compile(r"gpt-(?:5\.[4-9]|[6-9])")
_NO_TOKENS: Final[Mapping[str, object]] = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "total_tokens": 0,
}
_SAFE: Final[Mapping[str, object]] = {
    kind: {"filtered": False, "severity": "safe"} for kind in ("hate", "sexual", "violence", "self_harm")
}
_CLEAR: Final[Mapping[str, object]] = {"detected": False, "filtered": False}
_SMALL: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_PREFIXES: Final = {"message": "msg_", "reasoning": "rs_", "function_call": "fc_"}


@dataclass(frozen=True)
class Style:
    """One provider's way. `order`: the keys of events, else by name after the type. `named`: events have an `event:`
    line. `done`: `[DONE]` ends the stream. `whole`: the arguments of a call come in one delta. `summarised`: reasoning
    comes as a summary, else as its text. `keys`: those of the response, in order; `echoed`: what it says unasked, where
    that is not OpenAI's; `reasoning`: what it says of reasoning, `$` for what depends on the model; `tells_late`: only
    when it has ended. `filters`: the response tells what was filtered. `items`, `parts`: keys of those of a type, where
    they are not as made. `thought`: what an item of reasoning has beside id, type and summary; `sealed_late`: its
    encrypted form is in the finished item alone, with what is here. `ids`: how they are made. `usage`: what is counted
    beside the usual, `cached` beside the cached tokens."""

    order: tuple[str, ...] = ()
    named: bool = True
    done: bool = False
    whole: bool = False
    summarised: bool = True
    obfuscated: bool = False
    keys: tuple[str, ...] = _KEYS
    echoed: Mapping[str, object] = field(default_factory=dict)
    reasoning: Mapping[str, object] = field(default_factory=lambda: _REASONING)
    tells_late: bool = False
    filters: bool = False
    items: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    thought: Mapping[str, object] = field(default_factory=lambda: {"content": []})
    sealed_late: Mapping[str, object] | None = None
    ids: str = "hex"
    usage: Mapping[str, object] = field(default_factory=dict)
    cached: Mapping[str, object] = field(default_factory=dict)

    def item(self, fields: Mapping[str, object]) -> Fields:
        """A copy of an item, its keys in the provider's order."""
        return _ordered(fields, self.items.get(str(fields.get("type")), ()))

    def response_id(self, voice: Voice) -> str:
        """The id of the response."""
        if self.ids == "gen":
            return f"gen-{voice.created}-{voice.token('response', 20)}"
        return f"resp_0{voice.hexes('response', 49)}" if self.ids == "hex" else voice.uuid("response")

    def item_id(self, voice: Voice, kind: str, place: int, call: int = 0) -> str:
        """The id of the item of that type at that place of the output; of a call, which it is."""
        name, prefix = f"item {place}", _PREFIXES[kind]
        if self.ids == "uuids":
            return voice.uuid(name)
        if self.ids == "one-uuid":
            return f"{prefix}{voice.uuid('response')}" + (f"_{call}" if kind == "function_call" else "")
        if self.ids == "gen" and kind != "reasoning":
            return f"{prefix}tmp_{voice.token(name, 11, _SMALL)}"
        return f"{prefix}0{voice.hexes(name, 49)}"

    def call_id(self, voice: Voice, number: int) -> str:
        """The id by which the answer to a call names it."""
        name = f"call {number}"
        if self.ids == "uuids":
            return f"call_00_{voice.token(name, 24)}"
        return f"call-{voice.uuid(name)}-{number}" if self.ids == "one-uuid" else f"call_{voice.token(name, 24)}"

    def thinking(self, voice: Voice, ident: str) -> Fields:
        """An item of reasoning that begins."""
        begun: Fields = {"id": ident, "type": "reasoning", **self.thought}
        sealed = self._sealed(voice, ident) if self.sealed_late is None else {}
        return begun | sealed | {"summary": []}

    def thought_out(self, voice: Voice, ident: str) -> Fields:
        """What an item of reasoning has when it is finished that it had not before."""
        sealed = {} if self.sealed_late is None else self._sealed(voice, ident)
        return {**sealed, **(self.sealed_late or {})} if sealed else {}

    def _sealed(self, voice: Voice, ident: str) -> Fields:
        """The encrypted form, for who asked for it; what would be encrypted is random."""
        include = voice.asked.get("include")
        if not isinstance(include, list) or "reasoning.encrypted_content" not in include:
            return {}
        return {"encrypted_content": f"gAAAAAB{voice.token(f'encrypted {ident}', 915)}=="}

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

    def around(self, kind: str) -> str:
        """What the events around a part are called, without `response.` and `.added`."""
        return "reasoning_summary_part" if self.list_of(kind) == "summary" else "content_part"

    def part(self, kind: str, text: str) -> Fields:
        """A part that says `text`."""
        if kind == "text":
            made: Fields = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
        elif kind == "refusal":
            made = {"type": "refusal", "refusal": text}
        else:
            made = {"type": "summary_text" if self.summarised else "reasoning_text", "text": text}
        return _ordered(made, self.parts.get(str(made["type"]), ()))

    def event(self, values: Mapping[str, object]) -> Fields:
        """An event, its keys in the provider's order."""
        if self.order:
            return {key: values[key] for key in self.order if key in values}
        return {key: values[key] for key in ("type", *sorted(values.keys() - {"type"}))}


def _ordered(fields: Mapping[str, object], order: Sequence[str]) -> Fields:
    return {key: fields[key] for key in (*order, *(key for key in fields if key not in order)) if key in fields}


_STYLES: Final[Mapping[str, Style]] = {
    "openai": Style(obfuscated=True, cached={"cache_write_tokens": 0}),
    "azure": Style(
        obfuscated=True,
        keys=_AZURE_KEYS,
        reasoning={"context": None, "effort": "$effort", "summary": None},
        thought={},
        filters=True,
    ),
    "xai": Style(
        order=_XAI_ORDER,
        whole=True,
        keys=_XAI_KEYS,
        echoed={"service_tier": "default", "text": {"format": {"type": "text"}}, "metadata": "$fingerprint"},
        reasoning=_UNSAID,
        items={
            "message": ("content", "id", "role", "type", "status"),
            "function_call": ("arguments", "call_id", "name", "type", "id", "status"),
            "reasoning": ("id", "summary", "type", "status", "encrypted_content"),
        },
        parts={"summary_text": ("text", "type"), "output_text": ("type", "text", "logprobs", "annotations")},
        thought={"status": "in_progress"},
        sealed_late={},
        ids="one-uuid",
        usage={
            "num_sources_used": 0,
            "num_server_side_tools_used": 0,
            "cost_in_usd_ticks": 1707000,
            "context_details": {"input_tokens": "$input", "output_tokens": "$output"},
        },
    ),
    "openrouter": Style(
        order=_OPENROUTER_ORDER,
        named=False,
        done=True,
        keys=_OPENROUTER_KEYS,
        echoed={"text": {"format": {"type": "text"}}, "store": False, "prompt_cache_options": None},
        tells_late=True,
        parts={"output_text": ("type", "text", "annotations", "logprobs")},
        items={
            "message": ("id", "type", "status", "role", "content"),
            "function_call": ("id", "type", "status", "call_id", "name", "arguments"),
            "reasoning": ("id", "type", "status", "summary", "encrypted_content", "format"),
        },
        thought={"status": "in_progress"},
        sealed_late={"format": "openai-responses-v1"},
        ids="gen",
        usage={
            "cost": 0,
            "is_byok": False,
            "cost_details": {
                "upstream_inference_cost": 0,
                "upstream_inference_input_cost": 0,
                "upstream_inference_output_cost": 0,
            },
        },
    ),
    "deepseek": Style(
        summarised=False,
        keys=_AZURE_KEYS,
        echoed={
            "service_tier": "default",
            "store": False,
            "prompt_cache_retention": None,
            "text": {"format": {"type": "text"}, "verbosity": None},
        },
        reasoning=_UNSAID,
        items={
            "message": ("type", "id", "status", "content", "phase", "role"),
            "function_call": ("type", "id", "status", "arguments", "call_id", "name"),
            "reasoning": ("type", "id", "status", "content", "summary"),
        },
        thought={"status": "in_progress", "content": []},
        ids="uuids",
    ),
}


def style_of(provider: str) -> Style:
    """The style of a provider's row; OpenAI's, without its obfuscation, for a provider without recordings."""
    return _STYLES.get(provider, Style())


def phase_of(provider: str, model: str) -> Fields:
    """What a message says of where in the answer it stands: DeepSeek's and those of newer models of OpenAI."""
    says = provider == "deepseek" or (provider in ("openai", "azure") and _PHASED.match(model))
    return {"phase": "final_answer"} if says else {}


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
    ended = status != "in_progress"
    usual = {**_ECHOED, **style.echoed}
    values: Fields = {key: voice.asked.get(key, value) for key, value in usual.items()}
    if isinstance(asked := values["text"], dict):
        values["text"] = {**_fields(usual["text"]), **asked}
    values["reasoning"] = _reasoning(voice, style, ended=ended)
    if ended and values["service_tier"] == "auto":
        values["service_tier"] = "default"
    if values["metadata"] == "$fingerprint":
        values["metadata"] = {"system_fingerprint": f"fp_{voice.hexes('fingerprint', 16)}"}
    values |= {
        "id": style.response_id(voice),
        "object": "response",
        "created_at": voice.created,
        "completed_at": voice.created + 1 if status == "completed" else None,
        "status": status,
        "content_filters": _filtered() if style.filters and ended else None,
        "error": None,
        "incomplete_details": None if reason is None else {"reason": reason},
        "model": voice.model,
        "moderation": None,
        "output": list(output),
        "tool_usage": {"image_gen": _NO_TOKENS, "web_search": {"num_requests": 0}},
        "usage": usage,
    }
    return {key: values[key] for key in style.keys}


def _fields(value: object) -> Fields:
    return dict(value) if isinstance(value, dict) else {}


def _reasoning(voice: Voice, style: Style, *, ended: bool) -> object:
    asked = voice.asked.get("reasoning")
    if style.tells_late and not ended:
        return asked
    thinks = reasons(voice.model)
    places = {"$context": "current_turn" if thinks else None, "$effort": effort(voice.model), "$mode": "standard"}
    usual = {key: places.get(str(value), value) for key, value in style.reasoning.items() if thinks or key != "mode"}
    told = {**usual, **_fields(asked)}
    return told | {"summary": "detailed"} if told.get("summary") == "auto" else told


def _filtered() -> list[Fields]:
    """What Azure says of a prompt and an answer in which it found nothing."""
    prompt = {**_SAFE, "jailbreak": _CLEAR}
    answer = {"protected_material_code": _CLEAR, "protected_material_text": _CLEAR, **_SAFE}
    return [
        {
            "blocked": False,
            "source_type": source,
            "content_filter_raw": [],
            "content_filter_results": results,
            "content_filter_offsets": {"start_offset": 0, "end_offset": 70, "check_offset": 0},
        }
        for source, results in (("prompt", prompt), ("completion", answer))
    ]
