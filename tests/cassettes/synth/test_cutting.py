"""Texts in pieces as a model sends them."""

from __future__ import annotations

from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.synth.cutting import cut
from cassettes.synth.rhythm import measured, rhythm_of

ENGLISH = "The quick brown fox jumps over the lazy dog, twice: it costs 12,345 dollars (really). " * 40


@given(st.text(), st.integers())
def test_pieces_make_the_text_and_none_is_empty(text: str, seed: int) -> None:
    for provider in ("openai", "anthropic", "google"):
        found = list(cut(text, measured()[provider].text, Random(seed)))
        assert "".join(found) == text
        assert all(found)


@pytest.mark.parametrize(("provider", "dialect"), [("openai", "openai-chat"), ("anthropic", "anthropic")])
def test_their_sizes_are_about_the_providers(provider: str, dialect: str) -> None:
    sizes = rhythm_of(provider, dialect).text
    found = [len(piece) for piece in cut(ENGLISH, sizes, Random(3))]
    assert len(set(found)) > 5
    assert 0.5 <= median(found) / sizes[10] <= 2


def test_gemini_says_more_at_once_than_openai() -> None:
    of = {name: len(list(cut(ENGLISH, measured()[name].text, Random(3)))) for name in ("openai", "google")}
    assert of["google"] * 5 < of["openai"]


def test_words_stay_whole_where_a_piece_is_one_token() -> None:
    assert list(cut("Hello, wide world!\n\n42", (1.0, 1.0), Random(1))) == [
        "Hello",
        ",",
        " wide",
        " world",
        "!",
        "\n\n",
        "42",
    ]


def test_korean_comes_by_syllables() -> None:
    assert list(cut("안녕하세요", (1.0, 1.0), Random(1))) == ["안녕하", "세요"]
