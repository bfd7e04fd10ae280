"""One tape, asked for as a stream and as a whole: over sockets, in every dialect that folds."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tapes import SSE
from wires import Seen, Tool, ask, dechunked, post, tool

from cassettes import dialects
from cassettes.folding import payloads
from cassettes.model import Cassette, Chunk, Interaction, Request, Response, Stream
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load_file

ASKED = {
    "/openai/v1/chat/completions": b'{"model":"openai/hello","stream":%s,"messages":[]}',
    "/openai/v1/responses": b'{"model":"openai/responses-hello","stream":%s,"input":"x"}',
    "/anthropic/v1/messages": b'{"model":"anthropic/hello","stream":%s,"max_tokens":9,"messages":[]}',
    "/xai/v1/chat/completions": b'{"model":"xai/hello","stream":%s,"messages":[]}',
}
GOOGLE = "/google/v1beta/models/google%2Fhello"
CLOSING = "Connection: close"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    # Only the name of a tape, given as the model, finds one here.
    with tool(tmp_path_factory.mktemp("folded"), "serve", "--match", "exact", "--speed", "max") as one:
        yield one
        assert "Traceback" not in one.said()


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """A tape of a dialect that is none of ours, and one with an event that is no JSON."""
    folder = tmp_path_factory.mktemp("odd")
    events = b'data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n', b'data: {"choices": [{\n\n'
    made = {
        "martian": ("martian", "martian-1", "http://h/v1/speak", (b"data: zorp\n\n",)),
        # Such a name takes no path from the others: it is no mount.
        "v1": ("v1", "martian-1", "http://h/chat/completions", (b"data: none\n\n",)),
        "broken": ("openai", "openai-chat", "https://api.openai.com/v1/chat/completions", events),
    }
    for name, (provider, dialect, url, pieces) in made.items():
        chunks = tuple(Chunk(0.0, len(piece)) for piece in pieces)
        stream = Stream(provider=provider, dialect=dialect, framing="chunked", chunks=chunks)
        answer = Response(200, "OK", SSE, b"".join(pieces), stream)
        tape = folder / "tapes" / f"{name}.yaml"
        tape.parent.mkdir(exist_ok=True)
        tape.write_bytes(dump(Cassette((Interaction(Request("POST", url), answer),))))
    with tool(folder, "serve", str(folder / "tapes"), "--speed", "max") as one:
        yield one
        assert "Traceback" not in one.said()


def text_of(answer: Any) -> str:
    if "choices" in answer:
        return str(answer["choices"][0]["message"]["content"])
    if "candidates" in answer:
        return "".join(part.get("text", "") for part in answer["candidates"][0]["content"]["parts"])
    parts = answer["content"] if "content" in answer else answer["output"][0]["content"]
    return "".join(part.get("text", "") for part in parts)


def check(streamed: Seen, whole: Seen) -> None:
    assert streamed.head.startswith(b"HTTP/1.1 200 ")
    assert b"text/event-stream" in streamed.head
    assert whole.head.startswith(b"HTTP/1.1 200 ")
    assert whole.header("content-type") == "application/json"
    assert whole.header("content-length") == str(len(whole.wire_body))
    assert whole.header("x-tokentape") == streamed.header("x-tokentape")
    assert text_of(json.loads(whole.wire_body)) == taped_text(str(streamed.header("x-tokentape")))


def taped_text(place: str) -> str:
    (one,) = load_file(shipped_root() / f"{place.removesuffix('#1')}.yaml").interactions
    dialect = dialects.get(one.response.stream.dialect)
    text = "".join(dialect.delta(event).text for event in payloads(one.response))
    assert text
    return text


@pytest.mark.parametrize("path", ASKED)
def test_a_stream_and_the_whole(path: str, server: Tool) -> None:
    check(*(ask(server.url, post(path, ASKED[path] % flag, CLOSING)) for flag in (b"true", b"false")))


def test_gemini_names_it_in_the_path(server: Tool) -> None:
    body = b'{"contents":[]}'
    targets = (f"{GOOGLE}:streamGenerateContent?alt=sse", f"{GOOGLE}:generateContent")
    check(*(ask(server.url, post(target, body, CLOSING)) for target in targets))


def test_a_stored_response_is_polled_by_its_id(server: Tool) -> None:
    path = "/openai/v1/responses"
    created = json.loads(ask(server.url, post(path, ASKED[path] % b"false", CLOSING)).wire_body)
    polled = ask(server.url, post(f"{path}/{created['id']}", b"", CLOSING, method="GET"))
    assert polled.head.startswith(b"HTTP/1.1 200 ")
    assert json.loads(polled.wire_body) == created
    missing = ask(server.url, post(f"{path}/resp_none", b"", CLOSING, method="GET"))
    assert missing.head.startswith(b"HTTP/1.1 404 ")


def test_models_and_tokens_are_answered_without_a_tape(server: Tool) -> None:
    models = ask(server.url, post("/openai/v1/models", b"", CLOSING, method="GET"))
    assert "openai/hello" in [model["id"] for model in json.loads(models.wire_body)["data"]]
    counted = ask(server.url, post("/anthropic/v1/messages/count_tokens", b'{"messages":[]}', CLOSING))
    assert counted.head.startswith(b"HTTP/1.1 200 ")
    assert json.loads(counted.wire_body)["input_tokens"] > 0


def test_a_tape_of_a_dialect_that_nobody_knows_is_played_as_it_is(odd: Tool) -> None:
    for body in (b'{"stream":true}', b'{"stream":false}'):
        seen = ask(odd.url, post("/martian/v1/speak", body, CLOSING))
        assert seen.head.startswith(b"HTTP/1.1 200 ")
        assert seen.header("content-type") == "text/event-stream"
        assert b"data: zorp" in seen.wire_body


def test_an_event_that_is_no_json_is_told_in_one_line_and_is_no_500(odd: Tool) -> None:
    asked = b'{"model":"broken","stream":%s,"messages":[]}'
    streamed = ask(odd.url, post("/openai/v1/chat/completions", asked % b"true", CLOSING))
    assert b'data: {"choices": [{' in streamed.wire_body
    bare = ask(odd.url, post("/v1/chat/completions", asked % b"true", CLOSING))
    assert bare.header("x-tokentape") == "broken#1"
    for _ in range(2):
        whole = ask(odd.url, post("/openai/v1/chat/completions", asked % b"false", CLOSING))
        assert whole.head.startswith(b"HTTP/1.1 200 ")
        assert text_of(json.loads(whole.wire_body)) == "Hello"
    assert [line for line in odd.said().splitlines() if "broken#1" in line] == [
        "tokentape: note: event 2 of broken#1 is not JSON; "
        "the whole answer is made of the others (a stream has it as it is on the tape)"
    ]


def test_a_compressed_request_is_compared_by_what_it_says(server: Tool) -> None:
    path = "/openai/v1/chat/completions"
    body = gzip.compress(ASKED[path] % b"false")
    seen = ask(server.url, post(path, body, CLOSING, "Content-Encoding: gzip"))
    assert seen.header("x-tokentape") == "openai/hello#1"
    assert seen.header("content-type") == "application/json"


def test_a_request_that_is_no_json_gets_a_line_and_no_500(server: Tool) -> None:
    for body in (b"{", b"\xff\xfe", b"[" * 100_000, b"null", b'{"model":3}'):
        assert ask(server.url, post("/openai/v1/chat/completions", body, CLOSING)).head.startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("query", ["", "?alt=json", "?key=k"])
def test_without_sse_gemini_streams_an_array(query: str, server: Tool) -> None:
    seen = ask(server.url, post(f"{GOOGLE}:streamGenerateContent{query}", b'{"contents":[]}', CLOSING))
    assert seen.header("content-type") == "application/json; charset=UTF-8"
    pieces = dechunked(seen.wire_body)[0]
    events = json.loads(b"".join(pieces))
    assert [piece[:1] for piece in pieces] == [b"[", *[b","] * (len(events) - 1), b"]"]
    dialect = dialects.get("gemini")
    assert "".join(dialect.delta(event).text for event in events) == taped_text("google/hello")


def test_a_fault_finds_its_element_in_the_array(server: Tool) -> None:
    path = f"/!drop@0e;end-early@3e{GOOGLE}:streamGenerateContent"
    elements = b"".join(dechunked(ask(server.url, post(path, b'{"contents":[]}', CLOSING)).wire_body)[0])
    assert elements.count(b'"modelVersion"') == 2
