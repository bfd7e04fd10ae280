"""Every rule of the grammar of Cohere's chat finds a stream that breaks it, and a clean one breaks none."""

from __future__ import annotations

import pytest
from broken import OF_BYTES, OF_FILES, Break, Event, clean, drop, findings, later, put, rules, twice

from cassettes.grammar.cohere import GRAMMAR

CITED = [
    Event("citation-start", {"type": "citation-start", "index": 0, "delta": {"message": {"citations": {"text": "a"}}}}),
    Event("citation-end", {"type": "citation-end", "index": 0}),
]


def cite(*which: int, index: int = 0) -> Break:
    """Puts events of a citation before the end."""

    def broken(events: list[Event]) -> list[Event]:
        cited = [Event(CITED[one].name, {**CITED[one].data, "index": index}) for one in which]
        return [*events[:-2], *cited, *events[-2:]]

    return broken


BREAKS: dict[str, list[Break]] = {
    "message-order": [drop("message-start"), later("message-start"), twice("message-end"), twice("[DONE]")],
    "message-end": [lambda events: events[:-2]],
    "content-order": [drop("content-start"), twice("content-start"), twice("content-end")],
    "content-end": [drop("content-end", 1)],
    "content-alone": [drop("content-end")],
    "content-count": [put("content-start", "index", 3)],
    "call-order": [drop("tool-call-start"), later("tool-call-start", 1)],
    "call-end": [drop("tool-call-end", 1)],
    "call-alone": [drop("tool-call-end")],
    "call-count": [put("tool-call-start", "index", 2)],
    "call-json": [drop("tool-call-delta")],
    "citation-order": [cite(1), cite(0, 1, 1)],
    "citation-end": [cite(0)],
    "citation-alone": [lambda events: cite(0, 1, index=1)(cite(0)(events))],
    "citation-count": [cite(0, 1, index=4)],
    "message-id": [put("message-end", "id", "other")],
}


def test_a_clean_stream_breaks_no_rule() -> None:
    assert findings("cohere", clean("cohere")) == ()
    assert findings("cohere", cite(0, 1)(clean("cohere"))) == ()


def test_every_rule_is_broken_here() -> None:
    assert set(BREAKS) == set(GRAMMAR.rules) - OF_BYTES - OF_FILES


@pytest.mark.parametrize(("rule", "broken"), [(rule, one) for rule, breaks in BREAKS.items() for one in breaks])
def test_a_break_is_found(rule: str, broken: Break) -> None:
    assert rule in rules(findings("cohere", broken(clean("cohere"))))


@pytest.mark.parametrize("legal", [drop("[DONE]"), put("message-end", "delta.finish_reason", "MAX_TOKENS")])
def test_what_is_allowed_is_not_found(legal: Break) -> None:
    assert findings("cohere", legal(clean("cohere"))) == ()
