"""The counts of tokens that every provider gives, read from any provider's own object, for whoever says them anew.

Pure; imports the base alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from cassettes.dialects.base import at

_INPUT: Final = ("prompt_tokens", "input_tokens", "promptTokenCount", "prompt_eval_count", "inputTokens")
_OUTPUT: Final = ("completion_tokens", "output_tokens", "candidatesTokenCount", "eval_count", "outputTokens")
_NESTED: Final = ("tokens", "billed_units")
"""Where Cohere has its counts."""
_TOTAL: Final = ("total_tokens", "totalTokenCount", "totalTokens")
_CACHED: Final = (
    ("prompt_tokens_details", "cached_tokens"),
    ("input_tokens_details", "cached_tokens"),
    ("cache_read_input_tokens",),
    ("cachedContentTokenCount",),
    ("cached_tokens",),
    ("cachedInputTokens",),
)
_REASONING: Final = (
    ("completion_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "thinking_tokens"),
    ("thoughtsTokenCount",),
    ("reasoningTokens",),
)
_READ: Final = frozenset((*_NESTED, *_INPUT, *_OUTPUT, *_TOTAL, *(place[0] for place in (*_CACHED, *_REASONING))))
# Whole or zero in the grammars that have them, and told by the others in `cached`.
_BESIDE: Final = frozenset(
    (
        *("cache_creation_input_tokens", "cache_creation", "promptTokensDetails", "candidatesTokensDetails"),
        *("service_tier", "serviceTier", "trafficType"),
    )
)


class Counts(NamedTuple):
    """Tokens: `input` with the cached ones among them, `output` with the reasoning among it."""

    input: int = 0
    output: int = 0
    reasoning: int = 0
    cached: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.input + self.output


def counts(usage: Mapping[str, object]) -> Counts:
    """What `usage`, in any provider's form, says. Anthropic counts what was cached apart, Gemini what was thought."""
    inner = next((one for key in _NESTED if isinstance(one := usage.get(key), Mapping)), usage)
    given, made = _first(inner, _INPUT), _first(inner, _OUTPUT)
    reasoning, cached = _at(usage, _REASONING), _at(usage, _CACHED)
    if "cache_read_input_tokens" in usage:
        given += cached + _first(usage, ("cache_creation_input_tokens",))
    if "thoughtsTokenCount" in usage:
        made += reasoning
    return Counts(given, made, reasoning, cached)


def uncounted(usage: Mapping[str, object]) -> Iterator[str]:
    """The keys of `usage` that `counts` does not read and that say something."""
    return (key for key, value in usage.items() if key not in _READ and key not in _BESIDE and value)


def _first(usage: Mapping[str, object], keys: tuple[str, ...]) -> int:
    return next((value for key in keys if isinstance(value := usage.get(key), int)), 0)


def _at(usage: Mapping[str, object], places: tuple[tuple[str, ...], ...]) -> int:
    found = (at(dict(usage), *place) for place in places)
    return next((value for value in found if isinstance(value, int)), 0)
