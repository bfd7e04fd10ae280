"""Ollama's lines folded: what it gives for `stream: false`."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.ollama_fold import fold, is_answer

HEAD = {"model": "m", "created_at": "2025-05-19T09:26:59Z"}
LAST = {"done_reason": "stop", "done": True, "total_duration": 9, "prompt_eval_count": 3, "eval_count": 4}


def line(message: object, **more: object) -> dict[str, object]:
    return {**HEAD, "message": message, "done": False, **more}


def said(content: str, **more: object) -> dict[str, object]:
    return {"role": "assistant", "content": content, **more}


def test_texts_thoughts_and_calls_of_a_chat() -> None:
    calls = [{"function": {"name": name, "arguments": {}}} for name in "fg"]
    folded = fold(
        [
            line(said("", thinking="so ")),
            line(said("", thinking="then")),
            None,
            line(said("Mo")),
            line(said("ss", tool_calls=calls[:1])),
            line(said("", tool_calls=calls[1:])),
            line(said(""), **LAST),
        ]
    )
    assert folded is not None
    assert folded.code == 200
    assert folded.body == {
        **HEAD,
        "message": {"role": "assistant", "content": "Moss", "thinking": "so then", "tool_calls": calls},
        **LAST,
    }
    assert list(folded.body)[:4] == ["model", "created_at", "message", "done"]


def test_a_generated_text_and_its_context() -> None:
    lines = [{**HEAD, "response": "Mo", "done": False}, {**HEAD, "response": "ss", "done": False}]
    folded = fold([*lines, {**HEAD, "response": "", "context": [1, 2], **LAST}])
    assert folded is not None
    assert folded.body == {**HEAD, "response": "Moss", "context": [1, 2], **LAST}


def test_log_probabilities_are_one_list() -> None:
    folded = fold([line(said("a"), logprobs=[1]), line(said("b"), logprobs=[2, 3])])
    assert folded is not None
    assert folded.body["logprobs"] == [1, 2, 3]


def test_a_stream_that_was_cut_gives_what_came() -> None:
    folded = fold([line(said("Mo"))])
    assert folded is not None
    assert (folded.body["done"], folded.body["message"]["content"]) == (False, "Mo")


@pytest.mark.parametrize(("more", "code"), [({}, 500), ({"status_code": 429}, 429), ({"status_code": 7}, 500)])
def test_an_error_is_the_answer(more: dict[str, int], code: int) -> None:
    folded = fold([line(said("Mo")), {"error": "out of memory", **more}])
    assert folded is not None
    assert (folded.code, folded.body) == (code, {"error": "out of memory"})


def test_other_streams_fold_to_nothing() -> None:
    assert fold([]) is None
    assert fold([{"status": "pulling manifest"}, {"status": "success"}, None, 3]) is None
    assert not is_answer({"message": "text"})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("message", "content", "tool_calls", "response", "error", "done", "logprobs")), inner
        )
    ),
)


@given(st.lists(VALUES, max_size=5))
def test_whatever_the_lines_are_it_is_no_error(lines: list[object]) -> None:
    folded = fold(lines)
    assert folded is None or json.loads(json.dumps(folded.body)) == folded.body


@given(st.lists(st.text(max_size=4), min_size=1, max_size=6))
def test_no_text_is_lost(pieces: list[str]) -> None:
    folded = fold([line(said(piece)) for piece in pieces])
    assert folded is not None
    assert folded.body["message"]["content"] == "".join(pieces)
