"""The wire styles of providers as data: templates, and quirks laid over a style."""

from __future__ import annotations

from cassettes.dialects.openai_chat_styles import filled, style_of


def test_a_template_is_filled_at_its_places_alone() -> None:
    template = {"a": "$text", "b": ["$text", {"c": "$other"}], "d": None, "e": "text"}
    assert filled(template, {"$text": "$other"}) == {
        "a": "$other",
        "b": ["$other", {"c": "$other"}],
        "d": None,
        "e": "text",
    }


def test_a_provider_without_recordings_has_the_plain_style() -> None:
    none: frozenset[str] = frozenset()
    assert style_of("infron", none, thinking=False) == style_of("", none, thinking=True)
    assert style_of("openai", none, thinking=False).padded == 9


def test_deepseek_writes_otherwise_while_it_thinks() -> None:
    none: frozenset[str] = frozenset()
    assert style_of("deepseek", none, thinking=True).text == {"content": "$text", "reasoning_content": None}
    assert style_of("deepseek", none, thinking=False).text == {"content": "$text"}


def test_quirks_of_a_row_change_the_style() -> None:
    quirky = style_of("tokenhub", frozenset({"sparse-chunks", "usage-in-last-chunk"}), thinking=False)
    assert (quirky.keys, quirky.usage) == (("id", "choices", "usage"), "last")
    assert style_of("gateway", frozenset({"null-last-content"}), thinking=False).closing == {"content": None}
