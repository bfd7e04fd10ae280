"""Events of Responses: every item with all of its events, and the whole response at the end."""

from __future__ import annotations

from typing import Any

import pytest

from cassettes.dialects.base import at, payload
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.openai_responses import DIALECT
from cassettes.dialects.speech import Speech, Voice

SAID = [
    Delta(reasoning="Hm."),
    Delta("Hel"),
    Delta("lo 세계"),
    Delta(tools=(ToolPart(0, name="weather", arguments='{"a":'),)),
    Delta(tools=(ToolPart(0, arguments="1}"),)),
    Delta(finish="stop", usage={"prompt_tokens": 9, "completion_tokens": 12, "cost": 1}),
]


def speech(said: list[Delta] = SAID, provider: str = "openai", **fields: Any) -> Speech:
    return DIALECT.speak(said, Voice(provider, "m", **fields))


def events(made: Speech) -> list[Any]:
    return [payload(event.data) for event in made.events]


def test_every_item_has_all_of_its_events() -> None:
    kinds = [event["type"].removeprefix("response.") for event in events(speech())]
    assert kinds == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in events(speech())] == list(range(len(kinds)))


@pytest.mark.parametrize("provider", ["openai", "azure", "xai", "openrouter", "infron"])
def test_what_is_said_comes_back(provider: str) -> None:
    made = speech(provider=provider)
    deltas = [DIALECT.delta(event) for event in events(made)]
    assert "".join(delta.text for delta in deltas) == "Hello 세계"
    assert "".join(delta.reasoning for delta in deltas) == "Hm."
    assert "".join(part.arguments for delta in deltas for part in delta.tools) == '{"a":1}'
    assert deltas[-1 if provider != "openrouter" else -2].finish == "completed"
    folded = DIALECT.fold(events(made))
    assert folded is not None
    assert [item["type"] for item in folded.body["output"]] == ["reasoning", "message", "function_call"]  # type: ignore[index]
    assert at(folded.body, "usage", "total_tokens") == 21
    assert [one.what for one in made.unsaid] == ["usage.cost"]


def test_a_stream_that_was_cut_folds_to_what_came() -> None:
    made = speech([*SAID[:3], Delta(usage={"input_tokens": 1})])
    folded = DIALECT.fold(events(made))
    assert folded is not None
    assert at(folded.body, "status") == "in_progress"
    assert at(folded.body, "output", 1, "content", 0, "text") == "Hello 세계"
    assert [one.what for one in made.unsaid] == ["usage"]


def test_obfuscation_and_delta_fill_sixteen_characters() -> None:
    deltas = [event for event in events(speech()) if event["type"].endswith(".delta")]
    assert {(len(event["delta"]) + len(event["obfuscation"])) % 16 for event in deltas} == {0}
    assert not any("obfuscation" in event for event in events(speech(obfuscated=False)))


def test_keys_stand_in_the_order_of_recorded_events() -> None:
    first = list(events(speech())[2])
    assert first == ["type", "item", "output_index", "sequence_number"]
    assert list(events(speech(provider="xai"))[2]) == ["sequence_number", "type", "item", "output_index"]


def test_openrouter_names_no_event_and_says_done() -> None:
    body = speech(provider="openrouter").body
    assert b"event:" not in body
    assert body.endswith(b"data: [DONE]\n\n")


def test_a_refusal_is_a_part_of_the_message() -> None:
    made = speech([Delta("Well, "), Delta(refusal="I "), Delta(refusal="won't."), Delta(finish="stop")])
    folded = DIALECT.fold(events(made))
    assert folded is not None
    content: Any = at(folded.body, "output", 0, "content")
    assert [part["type"] for part in content] == ["output_text", "refusal"]
    assert content[1]["refusal"] == "I won't."


@pytest.mark.parametrize(
    ("word", "kind", "reason"),
    [
        ("length", "response.incomplete", "max_output_tokens"),
        ("content_filter", "response.incomplete", "content_filter"),
        ("end_turn", "response.completed", None),
        ("tool_use", "response.completed", None),
    ],
)
def test_the_terminal_event_says_why(word: str, kind: str, reason: str | None) -> None:
    last = events(speech([Delta("a"), Delta(finish=word)]))[-1]
    assert (last["type"], at(last, "response", "incomplete_details", "reason")) == (kind, reason)


def test_an_unknown_finish_is_told() -> None:
    assert [one.what for one in speech([Delta(finish="pause_turn")]).unsaid] == ["finish pause_turn"]


def test_an_error_ends_the_stream() -> None:
    made = events(speech([Delta("a"), Delta(error="over"), Delta("b")]))
    assert DIALECT.delta(made[-1]).error == "over"
    assert "".join(DIALECT.delta(event).text for event in made) == "a"


def test_thoughts_that_are_counted_but_not_told_have_an_item() -> None:
    usage = {"input_tokens": 9, "output_tokens": 12, "output_tokens_details": {"reasoning_tokens": 5}}
    said = [Delta("a"), Delta(finish="stop", usage=usage)]
    of = {
        model: [item["type"] for item in events(DIALECT.speak(said, Voice("openai", model)))[-1]["response"]["output"]]
        for model in ("gpt-5-nano", "gpt-4o")
    }
    assert of == {"gpt-5-nano": ["reasoning", "message"], "gpt-4o": ["message"]}


@pytest.mark.parametrize(
    ("provider", "start", "kind"),
    [("deepseek", "", "reasoning_text"), ("openrouter", "gen-", "reasoning_summary_text"), ("azure", "resp_0", "reasoning_summary_text")],
)  # fmt: skip
def test_each_provider_tells_reasoning_its_way(provider: str, start: str, kind: str) -> None:
    made = [event for event in events(speech(provider=provider)) if event]
    assert made[0]["response"]["id"].startswith(start)
    assert f"response.{kind}.delta" in {event["type"] for event in made}
    assert bool(made[-1]["response"].get("content_filters")) == (provider == "azure")
