"""Cohere streams folded: what the API gives for `stream: false`."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.cohere_fold import fold

START = {
    "id": "r1",
    "type": "message-start",
    "delta": {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}},
}
USAGE = {"billed_units": {"input_tokens": 8, "output_tokens": 50}}
END = {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": USAGE}}
CITED = {"start": 0, "end": 4, "text": "Moss", "sources": []}


def event(kind: str, index: int | None = None, **message: object) -> dict[str, object]:
    own = {} if index is None else {"index": index}
    return {"type": kind, **own, "delta": {"message": message}}


def content(index: int, kind: str, *pieces: str) -> list[dict[str, object]]:
    return [
        event("content-start", index, content={"type": kind, kind: ""}),
        *(event("content-delta", index, content={kind: piece}) for piece in pieces),
        {"type": "content-end", "index": index},
    ]


def call(index: int, *pieces: str) -> list[dict[str, object]]:
    function = {"name": f"f{index}", "arguments": ""}
    return [
        event("tool-call-start", index, tool_calls={"id": f"c{index}", "type": "function", "function": function}),
        *(event("tool-call-delta", index, tool_calls={"function": {"arguments": piece}}) for piece in pieces),
        {"type": "tool-call-end", "index": index},
    ]


def test_thoughts_and_text_with_its_citations() -> None:
    cited = [event("citation-start", 0, citations=CITED), {"type": "citation-end", "index": 0}]
    folded = fold([START, *content(0, "thinking", "so ", "then"), *content(1, "text", "Mo", "ss"), *cited, None, END])
    assert folded is not None
    assert folded.code == 200
    assert folded.body == {
        "id": "r1",
        "message": {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "so then"}, {"type": "text", "text": "Moss"}],
            "citations": [CITED],
        },
        "finish_reason": "COMPLETE",
        "usage": USAGE,
    }


def test_a_plan_and_its_calls() -> None:
    plan = [event("tool-plan-delta", tool_plan=piece) for piece in ("I will", " look.")]
    end = {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}}
    folded = fold([START, *plan, *call(0, '{"a"', ":1}"), *call(1), end])
    assert folded is not None
    message = folded.body["message"]
    assert message["tool_plan"] == "I will look."
    assert [one["function"] for one in message["tool_calls"]] == [
        {"name": "f0", "arguments": '{"a":1}'},
        {"name": "f1", "arguments": ""},
    ]
    assert folded.body["finish_reason"] == "TOOL_CALL"
    assert "content" not in message


def test_a_stream_that_was_cut_gives_what_came() -> None:
    folded = fold([START, *content(0, "text", "Mo")[:2]])
    assert folded is not None
    assert folded.body["finish_reason"] is None
    assert folded.body["message"]["content"] == [{"type": "text", "text": "Mo"}]


def test_a_start_that_is_missing_is_made_up_for() -> None:
    folded = fold([event("content-delta", 0, content={"text": "Mo"}), event("tool-call-delta", 4, tool_calls={})])
    assert folded is not None
    assert folded.body["message"] == {"role": "assistant", "content": [{"type": "text", "text": "Mo"}]}


@pytest.mark.parametrize(
    ("last", "code", "words"),
    [
        ({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "gone"}}, 500, "gone"),
        ({"type": "message-end", "delta": {"finish_reason": "TIMEOUT", "error": "late"}}, 504, "late"),
        ({"id": "x", "message": "too many"}, 500, "too many"),
    ],
)
def test_an_error_is_the_answer(last: dict[str, object], code: int, words: str) -> None:
    folded = fold([START, *content(0, "text", "Mo"), last])
    assert folded is not None
    assert (folded.code, folded.body["message"]) == (code, words)


def test_log_probabilities_are_listed() -> None:
    one = {**event("content-delta", 0, content={"text": "a"}), "logprobs": {"token_ids": [1], "logprobs": [-0.1]}}
    folded = fold([START, one])
    assert folded is not None
    assert folded.body["logprobs"] == [one["logprobs"]]


def test_other_streams_fold_to_nothing() -> None:
    assert fold([]) is None
    assert fold([None, 3, {"type": "message_start"}, {"type": "debug"}]) is None


KINDS = ("message-start", "content-start", "content-delta", "tool-call-start", "tool-call-delta", "citation-start", "message-end")  # fmt: skip
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from((*KINDS, "a")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("type", "index", "delta", "message", "content", "tool_calls", "function", "text")), inner
        )
    ),
)


@given(st.lists(VALUES, max_size=5))
def test_whatever_the_events_are_it_is_no_error(events: list[object]) -> None:
    folded = fold(events)
    assert folded is None or json.loads(json.dumps(folded.body)) == folded.body


@given(st.lists(st.text(max_size=4), min_size=1, max_size=6))
def test_no_text_is_lost(pieces: list[str]) -> None:
    folded = fold([START, *content(0, "text", *pieces), END])
    assert folded is not None
    assert folded.body["message"]["content"] == [{"type": "text", "text": "".join(pieces)}]
