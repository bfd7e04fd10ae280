"""Every rule of the grammar of UI messages finds a stream that breaks it, and a clean one breaks none."""

from __future__ import annotations

import pytest
from broken import OF_BYTES, OF_FILES, Break, Event, clean, drop, findings, later, rules, twice

from cassettes.grammar.ai_sdk_ui import GRAMMAR

FAILED = Event("", {"type": "error", "errorText": "gone"})
BREAKS: dict[str, list[Break]] = {
    "message-order": [later("start", 2), twice("finish"), twice("[DONE]"), later("[DONE]", -2)],
    "message-end": [lambda events: events[:-2]],
    "text-order": [drop("text-start"), twice("text-end")],
    "text-end": [drop("text-end")],
    "reasoning-order": [drop("reasoning-start"), later("reasoning-delta", -1)],
    "reasoning-end": [drop("reasoning-end")],
    "tool-order": [drop("tool-input-start"), later("tool-input-delta", -1)],
    "tool-end": [drop("tool-input-available", 1)],
}


def test_a_clean_stream_breaks_no_rule() -> None:
    assert findings("ai-sdk-ui", clean("ai-sdk-ui")) == ()


def test_every_rule_is_broken_here() -> None:
    assert set(BREAKS) == set(GRAMMAR.rules) - OF_BYTES - OF_FILES


@pytest.mark.parametrize(("rule", "broken"), [(rule, one) for rule, breaks in BREAKS.items() for one in breaks])
def test_a_break_is_found(rule: str, broken: Break) -> None:
    assert rule in rules(findings("ai-sdk-ui", broken(clean("ai-sdk-ui"))))


@pytest.mark.parametrize(
    "legal",
    [
        drop("start"),
        drop("[DONE]"),
        lambda events: [*events[:4], FAILED],
        lambda events: [*events[:4], FAILED, events[-1]],
        lambda events: [*events[:-3], Event("", {"type": "tool-output-available", "toolCallId": "c", "output": 1}), *events[-3:]],
    ],
)  # fmt: skip
def test_what_is_allowed_is_not_found(legal: Break) -> None:
    assert findings("ai-sdk-ui", legal(clean("ai-sdk-ui"))) == ()


def test_data_of_the_apps_own_is_unknown_and_no_more() -> None:
    events = clean("ai-sdk-ui")
    (found,) = findings("ai-sdk-ui", [*events[:2], Event("", {"type": "data-weather", "data": 1}), *events[2:]])
    assert (found.rule.id, found.rule.level) == ("ai-sdk-ui/type", "unknown")
