"""How each provider writes the chunks of OpenAI's chat completions: which keys in which order, what comes whole.

Data, taken from recordings in public repositories (providers.md 3, 7, 8; the shapes are those seen most in the newest
of them). Providers without recordings have the plain style. Imports the standard library and what is beside it.

A template is JSON with places: `$text` and its likes are filled with what is said, all else stands as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from cassettes.dialects.openai_models import reasons

Json = Mapping[str, object]

_CALL: Final[Json] = {
    "index": "$index",
    "id": "$id",
    "type": "function",
    "function": {"name": "$name", "arguments": "$arguments"},
}
_MORE: Final[Json] = {"index": "$index", "function": {"arguments": "$arguments"}}


_COUNTS: Final[Json] = {"prompt_tokens": "$input", "completion_tokens": "$output", "total_tokens": "$total"}
_FIRST_ID: Final[Json] = {
    "id": "$id",
    "type": "function",
    "function": {"name": "$name", "arguments": "$arguments"},
    "index": "$index",
}


@dataclass(frozen=True)
class Style:
    """One provider's way.

    `ident`: the id of a chunk, `call_id` of a call: `*N` is N random letters and digits, `#N` hex digits, `%N` digits.
    `keys` and `choice`: the keys of a chunk and of a choice, in order; one that has no value (here in `fixed` and
    `choice_fixed`) is left out, but for null. `sorted`: by name, at every depth.
    `first`: whole events before all chunks. `opening`: the delta of the first chunk; None: `rides` is added to the
    first delta that says something, before it if `leads`. `opens_call`, `opens_refusal`: the opening of an answer of
    calls, of one that refuses. `closing`: the last; `calls_close`: whole calls stand in it.
    `text`, `reasoning`, `refusal`, `calls`: the deltas of a piece; None: there is no such thing. `begins` and `more`: a
    call's first part and the others; `whole`: its arguments come in one part.
    `usage`: a chunk of its own, if asked for, without choices (`own`); one with a choice or the last, always.
    `counts`: the shape of it. `null_usage`: if asked for, the other chunks say `usage: null`.
    `at_first`, `at_last`, `at_usage`: keys that the first chunk, the last, and that with the usage have beside theirs.
    `padded`: events are this many characters over a multiple of 16, by obfuscation; None: there is none. `added`: what
    is written into an event that was padded before. `filler`: the key of another padding, which all but the first have.
    """

    ident: str = "chatcmpl-*24"
    call_id: str = "call_*24"
    keys: tuple[str, ...] = ("id", "object", "created", "model", "choices", "usage")
    fixed: Json = field(default_factory=dict)
    choice: tuple[str, ...] = ("index", "delta", "finish_reason")
    choice_fixed: Json = field(default_factory=lambda: {"finish_reason": None})
    sorted: bool = False
    first: tuple[Json, ...] = ()
    opening: Json | None = field(default_factory=lambda: {"role": "assistant", "content": ""})
    rides: Json = field(default_factory=dict)
    leads: bool = False
    opens_call: Json | None = None
    opens_refusal: Json | None = None
    closing: Json = field(default_factory=dict)
    calls_close: bool = False
    text: Json = field(default_factory=lambda: {"content": "$text"})
    reasoning: Json | None = field(default_factory=lambda: {"reasoning_content": "$text"})
    refusal: Json = field(default_factory=lambda: {"refusal": "$text"})
    calls: Json = field(default_factory=lambda: {"tool_calls": ["$call"]})
    begins: Json = field(default_factory=lambda: _CALL)
    more: Json = field(default_factory=lambda: _MORE)
    whole: bool = False
    usage: Literal["own", "with-choice", "last"] = "own"
    counts: Json = field(default_factory=lambda: _COUNTS)
    null_usage: bool = False
    at_first: Json = field(default_factory=dict)
    at_last: Json = field(default_factory=dict)
    at_usage: Json = field(default_factory=dict)
    padded: int | None = None
    added: str = ""
    filler: str = ""


_PLAIN: Final = Style()
_DETAILS: Final[Json] = {
    "prompt_tokens_details": {"cached_tokens": "$cached", "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": "$reasoning",
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
_OPENAI: Final = Style(
    ident="chatcmpl-*29",
    keys=(
        *("id", "object", "created", "model", "service_tier", "system_fingerprint", "choices", "usage"),
        "obfuscation",
    ),
    fixed={"service_tier": "default", "system_fingerprint": None},
    opening={"role": "assistant", "content": "", "refusal": None},
    reasoning=None,
    opens_call={"role": "assistant", "content": None, "tool_calls": ["$call"], "refusal": None},
    opens_refusal={"role": "assistant", "content": None, "refusal": ""},
    counts={**_COUNTS, **_DETAILS},
    null_usage=True,
    padded=9,
)
# Models that do not reason: one computed them (the fingerprint), and each token has a probability that could be told.
_SAMPLED: Final[Mapping[str, Any]] = {
    "fixed": {"service_tier": "default", "system_fingerprint": "fp_#10"},
    "choice": ("index", "delta", "logprobs", "finish_reason"),
    "choice_fixed": {"logprobs": None, "finish_reason": None},
}
_XAI: Final = Style(
    ident="uuid",
    call_id="call_#8",
    keys=("id", "object", "created", "model", "choices", "usage", "system_fingerprint"),
    fixed={"system_fingerprint": "fp_#10"},
    choice_fixed={},
    opening=None,
    rides={"role": "assistant"},
    opens_call={"role": "assistant", "tool_calls": ["$call"]},
    begins={
        "id": "$id",
        "function": {"name": "$name", "arguments": "$arguments"},
        "index": "$index",
        "type": "function",
    },
    whole=True,
    counts={
        **_COUNTS,
        "prompt_tokens_details": {
            "text_tokens": "$input",
            "audio_tokens": 0,
            "image_tokens": 0,
            "cached_tokens": "$cached",
        },
        "completion_tokens_details": _DETAILS["completion_tokens_details"],
        "num_sources_used": 0,
        "cost_in_usd_ticks": 1707000,
    },
)
_OPENROUTER: Final = Style(
    ident="gen-$created-*20",
    keys=("id", "object", "created", "model", "provider", "service_tier", "choices", "usage"),
    fixed={"provider": "$maker"},
    choice=("index", "delta", "finish_reason", "native_finish_reason"),
    choice_fixed={"finish_reason": None, "native_finish_reason": None},
    opening=None,
    text={"content": "$text", "role": "assistant"},
    reasoning={
        "content": "",
        "role": "assistant",
        "reasoning": "$text",
        "reasoning_details": [{"type": "reasoning.text", "text": "$text", "format": "unknown", "index": 0}],
    },
    refusal={"content": "", "role": "assistant", "refusal": "$text"},
    calls={"content": None, "role": "assistant", "tool_calls": ["$call"]},
    closing={"content": "", "role": "assistant"},
    usage="with-choice",
    counts={
        **_COUNTS,
        "cost": 0,
        "is_byok": False,
        "prompt_tokens_details": {
            "cached_tokens": "$cached",
            "cache_write_tokens": 0,
            "audio_tokens": 0,
            "video_tokens": 0,
        },
        "cost_details": {
            "upstream_inference_cost": 0,
            "upstream_inference_prompt_cost": 0,
            "upstream_inference_completions_cost": 0,
        },
        "completion_tokens_details": {"reasoning_tokens": "$reasoning", "image_tokens": 0, "audio_tokens": 0},
    },
    at_usage={"service_tier": None},
)
_DEEPSEEK: Final = Style(
    ident="uuid",
    call_id="call_00_*24",
    keys=("id", "object", "created", "model", "system_fingerprint", "choices", "usage"),
    fixed={"system_fingerprint": "fp_#10_prod0820_fp8_kvcache_20260402", "usage": None},
    choice=("index", "delta", "logprobs", "finish_reason"),
    choice_fixed={"logprobs": None, "finish_reason": None},
    closing={"content": ""},
    usage="last",
    counts={
        **_COUNTS,
        "prompt_tokens_details": {"cached_tokens": "$cached"},
        "prompt_cache_hit_tokens": "$cached",
        "prompt_cache_miss_tokens": "$uncached",
    },
)
_DEEPSEEK_THINKING: Final = replace(
    _DEEPSEEK,
    opening={"role": "assistant", "content": None, "reasoning_content": ""},
    text={"content": "$text", "reasoning_content": None},
    reasoning={"content": None, "reasoning_content": "$text"},
    closing={"content": "", "reasoning_content": None},
    counts={
        **_COUNTS,
        "prompt_tokens_details": {"cached_tokens": "$cached"},
        "completion_tokens_details": {"reasoning_tokens": "$reasoning"},
        "prompt_cache_hit_tokens": "$cached",
        "prompt_cache_miss_tokens": "$uncached",
    },
)
_GROQ: Final = Style(
    ident="chatcmpl-uuid",
    call_id="*9",
    keys=("id", "object", "created", "model", "system_fingerprint", "choices", "x_groq", "usage", "service_tier"),
    fixed={"system_fingerprint": "fp_#10"},
    choice=("index", "delta", "logprobs", "finish_reason"),
    choice_fixed={"logprobs": None, "finish_reason": None},
    reasoning={"reasoning": "$text"},
    begins=_FIRST_ID,
    whole=True,
    counts={
        "queue_time": 0.2,
        "prompt_tokens": "$input",
        "prompt_time": 0.023,
        "completion_tokens": "$output",
        "completion_time": 0.168,
        "total_tokens": "$total",
        "total_time": 0.191,
    },
    at_first={"x_groq": {"id": "req_*26", "seed": 690443319}},
    at_last={"x_groq": {"id": "req_*26", "usage": "$usage"}, "usage": "$usage"},
    at_usage={"service_tier": "on_demand"},
)
_MISTRAL: Final = Style(
    ident="#32",
    call_id="*9",
    reasoning={"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "$text"}]}]},
    begins=_FIRST_ID,
    whole=True,
    closing={"content": ""},
    calls_close=True,
    filler="p",
    keys=("id", "object", "created", "model", "choices", "usage", "p"),
    usage="last",
    counts={
        "prompt_tokens": "$input",
        "total_tokens": "$total",
        "completion_tokens": "$output",
        "prompt_tokens_details": {"cached_tokens": "$cached"},
        "service_tier": "standard",
    },
)
_HARMLESS: Final = {
    "hate": {"filtered": False, "severity": "safe"},
    "jailbreak": {"detected": False, "filtered": False},
    "self_harm": {"filtered": False, "severity": "safe"},
    "sexual": {"filtered": False, "severity": "safe"},
    "violence": {"filtered": False, "severity": "safe"},
}
_AZURE: Final = replace(
    _OPENAI,
    keys=tuple(sorted((*_OPENAI.keys, "latency_checkpoint"))),
    choice=("content_filter_results", "delta", "finish_reason", "index", "logprobs"),
    choice_fixed={"content_filter_results": {}, "finish_reason": None, "logprobs": None},
    first=(
        {
            "choices": [],
            "created": 0,
            "id": "",
            "model": "",
            "object": "",
            "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": _HARMLESS}],
        },
    ),
    at_usage={
        "latency_checkpoint": {
            "engine_tbt_ms": 9,
            "engine_ttft_ms": 33,
            "engine_ttlt_ms": 922,
            "pre_inference_ms": 206,
            "service_tbt_ms": 10,
            "service_ttft_ms": 780,
            "service_ttlt_ms": 1684,
            "total_duration_ms": 1562,
            "user_visible_ttft_ms": 574,
        }
    },
    added='"content_filter_results":{},',
    sorted=True,
)
_AZURE_GROK: Final = replace(_XAI, keys=(*_XAI.keys, "service_tier"), fixed={**_XAI.fixed, "service_tier": "default"})
_TOGETHER: Final = Style(
    ident="*7-*6-#16",
    call_id="call_*24",
    keys=("id", "object", "created", "choices", "model", "usage"),
    fixed={"usage": None},
    choice=("index", "logprobs", "finish_reason", "seed", "delta"),
    choice_fixed={"logprobs": None, "finish_reason": None, "seed": None},
    opening=None,
    text={"role": "assistant", "content": "$text"},
    refusal={"role": "assistant", "content": "", "refusal": "$text"},
    reasoning={"role": "assistant", "content": "", "reasoning": "$text"},
    calls={"role": "assistant", "content": "", "tool_calls": ["$call"]},
    closing={"role": "assistant", "content": ""},
    usage="last",
    counts={**_COUNTS, "cached_tokens": "$cached"},
)
_OLLAMA: Final = Style(
    ident="chatcmpl-%3",
    call_id="call_*8",
    keys=("id", "object", "created", "model", "system_fingerprint", "choices", "usage"),
    fixed={"system_fingerprint": "fp_ollama"},
    opening=None,
    rides={"role": "assistant"},
    leads=True,
    reasoning={"content": "", "reasoning": "$text"},
    calls={"content": "", "tool_calls": ["$call"]},
    begins={
        "id": "$id",
        "index": "$index",
        "type": "function",
        "function": {"name": "$name", "arguments": "$arguments"},
    },
    whole=True,
)
_STYLES: Final[Mapping[str, Style]] = {
    "openai": _OPENAI,
    "xai": _XAI,
    "openrouter": _OPENROUTER,
    "deepseek": _DEEPSEEK,
    "groq": _GROQ,
    "mistral": _MISTRAL,
    "azure": _AZURE,
    "together": _TOGETHER,
    "ollama": _OLLAMA,
}


_SAID: Final = ("text", "reasoning", "refusal", "calls", "closing")
_QUIRKY: Final[Mapping[str, Mapping[str, object]]] = {
    "usage-with-choice": {"usage": "with-choice"},
    "filter-first": {"first": _AZURE.first},
    "whole-tool-calls": {"whole": True},
    "reasoning-key": {"reasoning": {"reasoning": "$text"}},
    "usage-in-x-groq": {"at_first": _GROQ.at_first, "at_last": _GROQ.at_last, "keys": _GROQ.keys},
}
"""What a quirk changes of the plain style, for rows of which there is no recording."""


def style_of(provider: str, quirks: frozenset[str], *, thinking: bool = False, model: str = "") -> Style:
    """The style of a provider's row; `thinking`: the answer has reasoning, which some write differently throughout.
    OpenAI's streams differ by what `model` is, and a model of somebody else on Azure keeps its maker's way."""
    style = _DEEPSEEK_THINKING if provider == "deepseek" and thinking else _STYLES.get(provider, _PLAIN)
    if provider == "openai" and not reasons(model):
        style = replace(style, **_SAMPLED)
    elif provider == "azure" and model.startswith("grok"):
        style = _AZURE_GROK
    elif provider == "azure" and not reasons(model):
        style = replace(style, fixed=_SAMPLED["fixed"])
    if provider not in _STYLES:
        for quirk in sorted(quirks & _QUIRKY.keys()):
            style = replace(style, **_QUIRKY[quirk])  # type: ignore[arg-type]
        if "role-in-every-chunk" in quirks:
            role = {"role": "assistant"}
            said = {name: role | dict(getattr(style, name) or {}) for name in _SAID}
            style = replace(style, opening=None, **said)  # type: ignore[arg-type]
    if "sparse-chunks" in quirks:
        style = replace(style, keys=("id", "choices", "usage"))
    if "usage-in-last-chunk" in quirks:
        style = replace(style, usage="last")
    if "null-last-content" in quirks:
        style = replace(style, closing={"content": None})
    return style


def filled(template: object, values: Mapping[str, object]) -> object:
    """`template` with `values` at its places."""
    if isinstance(template, str):
        return values.get(template, template) if template.startswith("$") else template
    if isinstance(template, Mapping):
        return {key: filled(value, values) for key, value in template.items()}
    return [filled(value, values) for value in template] if isinstance(template, list) else template
