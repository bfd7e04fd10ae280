"""Chunks of chat completions in each provider's style: what they say, and how they are written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cassettes.dialects.base import at, payload
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.openai_chat import DIALECT
from cassettes.dialects.speech import Voice
from cassettes.providers import load

PROVIDERS = [name for name, row in load().items() if "openai-chat" in row.dialects]
THOUGHTLESS = ("openai", "azure")
SAID = [
    Delta(reasoning="Hm, "),
    Delta(reasoning="모스."),
    Delta("Hel"),
    Delta("lo \u2028\x00 🎉"),
    Delta(tools=(ToolPart(4, name="weather"),)),
    Delta(tools=(ToolPart(4, arguments='{"city":'),)),
    Delta(tools=(ToolPart(6, "mine", "other", "[]"),)),
    Delta(tools=(ToolPart(4, arguments='"서울"}'),)),
    Delta(finish="tool_calls"),
    Delta(usage={"input_tokens": 9, "output_tokens": 12}),
]


def voice(provider: str, **fields: Any) -> Voice:
    row = load()[provider]
    return Voice(provider, row.default_model, quirks=frozenset(row.quirks), **fields)


def said_by(provider: str, said: list[Delta] = SAID, **fields: Any) -> tuple[list[Any], list[str]]:
    """The decoded chunks, and the lines."""
    lines = [event.data.decode() for event in DIALECT.speak(said, voice(provider, **fields)).events]
    return [payload(line.encode()) for line in lines], lines


def answer(payloads: list[Any]) -> Any:
    folded = DIALECT.fold(payloads)
    assert folded is not None
    return folded.body


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_says_all_of_it(provider: str) -> None:
    chunks, lines = said_by(provider)
    deltas = [DIALECT.delta(chunk) for chunk in chunks]
    assert "".join(delta.text for delta in deltas) == "Hello \u2028\x00 🎉"
    assert "".join(delta.reasoning for delta in deltas) == ("" if provider in THOUGHTLESS else "Hm, 모스.")
    calls = [call["function"] for call in at(answer(chunks), "choices", 0, "message", "tool_calls") or []]  # type: ignore[attr-defined]
    assert [(call["name"], json.loads(call["arguments"])) for call in calls] == [
        ("weather", {"city": "서울"}),
        ("other", []),
    ]
    assert at(answer(chunks), "choices", 0, "finish_reason") == "tool_calls"
    usage = at(answer(chunks), "usage")
    assert (at(usage, "prompt_tokens"), at(usage, "completion_tokens")) == (9, 12)
    assert lines[-1] == "data: [DONE]\n\n"
    assert all(len(line.splitlines()) == 2 for line in lines)


@pytest.mark.parametrize("provider", THOUGHTLESS)
def test_reasoning_that_has_no_place_is_told(provider: str) -> None:
    speech = DIALECT.speak(SAID, voice(provider))
    assert [(one.said, one.what) for one in speech.unsaid] == [(0, "reasoning")]
    assert not DIALECT.speak(SAID[2:], voice(provider)).unsaid


def test_events_go_with_the_piece_they_say() -> None:
    speech = DIALECT.speak(SAID[2:], voice("openai"))
    assert [event.said for event in speech.events] == [0, 0, 1, 2, 3, 4, 4, 5, 6, 7, 7]


def test_obfuscation_fills_events_to_a_length_as_recorded_ones_have() -> None:
    chunks, lines = said_by("openai")
    assert {len(line) % 16 for line in lines[:-1]} == {9}
    assert all("obfuscation" in chunk for chunk in chunks[:-1])
    assert "obfuscation" not in "".join(said_by("openai", obfuscated=False)[1])


def test_usage_is_said_where_the_provider_says_it() -> None:
    def places(provider: str, **fields: Any) -> list[tuple[int, int]]:
        found = [(n, chunk) for n, chunk in enumerate(said_by(provider, **fields)[0]) if at(chunk, "usage")]
        return [(n, len(chunk["choices"])) for n, chunk in found]

    size = len(said_by("openai")[0])
    assert places("openai") == [(size - 2, 0)]
    assert places("openai", include_usage=False) == []
    assert places("openrouter")[0][1] == 1
    for provider in ("deepseek", "mistral", "tokenhub", "together"):
        assert places(provider, include_usage=False)[0][1] == 1
    null, *_ = said_by("openai")[0]
    assert null["usage"] is None
    assert "usage" not in said_by("openai", include_usage=False)[0][0]


def test_where_calls_come_whole_there_is_one_chunk_for_each() -> None:
    chunks, _ = said_by("xai")
    calls = [at(chunk, "choices", 0, "delta", "tool_calls") for chunk in chunks]
    assert [len(call) for call in calls if isinstance(call, list)] == [1, 1]


def test_with_several_choices_each_says_all() -> None:
    chunks, _ = said_by("openai", SAID[2:4], choices=3)
    choices: Any = at(answer(chunks), "choices")
    assert [choice["message"]["content"] for choice in choices] == ["Hello \u2028\x00 🎉"] * 3


@pytest.mark.parametrize(("word", "own"), [("end_turn", "stop"), ("MAX_TOKENS", "length"), ("content_filter",) * 2])
def test_a_finish_is_said_in_its_own_words(word: str, own: str) -> None:
    chunks, _ = said_by("openai", [Delta("a"), Delta(finish=word)])
    assert at(answer(chunks), "choices", 0, "finish_reason") == own


def test_a_finish_that_it_has_not_is_told() -> None:
    speech = DIALECT.speak([Delta("a", finish="pause_turn")], voice("openai"))
    assert [one.what for one in speech.unsaid] == ["finish pause_turn"]


def test_an_error_ends_the_stream() -> None:
    chunks, lines = said_by("openai", [Delta("a"), Delta(error="over"), Delta("b")])
    assert DIALECT.delta(chunks[-2]).error == "over"
    assert lines[-1] == "data: [DONE]\n\n"
    assert len(chunks) == 4


def test_an_answer_without_finish_has_none() -> None:
    chunks, _ = said_by("openai", [Delta("a")])
    assert all(at(chunk, "choices", 0, "finish_reason") is None for chunk in chunks)


def test_usage_of_its_own_form_is_kept_and_others_counts_are_told() -> None:
    chunks, _ = said_by(
        "openai", [Delta("a", finish="stop", usage={"prompt_tokens": 1, "completion_tokens": 2, "cost": 3})]
    )
    assert at(chunks[-2], "usage", "cost") == 3
    foreign: dict[str, object] = {"input_tokens": 1, "output_tokens": 2, "server_tool_use": {"web": 1}}
    assert DIALECT.speak([Delta("a", usage=foreign)], voice("openai")).unsaid[0].what == "usage.server_tool_use"


def spoken(provider: str, model: str, said: list[Delta]) -> list[Any]:
    return [payload(event.data) for event in DIALECT.speak(said, Voice(provider, model)).events]


def test_only_models_that_do_not_reason_have_a_fingerprint_and_log_probabilities() -> None:
    said = [Delta("a"), Delta(finish="stop")]
    old, new = spoken("openai", "gpt-4o", said)[0], spoken("openai", "gpt-5.1", said)[0]
    assert old["system_fingerprint"].startswith("fp_")
    assert "logprobs" in old["choices"][0]
    assert new["system_fingerprint"] is None
    assert "logprobs" not in new["choices"][0]


def test_grok_on_azure_is_as_xai_sends_it() -> None:
    said = [Delta("a"), Delta(finish="stop")]
    assert list(spoken("azure", "grok-4", said)[0]) == [*list(spoken("xai", "grok-4", said)[0]), "service_tier"]
    assert spoken("azure", "gpt-5.1", said)[0]["prompt_filter_results"]


def test_mistral_s_calls_stand_beside_the_finish() -> None:
    last = spoken("mistral", "m", SAID)[-2]
    assert last["choices"][0]["finish_reason"] == "tool_calls"
    assert [call["function"]["name"] for call in last["choices"][0]["delta"]["tool_calls"]] == ["weather", "other"]
    assert "abcdefghijklmnopqrstuvwxyz0123456789".startswith(last["p"])


def test_a_refusal_opens_as_one() -> None:
    first = spoken("openai", "gpt-4o", [Delta(refusal="No"), Delta(finish="stop")])[0]
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": None, "refusal": ""}


def test_what_was_cut_has_no_done() -> None:
    assert all(spoken("openai", "gpt-4o", [Delta("a")]))
