"""Anthropic Messages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes import dialects
from cassettes.dialects.base import at
from cassettes.dialects.delta import NOTHING, Delta, ToolPart

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


def delta_of(kind: str, **delta: object) -> dict[str, object]:
    return {"type": "content_block_delta", "index": 2, "delta": {"type": kind, **delta}}


def start_of(kind: str, **block: object) -> dict[str, object]:
    return {"type": "content_block_start", "index": 2, "content_block": {"type": kind, **block}}


def end_of(stop_reason: object, **delta: object) -> dict[str, object]:
    return {"type": "message_delta", "delta": {"stop_reason": stop_reason, **delta}, "usage": {"output_tokens": 9}}


USAGE = {"output_tokens": 9}
REFUSED = {"type": "refusal", "explanation": "not this"}
DELTAS = [
    ({"type": "message_start", "message": {"usage": {"input_tokens": 3}}}, Delta(usage={"input_tokens": 3})),
    (start_of("text", text=""), NOTHING),
    (start_of("text", text="Mo"), Delta("Mo")),
    (delta_of("text_delta", text="ss"), Delta("ss")),
    (start_of("thinking", thinking="h"), Delta(reasoning="h")),
    (delta_of("thinking_delta", thinking="m"), Delta(reasoning="m")),
    (delta_of("signature_delta", signature="c2ln"), NOTHING),
    (delta_of("citations_delta", citation={}), NOTHING),
    (start_of("tool_use", id="t1", name="f", input={}), Delta(tools=(ToolPart(2, "t1", "f"),))),
    (start_of("server_tool_use", id="t1", name="f", input={}), Delta(tools=(ToolPart(2, "t1", "f"),))),
    (start_of("web_search_tool_result", tool_use_id="t1", content=[]), NOTHING),
    (delta_of("input_json_delta", partial_json='{"a'), Delta(tools=(ToolPart(2, arguments='{"a'),))),
    (end_of("end_turn"), Delta(usage=USAGE, finish="end_turn")),
    (end_of("tool_use"), Delta(usage=USAGE, finish="tool_use")),
    (end_of("refusal"), Delta(refusal="refusal", usage=USAGE, finish="refusal")),
    (end_of("refusal", stop_details=REFUSED), Delta(refusal="not this", usage=USAGE, finish="refusal")),
    (end_of(None), Delta(usage=USAGE)),
    ({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, Delta(error="busy")),
    ({"type": "error", "error": {"type": "overloaded_error"}}, Delta(error="overloaded_error")),
    ({"type": "error"}, Delta(error="error")),
    ({"type": "ping"}, NOTHING),
    ({"type": "message_stop"}, NOTHING),
    (None, NOTHING),
]


@pytest.mark.parametrize(("payload", "delta"), DELTAS)
def test_what_an_event_adds(payload: object, delta: Delta) -> None:
    assert ANTHROPIC.delta(payload) == delta


_KINDS = st.sampled_from(
    [
        *("message_start", "content_block_start", "content_block_delta", "message_delta", "error"),
        *("text_delta", "tool_use", "refusal"),
    ]
)
_JSON = st.recursive(
    st.none() | st.integers() | _KINDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "delta", "content_block", "index", "usage", "error", "text"]), inner)
    ),
    max_leaves=10,
)


@given(_JSON)
def test_no_json_makes_it_raise(payload: object) -> None:
    assert isinstance(ANTHROPIC.delta(payload), Delta)
    assert isinstance(at(ANTHROPIC.count(payload), "input_tokens"), int)


def test_models_are_listed_as_anthropic_lists_them() -> None:
    assert ANTHROPIC.models([]) == {"data": [], "has_more": False, "first_id": None, "last_id": None}
    assert ANTHROPIC.models(["a", "b"]) == {
        "data": [
            {"type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z"} for name in "ab"
        ],
        "has_more": False,
        "first_id": "a",
        "last_id": "b",
    }


def test_tokens_are_estimated() -> None:
    messages = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "x" * 8}, {"type": "image", "source": {"data": "A" * 99}}],
        }
    ]
    assert ANTHROPIC.count({"model": "m", "max_tokens": 9, "messages": messages, "system": "y" * 4}) == {
        "input_tokens": 3
    }
    assert ANTHROPIC.count(None) == {"input_tokens": 1}
