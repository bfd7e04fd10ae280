"""TLS between a socket and aiohttp: the handshake, records in and out, `close_notify` sent or kept back.

Not asyncio's own: that keeps bytes out of reach between its buffer and the socket's (an RST would destroy them), waits
30 s for the client's `close_notify` before the FIN, and cannot leave its own out. Here every byte written is encrypted
at once and waits in the one buffer that `wire.Connection` asks about; asyncio and uvloop behave alike. With `wire` the
only module that touches a transport. Imports `wire` and `hub`; the contexts are `tls`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any, cast

from mockserver.hub import Hub
from mockserver.wire import Stamping

HANDSHAKE = 30.0
"""Seconds that a client may take for its handshake."""
_READ = 64 * 1024
_HANDSHAKE_RECORD = 0x16  # RFC 8446 5.1: the first byte that any TLS client sends
_PLAIN = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
_PLAIN_TEXT = b"this port speaks TLS: ask it with https://\n"


class SecureTransport(asyncio.Transport):
    """What aiohttp and `Connection` write plain bytes to. It never half-closes."""

    def __init__(self, raw: asyncio.Transport, tls: ssl.SSLObject, outgoing: ssl.MemoryBIO, door: SecureDoor) -> None:
        super().__init__()
        self._raw = raw
        self._tls = tls
        self._outgoing = outgoing
        self._door = door
        # All that waits is ciphertext in the connection's own buffer.
        self.get_write_buffer_size = raw.get_write_buffer_size  # type: ignore[method-assign]
        self.get_write_buffer_limits = raw.get_write_buffer_limits  # type: ignore[method-assign]
        self.set_write_buffer_limits = raw.set_write_buffer_limits  # type: ignore[method-assign]
        self.is_closing = raw.is_closing  # type: ignore[method-assign]
        self.is_reading = raw.is_reading  # type: ignore[method-assign]
        self.pause_reading = raw.pause_reading  # type: ignore[method-assign]
        self.resume_reading = raw.resume_reading  # type: ignore[method-assign]

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection; `sslcontext` and `ssl_object` of TLS."""
        if name == "sslcontext":
            return self._tls.context
        return self._tls if name == "ssl_object" else self._raw.get_extra_info(name, default)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The door: it knows when the last bytes came."""
        return self._door

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Encrypts `data` and gives it to the socket: small writes become one TLS record each."""
        if self._raw.is_closing() or not data:
            return
        written = self._tls.write(data)
        while written < len(data):
            written += self._tls.write(memoryview(data)[written:])
        self._raw.write(self._outgoing.read())

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        """Writes all of it."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Never: HTTP over TLS has no half-closed connection (RFC 9112 9.8)."""
        return False

    def close(self) -> None:
        """`close_notify` and FIN after what is buffered; the client's own `close_notify` is not waited for (RFC 8446
        6.1)."""
        if self._raw.is_closing():
            return
        with contextlib.suppress(ssl.SSLError):  # it wants the client's
            self._tls.unwrap()
        if said := self._outgoing.read():
            self._raw.write(said)
        self._raw.close()

    def truncate(self) -> None:
        """FIN after what is buffered, without `close_notify`."""
        self._raw.close()

    def abort(self) -> None:
        """Ends the connection at once; nothing is said."""
        self._raw.abort()


class SecureDoor(Stamping):
    """One connection: stands between its socket and aiohttp, which hears of it once the handshake is done.

    The kernel's stamps are of the records that a request came in: offsets count from its last byte as they do without
    TLS. A `close_notify` or FIN of the client is its leaving, as a FIN is without TLS.
    """

    def __init__(self, inner: asyncio.Protocol, entry: Entry) -> None:
        super().__init__()
        if not entry.stamped:
            self._stamps = None
        self._inner = inner
        self._entry = entry
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = entry.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._raw: asyncio.Transport | None = None
        self._heard = False
        self._made: SecureTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there: it has the first word."""
        super().connection_made(transport)
        self._raw = cast(asyncio.Transport, transport)  # uvloop's is none by class
        self._entry.waits(self)

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes were read."""
        raw = self._raw
        if raw is None or raw.is_closing():
            return
        if not self._heard:
            self._heard = True
            if self._buffer[0] != _HANDSHAKE_RECORD:
                self._no_tls(raw, is_http=65 <= self._buffer[0] <= 90)
                return
        self._incoming.write(self._buffer[:nbytes])
        try:
            if self._made is None:
                self._tls.do_handshake()
                self._begin(raw)
            self._pass_on(raw)
        except ssl.SSLWantReadError:
            self._flush(raw)
        except ssl.SSLError as error:
            self._broken(raw, error)

    def eof_received(self) -> bool | None:
        """A FIN without `close_notify`: the client has left."""
        return self._inner.eof_received() if self._made is not None else None

    def connection_lost(self, exc: Exception | None) -> None:
        """Both directions are over."""
        self._entry.waiting.pop(self, None)
        self._raw = None
        made, self._made = self._made, None  # a ring of the two would wait for the collector
        if made is not None:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """The client is slow."""
        if self._made is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """It has caught up."""
        if self._made is not None:
            self._inner.resume_writing()

    def abort(self) -> None:
        """Ends the connection at once, for shutdown."""
        if self._raw is not None:
            self._raw.abort()

    def _begin(self, raw: asyncio.Transport) -> None:
        self._entry.waiting.pop(self, None)
        self._flush(raw)
        self._made = SecureTransport(raw, self._tls, self._outgoing, self)
        self._inner.connection_made(self._made)

    def _pass_on(self, raw: asyncio.Transport) -> None:
        """Hands on what can be decrypted. Raises ssl.SSLWantReadError when that was all."""
        while not raw.is_closing():
            data = self._tls.read(_READ)
            if not data:  # close_notify
                if self._made is not None:
                    self._made.close()
                return
            self._inner.data_received(data)

    def _flush(self, raw: asyncio.Transport) -> None:
        if said := self._outgoing.read():
            raw.write(said)

    def _no_tls(self, raw: asyncio.Transport, *, is_http: bool) -> None:
        if is_http:
            raw.write(_PLAIN % (len(_PLAIN_TEXT), _PLAIN_TEXT))
            self._entry.report("tokentape: a client spoke plain HTTP to the TLS port; it got a 400: ask with https://")
        else:
            self._entry.report("tokentape: a client sent what is no TLS handshake; its connection was closed")
        raw.close()

    def _broken(self, raw: asyncio.Transport, error: ssl.SSLError) -> None:
        """What the client sent cannot be read: the alert that OpenSSL has made goes out, then FIN."""
        self._entry.report(_told(error, begun=self._made is not None))
        self._flush(raw)
        raw.close()


_DISTRUST = frozenset({"TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_CERTIFICATE_UNKNOWN", "SSLV3_ALERT_BAD_CERTIFICATE"})


def _told(error: ssl.SSLError, *, begun: bool) -> str:
    reason = error.reason or "unknown"
    words = reason.lower().replace("_", " ")
    if reason in _DISTRUST:
        return (
            f"tokentape: a client does not trust the certificate ({words}); "
            "give it the CA: SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, curl --cacert"
        )
    return f"tokentape: the TLS {'connection' if begun else 'handshake'} of a client failed ({words})"


def unchecked() -> ssl.SSLContext:
    """For the server's requests to itself: it knows whom it asks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Entry:
    """What the connections of one server share. `waiting` are those whose handshake is not done, in the order they
    came, and until when (s, the hub's clock) it may take."""

    finished = False
    """The hub drops it when `pump` says so."""

    def __init__(self, context: ssl.SSLContext, report: Callable[[str], None], hub: Hub, *, stamped: bool) -> None:
        self.context = context
        self.report = report
        self.stamped = stamped
        self.waiting: dict[SecureDoor, float] = {}
        self._hub = hub
        self._watched = False

    def waits(self, door: SecureDoor) -> None:
        """A client is there whose handshake is awaited."""
        until = self.waiting[door] = self._hub.now() + HANDSHAKE
        if not self._watched:  # one deadline for all: the hub's heap is for streams
            self._watched = True
            self._hub.add(until, self)

    def pump(self, now: float) -> float | None:
        """Ends the connections that took too long; when to look again, None when nobody is waited for."""
        for door, until in list(self.waiting.items()):
            if until > now:
                return until
            self.report(f"tokentape: a client sent no whole TLS handshake in {HANDSHAKE:g} s; it was disconnected")
            del self.waiting[door]
            door.abort()
        self._watched = False
        return None

    async def accept(self, make: Callable[[], asyncio.Protocol], bound: socket.socket) -> asyncio.Server:
        """Accepts connections on a bound socket; `make` makes the protocol of each."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: SecureDoor(make(), self), sock=bound, backlog=4096)

    def abort_waiting(self) -> None:
        """Ends the connections that have not come to a request, for shutdown."""
        for door in list(self.waiting):
            door.abort()
