"""Chat completion chunks as one chat completion. Real streams are compared with the SDK in tests/sdk."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.base import json_bytes
from cassettes.dialects.openai_chat_fold import chunk_usage, fold_chat

ERROR = {"error": {"code": 502, "message": "gone"}}


def chunk(delta: object, index: object = 0, finish: str | None = None, **more: object) -> dict[str, object]:
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 17, "model": "moss"}
    return head | {"choices": [choice], "obfuscation": "xyz"} | more


def folded(*payloads: object) -> Any:
    answer = fold_chat(payloads)
    assert answer is not None
    assert answer.code == 200
    return answer.body


def message(*deltas: object) -> Any:
    return folded(*map(chunk, deltas))["choices"][0]["message"]


def test_a_stream_of_text() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    assert folded(
        chunk({"role": "assistant", "content": "", "refusal": None}, usage=None, service_tier="default"),
        None,
        chunk({"content": "Mo"}, system_fingerprint="fp"),
        chunk({"content": "ss"}),
        chunk({}, finish="stop"),
        chunk({}) | {"choices": [], "usage": usage},
    ) == {
        "id": "c1",
        "object": "chat.completion",
        "created": 17,
        "model": "moss",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Moss", "refusal": None},
                "finish_reason": "stop",
            }
        ],
        "service_tier": "default",
        "system_fingerprint": "fp",
        "usage": usage,
    }


def test_choices_that_interleave_are_told_apart_and_put_in_order() -> None:
    body = folded(
        chunk({"content": "b"}, 1),
        chunk({"content": "a"}, 0),
        chunk({"content": "b"}, 1, "length"),
        chunk({"content": "a"}, None, "stop"),
    )
    assert [(one["index"], one["message"]["content"], one["finish_reason"]) for one in body["choices"]] == [
        (0, "aa", "stop"),
        (1, "bb", "length"),
    ]


def test_every_kind_of_what_a_message_holds() -> None:
    assert message({"role": "assistant", "refusal": "I "}, {"refusal": "won't", "role": ""}) == {
        "role": "assistant",
        "content": None,
        "refusal": "I won't",
    }
    thoughts = message({"reasoning_content": "so ", "content": None}, {"reasoning_content": "green"}, {"content": "!"})
    assert (thoughts["reasoning_content"], thoughts["content"]) == ("so green", "!")
    call = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{"}}
    assert message({"tool_calls": [call]}, {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}) == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    }
    legacy = message({"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}})
    assert legacy["function_call"] == {"name": "f", "arguments": "{}"}
    audio = message(
        {"audio": {"id": "au", "data": "AA"}}, {"audio": {"data": "BB", "transcript": "m", "expires_at": 1}}
    )
    assert audio["audio"] == {"id": "au", "expires_at": 1, "data": "AABB", "transcript": "m"}
    notes = message({"annotations": [{"type": "url_citation"}]}, {"annotations": [{"type": "url_citation"}]})
    assert notes["annotations"] == [{"type": "url_citation"}] * 2
    assert message({"channel": "analysis"}, {"channel": "analysis"})["channel"] == "analysis"


def test_log_probabilities_are_joined() -> None:
    body = folded(
        *(
            {"choices": [{"delta": {"content": one}, "logprobs": {"content": [{"token": one}], "refusal": None}}]}
            for one in "ab"
        )
    )
    assert body["choices"][0]["logprobs"] == {"content": [{"token": "a"}, {"token": "b"}], "refusal": None}
    assert folded({"choices": [{"delta": {}, "logprobs": None}]})["choices"][0]["logprobs"] is None


def test_what_a_gateway_adds_is_kept_and_what_only_chunks_have_is_not() -> None:
    first = chunk({"content": "a"}, provider="X", p="abc", prompt_filter_results=[{}])
    first["choices"][0] |= {"content_filter_results": {"hate": 0}, "text": "a", "message": {"content": "a"}}  # type: ignore[index]
    last = chunk({"content": "b"}, id="", x_groq={"id": "r", "usage": {"total_tokens": 1}})
    last["choices"][0] |= {"content_filter_results": {"self_harm": 0}, "native_finish_reason": "STOP", "token_ids": [5]}  # type: ignore[index]
    body = folded(first, last, last)
    assert body["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "abb"},
            "finish_reason": None,
            "content_filter_results": {"hate": 0, "self_harm": 0},
            "native_finish_reason": "STOP",
            "token_ids": [5, 5],
        }
    ]
    assert {"provider", "prompt_filter_results", "x_groq"} < body.keys()
    assert not {"obfuscation", "p"} & body.keys()
    assert body["usage"] == {"total_tokens": 1}
    assert folded({"choices": [{"message": {"role": "assistant", "content": "whole"}}]})["choices"][0]["message"] == {
        "role": "assistant",
        "content": "whole",
    }


def test_usage_is_that_of_the_last_chunk_that_has_any() -> None:
    chunks = [chunk({}, usage={"total_tokens": n}) for n in (1, 2)]
    assert folded(*chunks, chunk({}, usage=None))["usage"] == {"total_tokens": 2}
    assert chunks[0]["usage"] == {"total_tokens": 1}
    assert chunk_usage({"usage": 3}) is None


def test_a_stream_that_was_cut_folds_to_what_came() -> None:
    body = folded(chunk({"content": "Mo"}))
    assert body["choices"][0] == {
        "index": 0,
        "message": {"role": "assistant", "content": "Mo"},
        "finish_reason": None,
    }
    assert "usage" not in body


def test_an_error_is_the_answer_where_nothing_else_came() -> None:
    assert fold_chat([ERROR]) == (502, ERROR)
    begun = chunk({"role": "assistant", "content": "", "refusal": None, "annotations": [], "tool_calls": []})
    assert fold_chat([begun, begun | ERROR]) == (502, ERROR)
    assert fold_chat([{"object": "error", "message": "too long", "code": 400}]) == (
        400,
        {"object": "error", "message": "too long", "code": 400},
    )


def test_an_error_after_the_beginning_of_an_answer_stands_beside_it() -> None:
    for error in (ERROR, chunk({"content": ""}) | ERROR):
        body = folded(chunk({"content": "Mo"}), error)
        assert body["error"] == ERROR["error"]
        assert body["choices"][0]["message"]["content"] == "Mo"
    assert folded(chunk({"content": "Mo"}), {"error": "flat"})["error"] == "flat"


@pytest.mark.parametrize("payloads", [[], [None], [{}, 3, "x"], [{"choices": 3}], [{"type": "response.created"}]])
def test_what_is_no_stream_of_chunks_folds_to_nothing(payloads: list[object]) -> None:
    assert fold_chat(payloads) is None


KEYS = ["choices", "index", "delta", "message", "content", "role", "tool_calls", "function", "custom", "name", "id"]
KEYS += ["arguments", "input", "function_call", "audio", "data", "logprobs", "usage", "error", "x_groq", "type", "text"]
KEYS += ["finish_reason", "reasoning", "reasoning_details", "token_ids", "refusal", "thinking", "code", "summary"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.text(max_size=3),
    lambda within: st.lists(within, max_size=3) | st.dictionaries(st.sampled_from(KEYS), within, max_size=5),
    max_leaves=25,
)
DELTAS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4)
CHUNKS = st.builds(lambda delta, index, more: chunk(delta, index) | more, DELTAS, VALUES, st.just({}) | DELTAS)


@given(st.lists(VALUES | CHUNKS, max_size=5))
def test_no_json_is_an_error_and_none_is_changed(payloads: list[object]) -> None:
    before = json.dumps(payloads)
    answer = fold_chat(payloads)
    assert answer is None or (200 <= answer.code < 600 and json_bytes(answer.body))
    assert json.dumps(payloads) == before
    assert fold_chat(payloads) == answer


@given(st.text(), st.lists(st.integers(0, 40), max_size=6))
def test_a_text_is_the_same_wherever_it_was_divided(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(text)]
    parts = [text[start:end] for start, end in pairwise(edges)]
    assert message(*({"content": part} for part in parts))["content"] == text


def test_a_long_stream_is_no_trouble() -> None:
    piece = {"content": "x", "tool_calls": [{"index": 0, "function": {"arguments": "y", "name": "z"}}]}
    whole = message(*[piece] * 50_000)
    assert whole["content"] == "x" * 50_000
    assert whole["tool_calls"][0]["function"] == {"name": "z", "arguments": "y" * 50_000}
