"""UI message streams: what they say, and in which order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.ai_sdk_ui import DIALECT
from cassettes.dialects.base import at, payload
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
    return [value for event in made.events if (value := payload(event.data)) is not None]


def parts(said: list[Delta]) -> Any:
    folded = DIALECT.fold(events(speech(said)))
    assert folded is not None
    return [part for part in at(folded.body, "parts") if part["type"] != "step-start"]  # type: ignore[attr-defined]


def test_the_order_of_a_message() -> None:
    made = speech()
    assert [event["type"] for event in events(made)] == [
        *("start", "start-step", "reasoning-start", "reasoning-delta", "reasoning-end"),
        *("text-start", "text-delta", "text-delta", "text-end"),
        *("tool-input-start", "tool-input-delta", "tool-input-delta", "tool-input-available"),
        *("tool-input-start", "tool-input-available", "finish-step", "finish"),
    ]
    assert made.body.endswith(b"data: [DONE]\n\n")
    assert [event.said for event in made.events] == sorted(event.said for event in made.events)
    assert events(made)[-1] == {
        "type": "finish",
        "finishReason": "tool-calls",
        "messageMetadata": {"usage": {"inputTokens": 9, "outputTokens": 12, "totalTokens": 21}},
    }
    assert speech().body == made.body != speech(seed="1").body


def test_what_is_said_comes_back() -> None:
    made = parts(SAID)
    assert [part.get("text") for part in made[:2]] == ["Hm.", "Hello"]
    assert [(part["type"], part["input"]) for part in made[2:]] == [
        ("tool-weather", {"city": "서울"}),
        ("tool-other", {}),
    ]


def test_errors_and_cuts() -> None:
    assert events(speech([Delta("Mo"), Delta(error="gone")]))[-1] == {"type": "error", "errorText": "gone"}
    assert events(speech([Delta("Mo")]))[-1]["type"] == "text-delta"


@pytest.mark.parametrize(
    ("said", "unsaid"),
    [
        ([Delta(refusal="no"), Delta(finish="stop")], ["refusal as such"]),
        ([Delta(finish="OTHER")], ["finish OTHER"]),
        ([Delta(finish="stop", usage={"prompt_tokens": 1, "cost": 2})], ["usage.cost"]),
        ([Delta(finish="other", usage={"inputTokens": 1, "odd": 2})], []),
        ([Delta(tools=(ToolPart(0, name="f", arguments="{"),)), Delta(finish="stop")], []),
    ],
)
def test_what_has_no_place_is_told(said: list[Delta], unsaid: list[str]) -> None:
    assert [one.what for one in speech(said).unsaid] == unsaid


@given(st.lists(st.text(min_size=1, max_size=8), max_size=4), st.dictionaries(st.text(max_size=4), st.text(max_size=4)))
def test_any_text_and_arguments_survive(texts: list[str], arguments: dict[str, str]) -> None:
    call = Delta(tools=(ToolPart(0, "", "f", json.dumps(arguments)),))
    made = parts([*map(Delta, texts), call, Delta(finish="stop")])
    assert "".join(part.get("text", "") for part in made) == "".join(texts)
    assert made[-1]["input"] == arguments
