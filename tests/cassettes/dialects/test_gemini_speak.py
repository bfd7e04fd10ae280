"""Gemini's stream: every event a whole response, calls whole, the finish with the last piece."""

from __future__ import annotations

from typing import Any

import pytest

from cassettes.dialects.base import at, payload
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.gemini import DIALECT
from cassettes.dialects.speech import Speech, Voice

SAID = [
    Delta(reasoning="Hm."),
    Delta("Hel"),
    Delta("lo <세계>"),
    Delta(tools=(ToolPart(0, name="weather", arguments='{"a":'),)),
    Delta(tools=(ToolPart(0, arguments="1}"),)),
    Delta(finish="tool_calls"),
    Delta(usage={"prompt_tokens": 9, "completion_tokens": 12, "completion_tokens_details": {"reasoning_tokens": 2}}),
]


def speech(said: list[Delta] = SAID, provider: str = "google", **fields: Any) -> Speech:
    return DIALECT.speak(said, Voice(provider, "m", **fields))


def events(made: Speech) -> list[Any]:
    return [payload(event.data) for event in made.events]


def test_what_is_said_comes_back() -> None:
    folded = DIALECT.fold(events(speech()))
    assert folded is not None
    parts = at(folded.body, "candidates", 0, "content", "parts")
    assert isinstance(parts, list)
    assert parts[2].pop("thoughtSignature")
    assert parts == [
        {"text": "Hm.", "thought": True},
        {"text": "Hello <세계>"},
        {"functionCall": {"name": "weather", "args": {"a": 1}}},
    ]
    assert at(folded.body, "candidates", 0, "finishReason") == "STOP"
    assert at(folded.body, "usageMetadata", "totalTokenCount") == 21
    assert not speech().unsaid


def test_counts_run_and_the_finish_comes_with_the_last_piece() -> None:
    made = events(speech())
    assert [at(one, "usageMetadata", "candidatesTokenCount") or 0 for one in made] == [0, 1, 5, 10]
    assert [at(one, "candidates", 0, "finishReason") for one in made] == [None, None, None, "STOP"]


def test_it_is_written_as_google_does() -> None:
    body = speech().body
    assert body.count(b"\r\n\r\n") == body.count(b"\n") // 2 == 4
    assert b'"text": "lo \\u003c' in body
    assert b'{"role": "model","parts":' in speech(provider="vertex").body


def test_calls_of_several_events_are_told_apart_though_each_is_number_0() -> None:
    said = [Delta(tools=(ToolPart(0, "", name, "{}"),)) for name in ("a", "b")]
    folded = DIALECT.fold(events(speech([*said, Delta(finish="STOP")])))
    assert folded is not None
    parts: Any = at(folded.body, "candidates", 0, "content", "parts")
    assert [part["functionCall"]["name"] for part in parts] == ["a", "b"]


@pytest.mark.parametrize("arguments", ["[1]", "{", '"a"', "[" * 100_000])
def test_arguments_that_are_no_object_are_told(arguments: str) -> None:
    made = speech([Delta(tools=(ToolPart(0, name="a", arguments=arguments),), finish="stop")])
    assert [one.what for one in made.unsaid] == ["tool arguments"]


def test_a_refusal_is_the_message_of_the_finish() -> None:
    made = events(speech([Delta("a"), Delta(refusal="I won't."), Delta(finish="stop")]))
    assert DIALECT.delta(made[-1])[2:] == ("I won't.", (), None, "SAFETY", "")


def test_a_refusal_of_a_cut_stream_is_told() -> None:
    assert [one.what for one in speech([Delta("a"), Delta(refusal="no")]).unsaid] == ["refusal"]


def test_each_candidate_says_all() -> None:
    folded = DIALECT.fold(events(speech([Delta("a"), Delta("b"), Delta(finish="stop")], choices=2)))
    assert folded is not None
    candidates: Any = at(folded.body, "candidates")
    assert [one["content"]["parts"] for one in candidates] == [[{"text": "ab"}]] * 2


def test_an_answer_of_nothing_but_its_end_has_an_empty_part() -> None:
    assert at(events(speech([Delta(finish="length")]))[0], "candidates", 0, "content", "parts") == [{"text": ""}]


def test_an_unknown_finish_and_foreign_counts_are_told() -> None:
    made = speech([Delta("a", usage={"input_tokens": 1, "cost": 2}), Delta(finish="pause_turn")])
    assert {one.what for one in made.unsaid} == {"usage.cost", "finish pause_turn"}


def test_an_error_ends_the_stream() -> None:
    made = events(speech([Delta("a"), Delta(error="over"), Delta("b")]))
    assert DIALECT.delta(made[-1]).error == "over"
    assert len(made) == 2


def test_vertex_counts_at_the_end_and_says_when() -> None:
    first, *_, last = events(speech(provider="vertex"))
    assert first["usageMetadata"] == {"trafficType": "ON_DEMAND"}
    assert list(first) == ["candidates", "usageMetadata", "modelVersion", "createTime", "responseId"]
    assert last["usageMetadata"]["candidatesTokensDetails"] == [{"modality": "TEXT", "tokenCount": 10}]
    assert "finishMessage" not in last["candidates"][0]


def test_calls_at_the_end_come_together_with_the_finish() -> None:
    more = [*SAID[:5], Delta(tools=(ToolPart(1, name="other", arguments="{}"),)), *SAID[5:]]
    last = events(speech(more))[-1]["candidates"][0]
    assert [part["functionCall"]["name"] for part in last["content"]["parts"]] == ["weather", "other"]
    assert last["finishMessage"] == "Model generated function call(s)."


def test_a_newer_model_that_thought_signs_an_empty_text_at_the_end() -> None:
    said = [*SAID[:3], Delta(finish="stop"), SAID[-1]]
    made = DIALECT.speak(said, Voice("google", "gemini-3-flash"))
    (part,) = events(made)[-1]["candidates"][0]["content"]["parts"]
    assert part["text"] == ""
    assert part["thoughtSignature"]
    assert "thoughtSignature" not in str(events(speech(said))[-1])


def test_a_thought_that_is_cut_short_says_so() -> None:
    (only,) = events(speech([Delta(reasoning="Hm."), Delta(finish="length"), SAID[-1]]))
    assert only["candidates"][0]["finishReason"] == "MAX_TOKENS"
