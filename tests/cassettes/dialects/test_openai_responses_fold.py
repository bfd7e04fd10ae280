"""Responses events as one response. Real streams are compared with the SDK in tests/sdk."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.base import json_bytes
from cassettes.dialects.openai_responses_fold import TERMINAL, fold_responses, response_of

RESPONSE = {"id": "resp_1", "object": "response", "created_at": 17, "status": "in_progress", "model": "m", "output": []}
CREATED = {"type": "response.created", "sequence_number": 0, "response": RESPONSE}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
FAILURE = {"type": "error", "sequence_number": 9, "error": {"code": "rate_limit_exceeded", "message": "slow"}}


def event(kind: str, **keys: object) -> dict[str, object]:
    return {"type": f"response.{kind}", "sequence_number": 1, "output_index": 0, "content_index": 0, **keys}


def added(item: object, place: int = 0) -> dict[str, object]:
    return event("output_item.added", output_index=place, item=item)


def folded(*payloads: object) -> Any:
    answer = fold_responses(payloads)
    assert answer is not None
    assert answer.code == 200
    return answer.body


def items(*payloads: object) -> Any:
    return folded(CREATED, *payloads)["output"]


@pytest.mark.parametrize("kind", TERMINAL)
def test_a_terminal_event_holds_the_answer(kind: str) -> None:
    whole = RESPONSE | {"status": kind.partition(".")[2], "output": [MESSAGE], "usage": {"total_tokens": 3}}
    ended = {"type": kind, "response": whole}
    assert folded(CREATED, added(MESSAGE), event("output_text.delta", delta="Mo"), ended, CREATED) == whole


def test_a_terminal_event_without_output_gets_the_items() -> None:
    for output in (None, []):
        ended = {"type": "response.completed", "response": RESPONSE | {"status": "completed", "output": output}}
        done = event("output_item.done", item=MESSAGE | {"status": "completed"})
        assert folded(CREATED, added(MESSAGE), done, ended)["output"] == [MESSAGE | {"status": "completed"}]


def test_a_stream_that_was_cut_is_built_from_its_items() -> None:
    part = {"type": "output_text", "text": "", "annotations": []}
    body = folded(
        CREATED,
        {"type": "response.in_progress", "response": RESPONSE | {"background": False}},
        added(MESSAGE),
        event("content_part.added", part=part),
        event("output_text.delta", delta="Mo"),
        event("output_text.annotation.added", annotation={"type": "url_citation"}),
        event("output_text.delta", delta="ss"),
    )
    text = {"type": "output_text", "text": "Moss", "annotations": [{"type": "url_citation"}]}
    assert body == RESPONSE | {"background": False, "output": [MESSAGE | {"content": [text]}]}
    assert part["annotations"] == []


def test_log_probabilities_come_with_their_deltas() -> None:
    deltas = [event("output_text.delta", delta=one, logprobs=[{"token": one}]) for one in ("Mo", "ss")]
    begun = (added(MESSAGE), event("content_part.added", part={"type": "output_text", "text": "", "logprobs": []}))
    whole = {"type": "output_text", "text": "Moss", "logprobs": [{"token": "Mo"}, {"token": "ss"}]}
    assert items(*begun, *deltas)[0]["content"] == [whole]
    done = event("output_text.done", text="Moss", logprobs=[{"token": "Moss"}])
    assert items(*begun, *deltas, done)[0]["content"] == [whole | {"logprobs": [{"token": "Moss"}]}]
    assert items(*begun, *deltas, done, event("content_part.done", part=whole))[0]["content"] == [whole]


def test_what_is_done_wins_over_its_deltas() -> None:
    begun = (added(MESSAGE), event("output_text.delta", delta="Mo"))
    assert items(*begun, event("output_text.done", text="Moss"))[0]["content"][0]["text"] == "Moss"
    note = event("output_text.annotation.added", annotation={})
    part = {"type": "output_text", "text": "moss", "annotations": [{}]}
    assert items(*begun, note, event("content_part.done", part=part))[0]["content"] == [part]
    done = event("output_item.done", item=MESSAGE | {"status": "completed"})
    late = (event("output_text.delta", delta="x"), event("content_part.added", part={"type": "output_text"}))
    assert items(*begun, done, *late) == [MESSAGE | {"status": "completed"}]


def test_items_that_overlap_are_told_apart_by_index() -> None:
    call = {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": "", "status": "in_progress"}
    assert items(
        added(call, 1),
        added(call | {"name": "g"}, 0),
        event("function_call_arguments.delta", output_index=1, delta="{"),
        event("function_call_arguments.delta", output_index=0, delta="[]"),
        event("function_call_arguments.delta", output_index=1, delta="}"),
        event("function_call_arguments.done", output_index=0, arguments="[1]"),
    ) == [call | {"name": "g", "arguments": "[1]"}, call | {"arguments": "{}"}]


@pytest.mark.parametrize(
    ("events", "item"),
    [
        (
            [event("refusal.delta", delta="I "), event("refusal.delta", delta="won't")],
            {"type": "message", "content": [{"type": "refusal", "refusal": "I won't"}]},
        ),
        (
            [event("reasoning_text.delta", delta="so")],
            {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "so"}]},
        ),
        (
            [
                event("reasoning_summary_part.added", summary_index=0, part={"type": "summary_text", "text": ""}),
                event("reasoning_summary_text.delta", summary_index=1, delta="b"),
                event("reasoning_summary_text.delta", summary_index=0, delta="a"),
            ],
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": one} for one in "ab"]},
        ),
        ([event("custom_tool_call_input.delta", delta="select")], {"type": "custom_tool_call", "input": "select"}),
        ([event("mcp_call_arguments.done", arguments="{}")], {"type": "mcp_call", "arguments": "{}"}),
        (
            [
                event("code_interpreter_call_code.delta", delta="1+"),
                event("code_interpreter_call_code.delta", delta="1"),
            ],
            {"type": "code_interpreter_call", "code": "1+1"},
        ),
    ],
)
def test_items_whose_beginning_was_left_out(events: list[object], item: dict[str, object]) -> None:
    # Without its first event an item can only begin with a text: a part alone does not say what it is of.
    begun: list[object] = [added({"type": item["type"], "status": "in_progress"})] if len(events) == 3 else []
    ident = {} if begun else {"id": None}
    assert items(*begun, *events) == [{**item, **ident, "status": "in_progress"}]


def test_hosted_tools_say_how_far_they_are() -> None:
    search = {"type": "web_search_call", "id": "ws", "status": "in_progress"}
    assert items(added(search), event("web_search_call.searching")) == [search | {"status": "searching"}]
    listing = {"type": "mcp_list_tools", "tools": []}
    assert items(added(listing), event("mcp_list_tools.completed"), event("x.y", output_index=7)) == [listing]


def test_a_text_that_an_item_begins_with_is_kept() -> None:
    call = {"type": "function_call", "arguments": "{", "status": "in_progress"}
    assert items(added(call), event("function_call_arguments.delta", delta="}"))[0]["arguments"] == "{}"
    begun = MESSAGE | {"content": [{"type": "output_text", "text": "Mo"}]}
    assert items(added(begun), event("output_text.delta", delta="ss"))[0]["content"][0]["text"] == "Moss"


def test_without_any_lifecycle_event_the_keys_are_there_all_the_same() -> None:
    body = folded(added(MESSAGE), event("output_text.delta", delta="Mo"), event("output_item.added", output_index="x"))
    assert {key: body[key] for key in RESPONSE if key != "output"} == {
        "id": "",
        "object": "response",
        "created_at": 0,
        "status": "in_progress",
        "model": "",
    }
    assert body["output"][0]["content"] == [{"type": "output_text", "text": "Mo"}]


def test_an_error_is_the_answer_where_no_item_came() -> None:
    assert fold_responses([CREATED, FAILURE]) == (429, {"error": FAILURE["error"]})
    flat = {"type": "error", "code": None, "message": "boom", "param": None}
    answer = fold_responses([flat])
    assert answer == (500, {"error": {"message": "boom", "type": "server_error", "param": None, "code": None}})


def test_an_error_after_an_item_is_the_error_of_the_response() -> None:
    body = folded(CREATED, added(MESSAGE), FAILURE)
    assert body["error"] == FAILURE["error"]
    assert body["status"] == "in_progress"
    failed = {"type": "response.failed", "response": RESPONSE | {"status": "failed", "error": {"code": "server_error"}}}
    assert folded(CREATED, FAILURE, failed) == failed["response"]


@pytest.mark.parametrize("payloads", [[], [None], [{}, 3, "x"], [{"choices": []}], [{"type": ["response."]}]])
def test_what_is_no_stream_of_responses_folds_to_nothing(payloads: list[object]) -> None:
    assert fold_responses(payloads) is None


def test_the_response_of_an_event() -> None:
    assert response_of(CREATED) == RESPONSE
    assert response_of({"type": "other", "response": RESPONSE}) is None
    assert response_of(3) is None


KEYS = [
    "output_index",
    "content_index",
    "summary_index",
    "item",
    "part",
    "delta",
    "text",
    "content",
    "summary",
    "status",
]
KEYS += [
    "logprobs",
    "arguments",
    "type",
    "response",
    "output",
    "error",
    "annotation",
    "annotations",
    "id",
    "code",
    "message",
]
KINDS = ["output_item.added", "output_item.done", "content_part.added", "content_part.done", "output_text.delta"]
KINDS += ["output_text.done", "output_text.annotation.added", "reasoning_summary_part.added", "refusal.delta"]
KINDS += ["function_call_arguments.delta", "web_search_call.searching", "completed", "failed", "created", "", "."]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.text(max_size=3),
    lambda within: st.lists(within, max_size=3) | st.dictionaries(st.sampled_from(KEYS), within, max_size=5),
    max_leaves=25,
)
FIELDS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)
EVENTS = st.builds(
    lambda kind, fields: event("") | fields | {"type": f"response.{kind}"}, st.sampled_from(KINDS), FIELDS
)


@given(st.lists(VALUES | EVENTS, max_size=8))
def test_no_json_is_an_error_and_none_is_changed(payloads: list[object]) -> None:
    before = json.dumps(payloads)
    answer = fold_responses(payloads)
    assert answer is None or (200 <= answer.code < 600 and json_bytes(answer.body))
    assert json.dumps(payloads) == before
