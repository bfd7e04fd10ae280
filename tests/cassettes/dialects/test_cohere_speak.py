"""Cohere's events: what they say, and how they are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.base import at, payload
from cassettes.dialects.cohere import DIALECT
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.speech import Speech, Voice

OWN = {"billed_units": {"input_tokens": 9.0}, "tokens": {"input_tokens": 9, "output_tokens": 12}}
SAID = [
    Delta(reasoning="Hm."),
    Delta("Hel"),
    Delta("lo <세계>"),
    Delta(tools=(ToolPart(3, name="weather", arguments='{"city":'),)),
    Delta(tools=(ToolPart(4, "mine", "other"),)),
    Delta(tools=(ToolPart(3, arguments='"서울"}'),)),
    Delta(finish="tool_use"),
    Delta(usage={"input_tokens": 9, "output_tokens": 12}),
]


def speech(said: list[Delta] = SAID, **fields: Any) -> Speech:
    return DIALECT.speak(said, Voice("cohere", "command-a-03-2025", **fields))


def events(made: Speech) -> list[Any]:
    return [value for event in made.events if (value := payload(event.data)) is not None]


def folded(said: list[Delta] = SAID) -> Any:
    answer = DIALECT.fold(events(speech(said)))
    assert answer is not None
    return answer.body


def test_what_is_said_comes_back() -> None:
    message = folded()["message"]
    assert message["content"] == [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hello <세계>"}]
    assert [one["function"] for one in message["tool_calls"]] == [
        {"name": "weather", "arguments": '{"city":"서울"}'},
        {"name": "other", "arguments": ""},
    ]
    assert message["tool_calls"][1]["id"] == "mine"
    assert folded()["finish_reason"] == "TOOL_CALL"
    assert at(folded(), "usage", "tokens") == {"input_tokens": 9, "output_tokens": 12}
    assert not speech().unsaid


def test_it_is_written_as_recorded_streams_are() -> None:
    made = speech()
    kinds = [event["type"] for event in events(made)]
    assert kinds[:3] == ["message-start", "content-start", "content-delta"]
    assert kinds.count("content-start") == kinds.count("content-end") == 2
    assert kinds.count("tool-call-start") == kinds.count("tool-call-end") == 2
    assert made.body.startswith(b'event: message-start\ndata: {"id":"')
    assert made.body.endswith(b"data: [DONE]\n\n")
    assert [event.said for event in made.events] == sorted(event.said for event in made.events)
    assert speech().body == made.body != speech(seed="1").body


def test_an_error_ends_the_message_and_a_cut_stream_does_not_end() -> None:
    assert events(speech([Delta("Mo"), Delta(error="gone")]))[-1]["delta"] == {
        "error": "gone",
        "finish_reason": "ERROR",
    }
    assert [event["type"] for event in events(speech([Delta("Mo")]))][-1] == "content-delta"


@pytest.mark.parametrize(
    ("said", "unsaid"),
    [
        ([Delta(refusal="no"), Delta(finish="stop")], ["refusal as such"]),
        ([Delta(finish="OTHER")], ["finish OTHER"]),
        ([Delta(finish="stop", usage={"prompt_tokens": 1, "cost": 2})], ["usage.cost"]),
        (
            [Delta(finish="stop", usage={"promptTokenCount": 1, "thoughtsTokenCount": 2})],
            ["usage: tokens of reasoning"],
        ),
        ([Delta(finish="STOP_SEQUENCE", usage=OWN)], []),
    ],
)
def test_what_has_no_place_is_told(said: list[Delta], unsaid: list[str]) -> None:
    assert [one.what for one in speech(said).unsaid] == unsaid


def test_its_own_counts_and_words_stay_as_they_are() -> None:
    body = folded([Delta(finish="STOP_SEQUENCE", usage=OWN)])
    assert (body["usage"], body["finish_reason"]) == (OWN, "STOP_SEQUENCE")


@given(
    st.lists(st.text(min_size=1, max_size=8), max_size=4),
    st.lists(st.text(max_size=9), max_size=3),
    st.text(max_size=8),
)
def test_any_text_and_arguments_survive(texts: list[str], calls: list[str], thought: str) -> None:
    parts = [Delta(tools=(ToolPart(number, "", "f", one),)) for number, one in enumerate(calls)]
    message = folded([Delta(reasoning=thought), *map(Delta, texts), *parts, Delta(finish="stop")])["message"]
    said = {kind: text for one in message.get("content", []) for kind, text in one.items() if kind != "type"}
    assert said.get("text", "") == "".join(texts)
    assert said.get("thinking", "") == thought
    assert [one["function"]["arguments"] for one in message.get("tool_calls", [])] == calls
