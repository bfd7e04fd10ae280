"""AG-UI streams: what they say, and in which order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.ag_ui import DIALECT
from cassettes.dialects.base import payload
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.speech import Speech, Voice

SAID = [
    Delta(reasoning="Hm."),
    Delta("Hel"),
    Delta("lo"),
    Delta(tools=(ToolPart(3, "c", "weather", '{"city":'),)),
    Delta(tools=(ToolPart(3, arguments='"서울"}'),)),
    Delta(tools=(ToolPart(4, name="other"),)),
    Delta(finish="tool_calls"),
    Delta(usage={"prompt_tokens": 9, "completion_tokens": 12}),
]


def speech(said: list[Delta] = SAID, **fields: Any) -> Speech:
    return DIALECT.speak(said, Voice("app", "m", **fields))


def events(made: Speech) -> list[Any]:
    return [payload(event.data) for event in made.events]


def messages(said: list[Delta]) -> Any:
    folded = DIALECT.fold(events(speech(said)))
    assert folded is not None
    return folded.body["messages"]  # type: ignore[index]


def test_the_order_of_a_run() -> None:
    made = speech(asked={"threadId": "t1", "runId": "r1"})
    assert [event["type"] for event in events(made)] == [
        *("RUN_STARTED", "REASONING_START", "REASONING_MESSAGE_START", "REASONING_MESSAGE_CONTENT"),
        *("REASONING_MESSAGE_END", "REASONING_END", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT"),
        *("TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_ARGS"),
        *("TOOL_CALL_END", "TOOL_CALL_START", "TOOL_CALL_END", "RUN_FINISHED"),
    ]
    assert [event.said for event in made.events] == sorted(event.said for event in made.events)
    last = events(made)[-1]
    assert (last["threadId"], last["runId"]) == ("t1", "r1")
    assert last["usage"] == [{"model": "m", "inputTokens": 9, "outputTokens": 12, "totalTokens": 21}]
    assert speech().body == speech().body != speech(seed="1").body


def test_what_is_said_comes_back() -> None:
    thought, said = messages(SAID)
    assert (thought["role"], thought["content"]) == ("reasoning", "Hm.")
    assert said["content"] == "Hello"
    assert [call["function"] for call in said["toolCalls"]] == [
        {"name": "weather", "arguments": '{"city":"서울"}'},
        {"name": "other", "arguments": ""},
    ]


def test_errors_and_cuts() -> None:
    assert events(speech([Delta("Mo"), Delta(error="gone")]))[-1] == {"type": "RUN_ERROR", "message": "gone"}
    assert events(speech([Delta("Mo")]))[-1]["type"] == "TEXT_MESSAGE_CONTENT"


@pytest.mark.parametrize(
    ("said", "unsaid"),
    [
        ([Delta(refusal="no"), Delta(finish="stop")], ["refusal as such"]),
        ([Delta(finish="length")], ["finish length"]),
        ([Delta(finish="stop", usage={"prompt_tokens": 1, "cost": 2})], ["usage.cost"]),
        ([Delta(finish="stop", usage={"inputTokens": 1, "odd": 2})], []),
    ],
)
def test_what_has_no_place_is_told(said: list[Delta], unsaid: list[str]) -> None:
    assert [one.what for one in speech(said).unsaid] == unsaid


@given(st.lists(st.text(min_size=1, max_size=8), max_size=4), st.text(max_size=9))
def test_any_text_and_arguments_survive(texts: list[str], arguments: str) -> None:
    call = Delta(tools=(ToolPart(0, "", "f", arguments),))
    made = messages([*map(Delta, texts), call, Delta(finish="stop")])
    assert "".join(one.get("content") or "" for one in made) == "".join(texts)
    assert made[-1]["toolCalls"][0]["function"]["arguments"] == arguments
