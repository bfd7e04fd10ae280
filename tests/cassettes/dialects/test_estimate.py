"""The rule by which tokens are counted where there is no tokenizer."""

from __future__ import annotations

import pytest

from cassettes.dialects.estimate import tokens


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (None, 1),
        ("", 1),
        ("four", 1),
        ("five5", 2),
        ("모스", 2),  # six bytes
        ([{"role": "user", "content": [{"type": "text", "text": "x" * 400}]}], 100),
        ([{"role": "user", "content": [{"type": "image", "source": {"data": "A" * 4000}}]}], 1),
        ([{"parts": [{"inlineData": {"mimeType": "image/png", "data": "A" * 4000}}, {"text": "x" * 40}]}], 10),
        ({"input": {"city": "Seoul", "days": 3}}, 2),
        ("\ud800", 1),  # a lone surrogate is JSON too
    ],
)
def test_texts_count_by_their_bytes(value: object, count: int) -> None:
    assert tokens(value) == count


def test_all_values_add_up_before_they_are_rounded() -> None:
    assert tokens("abc", None, "abc", ["ab"]) == 2


def test_depth_is_no_matter() -> None:
    value: object = "x" * 8
    for _ in range(100_000):
        value = [value]
    assert tokens(value) == 2
