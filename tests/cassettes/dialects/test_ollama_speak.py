"""Ollama's lines: what they say, and how they are written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.base import at, payload
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.ollama import DIALECT
from cassettes.dialects.speech import Speech, Voice

COUNTS = {"prompt_eval_count": 9, "eval_count": 12, "total_duration": 7}
SAID = [
    Delta(reasoning="Hm."),
    Delta("Hel"),
    Delta("lo <세계> \u2028"),
    Delta(tools=(ToolPart(3, name="weather", arguments='{"city":'),)),
    Delta(tools=(ToolPart(3, arguments='"서울"}'),)),
    Delta(tools=(ToolPart(4, "mine", "other"),)),
    Delta(finish="tool_calls"),
    Delta(usage={"prompt_tokens": 9, "completion_tokens": 12}),
]


def speech(said: list[Delta] = SAID, **fields: Any) -> Speech:
    return DIALECT.speak(said, Voice("ollama", "llama3.2", **fields))


def lines(made: Speech) -> list[Any]:
    return [payload(event.data) for event in made.events]


def folded(said: list[Delta]) -> Any:
    answer = DIALECT.fold(lines(speech(said)))
    assert answer is not None
    return answer.body


def test_what_is_said_comes_back() -> None:
    body = folded(SAID)
    assert body["message"]["content"] == "Hello <세계> \u2028"
    assert body["message"]["thinking"] == "Hm."
    first, second = body["message"]["tool_calls"]
    assert first["function"] == {"index": 0, "name": "weather", "arguments": {"city": "서울"}}
    assert (second["id"], second["function"]["arguments"]) == ("mine", {})
    assert (body["done"], body["done_reason"], body["prompt_eval_count"], body["eval_count"]) == (True, "stop", 9, 12)
    assert not speech().unsaid


def test_it_is_written_as_a_go_server_does() -> None:
    made = speech()
    assert all(event.data.endswith(b"\n") and len(event.data.splitlines()) == 1 for event in made.events)
    assert b"lo \\u003c" in made.body
    assert list(lines(made)[0]) == ["model", "created_at", "message", "done"]
    times = [line["created_at"] for line in lines(made)]
    assert times == sorted(times)
    assert times[0].startswith("2026-11-20T09:30:00.")
    assert speech().body == made.body != speech(seed="1").body


def test_a_prompt_is_answered_by_a_response() -> None:
    made = speech(SAID, asked={"model": "m", "prompt": "Hi"})
    answer = DIALECT.fold(lines(made))
    assert answer is not None
    assert at(answer.body, "response") == "Hello <세계> \u2028"
    assert at(answer.body, "thinking") == "Hm."
    assert [one.what for one in made.unsaid] == ["tool calls"]


def test_an_error_is_the_last_line_and_a_cut_stream_has_none() -> None:
    made = speech([Delta("Mo"), Delta(error="gone")])
    assert lines(made)[-1] == {"error": "gone"}
    assert [event.said for event in made.events] == [0, 1]
    cut = speech([Delta("Mo"), Delta(usage={"prompt_tokens": 1})])
    assert [line["done"] for line in lines(cut)] == [False]
    assert [one.what for one in cut.unsaid] == ["usage"]


@pytest.mark.parametrize(
    ("said", "unsaid"),
    [
        ([Delta(refusal="no"), Delta(finish="stop")], ["refusal as such"]),
        ([Delta(finish="OTHER")], ["finish OTHER"]),
        ([Delta(tools=(ToolPart(0, name="f", arguments="[1]"),)), Delta(finish="stop")], ["tool arguments"]),
        ([Delta(tools=(ToolPart(0, name="f", arguments="{"),)), Delta(finish="stop")], ["tool arguments"]),
        ([Delta(finish="stop", usage={"prompt_tokens": 1, "cost": 2})], ["usage.cost"]),
        ([Delta(finish="stop", usage=COUNTS)], []),
        ([Delta(finish="load")], []),
    ],
)
def test_what_has_no_place_is_told(said: list[Delta], unsaid: list[str]) -> None:
    assert [one.what for one in speech(said).unsaid] == unsaid


def test_its_own_counts_stay_as_they_are() -> None:
    assert {key: folded([Delta(finish="stop", usage=COUNTS)])[key] for key in COUNTS} == COUNTS


WHOLE = st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers() | st.none(), max_size=3)


@given(st.lists(st.text(min_size=1, max_size=8), max_size=4), st.lists(WHOLE, max_size=3), st.text(max_size=8))
def test_any_text_and_arguments_survive(texts: list[str], calls: list[dict[str, object]], thought: str) -> None:
    parts = [Delta(tools=(ToolPart(number, "", "f", json.dumps(one)),)) for number, one in enumerate(calls)]
    message = folded([Delta(reasoning=thought), *map(Delta, texts), *parts, Delta(finish="stop")])["message"]
    assert message["content"] == "".join(texts)
    assert message.get("thinking", "") == thought
    assert [one["function"]["arguments"] for one in message.get("tool_calls", [])] == calls
