"""OpenAI Chat Completions."""

import json

import pytest

from cassettes import dialects
from cassettes.dialects.delta import NOTHING, Delta, ToolPart

CHAT = dialects.get("openai-chat")


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/v1/chat/completions", "chat"),
        ("POST", "/chat/completions", "chat"),
        ("POST", "/openai/deployments/gpt-5-nano/chat/completions", "chat"),
        ("GET", "/v1/models", "models"),
        ("GET", "/v1/models/gpt-5.1", "model"),
        ("GET", "/v1/chat/completions", None),
        ("POST", "/v1/completions", None),
        ("POST", "/v1/chat/completionsx", None),
        ("POST", "/v1/chat%2Fcompletions", None),
        ("GET", "/v1/models/", None),
        ("POST", "chat/completions", None),
        ("POST", "", None),
    ],
)
def test_operations(method: str, path: str, operation: str | None) -> None:
    assert CHAT.operation(method, path) == operation


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (b'data: {"choices":[{"index":0,"delta":{"content":"Moss"},"finish_reason":null}]}\n\n', "Moss"),
        (b'data: {"id":"x","choices":[{"delta":{"content":"The"}}]}\n\n', "The"),  # no index: seed 002
        (b'data: {"choices":[{"index":1,"delta":{"content":"other"}},{"index":0,"delta":{"content":"a"}}]}\n\n', "a"),
        (b'data: {"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"a"},{"text":"b"}]}}]}\n\n', "ab"),
        (b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n', ""),
        (b'data: {"choices":[{"index":0,"delta":{"content":null},"finish_reason":"stop"}]}\n\n', ""),
        (b'data: {"choices":[],"usage":{"total_tokens":3}}\n\n', ""),
        (b'data: {"error":{"message":"overloaded"}}\n\n', ""),
        (b"data: [DONE]\n\n", ""),
        (b": keep-alive\n\n", ""),
    ],
)
def test_the_text_of_an_event(event: bytes, text: str) -> None:
    assert CHAT.text(event) == text


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (404, "invalid_request_error"),
        (429, "rate_limit_exceeded"),
        (502, "server_error"),
    ],
)
def test_errors_have_all_four_keys(status: int, kind: str) -> None:
    headers, body = CHAT.error(status, "no", "tokentape_no_match", retry=False)
    assert json.loads(body) == {"error": {"message": "no", "type": kind, "param": None, "code": "tokentape_no_match"}}
    assert ("x-should-retry", "false") in headers


def test_the_key_is_a_bearer_token() -> None:
    assert CHAT.auth("k") == {"authorization": "Bearer k"}


def test_the_prompt_is_the_last_user_text() -> None:
    messages = [{"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Hello!"}]
    assert CHAT.prompt({"messages": messages}) == "Hello!"
    assert CHAT.model("/v1/chat/completions", {"model": "gpt-5.1"}) == "gpt-5.1"
    assert CHAT.model("/v1/chat/completions", {"model": 5}) is None


def chunk(delta: object, **more: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}], **more}


@pytest.mark.parametrize(
    ("payload", "delta"),
    [
        (chunk({"reasoning_content": "so", "content": None}), Delta(reasoning="so")),
        (chunk({"reasoning": "so", "reasoning_details": [{"text": "so"}]}), Delta(reasoning="so")),
        (chunk({"reasoning_details": [{"text": "a"}, {"summary": "b"}, {"data": "x"}, 3]}), Delta(reasoning="ab")),
        (
            chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "so"}]}]}),
            Delta(reasoning="so"),
        ),
        (chunk({"refusal": "no"}), Delta(refusal="no")),
        (
            chunk({"tool_calls": [{"index": 2, "id": "a", "function": {"name": "f", "arguments": "{"}}]}),
            Delta(tools=(ToolPart(2, "a", "f", "{"),)),
        ),
        (
            chunk({"tool_calls": [{"function": {"arguments": "x"}}, {"custom": {"name": "c", "input": "y"}}, 3]}),
            Delta(tools=(ToolPart(0, arguments="x"), ToolPart(1, name="c", arguments="y"), ToolPart(2))),
        ),
        (
            chunk({"function_call": {"name": "f", "arguments": "{}"}}),
            Delta(tools=(ToolPart(0, name="f", arguments="{}"),)),
        ),
        ({"choices": [], "usage": {"total_tokens": 3}}, Delta(usage={"total_tokens": 3})),
        ({"choices": [], "x_groq": {"usage": {"total_tokens": 3}}}, Delta(usage={"total_tokens": 3})),
        ({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": None}, Delta(finish="stop")),
        (chunk({"content": "a"}, error={"message": "gone"}), Delta("a", error="gone")),
        ({"object": "error", "message": "too long"}, Delta(error="too long")),
        ({"choices": [{"index": 1, "delta": {"content": "other"}}]}, NOTHING),
    ],
)
def test_what_an_event_adds(payload: object, delta: Delta) -> None:
    assert CHAT.delta(payload) == delta


def test_a_stream_folds_to_a_chat_completion() -> None:
    folded = CHAT.fold([chunk({"content": "Moss"}), None])
    assert folded is not None
    assert folded.code == 200
    assert folded.body == {
        "id": "",
        "object": "chat.completion",
        "created": 0,
        "model": "",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Moss"}, "finish_reason": None}],
    }
    assert CHAT.fold([]) is None


def test_models_are_listed_as_openai_lists_them() -> None:
    card = {"id": "moss", "object": "model", "created": 0, "owned_by": "tokentape"}
    assert CHAT.model_card("moss") == card
    assert CHAT.models(["moss"]) == {"object": "list", "data": [card]}
    assert CHAT.count({"messages": []}) is None
