"""Ollama's own API."""

import json

import pytest

from cassettes import dialects, routes
from cassettes.dialects.delta import NOTHING, Delta, ToolPart

OLLAMA = dialects.get("ollama")
COUNTS = {"prompt_eval_count": 16, "eval_count": 51, "total_duration": 482007750}


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/api/chat", "chat"),
        ("POST", "/api/generate", "generate"),
        ("GET", "/api/tags", "models"),
        ("POST", "/api/show", "model"),
        ("POST", "/proxy/api/chat", "chat"),
        ("GET", "/api/chat", None),
        ("POST", "/api/pull", None),
        ("POST", "/v1/chat/completions", None),
    ],
)
def test_operations(method: str, path: str, operation: str | None) -> None:
    assert OLLAMA.operation(method, path) == operation


def test_it_streams_unless_it_is_told_not_to() -> None:
    assert OLLAMA.streams("/api/chat", "", {"model": "m"})
    assert OLLAMA.streams("/api/chat", "", {"model": "m", "stream": True})
    assert not OLLAMA.streams("/api/chat", "", {"model": "m", "stream": False})


def test_model_and_prompt_of_both_endpoints() -> None:
    messages = [{"role": "user", "content": "One?"}, {"role": "assistant", "content": "1"}]
    assert OLLAMA.prompt({"messages": messages}) == "One?"
    assert OLLAMA.prompt({"prompt": "Two?", "system": "be"}) == "Two?"
    assert OLLAMA.model("/api/chat", {"model": "llama3.2"}) == "llama3.2"
    assert OLLAMA.model("/api/show", {"name": "llama3.2"}) == "llama3.2"
    assert OLLAMA.model("/api/show", {"name": 3}) is None


@pytest.mark.parametrize(
    ("payload", "delta"),
    [
        ({"message": {"role": "assistant", "content": "Moss"}, "done": False}, Delta("Moss")),
        ({"response": "Moss", "done": False}, Delta("Moss")),
        ({"message": {"content": "", "thinking": "so"}, "done": False}, Delta(reasoning="so")),
        ({"response": "", "thinking": "so", "done": False}, Delta(reasoning="so")),
        (
            {"message": {"content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"a": "é"}}}, 3]}},
            Delta(tools=(ToolPart(0, "", "f", '{"a": "é"}'), ToolPart(1))),
        ),
        (
            {"message": {"tool_calls": [{"id": "c", "function": {"index": 2, "name": "f", "arguments": {}}}]}},
            Delta(tools=(ToolPart(2, "c", "f", "{}"),)),
        ),
        (
            {"message": {"content": ""}, "done": True, "done_reason": "length", **COUNTS},
            Delta(usage=COUNTS, finish="length"),
        ),
        ({"response": "", "done": True}, Delta(finish="stop")),  # old servers have no reason
        ({"error": "out of memory"}, Delta(error="out of memory")),
        ({"status": "pulling manifest"}, NOTHING),
        (["x"], NOTHING),
        (None, NOTHING),
    ],
)
def test_what_a_line_adds(payload: object, delta: Delta) -> None:
    assert OLLAMA.delta(payload) == delta


def test_arguments_as_deep_as_the_parser_takes_them_are_no_error() -> None:
    deep: object = {}
    for _ in range(5_000):
        deep = {"a": deep}
    call = {"function": {"name": "f", "arguments": deep}}
    assert OLLAMA.delta({"message": {"tool_calls": [call]}}).tools == (ToolPart(0, name="f"),)


def test_a_line_is_an_event() -> None:
    assert OLLAMA.text(b'{"message":{"role":"assistant","content":"Moss"},"done":false}\n') == "Moss"


def test_errors_are_words_alone() -> None:
    headers, body = OLLAMA.error(404, "model 'x' not found")
    assert json.loads(body) == {"error": "model 'x' not found"}
    assert ("content-type", "application/json; charset=utf-8") in headers
    coded = json.loads(OLLAMA.error(404, "no", "tokentape_no_match", retry=False)[1])
    assert coded == {"error": "no", "code": "tokentape_no_match"}


def test_models_are_tags_and_a_model_is_shown() -> None:
    listed = OLLAMA.models(["moss"])
    assert [one["name"] for one in listed["models"]] == ["moss"]
    assert OLLAMA.model_card("moss")["capabilities"]


def test_a_request_of_ours() -> None:
    path, headers, body = OLLAMA.request("m", "Hi", stream=False)
    assert (path, headers["accept"]) == ("/api/chat", "application/json")
    assert json.loads(body) == {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": False}
    assert OLLAMA.request("m", "Hi")[1]["accept"] == "application/x-ndjson"


def test_behind_the_mount_and_bare() -> None:
    behind = routes.parse("POST", "/ollama/api/chat")
    bare = routes.parse("POST", "/api/generate")
    assert (behind.provider, behind.dialect, behind.operation) == ("ollama", "ollama", "chat")
    assert (bare.provider, bare.dialect, bare.operation) == (None, "ollama", "generate")
    assert routes.tape_route("http://127.0.0.1:11434/api/chat")[1] == "ollama"
