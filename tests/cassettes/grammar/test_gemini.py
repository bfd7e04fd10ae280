"""Every rule of the grammar of Gemini finds a stream that breaks it, and a clean one breaks none."""

from __future__ import annotations

import pytest
from broken import OF_BYTES, OF_FILES, Break, Event, Events, body_of, clean, findings, put, rules

from cassettes.check import check_stream
from cassettes.grammar.gemini import GRAMMAR

ERROR = {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}
BLOCKED = {
    "promptFeedback": {"blockReason": "SAFETY"},
    "usageMetadata": {"promptTokenCount": 4},
    "modelVersion": "gemini-2.5-flash",
    "responseId": "T1",
}


def candidate(index: int, *events: Event) -> Events:
    return [Event("", {**one.data, "candidates": [{**one.data["candidates"][0], "index": index}]}) for one in events]


BREAKS: dict[str, list[Break]] = {
    "answer-order": [
        lambda events: [Event("", BLOCKED), *events],
        lambda events: [Event("", ERROR), *events],
        lambda _: [Event("", BLOCKED), Event("", BLOCKED)],
    ],
    "answer-end": [lambda _: [Event("", {key: BLOCKED[key] for key in BLOCKED if key != "promptFeedback"})]],
    "candidate-order": [
        lambda events: [*events, events[-1]],
        lambda events: [*events[:-2], events[-1], events[-2]],
    ],
    "candidate-end": [
        lambda events: events[:-1],
        lambda events: [events[0], *candidate(1, events[0]), *events[1:]],
    ],
    "response-id": [put("", "responseId", "T2", 1)],
    "model": [put("", "modelVersion", "gemini-2.5-pro", 1)],
}


def test_a_clean_stream_breaks_no_rule() -> None:
    assert findings("gemini", clean("gemini")) == ()


def test_every_rule_is_broken_here() -> None:
    assert set(BREAKS) == set(GRAMMAR.rules) - OF_BYTES - OF_FILES


@pytest.mark.parametrize(("rule", "broken"), [(rule, one) for rule, breaks in BREAKS.items() for one in breaks])
def test_a_break_is_found(rule: str, broken: Break) -> None:
    assert rule in rules(findings("gemini", broken(clean("gemini"))))


@pytest.mark.parametrize(
    "legal",
    [
        lambda events: events[1:],
        lambda _: [Event("", BLOCKED)],
        lambda events: [*events[:2], Event("", ERROR)],
        lambda _: [Event("", ERROR)],
        lambda events: [one for pair in zip(events, candidate(1, *events), strict=True) for one in pair],
        put("", "candidates.0.finishReason", "CONTINUATION", -1),
    ],
)
def test_what_is_allowed_is_not_found(legal: Break) -> None:
    assert findings("gemini", legal(clean("gemini"))) == ()


def test_a_json_array_is_held_against_the_same_table() -> None:
    lines = [body_of([one]).removeprefix(b"data: ").strip() for one in clean("gemini")]
    assert check_stream(GRAMMAR, b"[" + b",\r\n".join(lines) + b"\n]\n", "json-array", provider="google") == ()
    (found,) = check_stream(GRAMMAR, b"[" + b",".join(lines[:-1]) + b"]", "json-array", provider="google")
    assert (found.rule.id, found.place.event) == ("gemini/candidate-end", len(lines) - 1)
