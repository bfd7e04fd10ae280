"""OpenAI Responses."""

import json

import pytest

from cassettes import dialects

RESPONSES = dialects.get("openai-responses")


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/v1/responses", "responses"),
        ("POST", "/openai/responses", "responses"),
        ("GET", "/v1/responses/resp_1", "response"),
        ("POST", "/v1/responses/resp_1/cancel", "cancel"),
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
