"""What a provider does in its own way is let pass for it, and for a provider that nobody knows, but not for OpenAI."""

from __future__ import annotations

import pytest
from broken import Event, Events, clean, findings, rules
from sdk.answers import ANSWERS, CHAT_STYLES, chat

from cassettes.check import check_stream
from cassettes.grammar.openai_chat import GRAMMAR
from cassettes.grammar.openai_chat_quirks import QUIRKS


def with_role(events: Events) -> Events:
    """The role in every delta."""
    return [
        Event(
            "",
            {**one.data, "choices": [{**c, "delta": {"role": "assistant", **c["delta"]}} for c in one.data["choices"]]},
        )
        if isinstance(one.data, dict)
        else one
        for one in events
    ]


def without_finish(events: Events) -> Events:
    """No `finish_reason` where it would be null."""
    return [
        Event("", {**one.data, "choices": [{k: v for k, v in c.items() if v is not None} for c in one.data["choices"]]})
        if isinstance(one.data, dict)
        else one
        for one in events
    ]


def with_keys(**more: object) -> object:
    return lambda events: [Event("", {**one.data, **more}) if isinstance(one.data, dict) else one for one in events]


QUIRKY = {
    "role": (with_role, ("openrouter", "databricks", "together"), "choice-order"),
    "finish": (without_finish, ("xai", "zai", "azure", "huggingface"), "keys"),
    "role missing": (lambda events: events[1:], ("groq", "cloudflare"), "choice-order"),
    "id": (
        lambda events: [
            Event("", {**one.data, "id": f"id-{n}"}) if isinstance(one.data, dict) else one
            for n, one in enumerate(events)
        ],
        ("groq",),
        "id",
    ),
    "keys": (with_keys(x_groq={"id": "req"}), ("groq",), "key"),
    "value": (
        lambda events: [
            Event("", {**events[0].data, "object": "", "choices": [], "prompt_filter_results": []}),
            *events,
        ],
        ("azure",),
        "variant",
    ),
    "type": (
        lambda events: [
            *events[:1],
            Event("", {**events[0].data, "choices": [{"index": 0, "delta": {"content": [{}]}, "finish_reason": None}]}),
            *events[1:],
        ],
        ("mistral",),
        "keys",
    ),
    "no [DONE]": (lambda events: events[:-1], ("writer", "perplexity", "huggingface"), "stream-end"),
}


@pytest.mark.parametrize("name", QUIRKY)
def test_a_quirk_is_let_pass_where_it_belongs(name: str) -> None:
    quirky, providers, rule = QUIRKY[name]
    events = quirky(clean("openai-chat"))
    assert rule in rules(findings("openai-chat", events, "openai"))
    for provider in (*providers, "nobody-knows"):
        assert findings("openai-chat", events, provider) == (), provider


@pytest.mark.parametrize("provider", CHAT_STYLES)
@pytest.mark.parametrize("answer", ANSWERS)
def test_what_the_tests_play_for_a_provider_is_in_order(provider: str, answer: str) -> None:
    body = b"".join(chat(ANSWERS[answer], CHAT_STYLES[provider]))
    found = check_stream(GRAMMAR, body, provider=provider)
    # OpenAI's own chat shows no thoughts; the tests play some all the same.
    shown = ("openai", "reasoning"), ("mistral", "reasoning")
    assert rules(found) == (["key"] if (provider, answer) in shown else [])


def test_every_row_says_where_it_was_seen_and_changes_something() -> None:
    for quirk in QUIRKS:
        assert quirk.source
        assert quirk.steps or quirk.waives or quirk.lacks or quirk.adds or quirk.says or quirk.types
