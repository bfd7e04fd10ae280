"""Anthropic streams as whole messages. Against the SDK's own accumulator: tests/sdk/test_folding_anthropic.py."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.anthropic_fold import fold

START: dict[str, Any] = {
    "id": "msg_T1",
    "type": "message",
    "role": "assistant",
    "model": "demo",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 1, "service_tier": "standard"},
}
BEGIN = {"type": "message_start", "message": START}
STOP = {"type": "message_stop"}


def opened(index: int, **block: object) -> dict[str, object]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def grown(index: int, kind: str, **delta: object) -> dict[str, object]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **delta}}


def ended(stop_reason: str | None, usage: dict[str, object] | None = None, **delta: object) -> dict[str, object]:
    usage = usage or {"output_tokens": 9}
    return {
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason, "stop_sequence": None, **delta},
        "usage": usage,
    }


def message(*payloads: object) -> Any:
    """The folded body of a stream that went well."""
    folded = fold(payloads)
    assert folded is not None
    assert folded.code == 200
    return folded.body


def content(*payloads: object) -> Any:
    return message(BEGIN, *payloads, ended("end_turn"), STOP)["content"]


def test_a_stream_is_the_message_it_spells() -> None:
    assert message(
        BEGIN,
        opened(0, type="text", text=""),
        {"type": "ping"},
        None,
        grown(0, "text_delta", text="Mo"),
        grown(0, "text_delta", text="ss"),
        {"type": "content_block_stop", "index": 0},
        ended("end_turn"),
        STOP,
    ) == START | {
        "content": [{"type": "text", "text": "Moss"}],
        "stop_reason": "end_turn",
        "usage": START["usage"] | {"output_tokens": 9},
    }


def test_usage_at_the_end_is_cumulative_and_replaces() -> None:
    usage = {
        "input_tokens": 7,
        "cache_read_input_tokens": None,
        "output_tokens": 9,
        "server_tool_use": {"web_search_requests": 1},
    }
    assert message(BEGIN, ended(None, {"output_tokens": 4}), ended("end_turn", usage))["usage"] == {
        "input_tokens": 7,
        "cache_read_input_tokens": 2,
        "output_tokens": 9,
        "service_tier": "standard",
        "server_tool_use": {"web_search_requests": 1},
    }


def test_the_end_says_how_and_where_it_stopped() -> None:
    refused = {"type": "refusal", "category": "bio", "explanation": "no"}
    whole = message(BEGIN, ended("refusal", stop_details=refused, container={"id": "c1"}))
    assert (whole["stop_reason"], whole["stop_details"], whole["container"]) == ("refusal", refused, {"id": "c1"})
    assert message(
        BEGIN, ended("stop_sequence") | {"context_management": {"applied_edits": []}}, ended(None)
    ) == START | {
        "stop_reason": "stop_sequence",
        "usage": START["usage"] | {"output_tokens": 9},
        "context_management": {"applied_edits": []},
    }
    assert message(BEGIN, ended("stop_sequence") | {"delta": {"stop_sequence": "###"}})["stop_sequence"] == "###"


def test_thinking_has_its_signature() -> None:
    assert content(
        opened(0, type="thinking", thinking="", signature=""),
        grown(0, "thinking_delta", thinking="h"),
        grown(0, "thinking_delta", thinking="m"),
        grown(0, "signature_delta", signature="c2ln"),
        opened(1, type="redacted_thinking", data="eHh4"),
    ) == [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "eHh4"},
    ]


def test_citations_are_listed() -> None:
    one, two = {"type": "char_location", "cited_text": "a"}, {"type": "char_location", "cited_text": "b"}
    begun = opened(0, type="text", text="Mo", citations=[])
    assert content(
        begun,
        grown(0, "citations_delta", citation=one),
        grown(0, "citations_delta", citation=two),
        grown(0, "text_delta", text="ss"),
    ) == [{"type": "text", "text": "Moss", "citations": [one, two]}]
    assert content(opened(0, type="text", text="", citations=[]), grown(0, "text_delta", text="x")) == [
        {"type": "text", "text": "x", "citations": []}
    ]


@pytest.mark.parametrize("kind", ["tool_use", "server_tool_use", "mcp_tool_use"])
@pytest.mark.parametrize(
    ("pieces", "value"),
    [
        (["", '{"city": "Se', 'oul"}'], {"city": "Seoul"}),
        ([""], {}),
        ([], {}),
        (["[1]"], [1]),
        (['{"city": "Se'], {"INVALID_JSON": '{"city": "Se'}),  # cut, as at max_tokens
        (["{city: 1}"], {"INVALID_JSON": "{city: 1}"}),
        (['{"n": NaN}'], {"INVALID_JSON": '{"n": NaN}'}),
        (["[" * 100_000], {"INVALID_JSON": "[" * 100_000}),
        (["1" * 5_000], {"INVALID_JSON": "1" * 5_000}),  # longer than Python reads
    ],
)
def test_the_input_of_a_tool_is_parsed(kind: str, pieces: list[str], value: object) -> None:
    start = {"type": kind, "id": "toolu_1", "name": "f", "input": {}}
    deltas = [grown(0, "input_json_delta", partial_json=piece) for piece in pieces]
    assert content(opened(0, **start), *deltas) == [start | {"input": value}]


def test_results_come_whole_and_blocks_keep_their_order() -> None:
    result = {
        "type": "web_search_tool_result",
        "tool_use_id": "s1",
        "content": [{"type": "web_search_result", "url": "u"}],
    }
    blocks = content(
        opened(0, type="text", text=""),
        opened(1, **result),
        opened(2, type="compaction", content=None),
        grown(0, "text_delta", text="late"),
        grown(2, "compaction_delta", content="short", encrypted_content="eA=="),
        opened(3, type="container_upload", file_id="f1"),
    )
    assert blocks == [
        {"type": "text", "text": "late"},
        result,
        {"type": "compaction", "content": "short", "encrypted_content": "eA=="},
        {"type": "container_upload", "file_id": "f1"},
    ]


def test_a_fallback_names_the_model_that_answered() -> None:
    start = opened(0, type="fallback", **{"from": {"model": "demo"}, "to": {"model": "spare"}})
    assert message(BEGIN, start, ended("end_turn"))["model"] == "spare"


def test_a_stream_that_was_cut_gives_what_came() -> None:
    assert message(BEGIN) == START
    assert message(BEGIN, opened(0, type="text", text=""), grown(0, "text_delta", text="Mo")) == START | {
        "content": [{"type": "text", "text": "Mo"}]
    }


def test_a_stream_without_its_start_gives_what_came() -> None:
    whole = message(
        grown(0, "text_delta", text="ss"), grown(1, "input_json_delta", partial_json="{}"), ended("end_turn")
    )
    assert whole["content"] == [{"type": "text", "text": "ss"}]
    assert (whole["type"], whole["role"], whole["stop_reason"]) == ("message", "assistant", "end_turn")
    assert whole["usage"] == {"input_tokens": 0, "output_tokens": 9}
    assert message(grown(0, "thinking_delta", thinking="hm"))["content"][0]["thinking"] == "hm"
    assert message(grown(0, "text_delta", text="a"))["content"] == [
        {"type": "text", "text": "a"}
    ]  # of that stream alone


@pytest.mark.parametrize("before", [(), (BEGIN,), (BEGIN, opened(0, type="text", text="Mo"))])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"type": "overloaded_error", "message": "busy"}, 529),
        ({"type": "rate_limit_error", "message": "slow down"}, 429),
        ({"type": "invalid_request_error", "message": "no"}, 400),
        ({"message": "who knows"}, 500),
    ],
)
def test_a_stream_that_fails_is_its_error(before: tuple[object, ...], error: dict[str, object], code: int) -> None:
    payload = {"type": "error", "error": error, "request_id": "req_1"}
    assert fold([*before, payload, ended("end_turn")]) == (code, payload)


@pytest.mark.parametrize(
    "payloads", [[], [None], [{"type": "ping"}], [STOP], [{"choices": []}], [[], "x", 3], [{"type": "error"}]]
)
def test_what_is_no_stream_of_it_folds_to_nothing(payloads: list[object]) -> None:
    assert fold(payloads) is None


_WORDS = st.sampled_from(
    [
        *(
            "message_start",
            "content_block_start",
            "content_block_delta",
            "message_delta",
            "error",
            "text_delta",
            "input_json_delta",
        ),
        *("citations_delta", "signature_delta", "compaction_delta", "thinking_delta", "fallback", "{", "x"),
    ]
)
_KEYS = st.sampled_from(
    [
        *("type", "message", "index", "content_block", "delta", "usage", "content", "text", "thinking"),
        *("partial_json", "citation", "citations", "error", "stop_reason", "model", "to", "input"),
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=12,
)
_EVENTS = st.fixed_dictionaries(
    {"type": _WORDS}, optional=dict.fromkeys(("message", "index", "content_block", "delta", "usage", "error"), _JSON)
)


@given(st.lists(_JSON | _EVENTS, max_size=8))
def test_no_json_makes_it_raise_or_is_changed(payloads: list[object]) -> None:
    before = copy.deepcopy(payloads)
    folded = fold(payloads)
    assert repr(payloads) == repr(before)  # NaN is not equal to itself
    assert fold(iter(payloads)) == folded or "nan" in repr(folded)
    if folded:
        json.dumps(folded.body)


def test_deep_json_and_long_streams_cost_their_length() -> None:
    deep: object = "x"
    for _ in range(100_000):
        deep = [deep]
    assert content(opened(0, type="text", text=deep), grown(0, "text_delta", text="a"), deep)[0]["text"] == "a"
    deltas = [grown(0, "text_delta", text="x" * 50)] * 200_000 + [grown(0, "citations_delta", citation={})] * 50_000
    (block,) = content(opened(0, type="text", text=""), *deltas)
    assert len(block["text"]) == 10_000_000
    assert len(block["citations"]) == 50_000
