"""Answers to requests that no tape answers: the same every time, in the provider's style, as was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cassettes import dialects, folding, routes
from cassettes.dialects.base import at
from cassettes.matching import Asked
from cassettes.model import Request
from cassettes.synth.improvise import REMEMBERED, Improviser
from cassettes.synth.replies import Replies, table

CHAT = "/openai/v1/chat/completions"
PATHS = {
    "/openai/v1/chat/completions": ("openai", "openai-chat"),
    "/v1/chat/completions": ("openai", "openai-chat"),
    "/xai/v1/responses": ("xai", "openai-responses"),
    "/anthropic/v1/messages": ("anthropic", "anthropic"),
    "/v1beta/models/m:streamGenerateContent?alt=sse": ("google", "gemini"),
    "/openrouter/api/v1/chat/completions": ("openrouter", "openai-chat"),
}


def asked(target: str = CHAT, method: str = "POST", **body: Any) -> Asked:
    given: dict[str, Any] = {
        "model": "m",
        "stream": True,
        "messages": [{"role": "user", "content": "hi"}],
        "input": "hi",
    }
    given |= {"contents": [{"parts": [{"text": "hi"}]}], **body}
    data = json.dumps(given).encode()
    return Asked(Request(method, target, (), data), routes.parse(method, target, (), (), data), data)


def answer(improviser: Improviser, one: Asked) -> Any:
    made = improviser.answer(one)
    assert made is not None
    folded = dialects.get(made.entry.dialect).fold(folding.payloads(made.entry.interaction.response))
    assert folded is not None
    return folded.body


@pytest.mark.parametrize(("target", "place"), PATHS.items())
def test_an_answer_is_in_the_style_of_whoever_is_asked(target: str, place: tuple[str, str]) -> None:
    made = Improviser().answer(asked(target))
    assert made is not None
    stream = made.entry.interaction.response.stream
    assert (stream.provider, stream.dialect, stream.source) == (*place, "synthetic")
    dialect = dialects.get(place[1])
    texts = (dialect.delta(one).text for one in folding.payloads(made.entry.interaction.response))
    assert "".join(texts) == "hi"
    assert made.entry.place.startswith("synth/")


def test_the_same_request_gets_the_same_bytes_whoever_asks_and_however_often() -> None:
    one, other = Improviser().answer(asked()), Improviser().answer(asked())
    seeded = Improviser(seed=1).answer(asked())
    assert one is not None
    assert other is not None
    assert seeded is not None
    assert one.entry.interaction == other.entry.interaction
    assert one.entry.interaction.response.body != seeded.entry.interaction.response.body


def test_the_same_is_said_streamed_or_not() -> None:
    improviser = Improviser()
    streamed, whole = answer(improviser, asked()), answer(improviser, asked(stream=False))
    assert streamed["choices"] == whole["choices"]
    assert streamed["id"] == whole["id"]
    assert "usage" not in streamed
    assert whole["usage"]["total_tokens"] > 0
    assert "usage" in answer(improviser, asked(stream_options={"include_usage": True}))


def test_what_is_asked_for_is_kept() -> None:
    improviser = Improviser()
    assert [one["index"] for one in answer(improviser, asked(n=3))["choices"]] == [0, 1, 2]
    long = answer(improviser, asked(messages=[{"role": "user", "content": "word " * 50}], max_tokens=2))
    assert (at(long, "choices", 0, "message", "content"), at(long, "choices", 0, "finish_reason")) == (
        "word wor",
        "length",
    )
    form = {
        "type": "json_schema",
        "json_schema": {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
    }
    text: Any = at(answer(improviser, asked(response_format=form)), "choices", 0, "message", "content")
    assert json.loads(text) == {"a": 1}


@pytest.mark.parametrize(
    "one",
    [
        asked("/openai/v1/models", "GET"),
        asked("/anthropic/v1/messages/count_tokens"),
        asked("/openai/v1/embeddings"),
        Asked(Request("POST", CHAT, (), b"[]"), routes.parse("POST", CHAT), b"[]"),
    ],
)
def test_who_asks_no_model_gets_no_answer(one: Asked) -> None:
    assert Improviser().answer(one) is None


def test_cards_are_played_before_tapes_only_where_there_is_one() -> None:
    improviser = Improviser()
    assert improviser.plays_card(asked(messages=[{"role": "user", "content": "tt:markdown"}]))
    assert improviser.plays_card(asked(model="tt:long"))
    assert improviser.plays_card(asked("/v1beta/models/tt:error%20429:generateContent"))
    assert not improviser.plays_card(asked(messages=[{"role": "user", "content": "what is tt:markdown?"}]))
    assert not improviser.plays_card(asked())
    assert "tt:error 429" in improviser.cards


def test_a_table_may_ask_for_errors_and_faults() -> None:
    rows = table({"hi": {"error": 503}, "broken": {"text": "x", "faults": "reset@1e"}}, lambda *_: "")
    improviser = Improviser(Replies(rows))
    failed, broken = (
        improviser.answer(asked()),
        improviser.answer(asked(messages=[{"role": "user", "content": "broken"}])),
    )
    assert failed is not None
    assert failed.entry.interaction.response.code == 503
    assert broken is not None
    assert broken.faults == "reset@1e"


def test_what_a_dialect_cannot_say_is_reported_once() -> None:
    said: list[str] = []
    improviser = Improviser(report=said.append)
    for n in range(2):
        improviser.answer(asked(model="tt:reasoning", user=str(n)))
    assert said == [
        "openai-chat: reasoning is left out: OpenAI's chat completions have no reasoning in them; openai-responses has"
    ]


def test_the_oldest_answers_are_forgotten() -> None:
    improviser = Improviser()
    for n in range(REMEMBERED + 3):
        improviser.answer(asked(user=str(n), messages=[{"role": "user", "content": ""}]))
    assert len(improviser._made) == REMEMBERED
