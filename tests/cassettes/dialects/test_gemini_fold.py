"""Gemini streams as whole responses. Against the SDK: tests/sdk/test_folding_gemini.py."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.gemini_fold import fold, unwrapped


def chunk(*parts: object, **fields: object) -> dict[str, object]:
    """An event with one candidate of these parts; `fields` stand beside its content."""
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, **fields}]}


def response(*payloads: object) -> Any:
    """The folded body of a stream that went well."""
    folded = fold(payloads)
    assert folded is not None
    assert folded.code == 200
    return folded.body


def parts(*payloads: object) -> Any:
    (candidate,) = response(*payloads)["candidates"]
    return candidate["content"].get("parts")


def test_a_stream_is_the_response_it_spells() -> None:
    first = chunk({"text": "Mo"}, index=0) | {
        "usageMetadata": {"promptTokenCount": 2, "totalTokenCount": 3, "serviceTier": "standard"}
    }
    last = chunk({"text": "ss"}, finishReason="STOP", index=0) | {
        "usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 2}
    }
    beside = {"modelVersion": "demo", "responseId": "T1"}
    assert response(first | beside, None, last | beside) == {
        "candidates": [{"content": {"parts": [{"text": "Moss"}], "role": "model"}, "index": 0, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 2},
        "modelVersion": "demo",
        "responseId": "T1",
    }


CALL = {"functionCall": {"name": "f", "args": {"a": 1}}}
CODE = {"executableCode": {"language": "PYTHON", "code": "1+1"}}


@pytest.mark.parametrize(
    ("events", "whole"),
    [
        # Thoughts stand apart from the answer.
        (
            [[{"text": "h", "thought": True}], [{"text": "m", "thought": True}], [{"text": "Mo"}], [{"text": "ss"}]],
            [{"text": "hm", "thought": True}, {"text": "Moss"}],
        ),
        # A signature ends its part; one that comes alone belongs to the text before it.
        ([[{"text": "Mo"}], [{"text": "ss"}], [{"text": "", "thoughtSignature": "s"}]], [{"text": "Moss", "thoughtSignature": "s"}]),
        ([[{"text": "a", "thoughtSignature": "s"}], [{"text": "b"}]], [{"text": "a", "thoughtSignature": "s"}, {"text": "b"}]),
        ([[CALL], [{"text": "", "thoughtSignature": "s"}]], [CALL, {"text": "", "thoughtSignature": "s"}]),
        # Other parts stay as they are, in order, and texts do not reach across them.
        ([[{"text": "a"}, CODE], [{"codeExecutionResult": {"output": "2"}}], [{"text": "b"}]], [{"text": "a"}, CODE, {"codeExecutionResult": {"output": "2"}}, {"text": "b"}]),
        ([[CALL | {"thoughtSignature": "s"}, CALL]], [CALL | {"thoughtSignature": "s"}, CALL]),
        ([[{"inlineData": {"mimeType": "image/png", "data": "eA=="}}]], [{"inlineData": {"mimeType": "image/png", "data": "eA=="}}]),
        ([[{"text": "a", "partMetadata": {"k": 1}}], [{"text": "b"}]], [{"text": "a", "partMetadata": {"k": 1}}, {"text": "b"}]),
        # An empty text says nothing, unless nothing else is said.
        ([[{"text": "a"}], [{"text": ""}]], [{"text": "a"}]),
        ([[CALL], [{"text": ""}]], [CALL]),
        ([[{"text": ""}], [{"text": ""}]], [{"text": ""}]),
        # A call in pieces is one call; a text or another call ends it even where it never ended.
        (
            [[{"functionCall": {"name": "f", "willContinue": True}}], [{"functionCall": {"partialArgs": [{"jsonPath": "$.a", "numberValue": 1}]}}]],
            [CALL],
        ),
        ([[{"functionCall": {"name": "f", "willContinue": True}}], [CALL], [{"text": "a"}]], [{"functionCall": {"name": "f"}}, CALL, {"text": "a"}]),
    ],
)  # fmt: skip
def test_parts_are_put_together(events: list[list[object]], whole: list[object]) -> None:
    assert parts(*(chunk(*event) for event in events)) == whole


def test_a_candidate_without_parts_has_none() -> None:
    nothing = {"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS", "index": 0}]}
    assert response(nothing) == nothing
    assert response({"candidates": [{"finishReason": "RECITATION"}]}) == {
        "candidates": [{"finishReason": "RECITATION"}]
    }


def test_candidates_go_by_their_index() -> None:
    events = [
        {"candidates": [{"index": index, "content": {"parts": [{"text": text}]}}]}
        for index, text in ((1, "B"), (0, "a"), (1, "b"))
    ]
    assert [one["content"]["parts"] for one in response(*events)["candidates"]] == [[{"text": "a"}], [{"text": "Bb"}]]
    both = {"candidates": [{"content": {"parts": [{"text": "a"}]}}, {"content": {"parts": [{"text": "b"}]}}]}
    assert [one["content"]["parts"] for one in response(both, both)["candidates"]] == [
        [{"text": "aa"}],
        [{"text": "bb"}],
    ]


def test_what_stands_beside_the_content_is_kept() -> None:
    ratings = [{"category": "c", "probability": "LOW"}]
    one, two = {"startIndex": 0, "uri": "u"}, {"startIndex": 9, "uri": "v"}
    (candidate,) = response(
        chunk(
            {"text": "a"},
            safetyRatings=[],
            citationMetadata={"citations": [one]},
            groundingMetadata={"webSearchQueries": ["q"]},
        ),
        chunk(
            {"text": "b"},
            safetyRatings=ratings,
            citationMetadata={"citations": [two]},
            groundingMetadata={"groundingChunks": [1]},
        ),
        chunk(
            finishReason="STOP",
            finishMessage="done",
            logprobsResult={"chosenCandidates": [{"token": "a"}]},
            urlContextMetadata=None,
        ),
        chunk(
            logprobsResult={"chosenCandidates": [{"token": "b"}]},
            finishReason=None,
            urlContextMetadata={"urlMetadata": [1]},
        ),
    )["candidates"]
    assert candidate == {
        "content": {"parts": [{"text": "ab"}], "role": "model"},
        "safetyRatings": ratings,
        "citationMetadata": {"citations": [one, two]},
        "groundingMetadata": {"webSearchQueries": ["q"], "groundingChunks": [1]},
        "finishReason": "STOP",
        "finishMessage": "done",
        "logprobsResult": {"chosenCandidates": [{"token": "a"}, {"token": "b"}]},
        "urlContextMetadata": {"urlMetadata": [1]},
    }


def test_a_token_to_go_on_with_is_for_an_answer_that_goes_on() -> None:
    begun = chunk({"text": "a"}, continuationToken="dA==")
    (ended,) = response(begun, chunk({"text": "b"}, finishReason="STOP"))["candidates"]
    assert "continuationToken" not in ended
    (hop,) = response(begun, chunk(finishReason="CONTINUATION", continuationToken="dQ=="))["candidates"]
    assert hop["continuationToken"] == "dQ=="


def test_a_blocked_prompt_is_an_answer_without_candidates() -> None:
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 2}}
    assert response(blocked) == blocked


ERROR = {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}


@pytest.mark.parametrize("before", [(), (chunk({"text": "Mo"}),)])
@pytest.mark.parametrize("wrapped", [{"error": ERROR}, [{"error": ERROR}]])
def test_a_stream_that_fails_is_its_error(before: tuple[object, ...], wrapped: object) -> None:
    assert fold([*before, wrapped, chunk({"text": "ss"})]) == (503, {"error": ERROR})


@pytest.mark.parametrize("payloads", [[], [None], ["x", 3, []], [{"choices": []}], [{"error": "x"}]])
def test_what_is_no_stream_of_it_folds_to_nothing(payloads: list[object]) -> None:
    assert fold(payloads) is None


def test_a_list_is_unwrapped_once() -> None:
    assert list(unwrapped([{"a": 1}, [{"b": 2}, [{"c": 3}]], None, "x"])) == [{"a": 1}, {"b": 2}]


_KEYS = st.sampled_from(
    [
        *(
            "candidates",
            "content",
            "parts",
            "text",
            "thought",
            "thoughtSignature",
            "functionCall",
            "name",
            "args",
            "index",
        ),
        *(
            "willContinue",
            "partialArgs",
            "jsonPath",
            "citationMetadata",
            "citations",
            "finishReason",
            "error",
            "code",
            "usageMetadata",
        ),
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "$.a", "x", "STOP"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=12,
)
_PARTS = st.lists(st.dictionaries(_KEYS, _JSON, max_size=3), max_size=4)
_EVENTS = st.builds(lambda found, beside: chunk(*found, **beside), _PARTS, st.dictionaries(_KEYS, _JSON, max_size=3))


@given(st.lists(_JSON | _EVENTS, max_size=8))
def test_no_json_makes_it_raise_or_is_changed(payloads: list[object]) -> None:
    before = copy.deepcopy(payloads)
    folded = fold(payloads)
    assert payloads == before
    assert fold(iter(payloads)) == folded
    if folded:
        json.dumps(folded.body)


@given(st.lists(st.tuples(st.text(max_size=3), st.booleans()), min_size=1, max_size=12), st.integers(1, 11))
def test_where_a_stream_is_divided_does_not_matter(texts: list[tuple[str, bool]], place: int) -> None:
    found = [{"text": text, "thought": True} if thought else {"text": text} for text, thought in texts]
    assert parts(*map(chunk, found)) == parts(chunk(*found[:place]), chunk(*found[place:]))
    for thought in (True, False):
        wanted = "".join(text for text, one in texts if one is thought)
        assert "".join(part["text"] for part in parts(chunk(*found)) if part.get("thought", False) is thought) == wanted


def test_deep_json_and_long_streams_cost_their_length() -> None:
    deep: object = "x"
    for _ in range(100_000):
        deep = [deep]
    assert parts(chunk({"text": "a"}), {"modelStatus": deep}, deep) == [{"text": "a"}]
    cited = chunk({"text": "x" * 50}, citationMetadata={"citations": [{"uri": "u"}]})
    (candidate,) = response(*[cited] * 100_000)["candidates"]
    assert candidate["content"]["parts"] == [{"text": "x" * 5_000_000}]
    assert len(candidate["citationMetadata"]["citations"]) == 100_000
