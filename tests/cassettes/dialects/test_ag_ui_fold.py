"""AG-UI streams folded: what a page has when the run is over."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.ag_ui_fold import fold

RUN = {"threadId": "t", "runId": "r"}


def ev(kind: str, **fields: object) -> dict[str, object]:
    return {"type": kind, **fields}


def run(*events: object) -> Any:
    folded = fold(events)
    assert folded is not None
    assert folded.code == 200
    return folded.body


def test_a_whole_run() -> None:
    body = run(
        ev("RUN_STARTED", **RUN),
        ev("STEP_STARTED", stepName="s"),
        ev("REASONING_START", messageId="a"),
        ev("REASONING_MESSAGE_START", messageId="a", role="reasoning"),
        ev("REASONING_MESSAGE_CONTENT", messageId="a", delta="so"),
        ev("REASONING_MESSAGE_END", messageId="a"),
        ev("REASONING_END", messageId="a"),
        ev("TEXT_MESSAGE_START", messageId="b", role="assistant"),
        ev("TEXT_MESSAGE_CONTENT", messageId="b", delta="Mo"),
        ev("TEXT_MESSAGE_CONTENT", messageId="b", delta="ss"),
        ev("TEXT_MESSAGE_END", messageId="b"),
        ev("TOOL_CALL_START", toolCallId="c", toolCallName="f", parentMessageId="b"),
        ev("TOOL_CALL_ARGS", toolCallId="c", delta='{"a":'),
        ev("TOOL_CALL_ARGS", toolCallId="c", delta="1}"),
        ev("TOOL_CALL_END", toolCallId="c"),
        ev("TOOL_CALL_RESULT", messageId="d", toolCallId="c", content="42"),
        ev("STATE_SNAPSHOT", snapshot={"x": 1}),
        ev("STATE_DELTA", delta=[{"op": "add"}]),
        None,
        ev("RUN_FINISHED", **RUN, result=7),
    )
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    assert body == {
        **RUN,
        "state": {"x": 1},
        "result": 7,
        "messages": [
            {"id": "a", "role": "reasoning", "content": "so"},
            {"id": "b", "role": "assistant", "content": "Moss", "toolCalls": [call]},
            {"id": "d", "role": "tool", "toolCallId": "c", "content": "42"},
        ],
        "statePatches": [[{"op": "add"}]],
    }


def test_chunks_and_calls_without_a_message() -> None:
    body = run(
        ev("TEXT_MESSAGE_CHUNK", messageId="m", delta="Mo"),
        ev("TEXT_MESSAGE_CHUNK", delta="ss"),
        ev("TOOL_CALL_CHUNK", toolCallId="c", toolCallName="f", delta="{"),
        ev("TOOL_CALL_CHUNK", delta="}"),
        ev("TOOL_CALL_START", toolCallId="d", toolCallName="g", parentMessageId="nowhere"),
    )
    assert [(one["id"], one["role"], one.get("content")) for one in body["messages"]] == [
        ("m", "assistant", "Moss"),
        ("c", "assistant", None),
        ("nowhere", "assistant", None),
    ]
    assert body["messages"][1]["toolCalls"][0]["function"] == {"name": "f", "arguments": "{}"}


def test_a_snapshot_takes_the_place_of_what_was() -> None:
    body = run(ev("TEXT_MESSAGE_CHUNK", messageId="m", delta="Mo"), ev("MESSAGES_SNAPSHOT", messages=[{"id": "x"}, 3]))
    assert body["messages"] == [{"id": "x"}]


def test_an_error_is_the_answer_and_nothing_is_none() -> None:
    folded = fold([ev("RUN_STARTED", **RUN), ev("RUN_ERROR", message="gone", code="E1")])
    assert folded is not None
    assert (folded.code, folded.body) == (500, {"error": {"message": "gone", "code": "E1"}})
    assert fold([]) is None
    assert fold([ev("message_start"), {"type": 3}, 3]) is None


KINDS = ("RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_RESULT", "MESSAGES_SNAPSHOT")  # fmt: skip
KEYS = ("type", "messageId", "delta", "toolCallId", "toolCallName", "parentMessageId", "messages", "role")
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from((*KINDS, "a", "assistant")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
)


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES) | VALUES, max_size=6))
def test_whatever_the_events_are_it_is_no_error(events: list[object]) -> None:
    folded = fold(events)
    assert folded is None or json.loads(json.dumps(folded.body)) == folded.body
