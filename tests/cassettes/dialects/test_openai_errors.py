"""How OpenAI and its likenesses say that something went wrong, before a stream and inside one."""

import json

import pytest

from cassettes import dialects
from cassettes.dialects.openai_errors import error_message, error_status, folded_error, is_error, openai_envelope

NESTED = {"error": {"message": "boom", "type": "server_error", "param": None, "code": None}}
RESPONSES_FLAT = {
    "type": "error",
    "sequence_number": 3,
    "code": "rate_limit_exceeded",
    "message": "slow",
    "param": None,
}
RESPONSES_NESTED = {"type": "error", "sequence_number": 3, "error": {"type": "invalid_request_error", "message": "bad"}}
OPENROUTER = {
    "id": "gen-1",
    "object": "chat.completion.chunk",
    "error": {"code": 502, "message": "Provider disconnected", "metadata": {"provider_name": "X"}},
    "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
}
GROQ = {"error": {"message": "Tool use failed", "type": "invalid_request_error", "status_code": 400}}
XAI = {"code": "Client specified an invalid argument", "error": "Model not found: grok-0"}
VLLM = {"object": "error", "message": "too long", "type": "BadRequestError", "code": 400}


@pytest.mark.parametrize(
    ("payload", "message", "status", "body"),
    [
        (NESTED, "boom", 500, NESTED),
        (
            RESPONSES_FLAT,
            "slow",
            429,
            {"error": {"message": "slow", "type": "rate_limit_exceeded", "param": None, "code": "rate_limit_exceeded"}},
        ),
        (RESPONSES_NESTED, "bad", 400, {"error": RESPONSES_NESTED["error"]}),
        (OPENROUTER, "Provider disconnected", 502, {"error": OPENROUTER["error"]}),
        (GROQ, "Tool use failed", 400, GROQ),
        (XAI, "Model not found: grok-0", 400, XAI),
        (VLLM, "too long", 400, VLLM),
        ({"error": "ollama stopped"}, "ollama stopped", 500, {"error": "ollama stopped"}),
        ({"error": {"code": "429"}}, "429", 429, {"error": {"code": "429"}}),
        ({"error": {"type": "overloaded_error"}}, "overloaded_error", 503, {"error": {"type": "overloaded_error"}}),
        ({"error": ["?"]}, '["?"]', 500, {"error": ["?"]}),
        ({"error": True, "code": True}, "true", 500, {"error": True, "code": True}),
    ],
)
def test_every_shape_of_an_error_inside_a_stream(payload: object, message: str, status: int, body: object) -> None:
    assert is_error(payload)
    assert error_message(payload) == message
    assert error_status(payload) == status
    assert folded_error(payload) == (status, body)


@pytest.mark.parametrize("payload", [None, 3, "error", ["error"], {}, {"error": None}, {"error": {}}, {"type": "ping"}])
def test_what_is_no_error(payload: object) -> None:
    assert not is_error(payload)
    assert error_message(payload) == ""


def test_an_error_nested_too_deeply_to_be_shown_is_still_one() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert error_message({"error": deep}) == "error"
    assert error_status({"error": deep}) == 500


@pytest.mark.parametrize(
    ("status", "given", "kind", "code"),
    [
        (400, None, "invalid_request_error", None),
        (401, None, "invalid_request_error", "invalid_api_key"),
        (404, None, "invalid_request_error", "model_not_found"),
        (404, "tokentape_no_match", "invalid_request_error", "tokentape_no_match"),
        (429, None, "rate_limit_exceeded", "rate_limit_exceeded"),
        (429, "insufficient_quota", "insufficient_quota", "insufficient_quota"),
        (500, None, "server_error", None),
        (529, None, "server_error", None),
    ],
)
def test_types_and_codes_go_with_the_status(status: int, given: str | None, kind: str, code: str | None) -> None:
    envelope = openai_envelope(status, "no", given)
    assert envelope == {"error": {"message": "no", "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses"])
def test_error_responses_carry_the_headers_of_the_provider(name: str) -> None:
    headers, body = dialects.get(name).error(429, "slow down")
    named = dict(headers)
    assert named["content-type"] == "application/json; charset=utf-8"
    assert named["x-request-id"] == "req_tokentape"
    assert named["openai-version"] == "2020-10-01"
    assert named["x-ratelimit-remaining-requests"] == "0"
    assert json.loads(body)["error"]["code"] == "rate_limit_exceeded"
    for status in (400, 401, 403, 404, 408, 409, 422, 500, 502, 503, 504):
        other = dict(dialects.get(name).error(status, "no")[0])
        assert other["x-request-id"] == "req_tokentape"
        assert not any(header.startswith("x-ratelimit") for header in other)
