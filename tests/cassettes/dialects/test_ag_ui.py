"""AG-UI, the protocol between an agent and its page."""

import json

import pytest

from cassettes import dialects, routes
from cassettes.dialects.delta import NOTHING, Delta

AGUI = dialects.get("ag-ui")
BODY = AGUI.request("m", "Hi")[2]


@pytest.mark.parametrize(
    ("payload", "delta"),
    [
        ({"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "Moss"}, Delta("Moss")),
        ({"type": "TEXT_MESSAGE_CHUNK", "delta": "Moss"}, Delta("Moss")),
        ({"type": "REASONING_MESSAGE_CONTENT", "delta": "so"}, Delta(reasoning="so")),
        ({"type": "THINKING_TEXT_MESSAGE_CONTENT", "delta": "so"}, Delta(reasoning="so")),
        ({"type": "RUN_FINISHED"}, Delta(finish="stop")),
        ({"type": "RUN_FINISHED", "outcome": {"type": "success"}, "usage": [{"inputTokens": 1}]}, Delta(finish="stop", usage={"inputTokens": 1})),
        ({"type": "RUN_FINISHED", "outcome": {"type": "interrupt"}}, Delta(finish="interrupt")),
        ({"type": "RUN_ERROR", "message": "gone"}, Delta(error="gone")),
        ({"type": "RUN_ERROR", "code": "E1"}, Delta(error="E1")),
        ({"type": "STATE_SNAPSHOT", "snapshot": {}}, NOTHING),
        (None, NOTHING),
    ],
)  # fmt: skip
def test_what_an_event_adds(payload: object, delta: Delta) -> None:
    assert AGUI.delta(payload) == delta


def test_a_call_is_known_by_its_id() -> None:
    start = AGUI.delta({"type": "TOOL_CALL_START", "toolCallId": "c", "toolCallName": "f"}).tools[0]
    more = AGUI.delta({"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": "{}"}).tools[0]
    other = AGUI.delta({"type": "TOOL_CALL_CHUNK", "toolCallId": "d", "toolCallName": "f", "delta": "{"}).tools[0]
    assert (start.id, start.name, more.arguments, other.arguments) == ("c", "f", "{}", "{")
    assert start.number == more.number != other.number


def test_a_request() -> None:
    value = json.loads(BODY)
    assert AGUI.prompt(value) == "Hi"
    assert AGUI.prompt({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}) == "Hi"
    assert AGUI.streams("/agent", "", value)
    assert json.loads(AGUI.error(404, "no", "c")[1]) == {"error": {"message": "no", "code": "c"}}


@pytest.mark.parametrize(
    ("target", "body", "dialect", "operation"),
    [
        ("/agent", BODY, "ag-ui", "run"),
        ("/app/agent", b"", "ag-ui", "run"),
        ("/app/", BODY, "ag-ui", "run"),
        ("/api/copilotkit", BODY, "ag-ui", "run"),
        ("/mine", BODY, "ag-ui", "run"),
        ("/mine", b'{"threadId": "t", "messages": []}', "raw", None),
        ("/mine", b"[" * 100_000, "raw", None),
    ],
)
def test_who_asks_is_known_by_the_body(target: str, body: bytes, dialect: str, operation: str | None) -> None:
    route = routes.parse("POST", target, (), ("mine",), body)
    assert (route.dialect, route.operation) == (dialect, operation)
