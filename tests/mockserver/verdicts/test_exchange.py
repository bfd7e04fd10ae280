"""What is read out of the journal for verdicts: how much of an answer a client had, and where it says to go on."""

from __future__ import annotations

from typing import Any

import pytest

from cassettes.matching import Asked, entry_of
from cassettes.model import Request
from cassettes.routes import parse
from cassettes.store import shipped_root
from cassettes.yamlio import load_file
from mockserver.journal import Came, Journal
from mockserver.verdicts.exchange import Answer, Exchange, Resumed, exchanges

CHAT = "/openai/v1/chat/completions"
TEXT = b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n'
DONE = b"data: [DONE]\n\n"
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = SSE + b"Transfer-Encoding: chunked\r\n\r\n"


def answer(wire: bytes, dialect: str = "openai-chat", closed: bool = True) -> Answer:
    return Answer(wire, "POST", closed=closed, dialect=dialect)


def test_a_chunked_answer_that_was_cut() -> None:
    one = answer(CHUNKED + b"%x\r\n%b\r\n20\r\ndata: {" % (len(TEXT), TEXT))
    assert (one.body, one.events, one.text) == (TEXT + b"data: {", (TEXT,), "Hi")
    assert (one.framed, one.terminated) == (False, False)


def test_a_close_delimited_answer_that_lacks_its_last_event_looks_whole_but_is_not() -> None:
    one, other = answer(SSE + b"\r\n" + TEXT), answer(SSE + b"\r\n" + TEXT + DONE)
    assert (one.framed, one.terminated) == (True, False)
    assert (other.framed, other.terminated) == (True, True)


@pytest.mark.parametrize(
    ("dialect", "event", "ends"),
    [
        ("anthropic", b'data: {"type":"message_stop"}\n\n', True),
        ("anthropic", b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n', False),
        ("openai-responses", b'data: {"type":"response.completed","response":{}}\n\n', True),
        ("gemini", b'data: {"candidates":[{"finishReason":"STOP"}]}\n\n', True),
        ("gemini", b'data: {"candidates":[{"content":{"parts":[{"text":"x"}]}}]}\n\n', False),
        ("cohere", b'event: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"COMPLETE"}}\n\n', True),
        ("cohere", b'event: content-end\ndata: {"type":"content-end","index":0}\n\n', False),
        ("ag-ui", b'data: {"type":"RUN_FINISHED","threadId":"t","runId":"r"}\n\n', True),
        ("ag-ui", b'data: {"type":"TEXT_MESSAGE_END","messageId":"m"}\n\n', False),
        ("ai-sdk-ui", b"data: [DONE]\n\n", True),
        ("ai-sdk-ui", b'data: {"type":"finish"}\n\n', False),
        ("openai-chat", b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n', False),
    ],
)
def test_which_event_ends_an_answer(dialect: str, event: bytes, ends: bool) -> None:
    assert answer(SSE + b"\r\n" + event, dialect).terminated is ends


def test_ollamas_last_line_is_done() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
    line = b'{"message":{"role":"assistant","content":"Hi"},"done":false}\n'
    assert not answer(head + line, "ollama").terminated
    whole = answer(head + line + b'{"message":{"content":""},"done":true,"done_reason":"stop"}\n', "ollama")
    assert whole.terminated
    assert whole.text == "Hi"


def test_json_is_whole_when_it_is_json() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    assert answer(head + b'{"a": 1}').terminated
    assert not answer(head + b'{"a": ').terminated
    assert not answer(b"HTTP/1.1 banana").headers


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b"id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n", ("1", "2")),
        (b'data: {"sequence_number":0}\n\ndata: {"sequence_number":1}\n\n', ("0", "1")),
        (b'data: {"candidates":[{"continuationToken":"dG9r"}]}\n\n', ("dG9r",)),
        (TEXT, ()),
    ],
)
def test_places(body: bytes, places: tuple[str, ...]) -> None:
    assert answer(SSE + b"\r\n" + body).places == places


def seen(path: str = CHAT, *fields: tuple[str, str], body: bytes = b"{}", **ended: Any) -> Exchange:
    journal, request = Journal(), Request("POST", path, fields, body)
    record = journal.begin(Came(Asked(request, parse("POST", path, fields), body)), "d", 100.0, 200)
    journal.end(record, 100.25, "server", "kept-alive")
    for name, value in ended.items():
        setattr(record, name, value)
    (one,) = exchanges([record], 101.0, 1_700_000_000.0)
    return one


def test_times_count_from_the_first_request() -> None:
    one = seen()
    assert (one.start, one.end, one.now, one.wall, one.in_flight) == (0.0, 250.0, 1000.0, 1_700_000_100.0, False)
    assert exchanges([], 5.0, 0.0) == ()


def test_what_the_server_says_itself_is_not_to_be_retried() -> None:
    assert seen(status=404).field("x-should-retry") == "false"
    assert seen(status=404).field("retry-after") is None
    assert seen().field("x-should-retry") is None


def test_where_a_client_says_to_go_on() -> None:
    assert seen("/up/x", ("Last-Event-ID", "7")).resumed == Resumed("last-event-id", "7")
    assert seen("/up/x", ("Last-Event-ID", "")).resumed is None
    body = b'{"continuationToken":"dG9r"}'
    path = "/google/v1beta/models/gemini-2.5-flash:streamGenerateContent"
    assert seen(path, body=body).resumed == Resumed("continuationToken", "dG9r")


def test_credentials_are_told_apart_and_not_kept() -> None:
    one, other = seen(CHAT, ("Authorization", "Bearer a")), seen(CHAT, ("authorization", "Bearer b"))
    assert one.credential != other.credential
    assert "Bearer" not in one.credential
    assert seen().credential == ""


def test_since_when_an_answer_is_over() -> None:
    one = seen()._replace(last=200.0, end=250.0)
    assert (one.over_by(300.0), one.over_by(249.5), one.over_by(240.0)) == (250.0, 249.5, None)
    # That the client has left may be noticed after what it sends next.
    assert one._replace(by="client").over_by(240.0) == 240.0
    stalled = one._replace(end=None, by=None, open=True)
    assert (stalled.over_by(240.0), stalled.over_by(150.0), stalled.silence) == (200.0, None, 800.0)


STREAMS = {
    f"{path.relative_to(shipped_root())}#{number}": one
    for path in sorted(shipped_root().rglob("*hello*.yaml"))
    for number, one in enumerate(load_file(path).interactions, 1)
    if one.response.code == 200 and one.response.stream.end.type == "eof"
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_shipped_stream_has_its_end_and_lacks_it_once_that_is_gone(name: str) -> None:
    response = STREAMS[name].response
    dialect = entry_of("", 1, STREAMS[name]).dialect
    kind = "; ".join(value for field, value in response.headers if field.lower() == "content-type")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode()
    whole = answer(head + response.body, dialect)
    if not whole.streams or dialect == "raw":
        pytest.skip("no stream of a grammar")
    assert whole.terminated
    assert not answer(head + b"".join(whole.events[: len(whole.events) // 2]), dialect).terminated
