"""Cohere's chat, version 2."""

import json

import pytest

from cassettes import dialects, routes
from cassettes.dialects.delta import NOTHING, Delta, ToolPart

COHERE = dialects.get("cohere")
USAGE = {"billed_units": {"input_tokens": 8, "output_tokens": 50}}


def event(kind: str, message: object = None, **more: object) -> dict[str, object]:
    return {"type": kind, **more, **({} if message is None else {"delta": {"message": message}})}


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/v2/chat", "chat"),
        ("GET", "/v1/models", "models"),
        ("GET", "/v1/models/command-a-03-2025", "model"),
        ("POST", "/v1/chat", None),
        ("POST", "/v2/embed", None),
    ],
)
def test_operations(method: str, path: str, operation: str | None) -> None:
    assert COHERE.operation(method, path) == operation


@pytest.mark.parametrize(
    ("payload", "delta"),
    [
        (event("content-delta", {"content": {"text": "Moss"}}, index=0), Delta("Moss")),
        (event("content-start", {"content": {"type": "text", "text": ""}}, index=0), NOTHING),
        (event("content-delta", {"content": {"thinking": "so"}}, index=0), Delta(reasoning="so")),
        (event("tool-plan-delta", {"tool_plan": "I will"}), Delta(reasoning="I will")),
        (
            event("tool-call-start", {"tool_calls": {"id": "c", "function": {"name": "f", "arguments": ""}}}, index=1),
            Delta(tools=(ToolPart(1, "c", "f"),)),
        ),
        (
            event("tool-call-delta", {"tool_calls": {"function": {"arguments": "{"}}}, index=1),
            Delta(tools=(ToolPart(1, arguments="{"),)),
        ),
        (
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": USAGE}},
            Delta(usage=USAGE, finish="COMPLETE"),
        ),
        (
            {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "gone"}},
            Delta(finish="ERROR", error="gone"),
        ),
        ({"id": "x", "message": "too many tokens"}, Delta(error="too many tokens")),
        (event("citation-start", {"citations": {"text": "Moss"}}, index=0), NOTHING),
        (event("content-delta", {"content": [3]}), NOTHING),
        (event("debug", prompt="<|START|>"), NOTHING),
        (None, NOTHING),
    ],
)
def test_what_an_event_adds(payload: object, delta: Delta) -> None:
    assert COHERE.delta(payload) == delta


def test_errors_are_an_id_and_words() -> None:
    body = json.loads(COHERE.error(401, "Incorrect API key provided")[1])
    assert sorted(body) == ["id", "message"]
    coded = json.loads(COHERE.error(404, "no", "tokentape_no_match", retry=False)[1])
    assert (coded["message"], coded["code"]) == ("no", "tokentape_no_match")


def test_models() -> None:
    listed = COHERE.models(["moss"])
    assert listed == {"models": [COHERE.model_card("moss")]}
    assert COHERE.model_card("moss")["endpoints"] == ["chat"]


def test_prompt_model_and_a_request_of_ours() -> None:
    path, headers, body = COHERE.request("command-r", "Hi")
    value = json.loads(body)
    assert (path, headers["accept"], value["stream"]) == ("/v2/chat", "text/event-stream", True)
    assert (COHERE.prompt(value), COHERE.model(path, value), COHERE.streams(path, "", value)) == (
        "Hi",
        "command-r",
        True,
    )


def test_behind_the_mount_and_bare() -> None:
    behind = routes.parse("POST", "/cohere/v2/chat")
    assert (behind.provider, behind.dialect, behind.operation) == ("cohere", "cohere", "chat")
    assert routes.parse("POST", "/v2/chat").dialect == "cohere"
    assert routes.parse("POST", "/cohere/compatibility/v1/chat/completions").operation == "chat"
    assert routes.tape_route("https://api.cohere.com/v2/chat")[:2] == ("cohere", "cohere")


def test_the_list_of_models_is_told_from_others_by_the_generator_of_its_sdks() -> None:
    assert routes.parse("GET", "/v1/models").dialect == "openai-chat"
    assert routes.parse("GET", "/v1/models", (("X-Fern-SDK-Name", "cohere"),)).dialect == "cohere"
