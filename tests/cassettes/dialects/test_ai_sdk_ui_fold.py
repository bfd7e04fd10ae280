"""UI message streams folded: the message that a page has."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.ai_sdk_ui_fold import fold


def ev(kind: str, **fields: object) -> dict[str, object]:
    return {"type": kind, **fields}


def message(*events: object) -> Any:
    folded = fold(events)
    assert folded is not None
    assert folded.code == 200
    return folded.body


def test_a_whole_message() -> None:
    body = message(
        ev("start", messageId="m1", messageMetadata={"a": {"b": 1}}),
        ev("start-step"),
        ev("reasoning-start", id="r"),
        ev("reasoning-delta", id="r", delta="so"),
        ev("reasoning-end", id="r", providerMetadata={"p": 1}),
        ev("text-start", id="t"),
        ev("text-delta", id="t", delta="Mo"),
        ev("text-delta", id="t", delta="ss"),
        ev("text-end", id="t"),
        ev("tool-input-start", toolCallId="c", toolName="f", title="F"),
        ev("tool-input-delta", toolCallId="c", inputTextDelta='{"a":1}'),
        ev("tool-input-available", toolCallId="c", toolName="f", input={"a": 1}),
        ev("tool-output-available", toolCallId="c", output=42),
        ev("source-url", sourceId="s", url="https://h"),
        ev("data-w", id="d", data=1),
        ev("data-w", id="d", data=2),
        ev("data-w", data=3, transient=True),
        None,
        ev("finish-step"),
        ev("finish", messageMetadata={"a": {"c": 2}}),
    )
    assert body == {
        "id": "m1",
        "role": "assistant",
        "metadata": {"a": {"b": 1, "c": 2}},
        "parts": [
            {"type": "step-start"},
            {"type": "reasoning", "text": "so", "state": "done", "providerMetadata": {"p": 1}},
            {"type": "text", "text": "Moss", "state": "done"},
            {
                "type": "tool-f",
                "toolCallId": "c",
                "state": "output-available",
                "title": "F",
                "input": {"a": 1},
                "output": 42,
            },
            {"type": "source-url", "sourceId": "s", "url": "https://h"},
            {"type": "data-w", "id": "d", "data": 2},
        ],
    }


def test_what_was_cut_is_still_streaming() -> None:
    body = message(ev("text-start", id="t"), ev("text-delta", id="t", delta="Mo"), ev("tool-input-start", toolCallId="c", toolName="f"), ev("tool-input-delta", toolCallId="c", inputTextDelta="{"))  # fmt: skip
    assert [(part["state"], part.get("text"), part.get("rawInput")) for part in body["parts"]] == [
        ("streaming", "Mo", None),
        ("input-streaming", None, "{"),
    ]


def test_calls_that_failed_or_were_denied_or_wait() -> None:
    kinds = ("tool-output-error", "tool-output-denied", "tool-approval-request")
    events = [ev("tool-input-available", toolCallId=kind, toolName="f", input=1, dynamic=True) for kind in kinds]
    events += [ev(kind, toolCallId=kind, errorText="no") for kind in kinds]
    bad = ev("tool-input-error", toolCallId="x", toolName="f", input="{", errorText="no JSON")
    parts = message(*events, bad, ev("tool-output-available", toolCallId="nowhere", output=1))["parts"]
    assert [part["state"] for part in parts] == [
        "output-error",
        "output-denied",
        "approval-requested",
        "output-error",
    ]
    assert (parts[0]["type"], parts[0]["toolName"], parts[0]["errorText"]) == ("dynamic-tool", "f", "no")
    assert parts[3]["rawInput"] == "{"


def test_an_error_is_the_answer_and_nothing_is_none() -> None:
    folded = fold([ev("start"), ev("error", errorText="gone")])
    assert folded is not None
    assert (folded.code, folded.body) == (500, {"error": "gone"})
    assert fold([]) is None
    assert fold([ev("message_start"), {"type": 3}, 3]) is None


KINDS = ("start", "text-start", "text-delta", "text-end", "tool-input-start", "tool-input-available", "tool-output-available", "data-x", "finish", "file")  # fmt: skip
KEYS = ("type", "id", "delta", "toolCallId", "toolName", "input", "data", "messageMetadata", "messageId")
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from((*KINDS, "a")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
)


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES) | VALUES, max_size=5))
def test_whatever_the_events_are_it_is_no_error(events: list[object]) -> None:
    folded = fold(events)
    assert folded is None or json.loads(json.dumps(folded.body)) == folded.body
