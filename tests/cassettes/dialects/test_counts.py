"""Tokens, read from the usage of every provider."""

from __future__ import annotations

import pytest

from cassettes.dialects.counts import Counts, counts, uncounted


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        ({}, Counts()),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 12,
                "total_tokens": 21,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
            Counts(9, 12, 5, 4),
        ),
        (
            {
                "input_tokens": 9,
                "input_tokens_details": {"cached_tokens": 1},
                "output_tokens": 12,
                "output_tokens_details": {"reasoning_tokens": 5},
            },
            Counts(9, 12, 5, 1),
        ),
        # What was cached is counted apart by Anthropic, what was thought by Gemini.
        (
            {"input_tokens": 9, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 2, "output_tokens": 1},
            Counts(15, 1, 0, 4),
        ),
        ({"promptTokenCount": 9, "candidatesTokenCount": 7, "thoughtsTokenCount": 5}, Counts(9, 12, 5)),
        ({"prompt_eval_count": 3, "eval_count": 4}, Counts(3, 4)),
        ({"prompt_tokens": "many"}, Counts()),
    ],
)
def test_every_providers_usage_is_read(usage: dict[str, object], told: Counts) -> None:
    assert counts(usage) == told
    assert told.total == told.input + told.output


def test_what_has_no_counterpart_is_named() -> None:
    usage: dict[str, object] = {"prompt_tokens": 1, "cost": 0.5, "is_byok": False, "prompt_tokens_details": {}}
    assert list(uncounted(usage)) == ["cost"]
