"""The recorder's only socket file: one request to an upstream, its answer stamped byte by byte as it comes in.

An asyncio protocol and no client library, because a client library hides what a tape is for: chunk boundaries, RST
versus FIN, a head that never became whole. The clock is given. Imports `cassettes` and `stamps`.
"""

from __future__ import annotations

import asyncio
import base64
import errno
import ipaddress
import os
import ssl
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol, cast
from urllib.parse import unquote, urlsplit

from cassettes.framing import MAX_HEAD, Fact, FramingError, ResponseReader, parse_head
from cassettes.model import EndingPlace, EndingType, Headers, TokentapeError
from recorder.stamps import StampedSocket, connected

LARGEST_READ = 64 * 1024
"""Bytes read at once: more may come in one chunk, its pieces are put together (`cassettes.marks`)."""
CONNECT_TIMEOUT = 30.0
"""Seconds until an upstream that does not accept a connection is given up."""


class UpstreamError(TokentapeError):
    """The upstream cannot be reached or trusted: no tape is made of that."""

    exit_code = 5


class Target(NamedTuple):
    """Where a request goes: the parts of an absolute http(s) URL, `path` with its query."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says: the port only when it is not the scheme's own (RFC 9110 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The absolute URL."""
        return f"{self.scheme}://{self.authority}{self.path}"


def target_of(url: str) -> Target:
    """The target of an absolute URL. Raises UpstreamError saying what an upstream URL looks like."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UpstreamError(f"{url!r} is not a URL ({error}); expected https://HOST[:PORT]/PATH") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UpstreamError(f"{url!r} is not an upstream; expected http://… or https://HOST[:PORT]/PATH")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    scheme = cast(Literal["http", "https"], parts.scheme)
    return Target(scheme, parts.hostname, port or {"http": 80, "https": 443}[scheme], path)


def proxy_for(target: Target, environ: Mapping[str, str]) -> Target | None:
    """The HTTP proxy that the environment names for `target`, as curl reads it: HTTPS_PROXY, ALL_PROXY, NO_PROXY.

    Its `path` is the user and password of the URL. HTTP_PROXY in capitals is not honoured, for the reason of
    CVE-2016-5385. Raises UpstreamError for a proxy that is not spoken to by http.
    """
    names = ("http_proxy",) if target.scheme == "http" else ("https_proxy", "HTTPS_PROXY")
    name = next((name for name in (*names, "all_proxy", "ALL_PROXY") if environ.get(name)), None)
    if name is None or _bypassed(target, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    url = environ[name] if "://" in environ[name] else f"http://{environ[name]}"
    scheme = url.partition(":")[0].lower()
    if scheme != "http":
        # The URL is not shown: it may hold a password.
        raise UpstreamError(
            f"{name} names a proxy of scheme {scheme[:20]!r}; expected http://HOST:PORT (NO_PROXY goes without one)"
        )
    userinfo, _, place = urlsplit(url).netloc.rpartition("@")
    return target_of(f"http://{place}")._replace(path=userinfo)


def _bypassed(target: Target, rules: str) -> bool:
    host = target.host.lower()
    for rule in rules.replace(",", " ").lower().split():
        if rule == "*":
            return True
        name = rule.removesuffix(f":{target.port}") if rule.count(":") == 1 or rule.startswith("[") else rule
        name = name.removeprefix("*").removeprefix(".").strip("[]")
        if host == name or (name and host.endswith(f".{name}")) or _in_network(host, name):
            return True
    return False


def _in_network(host: str, network: str) -> bool:
    """Whether `host` is an address in a network such as 10.0.0.0/8."""
    if "/" not in network:
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


class Listener(Protocol):
    """Who is told of an answer. Times are seconds on the given clock.

    `passing`: who is given body bytes in their own framing before they are read, where they may go as they came: the
    way of an event to its client should be short. What it had is not in `wire` again.
    """

    passing: Callable[[bytes], None] | None

    def sent(self, at: float) -> None:
        """The last request byte was given to the socket."""

    def received(self, at: float, facts: list[Fact], wire: bytes) -> None:
        """Bytes came: the facts in them, and the body bytes among them in their own framing. Either may be empty: a
        chunk's size line on its own is no fact."""

    def heading(self, at: float, partial_head: bytes) -> None:
        """Bytes of a head came that is not whole yet: all of it so far."""

    def ended(self, at: float, ending: EndingType, place: EndingPlace, missing: int, partial_head: bytes) -> None:
        """The answer is over. Called exactly once."""


class Exchange(asyncio.BufferedProtocol):
    """One request and its answer. `start` writes the request; afterwards the listener is told everything.

    It brings the buffer for its reads: asyncio's own are 256 KB each, and a slow client's stream then holds 1.3 MB.
    """

    def __init__(self, request: bytes, method: str, listener: Listener, clock: Callable[[], float]) -> None:
        self._request = request
        self._listener = listener
        self._clock = clock
        self._reader = ResponseReader(method)
        self._transport: asyncio.Transport | None = None
        self._tunnel: asyncio.Future[bytes] | None = None
        self._tunnel_head = b""
        self._started = False
        self._lost: EndingType | None = None
        self._sent = False
        self._ended = False
        self._paused = False
        self._idle_timeout = 0.0
        self._idle_handle: asyncio.TimerHandle | None = None
        self._last = 0.0
        self._room = memoryview(bytearray(LARGEST_READ))
        self._once: memoryview | None = None
        self.malformed = ""
        """What of the answer was no HTTP/1, if anything was not."""
        self.socket: StampedSocket | None = None

    # -- asyncio.BufferedProtocol -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remembers the transport; the request is written by `start`, after a tunnel if there is one."""
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go. A view: TLS slices it, and a slice of a bytearray is a copy.

        Over TLS the hint says how much waits. All of it must fit: once the peer has closed, asyncio and uvloop read one
        buffer more and drop the rest. A byte more, so that they see that there is no rest.
        """
        if sizehint > LARGEST_READ:
            self._once = memoryview(bytearray(sizehint + 1))
            return self._once
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """Stamps first, then relays, then reads: the stamp must not hold the time that takes, nor that which the bytes
        waited."""
        now = self._clock()
        if self._once is None:
            data = bytes(self._room[:nbytes])
        else:
            data, self._once = bytes(self._once[:nbytes]), None
        passing = self._listener.passing
        passed = passing is not None and not self._ended and self._reader.passes(data)
        if passing is not None and passed:
            passing(data)
        at = now - (self.socket.waited if self.socket is not None else 0.0)
        if self._tunnel is not None:
            self._tunnel_data(data)
            return
        if self._ended:
            return
        self._last = at
        try:
            facts, broken = self._reader.feed(data), False
        except FramingError as error:
            # Not HTTP/1 from here on: what was read stays on the tape, ended as cut where it stopped making sense.
            facts, broken = list(error.facts), True
            self.malformed = str(error)
        if facts or self._reader.wire:
            self._listener.received(at, facts, b"" if passed else self._reader.wire)
        if self._reader.partial_head:
            self._listener.heading(at, self._reader.partial_head)
        if broken or self._reader.complete:
            self._end(at, "cut" if broken else "eof")
            # Not within the read: asyncio may be about to shut TLS down, and finds it gone.
            asyncio.get_running_loop().call_soon(self.abort)

    def eof_received(self) -> bool:
        """FIN: an ending of its own unless close framing makes it the proper one."""
        self._closed()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """RST comes as ConnectionResetError; TLS closed without close_notify counts as FIN."""
        if self._idle_handle is not None:
            self._idle_handle.cancel()
        if self._tunnel is not None and not self._tunnel.done():
            self._tunnel.set_exception(UpstreamError("the proxy closed the connection before it answered CONNECT"))
        if exc is None or isinstance(exc, ssl.SSLEOFError):
            self._closed()
        elif isinstance(exc, ConnectionError):
            self._end(self._clock(), "reset")
        else:
            # ETIMEDOUT: the peer's host acknowledges nothing any more. Else TLS records that cannot be read.
            self._end(self._clock(), "timeout" if isinstance(exc, TimeoutError) else "cut")

    def resume_writing(self) -> None:
        """The transport's buffer is empty: the last request byte is with the socket."""
        self._mark_sent(self._clock())

    # -- the exchange -------------------------------------------------------------------------------------------

    def start(self, idle_timeout: float) -> None:
        """Writes the request. `idle_timeout`: seconds without a byte after which the upstream is given up."""
        self._started = True
        transport = self._transport
        if transport is None or self._lost is not None or transport.is_closing():
            self._end(self._clock(), self._lost or "reset")
            return
        self._idle_timeout = idle_timeout
        self._last = self._clock()
        self._watch()
        transport.set_write_buffer_limits(high=0)
        # Before the write: whoever is woken by the bytes may run before we get to look at the clock again.
        at = self._clock()
        transport.write(self._request)
        self._request = b""
        if not transport.get_write_buffer_size():
            self._mark_sent(at)

    def pause(self) -> None:
        """Stops reading while the client is slow, so that nothing piles up in between."""
        if self._transport is not None and not self._ended:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Reads on."""
        if self._transport is not None and not self._ended:
            self._paused = False
            self._last = self._clock()
            self._transport.resume_reading()

    def give_up(self, ending: EndingType) -> None:
        """Ends the answer from this side, as `ending` (client_closed, timeout, interrupted)."""
        self._end(self._clock(), ending)
        self.abort()

    def abort(self) -> None:
        """Closes the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _mark_sent(self, at: float) -> None:
        if not self._sent:
            self._sent = True
            self._last = at
            self._listener.sent(at)

    def _watch(self) -> None:
        # One timer looked at again, not one moved at every event: an event costs no timer call.
        if self._ended:
            return
        # While the client is slow nothing is read: that silence is not the upstream's.
        wait = self._idle_timeout if self._paused else self._last + self._idle_timeout - self._clock()
        if wait <= 0:
            self.give_up("timeout")
            return
        self._idle_handle = asyncio.get_running_loop().call_later(wait, self._watch)

    def _closed(self) -> None:
        self._end(self._clock(), "eof" if self._reader.closed() else "cut")

    def _end(self, at: float, ending: EndingType) -> None:
        if self._ended:
            return
        if not self._started:
            # Nothing was asked yet: `exchange` raises, or `start` finds the connection gone.
            self._lost = self._lost or ending
            return
        self._ended = True
        reader = self._reader
        place: EndingPlace = "body" if reader.framing else "head" if reader.partial_head else "request"
        missing = 0 if ending == "eof" else reader.missing
        self._listener.ended(at, ending, place, missing, reader.partial_head)

    # -- a tunnel through a proxy -------------------------------------------------------------------------------

    def _tunnel_data(self, data: bytes) -> None:
        """Bytes of the proxy's answer to CONNECT."""
        if self._tunnel is None or self._tunnel.done():
            return
        self._tunnel_head += data
        if b"\r\n\r\n" in self._tunnel_head:
            self._tunnel.set_result(self._tunnel_head)
        elif len(self._tunnel_head) > MAX_HEAD:
            self._tunnel.set_exception(UpstreamError("the proxy answered CONNECT with a head that does not end"))

    async def tunnel(self, target: Target, proxy: Target, context: ssl.SSLContext) -> None:
        """CONNECT through `proxy`, then TLS with `target`. Raises UpstreamError when the proxy refuses."""
        if self._lost is not None:
            raise UpstreamError("the proxy closed the connection at once")
        loop = asyncio.get_running_loop()
        self._tunnel = loop.create_future()
        host = f"[{target.host}]" if ":" in target.host else target.host
        lines = [f"CONNECT {host}:{target.port} HTTP/1.1", f"Host: {host}:{target.port}", *_proxy_login(proxy)]
        transport = cast(asyncio.Transport, self._transport)
        transport.write("\r\n".join([*lines, "", ""]).encode())
        head = parse_head((await self._tunnel).partition(b"\r\n\r\n")[0])
        if head.code // 100 != 2:
            raise UpstreamError(f"the proxy {proxy.authority} answered CONNECT with {head.code} {head.message}")
        self._tunnel = None
        secured = await loop.start_tls(transport, self, context, server_hostname=target.host)
        self._transport = secured


def _proxy_login(proxy: Target) -> list[str]:
    if not proxy.path:
        return []
    token = base64.b64encode(unquote(proxy.path).encode()).decode()
    return [f"Proxy-Authorization: Basic {token}"]


def tls_context() -> ssl.SSLContext:
    """The system's trust store; OpenSSL reads SSL_CERT_FILE and SSL_CERT_DIR itself. ALPN asks for HTTP/1.1."""
    return _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _tls_context(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    # Kept: reading a trust store takes 50 ms, in which no other stream would be stamped.
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def request_bytes(method: str, target: Target, headers: Headers, body: bytes, *, absolute: bool = False) -> bytes:
    """A request on the wire. `absolute`: the form a proxy of plain http wants (RFC 9112 3.2.2)."""
    lines = [f"{method} {target.url if absolute else target.path} HTTP/1.1", f"Host: {target.authority}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


async def exchange(
    method: str,
    target: Target,
    headers: Headers,
    body: bytes,
    listener: Listener,
    *,
    clock: Callable[[], float],
    environ: Mapping[str, str],
    idle_timeout: float = 3600.0,
) -> Exchange:
    """Sends a request to `target` and returns its running exchange; `listener` is told of the answer.

    Raises UpstreamError when the upstream cannot be reached or trusted; then the listener was told nothing.
    """
    proxy = proxy_for(target, environ)
    context = tls_context() if target.scheme == "https" else None
    plain_proxy = proxy is not None and context is None
    sent = (
        (*headers, *(tuple(line.split(": ", 1)) for line in _proxy_login(proxy))) if plain_proxy and proxy else headers
    )
    data = request_bytes(method, target, cast(Headers, sent), body, absolute=plain_proxy)
    running = Exchange(data, method, listener, clock)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await _connect(running, target, proxy, context)
    except (OSError, ValueError, TokentapeError) as error:
        # ValueError: a host that is no name (UnicodeError of IDNA), or that no certificate can have.
        running.abort()
        raise UpstreamError(_reason(target, proxy, error)) from error
    except BaseException:
        running.abort()
        raise
    running.start(idle_timeout)
    return running


async def _connect(running: Exchange, target: Target, proxy: Target | None, context: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    first = proxy or target
    running.socket = sock = await connected(first.host, first.port)
    own = context if proxy is None else None
    try:
        await loop.create_connection(lambda: running, sock=sock, ssl=own, server_hostname=target.host if own else None)
    except BaseException:
        sock.close()
        raise
    if proxy is not None and context is not None:
        await running.tunnel(target, proxy, context)


def _reason(target: Target, proxy: Target | None, error: Exception) -> str:
    """One line: what failed, where, and what to do about it."""
    where = f"{target.scheme}://{target.authority}" + (f" (through the proxy {proxy.authority})" if proxy else "")
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"{where}: its certificate is not trusted ({error.verify_message}); set SSL_CERT_FILE to its CA's PEM file"
        )
    if isinstance(error, ssl.SSLError):
        return f"{where}: no TLS connection ({error.reason or error}); does it speak https on this port?"
    if isinstance(error, TimeoutError):
        return f"{where}: no connection within {CONNECT_TIMEOUT:g} s"
    # A name with several addresses: asyncio makes one error, without a number, of those of all addresses.
    if isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return f"{where}: connection refused; is it running on that port?"
    return f"{where}: {getattr(error, 'strerror', None) or error}"
