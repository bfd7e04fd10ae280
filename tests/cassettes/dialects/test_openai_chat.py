"""OpenAI Chat Completions."""

import json

import pytest

from cassettes import dialects

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
