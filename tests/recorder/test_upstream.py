"""The upstream side against real sockets: every ending, partial heads, pauses, and what cannot be reached."""

import asyncio
import ssl

import pytest
from exchanges import (
    CLOSE,
    LENGTH,
    SSE,
    Seen,
    answered,
    ask,
    fin,
    hold,
    refused,
    request_of,
    reset,
    serving,
    unused_port,
)

from cassettes.framing import Fact
from cassettes.model import Head
from recorder import upstream
from recorder.upstream import Exchange, Target, UpstreamError, proxy_for, request_bytes, target_of

# -- pure parts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("https://api.openai.com/v1/x?a=b", ("https", "api.openai.com", 443, "/v1/x?a=b"), "api.openai.com"),
        ("http://Localhost:8000", ("http", "localhost", 8000, "/"), "localhost:8000"),
        ("https://h:443/", ("https", "h", 443, "/"), "h"),
        ("https://h:80/%2F#frag", ("https", "h", 80, "/%2F"), "h:80"),
        ("http://[::1]:9/a;b", ("http", "::1", 9, "/a;b"), "[::1]:9"),
        ("http://user:pass@h/", ("http", "h", 80, "/"), "h"),
    ],
)
def test_targets(url, target, authority):
    found = target_of(url)
    assert found == Target(*target)
    assert found.authority == authority
    assert target_of(found.url) == found


@pytest.mark.parametrize(
    "url", ["", "api.openai.com", "ftp://h/", "http://", "http://h:99999/", "http://h:x/", "http://[::1/"]
)
def test_what_is_no_upstream(url):
    with pytest.raises(
        UpstreamError, match=r"is not (a URL|an upstream).*; expected http.*HOST\[:PORT\]/PATH"
    ) as caught:
        target_of(url)
    assert caught.value.exit_code == 5


HTTPS, HTTP = target_of("https://api.openai.com/v1"), target_of("http://api.openai.com/v1")


@pytest.mark.parametrize(
    ("target", "environ", "proxy"),
    [
        (HTTPS, {}, None),
        (HTTPS, {"HTTPS_PROXY": ""}, None),
        (HTTPS, {"HTTPS_PROXY": "http://p:3128"}, ("p", 3128, "")),
        (HTTPS, {"https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:2"}, ("a", 1, "")),
        (HTTPS, {"HTTPS_PROXY": "p:3128/"}, ("p", 3128, "")),
        (HTTPS, {"HTTPS_PROXY": "http://p"}, ("p", 80, "")),
        (HTTPS, {"ALL_PROXY": "http://p:1", "HTTP_PROXY": "http://no:2"}, ("p", 1, "")),
        (HTTPS, {"http_proxy": "http://p:1"}, None),
        (HTTPS, {"HTTPS_PROXY": "http://us%40er:pa%3Ass@p:1"}, ("p", 1, "us%40er:pa%3Ass")),
        (HTTP, {"http_proxy": "http://p:1"}, ("p", 1, "")),
        (HTTP, {"HTTP_PROXY": "http://p:1"}, None),
        (HTTP, {"all_proxy": "http://p:1"}, ("p", 1, "")),
        (HTTP, {"HTTPS_PROXY": "http://p:1"}, None),
    ],
)
def test_which_proxy(target, environ, proxy):
    found = proxy_for(target, environ)
    assert (found and (found.host, found.port, found.path)) == proxy


@pytest.mark.parametrize(
    ("host", "port", "rules", "direct"),
    [
        ("api.openai.com", 443, "api.openai.com", True),
        ("api.openai.com", 443, "openai.com", True),
        ("api.openai.com", 443, ".openai.com", True),
        ("api.openai.com", 443, "*.openai.com", True),
        ("openai.com", 443, ".openai.com", True),
        ("notopenai.com", 443, "openai.com", False),
        ("api.openai.com", 443, "API.OpenAI.com", True),
        ("api.openai.com", 443, "*", True),
        ("api.openai.com", 443, "a.b, openai.com:443", True),
        ("api.openai.com", 443, "openai.com:444", False),
        ("api.openai.com", 443, "localhost 127.0.0.1 openai.com", True),
        ("api.openai.com", 443, "", False),
        ("api.openai.com", 443, ",,.,", False),
        ("127.0.0.1", 80, "127.0.0.1", True),
        ("127.0.0.1", 80, "127.0.0.0/8", True),
        ("128.0.0.1", 80, "127.0.0.0/8", False),
        ("127.0.0.1", 80, "nonsense/8", False),
        ("::1", 80, "::1", True),
        ("::1", 8080, "[::1]:8080", True),
        ("::1", 80, "[::1]", True),
        ("fd00::7", 80, "fd00::/8", True),
        ("localhost", 80, "localhost", True),
    ],
)
def test_no_proxy(host, port, rules, direct):
    environ = {"all_proxy": "http://p:1", "NO_PROXY": rules}
    assert (proxy_for(Target("http", host, port, "/"), environ) is None) == direct


@pytest.mark.parametrize("url", ["socks5://user:secret@p:1", "https://user:secret@p:1"])
def test_a_proxy_that_is_not_spoken_to_by_http(url):
    with pytest.raises(
        UpstreamError, match=r"HTTPS_PROXY names a proxy of scheme '(socks5|https)'; expected http://HOST:PORT"
    ) as caught:
        proxy_for(HTTPS, {"HTTPS_PROXY": url})
    assert "secret" not in str(caught.value)


def test_a_request_on_the_wire():
    target = target_of("http://h:81/v1?q")
    headers = (("X-A", "b"), ("x-\u00e9", "caf\u00e9 \udcff"))
    assert request_bytes("POST", target, headers, b"{}") == (
        b"POST /v1?q HTTP/1.1\r\nHost: h:81\r\nX-A: b\r\nx-\xc3\xa9: caf\xc3\xa9 \xff\r\n\r\n{}"
    )
    assert (
        request_bytes("GET", target, (), b"", absolute=True) == b"GET http://h:81/v1?q HTTP/1.1\r\nHost: h:81\r\n\r\n"
    )


# -- endings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "then", "ending"),
    [
        ([SSE + b"2\r\nab\r\n0\r\n\r\n"], None, ("eof", "body", 0, b"")),
        ([SSE, b"2\r\nab\r\n", b"0\r\nA: b\r\n\r\n"], hold, ("eof", "body", 0, b"")),
        ([LENGTH + b"0123456789"], hold, ("eof", "body", 0, b"")),
        ([CLOSE + b"abc"], fin, ("eof", "body", 0, b"")),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], hold, ("eof", "body", 0, b"")),
        ([], fin, ("cut", "request", 0, b"")),
        ([SSE[:20]], fin, ("cut", "head", 0, SSE[:20])),
        ([SSE], fin, ("cut", "body", 0, b"")),
        ([SSE + b"2\r\nab\r\n"], fin, ("cut", "body", 0, b"")),
        ([SSE + b"9\r\nab"], fin, ("cut", "body", 7, b"")),
        ([SSE + b"2\r\nab\r\n0\r\n"], fin, ("cut", "body", 0, b"")),
        ([LENGTH + b"0123"], fin, ("cut", "body", 6, b"")),
        ([LENGTH], fin, ("cut", "body", 10, b"")),
        ([], reset, ("reset", "request", 0, b"")),
        ([SSE[:20]], reset, ("reset", "head", 0, SSE[:20])),
        ([SSE], reset, ("reset", "body", 0, b"")),
        ([SSE + b"9\r\nab"], reset, ("reset", "body", 7, b"")),
        ([SSE + b"2\r\nab\r\n"], reset, ("reset", "body", 0, b"")),
        ([CLOSE + b"abc"], reset, ("reset", "body", 0, b"")),
        ([LENGTH + b"0123"], reset, ("reset", "body", 6, b"")),
        ([b"HTTP/1.1 103 Early Hints\r\n\r\n"], reset, ("reset", "request", 0, b"")),
    ],
)
def test_endings(run, pieces, then, ending):
    assert run(answered(*pieces, then=then)).ending == ending


@pytest.mark.parametrize(
    ("pieces", "ending"),
    [
        ([], ("timeout", "request", 0, b"")),
        ([SSE[:9]], ("timeout", "head", 0, SSE[:9])),
        ([SSE + b"5\r\na"], ("timeout", "body", 4, b"")),
        ([CLOSE + b"a"], ("timeout", "body", 0, b"")),
    ],
)
def test_silence_is_a_timeout(run, pieces, ending):
    seen = run(answered(*pieces, then=hold, idle=0.25))
    assert seen.ending == ending
    assert seen.times[-1] - seen.times[-2] >= 0.249


def test_head_has_no_body(run):
    assert run(answered(LENGTH, then=hold, method="HEAD")).ending == ("eof", "body", 0, b"")


def test_what_was_good_before_broken_framing_is_told(run):
    # Head, chunk and garbage in one read: once all of it was lost.
    seen = run(answered(SSE + b"2\r\nab\r\nnonsense\r\n", then=hold))
    assert (seen.kinds, seen.body, seen.wire) == (["head", "data"], b"ab", b"2\r\nab\r\n")
    assert seen.ending == ("cut", "body", 0, b"")


@pytest.mark.parametrize("raw", [b"220 ftp ready\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n0123"])
def test_what_is_no_http_is_kept_as_a_partial_head(run, raw):
    seen = run(answered(raw, then=hold))
    assert seen.ending == ("cut", "head", 0, raw)
    assert (seen.partial, seen.facts) == ([raw], [])


def test_given_up_from_this_side(run):
    async def scenario():
        seen = Seen()

        async def script(reader, writer):
            await request_of(reader)
            writer.write(SSE + b"5\r\nab")
            assert await reader.read() == b""
            left.set()

        left = asyncio.Event()
        async with serving(script) as port:
            running = await ask(port, seen)
            await seen.some.wait()
            running.give_up("client_closed")
            running.give_up("interrupted")
            await left.wait()
        return seen

    assert run(scenario()).ending == ("client_closed", "body", 3, b"")


# -- what comes ------------------------------------------------------------------------------------------------------


def test_every_read_is_told_with_its_facts(run):
    seen = run(answered(SSE, b"5\r\nhe", b"llo\r\n1\r\n!\r\n", b"0\r\nA: b\r\n\r\n"))
    assert seen.told == ["sent", "received", "received", "received", "received", "ended"]
    assert seen.facts == [
        Fact("head", Head(headers=(("Transfer-Encoding", "chunked"),)), framing="chunked"),
        Fact("data", data=b"he", left=3),
        Fact("data", data=b"llo"),
        Fact("data", data=b"!"),
        Fact("end", trailers=(("A", "b"),)),
    ]
    assert seen.wire == b"5\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n"


class Passing(Seen):
    """A client that takes what may pass as soon as the head is there; `way` has all bytes in the order they went."""

    def __init__(self):
        super().__init__()
        self.way = []

    def received(self, at, facts, wire):
        super().received(at, facts, wire)
        self.passing = self.pass_on
        self.way += [("read", wire)] * bool(wire)

    def pass_on(self, data):
        self.told.append("passed")
        self.way.append(("passed", data))


def test_whole_chunks_pass_before_they_are_read_and_nothing_twice(run):
    pieces = [b"3\r\nabc\r\n", b"2\r\nd", b"e\r\n", b"1\r\nf\r\n", b"1\r\ng\r\n0\r\n\r\n"]

    async def scenario():
        seen = Passing()

        async def script(reader, writer):
            await request_of(reader)
            for piece in [SSE, *pieces]:
                seen.some.clear()
                writer.write(piece)
                await seen.some.wait()

        async with serving(script) as port:
            await ask(port, seen)
            await asyncio.wait_for(seen.over.wait(), 10)
        return seen

    seen = run(scenario())
    ways = ["passed", "read", "read", "passed", "read"]
    assert seen.way == list(zip(ways, pieces, strict=True))
    assert seen.body == b"abcdefg"
    told = " ".join(seen.told)
    assert told == "sent received passed received received received passed received received ended"
    assert seen.ending[0] == "eof"


def test_a_head_that_drips_is_told_as_it_grows(run):
    seen = run(answered(b"HTTP/1.1 2", b"00 OK\r\nTransfer-Enc", b"oding: chunked\r\n\r\n0\r\n\r\n"))
    assert seen.partial == [b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nTransfer-Enc"]
    assert seen.kinds == ["head", "end"]


def test_1xx_heads_are_facts(run):
    seen = run(answered(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1", SSE[8:] + b"0\r\n\r\n"))
    assert seen.kinds == ["informational", "head", "end"]
    assert seen.partial == [b"HTTP/1.1"]


def test_the_request_arrives_as_it_is(run):
    async def scenario():
        got = []

        async def script(reader, writer):
            got.append(await request_of(reader))
            writer.write(SSE + b"0\r\n\r\n")
            await reader.read()

        seen = Seen()
        async with serving(script) as port:
            await ask(port, seen, body=b"\x00\xff", headers=(("X-Odd", "\udcff"),))
            await seen.over.wait()
        return port, got

    port, got = run(scenario())
    assert got == [
        b"POST /v1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-Odd: \xff\r\nContent-Length: 2\r\n\r\n\x00\xff" % port
    ]


def test_offsets_can_count_from_the_last_request_byte(run):
    """`sent` comes when the socket has taken the whole body, not when it was handed over."""

    async def scenario():
        seen, body = Seen(), bytes(16 * 1024 * 1024)
        begin = asyncio.Event()
        order = []

        async def script(reader, writer):
            await begin.wait()
            order.append(list(seen.told))
            assert (await request_of(reader)).endswith(body)
            order.append(list(seen.told))
            writer.write(SSE + b"0\r\n\r\n")
            await reader.read()

        async with serving(script) as port:
            await ask(port, seen, body=body)
            begin.set()
            await seen.over.wait()
        return order, seen.told

    order, told = run(scenario())
    assert order[0] == []
    assert told == ["sent", "received", "ended"]


def test_a_slow_client_holds_the_upstream(run):
    async def scenario():
        seen, size = Seen(), 32 * 1024 * 1024
        written = asyncio.Event()

        async def script(reader, writer):
            await request_of(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // 65536):
                writer.write(bytes(65536))
                await writer.drain()
            written.set()
            await reader.read()

        async with serving(script) as port:
            running = await ask(port, seen, idle=0.4)
            await seen.some.wait()
            running.pause()
            held = len(seen.body)
            # Longer than the idle timeout: the silence is ours, not the upstream's.
            await asyncio.sleep(0.8)
            assert seen.ending is None
            assert len(seen.body) - held <= 1024 * 1024
            assert not written.is_set()
            running.resume()
            await seen.over.wait()
            running.pause()
            running.resume()
        return len(seen.body), seen.ending

    assert run(scenario()) == (32 * 1024 * 1024, ("eof", "body", 0, b""))


# -- what cannot be reached ------------------------------------------------------------------------------------------


def test_refused(run):
    port = unused_port()
    run(refused(f"http://127.0.0.1:{port}: connection refused; is it running on that port", port))


def test_refused_by_every_address_of_a_name(run):
    run(refused("http://localhost:[0-9]+: connection refused", unused_port(), url="http://localhost:{}/"))


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example"])
def test_a_host_that_is_no_name(run, host):
    run(refused(f"http://{host}: ", url=f"http://{host}/"))


def test_a_connection_that_takes_too_long(run, monkeypatch):
    monkeypatch.setattr(upstream, "CONNECT_TIMEOUT", 0.05)

    async def scenario():
        async def silent(reader, writer):
            await reader.read()

        async with serving(silent) as port:
            environ = {"HTTPS_PROXY": f"http://127.0.0.1:{port}"}
            await refused("no connection within 0.05 s", url="https://api.openai.com/", environ=environ)

    run(scenario())


class FakeTransport:
    def __init__(self):
        self.closing = False

    def is_closing(self):
        return self.closing

    def abort(self):
        self.closing = True


@pytest.mark.parametrize(
    ("lost", "ending"),
    [
        (lambda one: one.connection_lost(ConnectionResetError()), "reset"),
        (lambda one: one.eof_received(), "cut"),
        (lambda one: one.connection_lost(None), "cut"),
        (lambda one: one.connection_lost(TimeoutError()), "timeout"),
        (lambda one: one.connection_lost(ssl.SSLError("bad record mac")), "cut"),
        (lambda one: one.connection_lost(ssl.SSLEOFError()), "cut"),
        (lambda one: one._transport.abort(), "reset"),
    ],
)
def test_a_connection_lost_before_the_request_was_written(run, lost, ending):
    async def scenario():
        seen = Seen()
        running = Exchange(b"GET / HTTP/1.1\r\n\r\n", "GET", seen, lambda: 1.0)
        running.connection_made(FakeTransport())
        lost(running)
        assert seen.told == []
        running.start(10.0)
        running.connection_lost(None)
        return seen

    assert run(scenario()).ending == (ending, "request", 0, b"")


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (None, "eof"),
        (ssl.SSLEOFError(), "eof"),
        (ssl.SSLError("bad record mac"), "cut"),
        (TimeoutError(), "timeout"),
        (BrokenPipeError(), "reset"),
    ],
)
def test_only_fin_ends_close_framing(run, error, ending):
    async def scenario():
        seen = Seen()
        running = Exchange(b"", "GET", seen, lambda: 1.0)
        running._started = True
        running._reader.feed(CLOSE + b"abc")
        running.connection_lost(error)
        return seen

    assert run(scenario()).ending == (ending, "body", 0, b"")
