"""Answers as values, and as pieces."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.delta import Delta
from cassettes.synth.answer import Answer, AnswerError, Call, deltas
from cassettes.synth.rhythm import rhythm_of

RHYTHM = rhythm_of("openai", "openai-chat")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": "a\ud800"}, "text: found U+D800, half a surrogate pair, at character 1; expected text"),
        ({"reasoning": "\udfff"}, "reasoning: found U+DFFF"),
        ({"calls": (Call("f", '"\ud83d"'),)}, "call 'f': found U+D83D, half a surrogate pair, at character 1"),
    ],
)
def test_half_a_surrogate_pair_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(AnswerError, match=re.escape(said)):
        Answer(**fields)  # type: ignore[arg-type]


def test_pieces_come_in_order_with_the_finish_and_the_counts_last() -> None:
    answer = Answer("text", "thoughts", "refusal", (Call("a", "{}"), Call("b", "[1]", "id"))).counted("x" * 40)
    said = list(deltas(answer, RHYTHM, Random(1)))
    kinds = [
        "reasoning" if d.reasoning else "text" if d.text else "refusal" if d.refusal else "tool" if d.tools else ""
        for d in said
    ]
    assert list(dict.fromkeys(kinds)) == ["reasoning", "text", "refusal", "tool", ""]
    assert [(p.number, p.name, p.id) for d in said for p in d.tools if p.name] == [(0, "a", ""), (1, "b", "id")]
    assert said[-2:] == [Delta(finish="tool_calls"), Delta(usage=answer.usage)]
    assert answer.usage is not None
    assert answer.usage["input_tokens"] == 10


@pytest.mark.parametrize(
    ("answer", "last"),
    [
        (Answer("a", error="over"), Delta(error="over")),
        (Answer("a", cut=True), Delta("a")),
        (Answer("a", finish="length", usage={"x": 1}), Delta(usage={"x": 1})),
    ],
)
def test_an_answer_may_fail_be_cut_or_end_in_words_of_its_own(answer: Answer, last: Delta) -> None:
    assert list(deltas(answer, RHYTHM, Random(1)))[-1] == last


@given(st.text(max_size=60), st.text(max_size=60), st.integers(1, 20))
def test_what_is_too_long_is_cut_where_a_character_ends(text: str, reasoning: str, most: int) -> None:
    short = Answer(text, reasoning).shortened(most)
    assert len((short.text + short.reasoning).encode()) <= max(4 * most, len((text + reasoning).encode()))
    assert reasoning.startswith(short.reasoning)
    assert text.startswith(short.text)
    cut = (short.text, short.reasoning) != (text, reasoning)
    assert cut == (len((reasoning + text).encode()) > 4 * most)
    assert short.ending == ("length" if cut else "stop")


def test_a_call_that_does_not_fit_is_left_out() -> None:
    answer = Answer(calls=(Call("weather", '{"city": "a long name of a city"}'),))
    assert answer.shortened(3).calls == ()
    assert answer.shortened(3).ending == "length"
    assert answer.shortened(100) is answer


def test_counts_that_are_given_stay() -> None:
    answer = Answer("a", usage={"prompt_tokens": 3})
    assert answer.counted("prompt") is answer
