"""OpenAI Responses."""

import json

import pytest

from cassettes import dialects
from cassettes.dialects.delta import NOTHING, Delta, ToolPart
from cassettes.dialects.openai_responses import DIALECT as RESPONSES


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/v1/responses", "responses"),
        ("POST", "/openai/responses", "responses"),
        ("GET", "/v1/responses/resp_1", "response"),
        ("DELETE", "/v1/responses/resp_1", "delete"),
        ("POST", "/v1/responses/resp_1/cancel", "cancel"),
        ("GET", "/v1/responses/resp_1/input_items", "input_items"),
        ("POST", "/v1/responses/input_tokens", "count_tokens"),
        ("POST", "/v1/responses/compact", "compact"),
        ("GET", "/v1/responses/resp_1/cancel", None),
        ("GET", "/v1/responses", None),
        ("POST", "/v1/responses/resp_1", None),
    ],
)
def test_operations(method: str, path: str, operation: str | None) -> None:
    assert RESPONSES.operation(method, path) == operation


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"type": "response.output_text.delta", "sequence_number": 3, "delta": "Moss", "logprobs": []}, "Moss"),
        ({"type": "response.output_text.done", "text": "Moss"}, ""),
        ({"type": "response.function_call_arguments.delta", "delta": "{"}, ""),
        ({"type": "response.output_text.delta", "delta": None}, ""),
    ],
)
def test_the_text_of_an_event(data: dict[str, object], text: str) -> None:
    event = f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"
    assert RESPONSES.text(event.encode()) == text


def test_the_prompt_is_a_string_or_a_list_of_items() -> None:
    assert RESPONSES.prompt({"input": "count"}) == "count"
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "count"}]},
        {"type": "function_call_output", "output": "3"},
    ]
    assert RESPONSES.prompt({"input": items}) == "count"
    assert RESPONSES.prompt({"input": 3}) == ""


def test_errors_are_those_of_chat() -> None:
    assert RESPONSES.error(404, "no", "c") == dialects.get("openai-chat").error(404, "no", "c")


def event(kind: str, **keys: object) -> dict[str, object]:
    return {"type": f"response.{kind}", "output_index": 1, **keys}


def ended(kind: str, **keys: object) -> dict[str, object]:
    return event(kind, response={"id": "resp_1", "status": kind, **keys})


@pytest.mark.parametrize(
    ("payload", "delta"),
    [
        (event("reasoning_text.delta", delta="so"), Delta(reasoning="so")),
        (event("reasoning_summary_text.delta", delta="so"), Delta(reasoning="so")),
        (event("refusal.delta", delta="no"), Delta(refusal="no")),
        (event("function_call_arguments.delta", delta="{"), Delta(tools=(ToolPart(1, arguments="{"),))),
        (event("custom_tool_call_input.delta", delta="x"), Delta(tools=(ToolPart(1, arguments="x"),))),
        (event("mcp_call_arguments.delta", delta="{"), NOTHING),
        (
            event("output_item.added", item={"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}),
            Delta(tools=(ToolPart(1, "c", "f"),)),
        ),
        (
            event("output_item.added", item={"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "x"}),
            Delta(tools=(ToolPart(1, "c", "f", "x"),)),
        ),
        (event("output_item.added", item={"type": "message"}), NOTHING),
        (event("output_item.done", item={"type": "function_call", "name": "f"}), NOTHING),
        (
            ended("completed", usage={"total_tokens": 3}, error=None),
            Delta(usage={"total_tokens": 3}, finish="completed"),
        ),
        (
            ended("incomplete", incomplete_details={"reason": "max_output_tokens"}),
            Delta(finish="max_output_tokens"),
        ),
        (ended("failed", error={"code": "server_error", "message": "gone"}), Delta(finish="failed", error="gone")),
        ({"type": "error", "message": "flat"}, Delta(error="flat")),
        ({"type": "error", "error": {"message": "nested"}}, Delta(error="nested")),
    ],
)
def test_what_an_event_adds(payload: object, delta: Delta) -> None:
    assert RESPONSES.delta(payload) == delta


def test_a_stream_folds_to_a_response_that_has_an_id() -> None:
    payloads = [None, {"type": "response.created", "response": {"id": "resp_1"}}, ended("completed", output=[])]
    folded = RESPONSES.fold(payloads)
    assert folded is not None
    assert folded.code == 200
    assert isinstance(folded.body, dict)
    assert folded.body["status"] == "completed"
    assert RESPONSES.response_id(payloads) == "resp_1"
    assert RESPONSES.response_id([{"type": "response.created", "response": {"id": 3}}, {"id": "x"}, 5]) is None
    assert RESPONSES.deleted("resp_1") == {"id": "resp_1", "object": "response", "deleted": True}


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({"input": "count"}, 2),
        ({"input": "12345678", "instructions": "moss"}, 3),
        ({"input": "둘셋"}, 2),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "123456789"}]}]}, 3),
        ({"input": [{"type": "input_image", "image_url": "data:image/png;base64,AAAAAAAAAAAA"}]}, 1),
        ({"model": "not counted"}, 1),
        (None, 1),
    ],
)
def test_tokens_are_estimated_at_four_bytes_each(body: object, tokens: int) -> None:
    assert RESPONSES.count(body) == {"object": "response.input_tokens", "input_tokens": tokens}


def test_a_deeply_nested_request_is_counted() -> None:
    deep: object = "abcd"
    for _ in range(100_000):
        deep = [deep]
    assert RESPONSES.count({"input": deep}) == {"object": "response.input_tokens", "input_tokens": 1}
