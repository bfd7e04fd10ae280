"""The upstream side over TLS and through proxies: endings, certificates, CONNECT and its refusals."""

import asyncio
import base64
import contextlib
import ssl

import pytest
from exchanges import (
    CLOSE,
    SECURE,
    SSE,
    Seen,
    answered,
    ask,
    certified,
    fin,
    hold,
    refused,
    request_of,
    reset,
    rst,
    serving,
    tcp_fin,
)
from wires import Finish, ScriptedUpstream, Send, chunk

from recorder import upstream

# -- TLS -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "then", "ending"),
    [
        ([SSE + b"2\r\nab\r\n0\r\n\r\n"], hold, ("eof", "body", 0, b"")),
        ([CLOSE + b"abc"], fin, ("eof", "body", 0, b"")),
        ([CLOSE + b"abc"], tcp_fin, ("eof", "body", 0, b"")),
        ([SSE + b"9\r\nab"], fin, ("cut", "body", 7, b"")),
        ([SSE + b"9\r\nab"], tcp_fin, ("cut", "body", 7, b"")),
        ([SSE[:9]], tcp_fin, ("cut", "head", 0, SSE[:9])),
        ([], fin, ("cut", "request", 0, b"")),
        ([SSE + b"9\r\nab"], reset, ("reset", "body", 7, b"")),
        ([], reset, ("reset", "request", 0, b"")),
    ],
)
def test_endings_over_tls(run, authority, pieces, then, ending):
    context = certified(authority, "127.0.0.1")
    assert run(answered(*pieces, then=then, context=context, url=SECURE)).ending == ending


class Upstream(ScriptedUpstream):
    """Its FIN follows TLS's closing alert at once, as nginx has it, if `alerts`; else it comes without one."""

    alerts = False

    def _step(self, peer, step):
        if self.alerts and isinstance(step, Finish):
            peer.setblocking(False)
            with contextlib.suppress(ssl.SSLWantReadError):
                peer.unwrap()
            peer.close()
        else:
            super()._step(peer, step)


def large(framing, size):
    """A body, and the answer that has it."""
    body = bytes(range(256)) * (size // 256)
    if framing == "chunked":
        pieces = (body[at : at + 4000] for at in range(0, len(body), 4000))
        return body, SSE + b"".join(map(chunk, pieces)) + b"0\r\n\r\n"
    field = b"Content-Length: %d" % len(body) if framing == "length" else b"Connection: close"
    return body, b"HTTP/1.1 200 OK\r\n%b\r\n\r\n%b" % (field, body)


async def taken(port, slow):
    """What a listener has of an answer that it takes at once, or (`slow`) after a pause."""
    seen = Seen()
    running = await ask(port, seen, url=SECURE)
    if slow:
        await seen.some.wait()
        running.pause()
        await asyncio.sleep(0.03)
        running.resume()
    await asyncio.wait_for(seen.over.wait(), 10)
    return seen


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("size", [400_000, 2_000_000])
@pytest.mark.parametrize("framing", ["length", "close", "chunked"])
@pytest.mark.parametrize("alerts", [False, True])
def test_all_that_came_before_the_end_of_the_connection_is_there(
    run, authority, alerts, framing, size, slow, capfd, caplog
):
    """More than fits into a read waits, decrypted or not, when the upstream closes."""
    body, answer = large(framing, size)
    with Upstream((Send(answer), Finish()), tls=certified(authority, "127.0.0.1")) as upstream:
        upstream.alerts = alerts
        for _ in range(3):
            seen = run(taken(upstream.port, slow))
            assert (len(seen.body), seen.ending[0]) == (len(body), "eof")
            assert seen.body == body
    assert "Traceback" not in caplog.text + capfd.readouterr().err


def test_tls_asks_for_http_1(run, authority):
    async def scenario():
        chosen = []

        async def script(reader, writer):
            chosen.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
            await request_of(reader)
            writer.write(SSE + b"0\r\n\r\n")
            await reader.read()

        seen = Seen()
        async with serving(script, certified(authority, "127.0.0.1")) as port:
            await ask(port, seen, url=SECURE)
            await seen.over.wait()
        return chosen, seen.told

    assert run(scenario()) == (["http/1.1"], ["sent", "received", "ended"])


def test_a_large_request_over_tls_is_sent(run, authority):
    body = bytes(4 * 1024 * 1024)
    seen = run(answered(SSE + b"0\r\n\r\n", context=certified(authority, "127.0.0.1"), url=SECURE, body=body))
    assert seen.told == ["sent", "received", "ended"]


async def nothing(reader, writer):
    await reader.read()


def test_an_authority_that_is_not_trusted(run, authority):
    async def scenario():
        stranger = type(authority)()
        async with serving(nothing, certified(stranger, "127.0.0.1")) as port:
            await refused(
                r"https://127.0.0.1:\d+: its certificate is not trusted \(.+\); set SSL_CERT_FILE", port, url=SECURE
            )

    run(scenario())


def test_a_certificate_of_another_host(run, authority):
    async def scenario():
        async with serving(nothing, certified(authority, "other.example")) as port:
            await refused(r"its certificate is not trusted \(IP address mismatch", port, url=SECURE)

    run(scenario())


def test_a_server_that_does_not_speak_tls(run, authority):
    async def scenario():
        async def plain(reader, writer):
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await reader.read()

        async with serving(plain) as port:
            await refused(r"no TLS connection \(.+\); does it speak https on this port", port, url=SECURE)

    run(scenario())


def test_the_trust_store_is_read_once(authority):
    assert upstream.tls_context() is upstream.tls_context()


def test_another_trust_store_is_another_context(authority, monkeypatch):
    before = upstream.tls_context()
    monkeypatch.setenv("SSL_CERT_FILE", "elsewhere.pem")
    assert upstream.tls_context() is not before


# -- proxies ---------------------------------------------------------------------------------------------------------


def tunnelling(asked, port_of, answer=b"HTTP/1.1 200 Connection established\r\n\r\n"):
    """A script for a proxy that takes CONNECT."""

    async def script(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        near, far = await asyncio.open_connection("127.0.0.1", port_of())
        for piece in (answer[:9], answer[9:]):
            writer.write(piece)
            await writer.drain()

        async def pipe(source, sink):
            while data := await source.read(65536):
                sink.write(data)
            sink.close()

        try:
            await asyncio.gather(pipe(reader, far), pipe(near, writer))
        finally:
            far.transport.abort()

    return script


def test_https_through_a_proxy(run, authority):
    async def scenario():
        asked, seen = [], Seen()

        async def script(reader, writer):
            request = await request_of(reader)
            writer.write(SSE + b"%x\r\n%s\r\n0\r\n\r\n" % (len(request), request))
            await reader.read()

        async with (
            serving(script, certified(authority, "api.test.example")) as port,
            serving(tunnelling(asked, lambda: port)) as proxy,
        ):
            environ = {"HTTPS_PROXY": f"http://us%40er:p%3Aw@127.0.0.1:{proxy}"}
            running = await ask(port, seen, url="https://api.test.example/v1", environ=environ)
            await seen.over.wait()
            running.abort()
        return asked, seen

    asked, seen = run(scenario())
    login = base64.b64encode(b"us@er:p:w")
    assert asked == [
        b"CONNECT api.test.example:443 HTTP/1.1\r\nHost: api.test.example:443\r\nProxy-Authorization: Basic %b\r\n\r\n"
        % login
    ]
    assert seen.body.startswith(b"POST /v1 HTTP/1.1\r\nHost: api.test.example\r\nContent-Length: 2\r\n\r\n")
    assert login not in seen.body
    assert seen.told[0] == "sent"
    assert seen.ending == ("eof", "body", 0, b"")


def test_http_through_a_proxy(run):
    async def scenario():
        got, seen = [], Seen()

        async def script(reader, writer):
            got.append(await request_of(reader))
            writer.write(SSE + b"0\r\n\r\n")
            await reader.read()

        async with serving(script) as port:
            await ask(0, seen, url="http://api.test.example/v1?a", environ={"http_proxy": f"u:p@127.0.0.1:{port}"})
            await seen.over.wait()
        return got

    assert run(scenario()) == [
        b"POST http://api.test.example/v1?a HTTP/1.1\r\nHost: api.test.example\r\nContent-Length: 2\r\n"
        b"Proxy-Authorization: Basic dTpw\r\n\r\n{}"
    ]


def proxied(script, words, **options):
    async def scenario():
        async with serving(script) as port:
            environ = {"HTTPS_PROXY": f"http://user:secret@127.0.0.1:{port}"}
            error = await refused(words, url="https://api.test.example/", environ=environ, **options)
            assert "secret" not in str(error)

    return scenario()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\nConnection: close\r\n\r\n",
            "CONNECT with 407 Proxy Authentication Required",
        ),
        (
            b"HTTP/1.1 403 Forbidden\r\n\r\n<html>",
            "https://api.test.example .through the proxy 127.0.0.1:.+answered CONNECT with 403",
        ),
        (b"SSH-2.0\r\n\r\n", "expected an HTTP/1 status line"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 300_000, "a head that does not end"),
    ],
)
def test_a_proxy_that_refuses(run, answer, words):
    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.read()

    run(proxied(script, words))


def test_a_proxy_that_hangs_up(run):
    async def at_once(reader, writer):
        writer.close()

    async def asked_first(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        rst(writer)

    run(proxied(at_once, "the proxy closed the connection"))
    run(proxied(asked_first, "the proxy closed the connection before it answered CONNECT"))


def test_a_bad_certificate_behind_a_proxy(run, authority):
    # Here the connection is made before TLS is: its loss was once told to the listener as an ending.
    async def scenario():
        async with (
            serving(nothing, certified(authority, "other.example")) as port,
            serving(tunnelling([], lambda: port)) as proxy,
        ):
            environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy}"}
            await refused(
                "certificate is not trusted .Hostname mismatch", url="https://api.test.example/", environ=environ
            )

    run(scenario())


def test_a_client_that_leaves_while_the_proxy_is_asked(run):
    async def scenario():
        asked, left = asyncio.Event(), asyncio.Event()

        async def script(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            with contextlib.suppress(ConnectionError):
                await reader.read()
            left.set()

        seen = Seen()
        async with serving(script) as port:
            environ = {"HTTPS_PROXY": f"http://127.0.0.1:{port}"}
            asking = asyncio.ensure_future(ask(0, seen, url="https://api.test.example/", environ=environ))
            await asked.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await left.wait()
        return seen.told

    assert run(scenario()) == []
