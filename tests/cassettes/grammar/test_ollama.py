"""Every rule of the grammar of Ollama finds a stream that breaks it, and a clean one breaks none."""

from __future__ import annotations

import pytest
from broken import OF_BYTES, OF_FILES, Break, Event, Events, clean, findings, put, rules

from cassettes.grammar.ollama import GRAMMAR

FAILED = Event("", {"error": "out of memory"})
BREAKS: dict[str, list[Break]] = {
    "answer-order": [
        lambda events: [*events, events[-1]],
        lambda events: [*events[:-2], events[-1], events[-2]],
        lambda events: [FAILED, *events],
    ],
    "answer-end": [lambda events: events[:-1]],
    "model": [put("", "model", "other", 1)],
}


def generated(events: Events) -> Events:
    """The lines of `/api/generate` in their stead."""
    return [
        Event("", {**{k: v for k, v in one.data.items() if k != "message"}, "response": one.data["message"]["content"]})
        for one in events
        if not one.data["message"].get("tool_calls")
    ]


def test_a_clean_stream_breaks_no_rule() -> None:
    assert findings("ollama", clean("ollama")) == ()
    assert findings("ollama", generated(clean("ollama"))) == ()


def test_every_rule_is_broken_here() -> None:
    assert set(BREAKS) == set(GRAMMAR.rules) - OF_BYTES - OF_FILES


@pytest.mark.parametrize(("rule", "broken"), [(rule, one) for rule, breaks in BREAKS.items() for one in breaks])
def test_a_break_is_found(rule: str, broken: Break) -> None:
    assert rule in rules(findings("ollama", broken(clean("ollama"))))


@pytest.mark.parametrize(
    "legal",
    [
        lambda events: events[-1:],
        lambda events: [*events[:2], FAILED],
        put("", "done_reason", "length", -1),
        put("", "done_reason", ..., -1),
    ],
)
def test_what_is_allowed_is_not_found(legal: Break) -> None:
    assert findings("ollama", legal(clean("ollama"))) == ()


def test_keys_are_held_against_the_table() -> None:
    assert "keys" in rules(findings("ollama", put("", "message.content", 3)(clean("ollama"))))
    assert "variant" in rules(findings("ollama", put("", "done_reason", "tired", -1)(clean("ollama"))))
