"""What `tokentape serve` makes up where no tape answers, seen at the socket: cards, faults, decks, journal, resuming, whole
answers, mistakes. One server for all of it, and another process to compare with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wires import Seen, Tool, ask, dechunked, post, tools

import tokentape
from cassettes.synth.cards import KOREAN

CHAT, RESPONSES = "/openai/v1/chat/completions", "/openai/v1/responses"
MESSAGES, GEMINI = "/anthropic/v1/messages", "/google/v1beta/models/{}:streamGenerateContent?alt=sse"
CLOSING = "Connection: close"
TABLE = '[answers]\n"ping" = "pong"\n"*flaky*" = {text = "one two three four five six", faults = "reset@3e"}\n'
pytestmark = pytest.mark.xdist_group("made-up")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tool, ...]]:
    """The shipped tapes and a table; the same again; with another seed, and lorem ipsum."""
    folder = tmp_path_factory.mktemp("made-up")
    (folder / "tokentape.toml").write_text(TABLE)
    serve = ("serve", "--speed", "max")
    commands = (serve, serve, (*serve, "--seed", "5", "--answer", "lorem"))
    with tools(folder, *commands, environ={"TOKENTAPE_CONFIG": str(folder / "tokentape.toml")}) as running:
        yield running


@pytest.fixture
def server(servers: tuple[Tool, ...]) -> Tool:
    return servers[0]


def body_of(path: str, prompt: str, **fields: Any) -> bytes:
    asked: dict[str, Any] = {"model": "any", "stream": True, "messages": [{"role": "user", "content": prompt}]}
    if path == RESPONSES:
        asked = {"model": "any", "stream": True, "input": prompt}
    elif "models/" in path:
        asked = {"contents": [{"parts": [{"text": prompt}]}]}
    return json.dumps({**asked, **fields}).encode()


def say(server: Tool, prompt: str, path: str = CHAT, *headers: str, prefix: str = "", **fields: Any) -> Seen:
    return ask(server.url, post(prefix + path, body_of(path, prompt, **fields), CLOSING, *headers))


def data_of(seen: Seen) -> bytes:
    return b"".join(dechunked(seen.wire_body)[0])


def text_of(seen: Seen) -> str:
    lines = [line for line in data_of(seen).decode().splitlines() if line.startswith("data: {")]
    choices = [choice for line in lines for choice in json.loads(line[6:])["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def got(server: Tool, path: str) -> Any:
    return json.loads(ask(server.url, post(path, b"", CLOSING, method="GET")).wire_body)


def test_any_prompt_is_answered_and_a_shipped_one_by_its_tape(server: Tool) -> None:
    assert text_of(say(server, "Say this again, 안녕")) == "Say this again, 안녕"
    assert text_of(say(server, "ping")) == "pong"
    assert say(server, "Hello!", model="gpt-5.1").header("x-tokentape") == "openai/hello#1"
    typical = "Why do models stream their answers?"
    assert say(server, typical, model="gpt-5.1").header("x-tokentape") == "openai/typical/openai-chat-text#1"


def test_the_same_request_gets_the_same_bytes_in_another_process(servers: tuple[Tool, ...]) -> None:
    one, same, other = (say(server, "Same?") for server in servers)
    again = say(servers[0], "Same?", "/~deck" + CHAT)
    assert data_of(one) == data_of(same) == data_of(again) != data_of(other)
    assert one.header("x-tokentape") == same.header("x-tokentape")
    assert text_of(other) not in {"", "Same?"}


@pytest.mark.parametrize("path", [CHAT, RESPONSES, MESSAGES, GEMINI.format("any")])
def test_cards_are_played_in_every_dialect(path: str, server: Tool) -> None:
    error, unknown = say(server, "tt:error 429", path), say(server, "tt:kroean", path)
    assert error.head.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert unknown.head.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert unknown.header("x-should-retry") == "false"
    assert b"there is no test card 'tt:kroean'; did you mean tt:korean?" in unknown.wire_body
    whole = path.replace("streamGenerateContent?alt=sse", "generateContent")
    seen = ask(server.url, post(whole, body_of(path, "tt:korean", stream=False), CLOSING))
    assert KOREAN in json.dumps(json.loads(seen.wire_body), ensure_ascii=False)


def test_a_model_may_be_a_card_and_lists_have_them(server: Tool) -> None:
    assert text_of(say(server, "hello", model="tt:korean")) == KOREAN
    named = GEMINI.format("tt%3Aerror%20503")
    assert say(server, "hello", named).head.startswith(b"HTTP/1.1 503 ")
    for path, key in (
        ("/openai/v1/models", "data"),
        ("/anthropic/v1/models", "data"),
        ("/google/v1beta/models", "models"),
    ):
        headers = ("anthropic-version: 2023-06-01",) if "anthropic" in path else ()
        listed = json.loads(ask(server.url, post(path, b"", CLOSING, *headers, method="GET")).wire_body)[key]
        names = [one.get("id") or one["name"].removeprefix("models/") for one in listed]
        assert {"tt:markdown", "tt:error 429", "tt:case utf8-split"} <= set(names)


def test_faults_act_on_what_is_made_up(server: Tool) -> None:
    for seen in (
        say(server, "tt:fault reset@3e"),
        say(server, "hello there, and more of it", prefix="/!reset@3e"),
        say(server, "hello there, and more of it", CHAT, "x-tokentape-fault: reset@3e"),
        say(server, "a flaky one"),
    ):
        assert seen.ended == "reset"
        assert len([chunk for chunk in dechunked(seen.wire_body)[0] for _ in chunk.split(b"\n\n")[:-1]]) == 3
    split = say(server, "tt:case utf8-split")
    assert split.header("x-tokentape")
    for card, said in (
        ("tt:fault rset@3e", b"did you mean reset?"),
        ("tt:case utf8-spilt", b"did you mean utf8-split?"),
    ):
        refused = say(server, card)
        assert refused.head.startswith(b"HTTP/1.1 422 ")
        assert said in refused.wire_body


def test_attempts_are_counted_as_with_tapes(server: Tool) -> None:
    first, second = (say(server, "once broken, then whole", prefix="/~tries/!status%231:503") for _ in range(2))
    assert (first.head[9:12], second.head[9:12]) == (b"503", b"200")


def test_decks_and_the_journal_know_it(server: Tool) -> None:
    say(server, "journal me", prefix="/~mine")
    (row,) = got(server, "/_tokentape/requests?deck=mine")["requests"]
    assert row["tape"].startswith("synth/")
    assert (row["status"], row["level"]) == (200, "synth")
    assert got(server, "/_tokentape/decks/mine")["requests"] == 1
    assert not got(server, "/_tokentape/misses")["misses"]


def test_a_response_that_was_made_up_is_there_by_its_id(server: Tool) -> None:
    seen = say(server, "Keep this", RESPONSES)
    events = [json.loads(line[6:]) for line in data_of(seen).decode().splitlines() if line.startswith("data: ")]
    ident = events[0]["response"]["id"]
    assert got(server, f"{RESPONSES}/{ident}")["output"][0]["content"][0]["text"] == "Keep this"
    rest = ask(server.url, post(f"{RESPONSES}/{ident}?stream=true&starting_after=4", b"", CLOSING, method="GET"))
    numbers = [
        json.loads(line[6:])["sequence_number"]
        for line in data_of(rest).decode().splitlines()
        if line.startswith("data: ")
    ]
    assert numbers == [event["sequence_number"] for event in events][5:]


def test_what_is_asked_for_is_kept(server: Tool) -> None:
    form = {
        "type": "json_schema",
        "json_schema": {
            "name": "x",
            "schema": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 7}}},
        },
    }
    seen = say(server, "give me json", stream=False, response_format=form, n=2)
    answer = json.loads(seen.wire_body)
    assert [json.loads(choice["message"]["content"]) for choice in answer["choices"]] == [{"n": 7}] * 2
    assert answer["usage"]["completion_tokens"] > 0
    short = json.loads(say(server, "a text that is longer than that", stream=False, max_tokens=2).wire_body)
    assert short["choices"][0]["finish_reason"] == "length"
    assert b'"usage":{' not in data_of(say(server, "no counts"))
    assert b'"usage":{' in data_of(say(server, "counts", stream_options={"include_usage": True}))


def test_what_asks_no_model_is_a_miss_and_broken_json_a_400(server: Tool) -> None:
    assert ask(server.url, post("/openai/v1/embeddings", b"{}", CLOSING)).head.startswith(b"HTTP/1.1 404 ")
    assert ask(server.url, post(CHAT, b'{"model": ', CLOSING)).head.startswith(b"HTTP/1.1 400 ")


def test_with_tapes_of_ones_own_it_has_to_be_asked_for(tmp_path: Path) -> None:
    serve = ("serve", "openai/hello", "--speed", "max")
    with tools(tmp_path, serve, (*serve, "--on-miss", "synth")) as (strict, kind):
        assert say(strict, "nothing like it").head.startswith(b"HTTP/1.1 404 ")
        assert say(strict, "tt:korean").head.startswith(b"HTTP/1.1 404 ")
        assert text_of(say(kind, "nothing like it")) == "nothing like it"
        assert text_of(say(kind, "tt:korean")) == KOREAN


def test_in_python_too_whoever_names_no_tapes_gets_an_answer_to_everything() -> None:
    with tokentape.serve(speed="max") as mock:
        for _ in range(2):
            seen = ask(mock.url(), post(CHAT, body_of(CHAT, "In Python"), CLOSING))
            assert text_of(seen) == "In Python"
    with tokentape.serve(speed="max", match="exact") as mock:
        seen = ask(mock.url(), post(CHAT, body_of(CHAT, "In Python"), CLOSING))
        assert seen.head.startswith(b"HTTP/1.1 404 ")
