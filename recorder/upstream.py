"""The recorder's only socket file: one request to an upstream, its answer stamped byte by byte as it comes in.

An asyncio Protocol and no client library, because a client library hides what a tape is for: chunk boundaries, RST
versus FIN, a head that never became whole. The clock is given. Imports `cassettes` only.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Protocol, cast
from urllib.parse import unquote, urlsplit

from cassettes.framing import Fact, FramingError, ResponseReader, parse_head
from cassettes.model import EndingPlace, EndingType, Headers, TokentapeError

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
    """The HTTP proxy the environment names for `target` (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY), as curl reads it.

    HTTP_PROXY in capitals is not honoured, for the reason of CVE-2016-5385.
    """
    names = (f"{target.scheme}_proxy", "all_proxy")
    keys = [key for name in names for key in (name, name.upper() if name != "http_proxy" else name)]
    url = next((environ[key] for key in keys if environ.get(key)), None)
    if url is None or _bypassed(target, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    proxy = target_of(url if "//" in url else f"http://{url}")
    if proxy.scheme != "http":
        raise UpstreamError(
            f"the proxy {url!r} is not supported; expected http://HOST:PORT (set NO_PROXY to go without)"
        )
    userinfo = urlsplit(url if "//" in url else f"http://{url}").netloc.rpartition("@")[0]
    return proxy._replace(path=userinfo)


def _bypassed(target: Target, rules: str) -> bool:
    host = target.host.lower()
    for rule in (rule.strip().lower() for rule in rules.split(",")):
        name = rule.rpartition(":")[0] if rule.endswith(f":{target.port}") else rule
        name = name.lstrip("*").strip("[]")
        if name and (rule == "*" or host == name.lstrip(".") or host.endswith("." + name.lstrip("."))):
            return True
        if rule == "*":
            return True
    return False


class Listener(Protocol):
    """Who is told of an answer. Times are seconds on the given clock."""

    def sent(self, at: float) -> None:
        """The last request byte was given to the socket."""

    def received(self, at: float, facts: list[Fact], wire: bytes) -> None:
        """Bytes came: the facts in them, and the body bytes among them in their own framing."""

    def heading(self, at: float, partial_head: bytes) -> None:
        """Bytes of a head came that is not whole yet: all of it so far."""

    def ended(self, at: float, ending: EndingType, place: EndingPlace, missing: int, partial_head: bytes) -> None:
        """The answer is over. Called exactly once."""


class Exchange(asyncio.Protocol):
    """One request and its answer. `start` writes the request; afterwards the listener is told everything."""

    def __init__(self, request: bytes, method: str, listener: Listener, clock: Callable[[], float]) -> None:
        self._request = request
        self._listener = listener
        self._clock = clock
        self._reader = ResponseReader(method)
        self._transport: asyncio.Transport | None = None
        self._tunnel: asyncio.Future[bytes] | None = None
        self._tunnel_head = b""
        self._sent = False
        self._ended = False
        self._began = False
        self._idle_timeout = 0.0
        self._idle_handle: asyncio.TimerHandle | None = None
        self._last = 0.0

    # -- asyncio.Protocol ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remembers the transport; the request is written by `start`, after a tunnel if there is one."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Stamps first, then reads: the stamp must not hold the time parsing takes."""
        at = self._clock()
        if self._tunnel is not None:
            self._tunnel_head += data
            if b"\r\n\r\n" in self._tunnel_head and not self._tunnel.done():
                self._tunnel.set_result(self._tunnel_head)
            return
        if self._ended:
            return
        self._last = at
        self._began = True
        try:
            facts = self._reader.feed(data)
        except FramingError:
            # Not HTTP/1 from here on: what was read stays on the tape, ended as cut where it stopped making sense.
            self._end(at, "cut")
            self.abort()
            return
        if self._reader.partial_head:
            self._listener.heading(at, self._reader.partial_head)
        if facts:
            self._listener.received(at, facts, self._reader.wire)
        if self._reader.complete:
            self._end(at, "eof")
            self.abort()

    def eof_received(self) -> bool:
        """FIN: an ending of its own unless close framing makes it the proper one."""
        self._closed()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """RST comes as ConnectionResetError; TLS closed without close_notify counts as FIN."""
        if self._tunnel is not None and not self._tunnel.done():
            self._tunnel.set_exception(UpstreamError("the proxy closed the connection before it answered CONNECT"))
            return
        if isinstance(exc, ConnectionError):
            self._end(self._clock(), "reset")
        else:
            self._closed()
        if self._idle_handle is not None:
            self._idle_handle.cancel()

    def resume_writing(self) -> None:
        """The transport's buffer is empty: the last request byte is with the socket."""
        self._mark_sent()

    # -- the exchange -------------------------------------------------------------------------------------------

    def start(self, idle_timeout: float) -> None:
        """Writes the request. `idle_timeout`: seconds without a byte after which the upstream is given up."""
        transport = self._transport
        if transport is None or transport.is_closing():
            self._end(self._clock(), "reset")
            return
        self._idle_timeout = idle_timeout
        self._last = self._clock()
        self._watch()
        transport.set_write_buffer_limits(high=0)
        transport.write(self._request)
        self._request = b""
        if not transport.get_write_buffer_size():
            self._mark_sent()

    def pause(self) -> None:
        """Stops reading while the client is slow, so that nothing piles up in between."""
        if self._transport is not None and not self._ended:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Reads on."""
        if self._transport is not None and not self._ended:
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

    def _mark_sent(self) -> None:
        if not self._sent:
            self._sent = True
            self._listener.sent(self._clock())

    def _watch(self) -> None:
        # One timer looked at again, not one moved at every event: an event costs no timer call.
        wait = self._last + self._idle_timeout - self._clock()
        if self._ended:
            return
        if wait <= 0:
            self.give_up("timeout")
            return
        self._idle_handle = asyncio.get_running_loop().call_later(wait, self._watch)

    def _closed(self) -> None:
        self._end(self._clock(), "eof" if self._reader.closed() else "cut")

    def _end(self, at: float, ending: EndingType) -> None:
        if self._ended:
            return
        self._ended = True
        reader = self._reader
        place: EndingPlace = "body" if reader.framing else "head" if reader.partial_head else "request"
        missing = 0 if ending == "eof" else reader.missing
        self._listener.ended(at, ending, place, missing, reader.partial_head)

    # -- a tunnel through a proxy -------------------------------------------------------------------------------

    async def tunnel(self, target: Target, proxy: Target, context: ssl.SSLContext) -> None:
        """CONNECT through `proxy`, then TLS with `target`. Raises UpstreamError when the proxy refuses."""
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
    except (OSError, TimeoutError, ssl.SSLError, TokentapeError) as error:
        running.abort()
        raise UpstreamError(_reason(target, proxy, error)) from error
    running.start(idle_timeout)
    return running


async def _connect(running: Exchange, target: Target, proxy: Target | None, context: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    if proxy is None:
        server_name = target.host if context else None
        await loop.create_connection(
            lambda: running, target.host, target.port, ssl=context, server_hostname=server_name
        )
        return
    await loop.create_connection(lambda: running, proxy.host, proxy.port)
    if context is not None:
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
    if isinstance(error, ConnectionRefusedError):
        return f"{where}: connection refused; is it running on that port?"
    return f"{where}: {error}"
