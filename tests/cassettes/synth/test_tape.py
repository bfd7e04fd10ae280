"""A tape of one answer, from what is said on a command line or in Python."""

from __future__ import annotations

import json
from typing import Any

import pytest

import tokentape
from cassettes import dialects, folding, providers, yamlio
from cassettes.dialects.base import at
from cassettes.matching import entry_of
from cassettes.model import Cassette, TokentapeError
from cassettes.synth.answer import Answer, Call
from cassettes.synth.tape import Wanted, call_of, calls_of, made, usage_of

PAIRS = [(name, dialect) for name, row in providers.load().items() for dialect in row.dialects]


@pytest.mark.parametrize(("provider", "dialect"), PAIRS)
def test_its_request_is_one_that_the_provider_takes(provider: str, dialect: str) -> None:
    interaction = made(Wanted(provider, Answer("hi"), dialect, prompt="ask")).interaction
    entry = entry_of("t", 1, interaction)
    assert entry.operation in {"chat", "responses", "messages", "generate", "run"}
    assert entry.streams
    assert dialects.get(dialect).prompt(json.loads(interaction.request.body)) == "ask"
    if provider not in {"vertex", "azure", "gateway", "ollama"}:  # the hosts of these are no fixed ones
        assert entry.provider == provider
    secrets = [
        value for name, value in interaction.request.headers if name in {"authorization", "x-api-key", "x-goog-api-key"}
    ]
    assert all(set(value.removeprefix("Bearer ")) == {"*"} for value in secrets)


def test_the_face_makes_the_same_tape() -> None:
    answer = Answer("hi", "hm", calls=(Call("f", '{"a": 1}'),))
    cassette = tokentape.synth("openai", "hi", reasoning="hm", tools={"f": {"a": 1}}, seed=3)
    assert cassette.interactions == (made(Wanted("openai", answer, seed=3)).interaction,)
    assert cassette.notes == (
        "reasoning is left out: OpenAI's chat completions have no reasoning in them; openai-responses has",
    )
    assert yamlio.dump(Cassette(cassette.interactions)) == yamlio.dump(
        Cassette(tokentape.synth("openai", "hi", reasoning="hm", tools={"f": {"a": 1}}, seed=3).interactions)
    )


def test_counts_that_are_given_are_asked_for_and_said() -> None:
    def usage(**fields: Any) -> object:
        interaction = made(Wanted("openai", **fields)).interaction
        folded = dialects.get("openai-chat").fold(folding.payloads(interaction.response))
        assert folded is not None
        return at(folded.body, "usage", "prompt_tokens")

    assert usage(answer=Answer("a")) is None
    assert usage(answer=Answer("a", usage={"input_tokens": 9, "output_tokens": 2})) == 9
    assert usage(answer=Answer("a"), extra={"stream_options": {"include_usage": True}}) is not None


def test_an_error_stands_in_for_the_answer() -> None:
    response = made(Wanted("xai", status=503, message="closed")).interaction.response
    assert (response.code, json.loads(response.body)["error"]) == (503, "closed")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted("opnai"), "no provider 'opnai'; did you mean openai?"),
        (Wanted("xai", dialect="openai-chta"), "xAI does not speak 'openai-chta'; did you mean openai-chat?"),
        (Wanted("google", dialect="anthropic"), "Google Gemini does not speak 'anthropic'; expected gemini"),
    ],
)
def test_bad_input_is_one_line(wanted: Wanted, said: str) -> None:
    with pytest.raises(TokentapeError) as raised:
        made(wanted)
    assert str(raised.value).startswith(said)
    assert "\n" not in str(raised.value)


def test_calls_and_counts_are_read_from_text() -> None:
    assert call_of('f={"a": "="}') == Call("f", '{"a": "="}')
    assert usage_of("9, 12") == {"input_tokens": 9, "output_tokens": 12}
    assert usage_of('{"prompt_tokens": 1}') == {"prompt_tokens": 1}
    assert calls_of([("f", "{}"), ("g", {"a": 1})]) == (Call("f", "{}"), Call("g", '{"a": 1}'))


@pytest.mark.parametrize("text", ["f", "=1", "f={", "f=" + "[" * 100_000])
def test_what_is_no_call_is_told(text: str) -> None:
    with pytest.raises(TokentapeError):
        call_of(text)


@pytest.mark.parametrize("text", ["9", "a,b", "[1]", ""])
def test_what_is_no_usage_is_told(text: str) -> None:
    with pytest.raises(TokentapeError, match="is no usage; expected INPUT,OUTPUT"):
        usage_of(text)
