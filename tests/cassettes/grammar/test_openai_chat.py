"""Every rule of the grammar of OpenAI's chat finds a stream that breaks it, and a clean one breaks none."""

from __future__ import annotations

from typing import Any

import pytest
from broken import OF_BYTES, OF_FILES, Break, Event, Events, clean, drop, findings, put, rules, twice

from cassettes.grammar.openai_chat import GRAMMAR

USAGE, DONE = -2, "[DONE]"
"""The usage chunk stands last but for [DONE], behind the chunk with the reason to finish."""
ERROR = {"error": {"message": "busy", "type": "server_error", "param": None, "code": None}}


def at(number: int, *instead: Event) -> Break:
    """Other events in the place of the `number`-th."""

    def broken(events: Events) -> Events:
        number_from_0 = number % len(events)
        return [*events[:number_from_0], *instead, *events[number_from_0 + 1 :]]

    return broken


def moved(number: int, to: int) -> Break:
    """The `number`-th event in another place."""

    def broken(events: Events) -> Events:
        rest = list(events)
        event = rest.pop(number % len(events))
        return [*rest[:to], event, *rest[to:]]

    return broken


def chunk(delta: dict[str, Any], index: int = 0, finish: str | None = None, **more: Any) -> Event:
    first = clean("openai-chat")[0].data
    return Event("", {**first, "choices": [{"index": index, "delta": delta, "finish_reason": finish}], **more})


BREAKS: dict[str, list[Break]] = {
    "stream-order": [
        twice(DONE),
        moved(USAGE, 4),
        moved(USAGE, 0),
        lambda events: [*events, Event("", ERROR)],
        lambda events: [*events, events[1]],
        moved(-1, 0),
    ],
    "stream-end": [drop(DONE), lambda events: events[:3], lambda events: events[:-2]],
    "choice-order": [
        at(0),
        moved(0, 1),
        moved(-3, 2),
        lambda events: [events[0], *events],
        lambda events: [*events[:-2], chunk({}, finish="stop"), *events[-2:]],
        lambda events: [*events[:-2], chunk({"content": "more"}), *events[-2:]],
    ],
    "choice-end": [
        at(-3),
        lambda events: [*events[:2], events[-1]],
        lambda events: [events[0], events[-2], events[-1]],
    ],
    "call-order": [at(4), moved(4, 5), put("", "choices.0.delta.tool_calls.0.index", 5, 5)],
    "call-count": [put("", "choices.0.delta.tool_calls.0.index", 1, 4)],
    "call-json": [at(5), put("", "choices.0.delta.tool_calls.0.function.arguments", "}}", 6)],
    "id": [put("", "id", "chatcmpl-other", 2)],
    "model": [put("", "model", "gpt-other", 2)],
    "created": [put("", "created", 1, 2)],
    "usage": [lambda events: [*put("", "usage", None, 1)(events)[:USAGE], events[-1]]],
}


def test_a_clean_stream_breaks_no_rule() -> None:
    assert findings("openai-chat", clean("openai-chat")) == ()


def test_every_rule_is_broken_here() -> None:
    assert set(BREAKS) == set(GRAMMAR.rules) - OF_BYTES - OF_FILES


@pytest.mark.parametrize(("rule", "broken"), [(rule, one) for rule, breaks in BREAKS.items() for one in breaks])
def test_a_break_is_found(rule: str, broken: Break) -> None:
    assert rule in rules(findings("openai-chat", broken(clean("openai-chat"))))


def two_choices(events: Events) -> Events:
    """Every chunk for choice 0 and again for choice 1, as with n=2."""
    found = []
    for event in events:
        found.append(event)
        if isinstance(event.data, dict) and event.data["choices"]:
            (choice,) = event.data["choices"]
            found.append(Event("", {**event.data, "choices": [{**choice, "index": 1}]}))
    return found


@pytest.mark.parametrize(
    "legal",
    [
        two_choices,
        lambda events: [*two_choices(events)[:7], *two_choices(events)[8:]],
        at(USAGE),
        at(1),
        lambda events: [*events[:3], Event("", ERROR)],
        lambda events: [*events[:3], Event("error", ERROR), events[-1]],
        lambda events: [Event("", ERROR), events[-1]],
        lambda events: [*events[:6], chunk({}, finish="length"), events[-1]],
        put("", "obfuscation", "aB3", 2),
        lambda events: [*events[:-1], Event("", {**events[0].data, "choices": [], "moderation": {}}), events[-1]],
        at(-1, Event("", "[DONE] ")),
    ],
)
def test_what_is_allowed_is_not_found(legal: Break) -> None:
    assert findings("openai-chat", legal(clean("openai-chat"))) == ()


def test_each_choice_has_to_finish() -> None:
    events = two_choices(clean("openai-chat"))
    second = max(n for n, one in enumerate(events) if one.kind != DONE and one.data["choices"])
    (found,) = findings("openai-chat", [*events[:second], *events[second + 1 :]])
    assert found.text.endswith(
        "choice 1 is not finished (open) at usage, expected says or finish [openai-chat/choice-end]"
    )


def test_a_chunk_of_a_new_object_is_unknown_and_no_error() -> None:
    news = Event("", {**clean("openai-chat")[0].data, "object": "chat.completion.surprise"})
    (found,) = findings("openai-chat", at(2, clean("openai-chat")[2], news)(clean("openai-chat")))
    assert (found.rule.id, found.level) == ("openai-chat/type", "unknown")
