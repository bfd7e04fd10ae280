"""The AI SDK's UI message stream."""

import json

import pytest

from cassettes import dialects, routes
from cassettes.dialects.delta import NOTHING, Delta
from cassettes.matching import entry_of
from cassettes.model import Interaction, Request, Response, Stream

UI = dialects.get("ai-sdk-ui")
ASKED = json.loads(UI.request("m", "Hi")[2])
BODY = json.dumps(ASKED).encode()


def test_the_endpoint_is_anywhere_but_its_paths_are_known() -> None:
    assert UI.split("POST", "/api/chat") == ("chat", "")
    assert UI.split("GET", "/api/chat/c1/stream") == ("reconnect", "")
    assert UI.split("POST", "/my/agent") is None
    assert UI.operation("POST", "/my/agent") == "chat"
    assert UI.operation("GET", "/my/agent") is None


@pytest.mark.parametrize(
    ("payload", "text", "reasoning", "finish"),
    [
        ({"type": "text-delta", "id": "1", "delta": "Moss"}, "Moss", "", ""),
        ({"type": "reasoning-delta", "id": "1", "delta": "so"}, "", "so", ""),
        ({"type": "finish", "finishReason": "length"}, "", "", "length"),
        ({"type": "finish"}, "", "", "stop"),
        ({"type": "abort"}, "", "", "abort"),
        ({"type": "text-start", "id": "1"}, "", "", ""),
        ({"type": "data-weather", "data": {}}, "", "", ""),
        ({"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": "{"}, "", "", ""),
    ],
)
def test_what_an_event_adds(payload: object, text: str, reasoning: str, finish: str) -> None:
    assert UI.delta(payload) == Delta(text, reasoning, finish=finish)


def test_a_call_is_known_by_its_id_and_whole_where_it_is_available() -> None:
    start = UI.delta({"type": "tool-input-start", "toolCallId": "c", "toolName": "f"}).tools[0]
    whole = UI.delta({"type": "tool-input-available", "toolCallId": "c", "toolName": "f", "input": {"a": "é"}}).tools[0]
    other = UI.delta({"type": "tool-input-start", "toolCallId": "d", "toolName": "f"}).tools[0]
    assert (start.id, start.name, start.arguments) == ("c", "f", "")
    assert whole == start._replace(arguments='{"a": "é"}')
    assert other.number != start.number
    failed = UI.delta({"type": "tool-input-error", "toolCallId": "c", "toolName": "f", "input": "{"}).tools[0]
    assert failed.arguments == "{"


def test_counts_and_errors() -> None:
    usage = {"inputTokens": 3, "outputTokens": 4}
    assert UI.delta({"type": "finish", "messageMetadata": {"usage": usage}}).usage == usage
    assert UI.delta({"type": "error", "errorText": "gone"}) == Delta(error="gone")
    assert UI.delta(None) is NOTHING
    assert json.loads(UI.error(404, "no", "tokentape_no_match")[1]) == {"error": "no", "code": "tokentape_no_match"}


def test_a_request() -> None:
    assert UI.prompt(ASKED) == "Hi"
    assert (UI.model("/api/chat", ASKED), UI.streams("/api/chat", "", ASKED)) == ("m", True)
    assert UI.prompt({"messages": "none"}) == ""


@pytest.mark.parametrize(
    ("target", "body", "dialect", "operation"),
    [
        ("/api/chat", BODY, "ai-sdk-ui", "chat"),
        ("/api/chat", b'{"model": "llama3.2", "messages": [{"role": "user", "content": "Hi"}]}', "ollama", "chat"),
        ("/api/chat", b"", "ollama", "chat"),
        ("/app/api/chat", b"", "ai-sdk-ui", "chat"),
        ("/app/api/anything", BODY, "ai-sdk-ui", "chat"),
        ("/app/api/anything", b"{}", "raw", None),
        ("/api/anything", BODY, "ai-sdk-ui", "chat"),
        ("/mine/chat", BODY, "ai-sdk-ui", "chat"),
        ("/mine/chat", b'{"messages": []}', "raw", None),
        ("/groq/api/chat", BODY, "ollama", None),
    ],
)
def test_who_asks_is_known_by_the_body(target: str, body: bytes, dialect: str, operation: str | None) -> None:
    route = routes.parse("POST", target, (), ("mine",), body)
    assert (route.dialect, route.operation) == (dialect, operation)


def test_a_tape_of_it_is_one_on_any_path() -> None:
    answer = Response(200, "OK", (), b"", Stream(dialect="ai-sdk-ui"))
    entry = entry_of("t", 1, Interaction(Request("POST", "http://127.0.0.1:3000/my/agent", (), BODY), answer))
    assert (entry.dialect, entry.operation) == ("ai-sdk-ui", "chat")
