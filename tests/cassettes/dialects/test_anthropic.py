"""Anthropic Messages."""

import json

import pytest

from cassettes import dialects

ANTHROPIC = dialects.get("anthropic")


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/v1/messages", "messages"),
        ("POST", "/router/v2/anthropic/v1/messages", "messages"),
        ("POST", "/v1/messages/count_tokens", "count_tokens"),
        ("GET", "/v1/models", "models"),
        ("POST", "/messages", None),
        ("POST", "/v1/threads/t/messages", None),  # OpenAI's Assistants
    ],
)
def test_operations(method: str, path: str, operation: str | None) -> None:
    assert ANTHROPIC.operation(method, path) == operation


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Moss"}}, "Moss"),
        ({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}, ""),
        ({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{"}}, ""),
        ({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, ""),
        ({"type": "ping"}, ""),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, ""),
    ],
)
def test_the_text_of_an_event(data: dict[str, object], text: str) -> None:
    # Anthropic pads its JSON with blanks before the last brace (providers.md 5).
    event = f"event: {data['type']}\ndata: {json.dumps(data)[:-1]}    }}\n\n"
    assert ANTHROPIC.text(event.encode()) == text


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (404, "not_found_error"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (503, "api_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ],
)
def test_errors(status: int, kind: str) -> None:
    _, body = ANTHROPIC.error(status, "no")
    assert json.loads(body) == {
        "type": "error",
        "error": {"type": kind, "message": "no"},
        "request_id": "req_tokentape",
    }


def test_the_code_stands_in_the_details() -> None:
    _, body = ANTHROPIC.error(404, "no", "tokentape_no_match", retry=False)
    assert json.loads(body)["error"]["details"] == {"error_code": "tokentape_no_match"}


def test_keys_and_tokens_go_in_their_own_header() -> None:
    assert ANTHROPIC.auth("k") == {"x-api-key": "k"}
    assert ANTHROPIC.auth("k", "ANTHROPIC_API_KEY") == {"x-api-key": "k"}
    assert ANTHROPIC.auth("k", "ANTHROPIC_AUTH_TOKEN") == {"authorization": "Bearer k"}


def test_the_request_has_what_the_api_requires() -> None:
    path, headers, body = ANTHROPIC.request("claude-sonnet-4-5", "hi")
    assert path == "/v1/messages"
    assert headers["anthropic-version"] == "2023-06-01"
    assert json.loads(body)["max_tokens"] > 0
    assert json.loads(body)["stream"] is True
