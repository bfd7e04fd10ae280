"""Every rule of the grammar of AG-UI finds a stream that breaks it, and a clean one breaks none."""

from __future__ import annotations

import pytest
from broken import OF_BYTES, OF_FILES, Break, Event, clean, drop, findings, later, put, rules, twice

from cassettes.grammar.ag_ui import GRAMMAR

FAILED = Event("", {"type": "RUN_ERROR", "message": "gone"})
BREAKS: dict[str, list[Break]] = {
    "run-order": [drop("RUN_STARTED"), later("RUN_STARTED"), twice("RUN_FINISHED"), twice("RUN_STARTED")],
    "run-end": [drop("RUN_FINISHED")],
    "text-order": [drop("TEXT_MESSAGE_START"), twice("TEXT_MESSAGE_END")],
    "text-end": [drop("TEXT_MESSAGE_END")],
    "call-order": [drop("TOOL_CALL_START"), later("TOOL_CALL_ARGS", -1)],
    "call-end": [drop("TOOL_CALL_END", 1)],
    "reasoning-order": [drop("REASONING_MESSAGE_START")],
    "reasoning-end": [drop("REASONING_MESSAGE_END")],
    "thread": [put("RUN_FINISHED", "threadId", "other")],
}


def test_a_clean_stream_breaks_no_rule() -> None:
    assert findings("ag-ui", clean("ag-ui")) == ()


def test_every_rule_is_broken_here() -> None:
    assert set(BREAKS) == set(GRAMMAR.rules) - OF_BYTES - OF_FILES


@pytest.mark.parametrize(("rule", "broken"), [(rule, one) for rule, breaks in BREAKS.items() for one in breaks])
def test_a_break_is_found(rule: str, broken: Break) -> None:
    assert rule in rules(findings("ag-ui", broken(clean("ag-ui"))))


@pytest.mark.parametrize(
    "legal",
    [
        lambda events: [*events[:4], FAILED],
        lambda _: [FAILED],
        lambda events: [*events, *events],
        lambda events: [events[0], Event("", {"type": "CUSTOM", "name": "n", "value": 1}), *events[1:]],
        put("RUN_FINISHED", "outcome", {"type": "success"}),
    ],
)
def test_what_is_allowed_is_not_found(legal: Break) -> None:
    assert findings("ag-ui", legal(clean("ag-ui"))) == ()
