"""The server over raw sockets: connections that live on, old clients, clients that leave, what is no answer of a tape."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tapes import SSE, taped
from wires import Tool, ask, chunk, connected, event, post, receive, tool, wait_for

from cassettes.model import Ending

pytestmark = pytest.mark.xdist_group("app")

ONE, TWO = event("one"), event("두울")
BODY = chunk(ONE) + chunk(TWO)
LAST = b"0\r\n\r\n"
CLOSING = "Connection: close"
LENGTH = (("Content-Type", "text/plain"), ("Content-Length", "6"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("app")
    tapes = base / "tapes"
    taped(tapes, "one", [ONE, TWO], gaps=[5.0, 5.0])
    taped(tapes, "length", [b"abc", b"def"], headers=LENGTH, framing="length", gaps=[5.0, 5.0])
    taped(tapes, "close", [b"abc", b"def"], headers=LENGTH[:1], framing="close", gaps=[5.0, 5.0])
    taped(tapes, "got", [b"abcdef"], headers=LENGTH, framing="length", method="GET")
    taped(tapes, "head", [], headers=LENGTH, framing="length", method="HEAD")
    taped(tapes, "stall", [ONE], end=Ending(type="timeout", gap_ms=10.0))
    taped(tapes, "silent", [], end=Ending(type="client_closed", at="request"), headers=())
    with tool(base, "serve", str(tapes), "--no-mark") as one:
        yield one
        assert "Traceback" not in one.said()


def head_of(fields: tuple[tuple[str, str], ...], *more: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in fields), *more, "", ""]
    return "\r\n".join(lines).encode()


STREAM = head_of(SSE) + BODY + LAST
PLAIN = head_of(LENGTH) + b"abcdef"


# Connections that live on


def test_three_requests_one_after_the_other(served: Tool) -> None:
    with connected(served.url) as client:
        for name, expected in (("one", STREAM), ("length", PLAIN), ("one", STREAM)):
            client.sendall(post(f"/up/{name}", b"{}"))
            assert receive(client, len(expected)) == expected


def test_three_requests_at_once(served: Tool) -> None:
    with connected(served.url) as client:
        client.sendall(post("/up/one", b"{}") + post("/up/length", b"{}") + post("/up/one", b"{}", CLOSING))
        expected = STREAM + PLAIN + head_of(SSE, CLOSING) + BODY + LAST
        assert receive(client, len(expected) + 1) == expected


def test_a_request_in_pieces(served: Tool) -> None:
    request = post("/up/one", b'{"a": "' + b"b" * 3000 + b'"}')
    with connected(served.url) as client:
        for at in range(0, len(request), 500):
            client.sendall(request[at : at + 500])
        assert receive(client, len(STREAM)) == STREAM


def test_a_chunked_request_body(served: Tool) -> None:
    top = b"POST /up/one HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connected(served.url) as client:
        client.sendall(top + chunk(b"{") + chunk(b"}") + LAST)
        assert receive(client, len(STREAM)) == STREAM


def test_a_client_that_waits_for_100_continue(served: Tool) -> None:
    with connected(served.url) as client:
        client.sendall(post("/up/one", b"", "Expect: 100-continue").replace(b"Length: 0", b"Length: 2"))
        begin = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert receive(client, len(begin)) == begin
        client.sendall(b"{}")
        assert receive(client, len(STREAM)) == STREAM


def test_an_answer_that_its_close_delimits(served: Tool) -> None:
    seen = ask(served.url, post("/up/close", b"{}"))
    assert seen.raw == head_of(LENGTH[:1], CLOSING) + b"abcdef"
    assert seen.ended == "eof"


def test_a_head_is_a_head_only(served: Tool) -> None:
    with connected(served.url) as client:
        client.sendall(post("/up/head", b"", method="HEAD") + post("/up/one", b"{}"))
        expected = head_of(LENGTH) + STREAM
        assert receive(client, len(expected)) == expected


# HTTP/1.0


def test_an_old_client_gets_no_chunks(served: Tool) -> None:
    seen = ask(served.url, post("/up/one", b"{}", http="1.0"))
    assert seen.raw == head_of(SSE[:1], CLOSING) + ONE + TWO
    assert seen.ended == "eof"


def test_an_old_client_may_keep_its_connection_where_a_length_is_given(served: Tool) -> None:
    with connected(served.url) as client:
        for _ in range(2):
            client.sendall(post("/up/length", b"{}", "Connection: keep-alive", http="1.0"))
            expected = head_of(LENGTH, "Connection: keep-alive") + b"abcdef"
            assert receive(client, len(expected)) == expected


@pytest.mark.parametrize(
    ("option", "path", "body"),
    [("--http1.0", "one", ONE + TWO), ("--http1.1", "one", ONE + TWO), ("--http1.0", "length", b"abcdef")],
)
def test_curl(option: str, path: str, body: bytes, served: Tool) -> None:
    if not shutil.which("curl"):
        pytest.skip("no curl on this machine")
    command = ["curl", "-sSN", option, "--noproxy", "*", "-d", "{}", f"{served.url}/up/{path}"]
    done = subprocess.run(command, capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, body, b"")


# Clients that leave


def open_files(one: Tool) -> int:
    return sum(1 for _ in Path(f"/proc/{one.process.pid}/fd").iterdir())


@pytest.fixture(scope="module", autouse=True)
def at_rest(served: Tool) -> int:
    """Files that the server has open without a client: counted before the first, as one may be slow to go."""
    counted = []
    wait_for(lambda: counted.append(open_files(served)) or len(counted) >= 20)
    return min(counted)


@pytest.mark.parametrize("name", ["stall", "silent", "one"])
@pytest.mark.parametrize("how", ["FIN", "RST"])
def test_a_client_that_vanishes_is_noticed(how: str, name: str, served: Tool, at_rest: int) -> None:
    wait_for(lambda: open_files(served) <= at_rest)
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(served.url)) for _ in range(5)]
        for client in clients:
            client.sendall(post(f"/up/{name}", b"{}"))
            if name != "silent":
                assert receive(client, 5) == b"HTTP/"
        wait_for(lambda: open_files(served) >= at_rest + 5)
        if how == "RST":
            for client in clients:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_for(lambda: open_files(served) <= at_rest)


def test_a_client_that_vanishes_behind_a_pipelined_request_is_noticed(served: Tool, at_rest: int) -> None:
    wait_for(lambda: open_files(served) <= at_rest)
    with connected(served.url) as client:
        client.sendall(post("/up/stall", b"{}") + post("/up/one", b"{}"))
        expected = head_of(SSE) + chunk(ONE)
        assert receive(client, len(expected)) == expected
        assert open_files(served) > at_rest
    wait_for(lambda: open_files(served) <= at_rest)


# What no tape answers


def test_a_miss_is_an_error_that_says_so_once_to_each(served: Tool) -> None:
    seen = ask(served.url, post("/openai/v1/chat/completions", b'{"model": "m"}', CLOSING))
    assert seen.head.startswith(b"HTTP/1.1 404 ")
    assert seen.header("x-should-retry") == "false"
    assert json.loads(seen.wire_body)["error"]["code"] == "tokentape_no_match"
    wait_for(lambda: "no tape matches POST /openai/v1/chat/completions" in served.said())


@pytest.mark.parametrize(
    ("path", "status"),
    [("/~a%20b/up/one", 400), ("/~a/~b/up/one", 400), ("/!reset@3e/up/one", 422), ("/nowhere", 404)],
)
def test_paths_that_lead_nowhere(path: str, status: int, served: Tool) -> None:
    seen = ask(served.url, post(path, b"{}", CLOSING))
    assert seen.head.startswith(f"HTTP/1.1 {status} ".encode())
    assert seen.header("x-should-retry") == "false"


def test_a_body_that_is_too_long_is_refused(served: Tool) -> None:
    with connected(served.url) as client:
        client.sendall(post("/up/one", b"").replace(b"Length: 0", b"Length: 80000000"))
        try:
            for _ in range(80):
                client.sendall(b"x" * 1_000_000)
        except OSError:
            pass  # refused before it was all sent
        answer = b""
        try:
            answer = client.recv(65536)
        except ConnectionResetError:
            pytest.skip("the refusal was overtaken by the end of the connection")
    assert answer.startswith(b"HTTP/1.1 413 ")


SECRET = b"sk-proj-0123456789abcdefABCDEF"
TOP = b"POST /up/one HTTP/1.1\r\nHost: test\r\n"


@pytest.mark.parametrize(
    ("noise", "told"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, ""),
        (b"GET\r\n\r\n", ""),
        (b"POST /up/\xc3\xa9?key=" + SECRET + b" HTTP/1.1\r\nHost: test\r\n\r\n", "Invalid char in url path"),
        (TOP + b"Authorization: Bearer " + SECRET + b"\0\r\n\r\n", "header value"),
        (TOP + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", "Transfer-Encoding"),
        (TOP + b"Content-Length: -1\r\n\r\n", "Content-Length"),
        (TOP + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "chunk size"),
        (TOP + b"X-A: " + SECRET + b"a" * 70_000 + b"\r\n\r\n", "65536 bytes"),
    ],
    ids=["TLS", "no version", "path", "header", "two framings", "length", "chunk", "long"],
)
def test_what_is_no_request_costs_nothing_but_its_connection(noise: bytes, told: str, served: Tool) -> None:
    before = len(served.said())
    with connected(served.url) as client:
        client.sendall(noise)
        answer = client.recv(65536)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert ask(served.url, post("/up/one", b"{}", CLOSING)).wire_body == BODY + LAST
    lines = served.said()[before:].splitlines()
    assert len(lines) <= 1
    assert told in "".join(lines)
    assert SECRET.decode() not in "".join(lines)


def test_a_long_header_is_no_mistake(served: Tool) -> None:
    assert ask(served.url, post("/up/one", b"{}", CLOSING, "X-A: " + "a" * 30_000)).wire_body == BODY + LAST


def test_a_client_that_leaves_inside_its_request_is_no_mistake(served: Tool, at_rest: int) -> None:
    wait_for(lambda: open_files(served) <= at_rest)
    with ExitStack() as stack:
        for begun in (TOP, TOP + b"Content-Length: 9\r\n\r\n{}", TOP + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"):
            stack.enter_context(connected(served.url)).sendall(begun)
        wait_for(lambda: open_files(served) >= at_rest + 3)
    wait_for(lambda: open_files(served) <= at_rest)
    assert "Traceback" not in served.said()


def test_the_server_says_what_it_is(served: Tool) -> None:
    front = ask(served.url, post("/", b"", CLOSING, method="GET"))
    assert front.head.startswith(b"HTTP/1.1 200 ")
    assert f"{served.url}/openai/v1".encode() in front.wire_body
    health = ask(served.url, post("/_tokentape/health", b"", CLOSING, method="GET"))
    assert json.loads(health.wire_body)["status"] == "ok"


def test_decks_have_their_own_places(served: Tool) -> None:
    for deck in ("/~a", "/~b", ""):
        assert ask(served.url, post(f"{deck}/up/one", b"{}", CLOSING)).wire_body == BODY + LAST


def test_a_get_is_answered(served: Tool) -> None:
    seen = ask(served.url, post("/up/got", b"", CLOSING, method="GET"))
    assert seen.raw == head_of(LENGTH, CLOSING) + b"abcdef"


# Providers with rules of their own


def test_the_responses_api_of_runyourai_is_for_openais_models_only(tmp_path: Path) -> None:
    """Whatever tapes there are; its chat is for every model."""
    with tool(tmp_path, "serve", "xai/hello", "--match", "route", "--speed", "max") as server:
        answers = {}
        for path in ("responses", "chat/completions"):
            for model in ("openai/gpt-5", "anthropic/claude-sonnet-4-5"):
                body = json.dumps({"model": model, "input": "hi", "stream": True}).encode()
                seen = ask(server.url, post(f"/runyourai/v1/{path}", body, CLOSING))
                answers[path, model] = (seen.head.split(b"\r\n")[0], json.loads(seen.wire_body)["error"])
    status, error = answers["responses", "anthropic/claude-sonnet-4-5"]
    assert status == b"HTTP/1.1 400 Bad Request"
    assert error["code"] == "model_not_supported"
    assert error["message"].startswith("RunYourAI has the Responses API for openai/* only")
    others = [
        error["code"] for key, (_, error) in answers.items() if key != ("responses", "anthropic/claude-sonnet-4-5")
    ]
    assert others == ["tokentape_no_match"] * 3
