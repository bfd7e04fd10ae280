"""The way to the upstream, end to end: https, proxies of the environment, and what a client gets when there is none.

An upstream that cannot be reached or trusted: a 502 in the shape of the client's dialect, one line, no tape, and the
recorder stays up.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from wires import (
    SSE_HEAD,
    Finish,
    Hold,
    Reset,
    ScriptedUpstream,
    Seen,
    Send,
    Step,
    Tool,
    ask,
    chunk,
    event,
    post,
    read_request,
    tool,
    wait_for,
)

from cassettes.yamlio import load_file

ONE, TWO = event("one"), event("둘")
LAST = b"0\r\n\r\n"
WHOLE = (Send(SSE_HEAD + chunk(ONE) + chunk(TWO) + LAST),)
HALF = b"%x\r\n" % len(TWO) + TWO[:20]
PATHS = {"openai": "/openai/v1/chat/completions", "anthropic": "/anthropic/v1/messages", "up": "/up/a"}
NO_PROXIES = dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"), ""
)


class Proxy:
    """An HTTP proxy: CONNECT makes a tunnel to `to` whatever the name is, other requests are answered by `answer`."""

    def __init__(self, to: int = 0, answer: bytes = b"") -> None:
        self._to = to
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self._threads[0].start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            if select.select([self._listener], [], [], 0.05)[0]:
                peer, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            self.requests.append(read_request(peer))
            if not self.requests[-1].startswith(b"CONNECT "):
                peer.sendall(self._answer)
                peer.recv(1)
                return
            with socket.create_connection(("127.0.0.1", self._to)) as far:
                peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._pipe(peer, far)

    def _pipe(self, one: socket.socket, two: socket.socket) -> None:
        other = {one: two, two: one}
        while not self._stop.is_set():
            for ready in select.select([one, two], [], [], 0.05)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                other[ready].sendall(data)


class Authority:
    """A certificate authority, its file, and the context of a server it vouches for."""

    def __init__(self, folder: Path) -> None:
        trustme = pytest.importorskip("trustme")
        self._authority = trustme.CA()
        self.path = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.path))

    def server(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names).configure_cert(context)
        return context

    @property
    def environ(self) -> dict[str, str]:
        return {"SSL_CERT_FILE": str(self.path)}


@contextlib.contextmanager
def recorder(base: Path, upstream: str, environ: dict[str, str], *more: str) -> Iterator[Tool]:
    command = (
        "record",
        "-o",
        str(base / "tapes"),
        "--upstream",
        f"up={upstream}",
        "--upstream",
        f"openai={upstream}/v1",
    )
    with tool(base, *command, "--upstream", f"anthropic={upstream}", *more, environ=NO_PROXIES | environ) as one:
        yield one


def asked(one: Tool, provider: str = "up") -> Seen:
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()
    return ask(one.url, post(PATHS[provider], body, "Connection: close"))


def tape(base: Path, one: Tool) -> Any:
    wait_for(lambda: one.recorded() == 1)
    (path,) = (base / "tapes").rglob("*.yaml")
    (interaction,) = load_file(path).interactions
    return interaction


# https

SECURE: dict[str, tuple[tuple[Step, ...], str, tuple[str, str, int]]] = {
    "eof": (WHOLE, "eof", ("eof", "body", 0)),
    "cut": ((Send(SSE_HEAD + chunk(ONE) + HALF), Finish()), "eof", ("cut", "body", len(TWO) - 20)),
    "reset": ((Send(SSE_HEAD + chunk(ONE)), Reset()), "reset", ("reset", "body", 0)),
    "in-head": ((Send(SSE_HEAD[:20]), Reset()), "reset", ("reset", "head", 0)),
}


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("name", SECURE)
def test_an_https_upstream_is_relayed_and_taped_as_it_was(name: str, loop: str, tmp_path: Path) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    authority = Authority(tmp_path)
    script, ended, end = SECURE[name]
    sent = b"".join(step.data for step in script if isinstance(step, Send))
    with (
        ScriptedUpstream(script, tls=authority.server("localhost")) as upstream,
        recorder(tmp_path, upstream.url, authority.environ, "--loop", loop) as one,
    ):
        live, made = asked(one), tape(tmp_path, one)
    assert live.raw == sent.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    assert live.ended == ended
    stream = made.response.stream
    assert (stream.end.type, stream.end.at, stream.end.missing) == end
    assert made.request.uri == f"{upstream.url}/a"
    assert upstream.requests[0].startswith(f"POST /a HTTP/1.1\r\nHost: localhost:{upstream.port}\r\n".encode())


def test_https_goes_through_the_proxy_of_the_environment(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with (
        ScriptedUpstream(WHOLE, tls=authority.server("api.upstream.example")) as upstream,
        Proxy(upstream.port) as proxy,
        recorder(
            tmp_path,
            "https://api.upstream.example",
            authority.environ | {"HTTPS_PROXY": proxy.url.replace("//", "//us%40er:pass%3Aword@")},
        ) as one,
    ):
        live, made = asked(one, "openai"), tape(tmp_path, one)
    assert live.wire_body == chunk(ONE) + chunk(TWO) + LAST
    assert made.request.uri == "https://api.upstream.example/v1/chat/completions"
    (connect,) = proxy.requests
    assert connect.startswith(b"CONNECT api.upstream.example:443 HTTP/1.1\r\nHost: api.upstream.example:443\r\n")
    assert b"Proxy-Authorization: Basic dXNAZXI6cGFzczp3b3Jk\r\n" in connect
    assert b"roxy" not in upstream.requests[0]
    said = one.said() + "".join(path.read_text() for path in (tmp_path / "tapes").rglob("*.yaml"))
    assert "pass" not in said


def test_http_goes_through_the_proxy_of_the_environment(tmp_path: Path) -> None:
    answer = SSE_HEAD + chunk(ONE) + LAST
    with (
        Proxy(answer=answer) as proxy,
        recorder(tmp_path, "http://upstream.example:81", {"http_proxy": proxy.url}) as one,
    ):
        live, made = asked(one), tape(tmp_path, one)
    assert live.wire_body == chunk(ONE) + LAST
    assert made.request.uri == "http://upstream.example:81/a"
    (forwarded,) = proxy.requests
    assert forwarded.startswith(b"POST http://upstream.example:81/a HTTP/1.1\r\nHost: upstream.example:81\r\n")


@pytest.mark.parametrize("rule", ["*", "127.0.0.1", "localhost,127.0.0.0/8", "elsewhere, 127.0.0.1"])
def test_no_proxy_goes_without(rule: str, tmp_path: Path) -> None:
    with (
        ScriptedUpstream(WHOLE) as upstream,
        Proxy() as proxy,
        recorder(tmp_path, upstream.url, {"http_proxy": proxy.url, "NO_PROXY": rule}) as one,
    ):
        assert asked(one).wire_body == chunk(ONE) + chunk(TWO) + LAST
    assert not proxy.requests


# Nothing there


def shaped(provider: str, body: dict[str, Any]) -> bool:
    """Whether an error has the shape that the provider's SDKs read."""
    if provider == "anthropic":
        return body["type"] == "error" and "tokentape_upstream" in json.dumps(body)
    return body["error"]["code"] == "tokentape_upstream"


def refusals(
    base: Path,
    upstream: str,
    environ: dict[str, str],
    words: str,
    providers: tuple[str, ...] = ("openai", "anthropic", "up"),
) -> None:
    """Every dialect gets its 502, each a line; no tape; a good upstream after that is recorded."""
    with ScriptedUpstream(WHOLE) as good:
        with recorder(base, upstream, environ, "--upstream", f"good={good.url}") as one:
            for provider in providers:
                seen = asked(one, provider)
                assert seen.head.startswith(b"HTTP/1.1 502 "), seen.raw
                assert seen.header("x-should-retry") == "false"
                body = json.loads(seen.wire_body)
                assert shaped(provider, body)
                assert words in json.dumps(body, ensure_ascii=False)
            lines = [line for line in one.said().splitlines() if "error" in line]
            assert len(lines) == len(providers)
            assert all(words in line for line in lines)
            assert not list((base / "tapes").rglob("*.yaml"))
            live = ask(one.url, post("/good/a", b"{}", "Connection: close"))
            assert live.wire_body == chunk(ONE) + chunk(TWO) + LAST
            wait_for(lambda: one.recorded() == 1)
        assert "Traceback" not in one.said()
        assert one.process.returncode == 0


def test_a_refused_connection(tmp_path: Path) -> None:
    with ScriptedUpstream(WHOLE) as upstream:
        gone = upstream.url
    refusals(tmp_path, gone, {}, "connection refused")


def test_a_name_that_is_none(tmp_path: Path) -> None:
    refusals(tmp_path, "https://nothing.invalid", {}, "nothing.invalid", ("openai",))


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with ScriptedUpstream(WHOLE, tls=authority.server("localhost")) as upstream:
        refusals(tmp_path, upstream.url, {}, "SSL_CERT_FILE", ("openai", "up"))
        assert not upstream.requests


def test_a_certificate_of_another_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with ScriptedUpstream(WHOLE, tls=authority.server("other.example")) as upstream:
        refusals(tmp_path, upstream.url, authority.environ, "certificate", ("openai",))


def test_a_proxy_that_is_not_there(tmp_path: Path) -> None:
    with Proxy() as proxy:
        gone = proxy.url
    environ = {"https_proxy": gone.replace("//", "//user:password@")}
    refusals(tmp_path, "https://api.upstream.example", environ, "through the proxy", ("openai",))


def test_a_proxy_that_refuses(tmp_path: Path) -> None:
    with ScriptedUpstream(
        (Send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"), Hold())
    ) as proxy:
        refusals(tmp_path, "https://api.upstream.example", {"https_proxy": proxy.url}, "407", ("openai", "up"))


def test_many_clients_of_an_upstream_that_is_not_there(tmp_path: Path) -> None:
    with ScriptedUpstream(WHOLE) as upstream:
        gone = upstream.url
    with recorder(tmp_path, gone, {}) as one, ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: asked(one), range(40)))
        assert {answer.head[:13] for answer in seen} == {b"HTTP/1.1 502 "}
        assert one.process.poll() is None
