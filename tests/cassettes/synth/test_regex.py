"""Texts for patterns of JSON Schema."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.synth.regex import example_of


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{2}\d{4}$",
        r"^(?:red|green)-\w+$",
        r"^\+?[0-9]{1,3}-[^a-z]$",
        r"^[^\s@]+@[^\s@]+\.[a-z]{2,}$",
        r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}Z$",
        r"a*b?c+",
        r"\x41\u0042",
        r"^$",
        r"[]x]",
        r"^.{3,5}$",
        r"^(a(b|c)){2}$",
        r"^[가-힣]+$",
    ],
)
def test_a_text_is_found_in_which_the_pattern_is(pattern: str) -> None:
    text = example_of(pattern)
    assert text is not None
    assert re.search(pattern, text)


@pytest.mark.parametrize("pattern", ["(?=a)b", "(", "[", "*a", r"(a)\1", "a{9999}" * 3, "(" * 5000, r"\p{L}", "^a$b"])
def test_what_is_not_read_has_none(pattern: str) -> None:
    assert example_of(pattern) is None


@given(st.text(alphabet=r"ab[](){}|*+?.\^$-0123,:", max_size=12))
def test_whatever_is_found_fits(pattern: str) -> None:
    text = example_of(pattern)
    assert text is None or re.search(pattern, text)
