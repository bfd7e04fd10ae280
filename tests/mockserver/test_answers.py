"""What the server says in its own name, over a socket: misses, wrong requests, its front page."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wires import Seen, Tool, ask, post, tool, tools, wait_for, whole

from cassettes.routes import DECK_HEADER
from cassettes.store import shipped_root
from mockserver import answers

OPENAI, ANTHROPIC = "/openai/v1/chat/completions", "/anthropic/v1/messages"
GOOGLE, XAI = "/google/v1beta/models/gemini-2.5-flash:streamGenerateContent", "/xai/v1/chat/completions"
HELLO = b'{"model":"gpt-5.1","messages":[]}'
STREAMED = b'{"model":"gpt-5.1","messages":[],"stream":true}'


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tool, ...]]:
    """The shipped tapes that are made by hand: exact only; each once; as they are."""
    base = tmp_path_factory.mktemp("servers")
    shutil.copytree(shipped_root(), base / "five", ignore=shutil.ignore_patterns("typical"))
    options = (["exact"], ["route", "--after-last", "error"], ["route"])
    commands = [["serve", str(base / "five"), "--speed", "max", "--match", *option] for option in options]
    with tools(base, *commands) as running:
        yield running


@pytest.fixture
def exact(servers: tuple[Tool, ...]) -> Tool:
    return servers[0]


@pytest.fixture
def once(servers: tuple[Tool, ...]) -> Tool:
    return servers[1]


@pytest.fixture
def plain(servers: tuple[Tool, ...]) -> Tool:
    return servers[2]


def send(server: Tool, path: str, body: bytes = HELLO, *fields: str, method: str = "POST") -> Seen:
    return ask(server.url, post(path, body, "Connection: close", *fields, method=method))


def told(seen: Seen) -> Any:
    return json.loads(seen.wire_body)


SHAPES = {
    OPENAI: lambda value: (value["error"]["code"], value["error"]["message"]),
    ANTHROPIC: lambda value: (value["error"]["details"]["error_code"], value["error"]["message"]),
    GOOGLE: lambda value: (value["error"]["details"][0]["reason"], value["error"]["message"]),
    XAI: lambda value: (value["code"], value["error"]),
}
"""For each dialect or provider, where its errors have code and message."""
NEAREST = {OPENAI: "openai/hello#1", ANTHROPIC: "anthropic/hello#1", GOOGLE: "google/hello#1", XAI: "xai/hello#1"}


@pytest.mark.parametrize("path", SHAPES)
def test_a_miss_is_a_404_in_the_shape_of_its_provider_that_must_not_be_retried(path: str, exact: Tool) -> None:
    seen = send(exact, path)
    code, message = SHAPES[path](told(seen))
    assert seen.head.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert seen.header("x-should-retry") == "false"
    assert code == "tokentape_no_match"
    assert message.startswith(f"no tape matches: the nearest is {NEAREST[path]} (POST ")
    assert "which differs in " in message
    assert message.endswith(f"; --match route would have matched {NEAREST[path]}")
    wait_for(lambda: f"no tape matches POST {path}: the nearest is {NEAREST[path]}" in exact.said())


def test_a_miss_names_the_fields_that_differ_and_no_values(exact: Tool) -> None:
    (recorded,) = json_of(shipped_root() / "openai/hello.yaml")
    recorded["messages"][1]["content"] = "quite something else"
    recorded["temperature"] = 0.5
    message = told(send(exact, OPENAI, json.dumps(recorded).encode()))["error"]["message"]
    assert "which differs in $.messages[1].content, $.temperature;" in message
    assert "something else" not in message


def json_of(tape: Path) -> list[Any]:
    from cassettes.yamlio import load_file

    return [json.loads(one.request.body) for one in load_file(tape).interactions]


def test_the_bytes_are_compared_under_exact(exact: Tool) -> None:
    (recorded,) = json_of(shipped_root() / "openai/hello.yaml")
    seen = send(exact, OPENAI, json.dumps(recorded, indent=7).encode())
    message = told(seen)["error"]["message"]
    assert "which differs in body (the same JSON, spelled otherwise); --match normalized would have matched" in message


@pytest.mark.parametrize("path", [OPENAI, ANTHROPIC, GOOGLE, "/openai/v1/responses", f"{ANTHROPIC}/count_tokens"])
def test_json_that_is_none_is_a_400_though_any_body_would_do(path: str, plain: Tool) -> None:
    seen = send(plain, path, b'{"model": "gpt-5.1",')
    assert seen.head.startswith(b"HTTP/1.1 400 ")
    assert b"x-should-retry: false" in seen.head.lower()
    assert "the request body is not JSON at 1:21" in json.loads(seen.wire_body)["error"]["message"]
    # Nothing at all is no mistake: curl without -d sends it.
    assert send(plain, path, b"").head.startswith(b"HTTP/1.1 200 ")


def test_a_wrong_path_is_told_the_right_base_url(plain: Tool) -> None:
    message = told(send(plain, "/openai/chat/completions"))["error"]["message"]
    assert f"the base URL for OpenAI is {plain.url}/openai/v1" in message
    message = told(send(plain, "/nowhere"))["error"]["message"]
    assert f"base URLs here are {plain.url}/openai/v1" in message


def test_after_the_last_there_may_be_an_error(once: Tool) -> None:
    first = send(once, "/~one" + OPENAI)
    assert first.head.startswith(b"HTTP/1.1 200 OK\r\n")
    second = send(once, "/~one" + OPENAI)
    assert second.head.startswith(b"HTTP/1.1 404 Not Found\r\n")
    error = told(second)["error"]
    assert error["code"] == "tokentape_no_match"
    assert "the only interaction for this request, openai/hello#1, was played already" in error["message"]
    assert "--after-last repeat" in error["message"]
    assert send(once, "/~two" + OPENAI).head.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("path", SHAPES)
@pytest.mark.parametrize(
    ("prefix", "fields"),
    [("/~a$b", ()), ("/~", ()), (f"/~{'x' * 65}", ()), ("/~a", (f"{DECK_HEADER}: b",)), ("/~a/~b", ()), ("/!x/~a", ())],
)
def test_a_bad_deck_is_a_400_in_the_shape_of_the_provider(
    prefix: str, fields: tuple[str, ...], path: str, plain: Tool
) -> None:
    seen = send(plain, prefix + path, HELLO, *fields)
    assert seen.head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert seen.header("x-should-retry") == "false"
    code, message = SHAPES[path](told(seen))
    assert code == "tokentape_bad_path"
    assert "deck" in message


@pytest.mark.parametrize(("prefix", "fields"), [("/!reset@3e", ()), ("", ("x-tokentape-fault: reset@3e",))])
def test_faults_that_cannot_act_are_a_422(prefix: str, fields: tuple[str, ...], plain: Tool) -> None:
    seen = send(plain, prefix + OPENAI, HELLO, *fields)
    assert seen.head.startswith(b"HTTP/1.1 422 Unprocessable ")
    assert seen.header("x-should-retry") == "false"
    message = told(seen)["error"]["message"]
    assert message.startswith("the fault reset@3e cannot be applied: the client asked for no stream")
    assert told(seen)["error"]["code"] == "tokentape_fault"


@pytest.mark.parametrize("path", SHAPES)
def test_a_body_over_64_mb_is_a_413_in_the_shape_of_the_provider(path: str, plain: Tool) -> None:
    seen = send(plain, path, bytes(65 * 1024 * 1024))
    assert seen.head.split(b"\r\n")[0].startswith(b"HTTP/1.1 413 ")
    assert seen.header("x-should-retry") == "false"
    assert SHAPES[path](told(seen)) == ("tokentape_too_large", "the body is over 67108864 bytes")
    assert send(plain, "/~after" + OPENAI).head.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.slow
def test_a_body_of_64_mb_is_taken(plain: Tool) -> None:
    start, end = b'{"model":"m","messages":[{"role":"user","content":"', b'"}]}'
    body = start + b"lorem ipsum dolor sit ".ljust(64)[:64] * ((64 << 20) // 64 - 2) + end
    seen = ask(plain.url, post("/~big" + OPENAI, body, "Connection: close"), quiet=60)
    assert seen.head.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_stream_goes_on_while_a_large_body_comes(plain: Tool) -> None:
    """What is not read at once must not hold others up: both get their answers."""
    answers_seen: list[Seen] = []
    large = threading.Thread(target=lambda: answers_seen.append(send(plain, OPENAI, bytes(65 * 1024 * 1024))))
    large.start()
    small = send(plain, "/~beside" + OPENAI, STREAMED)
    large.join(30)
    assert whole(small.raw)
    assert [seen.head[:12] for seen in answers_seen] == [b"HTTP/1.1 413"]


def test_the_front_page_and_health(plain: Tool) -> None:
    page = send(plain, "/", b"", method="GET")
    assert page.head.startswith(b"HTTP/1.1 200 OK\r\n")
    lines = page.wire_body.decode().splitlines()
    assert lines[2].split() == ["OpenAI", f"{plain.url}/openai/v1", "(has", "tapes)"]
    assert [line.split()[-1] for line in lines[2:8]] == ["tapes)"] * 4 + [
        f"{plain.url}/openrouter/api/v1",
        f"{plain.url}/infron/v1",
    ]
    assert b"5 interactions loaded" in page.wire_body
    health = told(send(plain, "/_tokentape/health", b"", method="GET"))
    assert health == {"status": "ok", "tapes": 5}
    assert told(send(plain, "/", b"{}"))["error"]["code"] == "tokentape_no_match"


def test_without_tapes_a_miss_says_how_to_get_some(tmp_path: Path) -> None:
    folder = tmp_path / "tapes"
    (folder / "x").mkdir(parents=True)
    tape = folder / "hello.yaml"
    tape.write_bytes((shipped_root() / "openai/hello.yaml").read_bytes())
    with tool(tmp_path, "serve", str(folder)) as server:
        tape.unlink()
        wait_for(lambda: "gone hello" in server.said())
        message = told(send(server, OPENAI))["error"]["message"]
    assert message.startswith("no tape matches: no tapes are loaded; `tokentape record -o DIR` records some")


@pytest.mark.parametrize(
    ("target", "path", "dialect"),
    [
        ("/~b$d/openai/v1/chat/completions", "/v1/chat/completions", "openai-chat"),
        ("/~a/!b/~c/v1/messages", "/v1/messages", "anthropic"),
        ("/~a/!b/v1/messages", "/v1/messages", "anthropic"),
        ("/~", "/", "raw"),
        ("/!", "/", "raw"),
        ("/up/x", "/x", "raw"),
    ],
)
def test_the_shape_of_an_error_goes_by_what_stands_behind_our_prefixes(target: str, path: str, dialect: str) -> None:
    headers = ((DECK_HEADER, "no deck at all!"),)
    route = answers.shape("POST", target, headers, {"up"})
    assert (route.path, route.dialect) == (path, dialect)
