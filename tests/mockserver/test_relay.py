"""The client's side of a forwarded request: the upstream's bytes, this connection's own headers, the upstream's ending."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from wires import (
    SSE_HEAD,
    Finish,
    Hold,
    Reset,
    ScriptedUpstream,
    Send,
    Step,
    Tool,
    ask,
    chunk,
    connected,
    event,
    head,
    post,
    receive,
    tool,
)

pytestmark = pytest.mark.xdist_group("relay")

ONE, TWO = event("one"), event("두울")
LAST = b"0\r\n\r\n"
BODY = chunk(ONE) + chunk(TWO)
CLOSING = "Connection: close"
OWN = "Connection: close\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nUpgrade: h2c\r\n"
SCRIPTS: dict[str, tuple[Step, ...]] = {
    "stream": (Send(SSE_HEAD + BODY + LAST), Hold()),
    "length": (Send(head("Content-Length: 6") + b"abcdef"), Hold()),
    "old": (Send(head("Content-Length: 6", http="1.0") + b"abcdef"), Hold()),
    "close": (Send(head("X-A: b") + b"abcdef"), Finish()),
    "own": (Send(head("A: 1", "Content-Length: 0", *OWN.split("\r\n")[:-1], "X-Tokentape: a#1", "x-tokentape-b: c", "B: 2")), Hold()),
    "head": (Send(head("Content-Length: 6")), Hold()),
    "trailers": (Send(SSE_HEAD + chunk(ONE) + b"0\r\nX-Sum: 7\r\n\r\n"), Hold()),
    "cut": (Send(SSE_HEAD + BODY[:-9]), Finish()),
    "reset": (Send(SSE_HEAD + BODY[:-9]), Reset()),
}  # fmt: skip


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(by_path=SCRIPTS) as one:
        yield one


@pytest.fixture(scope="module")
def recorder(upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("relay")
    with tool(base, "record", "-o", str(base / "tapes"), "--upstream", f"up={upstream.url}") as one:
        yield one
        assert "Traceback" not in one.said()
        assert "error" not in one.said()


STREAM = SSE_HEAD + BODY + LAST
PLAIN = head("Content-Length: 6") + b"abcdef"


def test_three_requests_one_after_the_other(recorder: Tool) -> None:
    with connected(recorder.url) as client:
        for name, expected in (("stream", STREAM), ("length", PLAIN), ("stream", STREAM)):
            client.sendall(post(f"/up/{name}", b"{}"))
            assert receive(client, len(expected)) == expected


def test_three_requests_at_once(recorder: Tool) -> None:
    with connected(recorder.url) as client:
        client.sendall(post("/up/stream", b"{}") + post("/up/length", b"{}") + post("/up/stream", b"{}", CLOSING))
        expected = STREAM + PLAIN + SSE_HEAD[:-2] + b"Connection: close\r\n\r\n" + BODY + LAST
        assert receive(client, len(expected) + 1) == expected


def test_a_head_has_no_body_and_the_connection_lives_on(recorder: Tool) -> None:
    with connected(recorder.url) as client:
        client.sendall(post("/up/head", b"", method="HEAD") + post("/up/length", b"{}"))
        expected = head("Content-Length: 6") + PLAIN
        assert receive(client, len(expected)) == expected


@pytest.mark.parametrize(("name", "http"), [("old", "1.0"), ("close", "1.1")])
def test_what_an_upstream_cannot_keep_open_is_closed(name: str, http: str, recorder: Tool) -> None:
    seen = ask(recorder.url, post(f"/up/{name}", b"{}"))
    assert seen.head.startswith(f"HTTP/{http} 200 OK\r\n".encode())
    assert seen.header("connection") == "close"
    assert (seen.wire_body, seen.ended) == (b"abcdef", "eof")


def test_headers_of_one_connection_are_not_passed_on_either_way(recorder: Tool, upstream: ScriptedUpstream) -> None:
    fields = (
        "Connection: x-hop, keep-alive",
        "X-Hop: 1",
        "Keep-Alive: 5",
        "TE: trailers",
        "X-Tokentape-Deck: d",
        "X-Kept: 2",
    )
    with connected(recorder.url) as client:
        client.sendall(post("/up/own", b"{}", *fields))
        expected = head("A: 1", "Content-Length: 0", "B: 2")
        assert receive(client, len(expected)) == expected
    (request,) = (one for one in upstream.requests if one.startswith(b"POST /own "))
    lines = request.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    assert {line.partition(":")[0].lower() for line in lines} == {"host", "x-kept", "accept-encoding", "content-length"}


def test_a_request_body_reaches_the_upstream_as_it_is(recorder: Tool, upstream: ScriptedUpstream) -> None:
    body = bytes(range(256)) * 1000
    with connected(recorder.url) as client:
        client.sendall(post("/up/length?n=1", body, "Expect: 100-continue").removesuffix(body))
        begin = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert receive(client, len(begin)) == begin
        client.sendall(body)
        assert receive(client, len(PLAIN)) == PLAIN
        top = b"POST /up/length?n=2 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.sendall(top + chunk(body[:1000]) + chunk(body[1000:]) + LAST)
        assert receive(client, len(PLAIN)) == PLAIN
    for number in (b"1", b"2"):
        (request,) = (one for one in upstream.requests if one.startswith(b"POST /length?n=" + number))
        top, _, sent = request.partition(b"\r\n\r\n")
        assert sent == body
        assert b"\r\nContent-Length: 256000" in top
        assert b"chunked" not in top
        assert b"xpect" not in top


# HTTP/1.0


def test_an_old_client_gets_the_bytes_without_their_chunks(recorder: Tool) -> None:
    for name, body in (("stream", ONE + TWO), ("trailers", ONE)):
        seen = ask(recorder.url, post(f"/up/{name}", b"{}", http="1.0"))
        assert seen.raw == head("Content-Type: text/event-stream", CLOSING) + body
        assert seen.ended == "eof"


def test_an_old_client_may_keep_its_connection_where_a_length_is_given(recorder: Tool) -> None:
    with connected(recorder.url) as client:
        for _ in range(2):
            client.sendall(post("/up/length", b"{}", "Connection: keep-alive", http="1.0"))
            expected = head("Content-Length: 6", "Connection: keep-alive") + b"abcdef"
            assert receive(client, len(expected)) == expected


def test_an_old_client_gets_the_reset_too(recorder: Tool) -> None:
    seen = ask(recorder.url, post("/up/reset", b"{}", http="1.0"))
    assert seen.wire_body == ONE + TWO[:-7]
    assert seen.ended == "reset"


@pytest.mark.parametrize("option", ["--http1.0", "--http1.1"])
def test_curl(option: str, recorder: Tool) -> None:
    if not shutil.which("curl"):
        pytest.skip("no curl on this machine")
    url = f"{recorder.url}/up"
    command = ["curl", "-sSN", option, "--noproxy", "*", "-d", "{}"]
    done = subprocess.run([*command, f"{url}/stream"], capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, ONE + TWO, b"")
    reset = subprocess.run([*command, f"{url}/reset"], capture_output=True, timeout=20, check=False)
    assert (reset.returncode, reset.stdout) == (56, ONE + TWO[:-7])
    cut = subprocess.run([*command, f"{url}/cut"], capture_output=True, timeout=20, check=False)
    # To HTTP/1.0 the end of the connection is the end of the body: there is no way to say that some is missing.
    assert (cut.returncode, cut.stdout) == (0 if option == "--http1.0" else 18, ONE + TWO[:-7])
