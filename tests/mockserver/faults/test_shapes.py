"""Keepalives, in-band errors and terminal events, as each dialect and provider has them."""

import json

import pytest
from faulted import EVENTS, scene, side, tape

from mockserver.faults.grammar import FaultError
from mockserver.faults.shapes import STYLES, error_events, error_kind, keepalive, status_and_code, terminal_events

CRLF = side(tape(b'data: {"a":1}\r\n\r\n'))
CREATED = b'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","output":[]}}\n\n'
DONE = b"data: [DONE]\n\n"


def said(dialect, provider=None, style=None, kind="overloaded", whole=None):
    whole = whole or side(tape())
    return error_events(scene(dialect, provider), whole, whole.events[1], kind, style, None)


def data(block):
    return json.loads(next(line for line in block.split(b"\n") if line.startswith(b"data: ")).removeprefix(b"data: "))


def test_openai_chat():
    usual = said("openai-chat", "openai", kind="rate-limit")
    assert usual.endswith(DONE)
    assert set(data(usual)["error"]) == {"message", "type", "param", "code"}
    assert data(usual)["error"]["code"] == "rate_limit_exceeded"
    assert said("openai-chat", "openai", "no-done", "rate-limit") == usual.removesuffix(DONE)


def test_openrouter_sends_a_chunk_and_done():
    block = said("openai-chat", "openrouter")
    assert block.endswith(DONE)
    value = data(block)
    assert (value["id"], value["error"]["code"], value["choices"][0]["finish_reason"]) == ("c", 503, None)


def test_groq_names_the_event_and_ends():
    block = said("openai-chat", "groq", kind="400")
    assert block.startswith(b"event: error\ndata: ")
    assert DONE not in block
    assert data(block)["error"]["status_code"] == 400


def test_cohere_ends_its_message():
    block = said("cohere", "cohere", kind="timeout")
    assert block.startswith(b"event: message-end\n")
    assert data(block)["delta"]["finish_reason"] == "TIMEOUT"
    assert said("cohere", "cohere", whole=side(tape(b"{}\n"), "ndjson")).startswith(b'{"id":')


def test_ollama_says_it_in_a_line():
    assert json.loads(said("ollama", "ollama", whole=side(tape(b"{}\n"), "ndjson"))).keys() == {"error"}


def test_xai_is_flat():
    assert isinstance(data(said("openai-chat", "xai"))["error"], str)


@pytest.mark.parametrize(
    ("style", "name", "keys"),
    [
        (None, "error", {"type", "sequence_number", "error"}),
        ("nested", "error", {"type", "sequence_number", "error"}),
        ("flat", "error", {"type", "sequence_number", "code", "message", "param"}),
        ("failed", "response.failed", {"type", "sequence_number", "response"}),
    ],
)
def test_responses(style, name, keys):
    block = said("openai-responses", "openai", style, whole=side(tape(CREATED)))
    assert block.startswith(f"event: {name}\n".encode())
    value = data(block)
    assert (set(value), value["type"], value["sequence_number"]) == (keys, name, 1)
    if style == "failed":
        assert value["response"] | {"error": 0} == {"id": "resp_1", "output": [], "status": "failed", "error": 0}


def test_anthropic():
    block = said("anthropic", "anthropic")
    assert block.startswith(b"event: error\n")
    assert data(block)["error"]["type"] == "overloaded_error"
    assert set(data(block)) == {"type", "error"}
    assert b"event:" not in said("anthropic", "anthropic", "nameless")


def test_gemini():
    block = said("gemini", "google", whole=CRLF)
    assert block.endswith(b"\r\n\r\n")
    assert list(data(block)) == ["error"]
    assert data(block)["error"]["status"] == "UNAVAILABLE"
    tail = said("gemini", "google", "raw", whole=CRLF)
    assert json.loads(tail)["error"]["code"] == 503
    assert b"data:" not in tail


def test_other_bodies():
    lines = side(tape(b'{"a":1}\n', b'{"b":1}\n'), "ndjson")
    assert json.loads(said("raw", whole=lines))["error"]
    array = side(tape(b'[{"a":1},\n', b'{"b":1}]'), "json-array")
    assert json.loads(array.body[: array.events[1]] + said("gemini", whole=array))[1]["error"]["code"] == 503


@pytest.mark.parametrize("dialect", STYLES)
def test_styles_that_all_have(dialect):
    assert said(dialect, style="text").startswith(b"event: error\ndata: Overloaded")
    assert data(said(dialect, style="string")) == {"error": "Overloaded (a fault of tokentape)"}
    with pytest.raises(FaultError, match="has no style"):
        said(dialect, style="nonesuch")


def test_kinds():
    assert error_kind("Rate_Limit") == "rate-limit"
    assert error_kind("529") == "529"
    for text in ("overlaoded", "200", "99999", ""):
        with pytest.raises(FaultError):
            error_kind(text)
    assert status_and_code("overloaded", "anthropic") == (529, None)
    assert status_and_code("overloaded", "gemini") == (503, None)
    assert status_and_code("quota", "openai-chat") == (429, "insufficient_quota")


@pytest.mark.parametrize(
    ("dialect", "provider", "text"),
    [
        ("openai-chat", "openai", b": keep-alive\n\n"),
        ("openai-chat", "openrouter", b": OPENROUTER PROCESSING\n\n"),
        ("openai-responses", "openrouter", b": OPENROUTER PROCESSING\n\n"),
        ("openai-chat", "infron", b": INFRONAI PROCESSING\n\n"),
        ("openai-chat", "deepseek", b": keep-alive\n\n"),
        ("anthropic", "anthropic", b'event: ping\ndata: {"type": "ping"}\n\n'),
        ("raw", None, b": keep-alive\n\n"),
    ],
)
def test_keepalives(dialect, provider, text):
    assert keepalive(scene(dialect, provider), side(tape()), None) == text


def test_keepalives_that_are_asked_for():
    assert keepalive(scene("gemini"), CRLF, "busy") == b": busy\r\n\r\n"
    assert keepalive(scene(), side(tape()), "data: {}") == b"data: {}\n\n"
    assert keepalive(scene(), side(tape()), "event: a\ndata: b\n\n") == b"event: a\ndata: b\n\n"
    with pytest.raises(FaultError, match="Gemini sends none"):
        keepalive(scene("gemini"), CRLF, None)
    with pytest.raises(FaultError, match="only event streams"):
        keepalive(scene(), side(tape(b"{}\n"), "ndjson"), None)


@pytest.mark.parametrize(
    ("dialect", "events", "kind", "numbers"),
    [
        ("openai-chat", EVENTS, "sse", [4]),
        ("anthropic", (b'event: message_stop\ndata: {"type":"message_stop"}\n\n',), "sse", [0]),
        ("openai-responses", (CREATED, b'data: {"type":"response.completed","response":{}}\n\n', DONE), "sse", [1, 2]),
        ("gemini", (b'data: {"candidates":[{"finishReason":"STOP"}]}\n\n',), "sse", [0]),
        ("raw", (b'{"a":1}\n', b'{"done":true}\n'), "ndjson", [1]),
        ("cohere", (b'event: message-end\ndata: {"type":"message-end"}\n\n', DONE), "sse", [0, 1]),
        ("raw", (b"data: x\n\n",), "sse", []),
    ],
)
def test_terminal_events(dialect, events, kind, numbers):
    assert terminal_events(scene(dialect), side(tape(*events), kind)) == numbers
