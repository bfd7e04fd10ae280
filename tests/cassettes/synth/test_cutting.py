"""Texts in pieces as a model sends them."""

from __future__ import annotations

import re
from itertools import accumulate
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.synth.cutting import cut
from cassettes.synth.rhythm import measured

ENGLISH = "The quick brown fox jumps over the lazy dog, twice: it costs 12,345 dollars (really). " * 40
STEPS = 20
SIZED = [
    ("openai", "text"),
    ("openai", "reasoning"),
    ("anthropic", "text"),
    ("anthropic", "arguments"),
    ("xai", "text"),
]


@given(st.text(), st.integers())
def test_pieces_make_the_text_and_none_is_empty(text: str, seed: int) -> None:
    for provider in ("openai", "anthropic", "google"):
        found = list(cut(text, measured()[provider].text, Random(seed)))
        assert "".join(found) == text
        assert all(found)


@pytest.mark.parametrize(("provider", "quantity"), SIZED)
def test_their_sizes_are_the_providers(provider: str, quantity: str) -> None:
    sizes = getattr(measured()[provider], quantity)
    found = sorted(len(piece) for piece in cut(ENGLISH * 12, sizes, Random(3)))
    for step in range(1, STEPS):
        # Chance is given a step of the table on either side; a word that ends near enough, a share of its length.
        least, most = sizes[max(step - 1, 0)], sizes[step + 1]
        assert least - 1 - least / 8 <= found[len(found) * step // STEPS] <= most + 1 + most / 8


def test_gemini_says_more_at_once_than_openai() -> None:
    of = {name: len(list(cut(ENGLISH, measured()[name].text, Random(3)))) for name in ("openai", "google")}
    assert of["google"] * 5 < of["openai"]


def test_most_pieces_end_with_a_word() -> None:
    ends = {found.end() for found in re.finditer(r" ?[A-Za-z]+|[^A-Za-z]", ENGLISH)}
    pieces = list(cut(ENGLISH, measured()["openai"].text, Random(3)))
    whole = sum(end in ends for end in accumulate(map(len, pieces)))
    assert whole / len(pieces) > 0.6


def test_words_where_nothing_was_measured() -> None:
    assert list(cut("Hello, wide world!\n\n42", (), Random(1))) == ["Hello", ",", " wide", " world", "!", "\n\n", "42"]


def test_korean_comes_by_syllables() -> None:
    assert list(cut("안녕하세요", (), Random(1))) == ["안녕하", "세요"]
