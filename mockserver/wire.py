"""What of the mock server touches a transport or a socket: writing, FIN, RST, what the kernel holds (TLS: `secure`).

aiohttp routes and reads a request; then a `Takeover` drives `request.transport`, which is public API, and tells aiohttp
when the answer is over and whether the connection lives on (facts/performance.md, "aiohttp takeover").
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import socket
import ssl
import struct
import sys
import weakref
from collections.abc import Callable
from typing import Protocol, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

_LINGER_RST = struct.pack("ii", 1, 0)
_SIOCOUTQ = 0x5411  # SIOCOUTQ of Linux: bytes in the send queue that the peer's kernel has not acknowledged

_SO_TIMESTAMPNS = 35  # the kernel notes when bytes came; accepted sockets inherit it
_STAMP = struct.Struct("@Niill")  # struct cmsghdr, struct timespec
_READ = 64 * 1024


class Connection:
    """One client's connection: implements the player's `Line` and the recorder's downstream."""

    __slots__ = ("_transport", "buffered", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        # The transport's own methods: a call for each event less.
        self.write = transport.write
        self.buffered = transport.get_write_buffer_size
        self.is_closing = transport.is_closing

    def undelivered(self) -> int:
        """Bytes written that the peer's kernel has not acknowledged: in the transport and, on Linux, in the socket."""
        waiting = self.buffered()
        raw = self._transport.get_extra_info("socket")
        if waiting or raw is None or sys.platform != "linux":
            return waiting
        import fcntl

        answer = bytearray(4)
        try:
            fcntl.ioctl(raw.fileno(), _SIOCOUTQ, answer)
        except OSError:
            return 0
        return int(struct.unpack("i", answer)[0])

    def close(self) -> None:
        """FIN after what is buffered; on TLS its `close_notify` goes before."""
        self._transport.close()

    def half_close(self) -> None:
        """FIN after what is buffered; what the client sends is still taken. Without effect where the connection cannot
        be closed in one direction (TLS)."""
        if self._transport.can_write_eof():
            self._transport.write_eof()

    @property
    def secured(self) -> bool:
        """Whether TLS is spoken on it: then it ends in both directions or in none."""
        return self._transport.get_extra_info("sslcontext") is not None

    def truncate(self) -> None:
        """FIN after what is buffered, on TLS without the `close_notify` that RFC 8446 6.1 demands before it."""
        getattr(self._transport, "truncate", self._transport.close)()

    def reset(self) -> None:
        """RST now: SO_LINGER 0, then abort (abort alone sends FIN). What was not delivered is destroyed. Nothing of TLS
        is said."""
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RST)
        self._transport.abort()

    def abort(self) -> None:
        """Ends the connection at once, without TLS's closing alert: for shutdown, and where a fault says so."""
        self._transport.abort()


class Leaving(Protocol):
    """What plays on a connection and is told that the client has left."""

    def stop(self) -> None: ...


Repeat = Callable[["Door", bytes], bool]
"""Whether a request with these bytes, come through that door, is answered without aiohttp."""


class Takeover(web.StreamResponse):
    """A response written past aiohttp onto the connection. Await `finished()` in the handler, then return it.

    `end(keep=…)` ends it; with `keep` the connection takes further requests, and `door`, if it is given, is told.
    """

    def __init__(self, request: web.BaseRequest, code: int = 0, door: Door | None = None) -> None:
        transport = request.transport
        if transport is None:
            # The client left before its request was looked at; aiohttp handles this error quietly.
            raise ConnectionResetError("the client has left")
        self.connection = Connection(transport)
        self._door = door
        self._waiting: asyncio.Future[None] | None = None
        self._keep = False
        self.over = False
        self.size = 0
        self.code = code

    @property
    def status(self) -> int:
        """Of the head that was shown, 0 for none, for the access log."""
        return self.code

    @property
    def prepared(self) -> bool:
        """Always: aiohttp must not write a head of its own."""
        return True

    @property
    def keep_alive(self) -> bool | None:
        """Whether aiohttp may read the next request from this connection."""
        return self._keep

    @property
    def body_length(self) -> int:
        """Wire bytes written, for the access log."""
        return self.size

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing: the head is the tape's."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing: the end is the tape's."""

    def begin(self, player: Leaving) -> None:
        """Nothing: the handler tells the player when the client leaves."""

    def end(self, *, keep: bool) -> None:
        """The answer is over."""
        self._keep = keep
        self.over = True
        if keep and self._door is not None:
            self._door.settled()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def finished(self) -> None:
        """Returns when `end` was called; cancelled when the client leaves."""
        if not self.over:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Msghdr(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint),
        ("iov", ctypes.c_void_p),
        ("iov_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _KernelStamps:
    """When the bytes that wait in a socket came, by the kernel's own note (Linux). A look costs 1.5 us."""

    def __init__(self) -> None:
        self._recvmsg = ctypes.PyDLL(None).recvmsg  # with MSG_DONTWAIT: the interpreter is not let go of
        self._control = ctypes.create_string_buffer(64)
        # With MSG_TRUNC nothing is copied, with MSG_PEEK nothing is taken; the note is of the last byte looked at.
        self._flags = socket.MSG_PEEK | socket.MSG_TRUNC | socket.MSG_DONTWAIT
        self._iov = _Iovec(None, _READ)
        self._message = _Msghdr(
            iov=ctypes.addressof(self._iov), iov_count=1, control=ctypes.addressof(self._control), control_size=64
        )
        self._pointer = ctypes.byref(self._message)

    def of(self, descriptor: int) -> float | None:
        """Seconds on the wall clock, None when the kernel does not say."""
        self._message.control_size = 64
        if self._recvmsg(descriptor, self._pointer, self._flags) <= 0 or not self._message.control_size:
            return None
        _, level, kind, seconds, nanoseconds = _STAMP.unpack_from(self._control)
        if level != socket.SOL_SOCKET or kind != _SO_TIMESTAMPNS:
            return None
        return float(seconds + nanoseconds / 1e9)


class Stamping(asyncio.BufferedProtocol):
    """Notes when the bytes of a connection came.

    Offsets of a tape count from the last request byte (DESIGN 6). What a busy loop needs to accept, to read and to come
    to the handler, 0.5 ms and in a crowd 20 ms, would otherwise delay the whole stream.
    """

    _stamps = _KernelStamps() if sys.platform == "linux" else None
    _buffer = memoryview(bytearray(_READ))  # one for all: what is read is handed on at once

    def __init__(self) -> None:
        self._descriptor = -1
        self.came: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._descriptor = transport.get_extra_info("socket").fileno()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Called just before bytes are read."""
        if self._stamps is not None:
            self.came = self._stamps.of(self._descriptor)
        return self._buffer


class Door:
    """Stands between a connection and aiohttp, and shows each request that comes while none is under way to `repeat`
    first: where that answers it (by playing on `connection`), aiohttp never sees it.

    aiohttp cannot tell when it is done with what it was given, so a request must be known to be the only one:
    `only` has its bytes, and `settled` says that they were answered to the end.
    """

    came: float | None = None
    _inner: asyncio.Protocol

    def _stand(self, inner: asyncio.Protocol, repeat: Repeat | None) -> None:
        self._inner = inner
        self._repeat = repeat
        self._reads = 0
        self._held = b""
        self._transport: asyncio.Transport | None = None
        self.only: bytes | None = None
        self.player: Leaving | None = None
        self.size = 0
        self.over = True
        self.pause_writing = inner.pause_writing
        self.resume_writing = inner.resume_writing
        self.eof_received = inner.eof_received

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class
        self.connection = Connection(self._transport)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left, or the connection was ended."""
        if self.player is not None:
            self.player.stop()
        self._transport = None
        self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes were read."""
        if self.player is not None:
            # What follows waits its turn (RFC 9112 9.3.2), the client too if it is much.
            self._held += data
            if len(self._held) >= _READ and self._transport is not None:
                self._transport.pause_reading()
            return
        if not self._reads and self._repeat is not None and self._repeat(self, data):
            return
        self.only = None if self._reads else data
        self._reads += 1
        self._inner.data_received(data)

    def settled(self) -> None:
        """The request in `only` was answered to its end: no other is under way if it still is the only one."""
        if self.only is not None:
            self.only = None
            self._reads = 0

    def begin(self, player: Leaving) -> None:
        """`player` answers a request on `connection`, until `end`."""
        self.player = player
        self.over = False

    def end(self, *, keep: bool) -> None:
        """The answer is over; with `keep` the connection takes further requests."""
        self.player = None
        self.over = True
        if self._transport is None:
            return
        if not keep:
            self._transport.close()
        elif self._held:
            held, self._held = self._held, b""
            if len(held) >= _READ:
                self._transport.resume_reading()
            self.data_received(held)


class PlainDoor(Door, asyncio.Protocol):
    """A door that does not know when bytes came."""

    def __init__(self, inner: asyncio.Protocol, repeat: Repeat | None = None) -> None:
        self._stand(inner, repeat)


class StampedDoor(Door, Stamping):
    """A door that notes when request bytes came. No `asyncio.Protocol`: uvloop gives one no buffer of its own."""

    def __init__(self, inner: asyncio.Protocol, repeat: Repeat | None = None) -> None:
        Stamping.__init__(self)
        self._stand(inner, repeat)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        Stamping.connection_made(self, transport)
        Door.connection_made(self, transport)

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes were read."""
        self.data_received(bytes(self._buffer[:nbytes]))


def came(request: web.BaseRequest) -> float | None:
    """When the last bytes of `request` came, in seconds on the wall clock; None if that is not known.

    Asked once a request: what follows in the same read came while this one is answered.
    """
    door = request.transport.get_protocol() if request.transport is not None else None
    if not isinstance(door, Stamping):
        return None
    stamp, door.came = door.came, None
    return stamp


def door_of(request: web.BaseRequest) -> Door | None:
    """What `request` came through; None where a connection has none (TLS), or is lost."""
    door = request.transport.get_protocol() if request.transport is not None else None
    return door if isinstance(door, (PlainDoor, StampedDoor)) else None


async def accept(
    make: Callable[[], asyncio.Protocol], bound: socket.socket, repeat: Repeat | None = None, *, stamped: bool = True
) -> asyncio.Server:
    """Accepts connections on a bound socket; `make` makes the protocol of each, `repeat` may answer before it.
    `stamped`: `came` knows when requests came, for 5 us each."""
    loop = asyncio.get_running_loop()
    # Only a protocol with a buffer can ask the kernel before it reads; on uvloop it costs as much as all the rest.
    door: type[PlainDoor | StampedDoor] = StampedDoor if stamped else PlainDoor
    return await loop.create_server(lambda: door(make(), repeat), sock=bound, backlog=4096)


class Complaints(logging.Handler):
    """Tells of requests that are no HTTP in one line, without their bytes: a credential may be among them. What aiohttp
    says besides is a mistake of ours and keeps its traceback."""

    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        """Called by the logger that `logger` makes."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            what = error.message.partition("\n")[0].partition(": b")[0].rstrip(" :.")
            self._report(f"tokentape: a client sent what is no HTTP/1 request ({what}); it got a {error.code}")
        elif logging.lastResort is not None:
            logging.lastResort.handle(record)

    @property
    def logger(self) -> logging.Logger:
        """For aiohttp's server. A logger of its own: the user's logging is not touched."""
        made = logging.Logger("tokentape", logging.WARNING)
        made.addHandler(self)
        return made


class Connections:
    """The live connections of a server, so that a shutdown need not wait for them."""

    def __init__(self) -> None:
        self._live: weakref.WeakSet[Takeover | Door] = weakref.WeakSet()

    def add(self, taken: Takeover | Door) -> None:
        """Remembers what is played on for as long as it lives."""
        self._live.add(taken)

    def __len__(self) -> int:
        return len(self._live)

    def abort_all(self) -> None:
        """Ends every live connection at once."""
        for taken in list(self._live):
            taken.connection.abort()


async def read_body(request: web.BaseRequest, most: int) -> bytes | None:
    """The body of `request` as it was sent, None when it is longer than `most` bytes."""
    content = request.content
    if content.is_eof():  # it came with the head, as nearly all do
        return content.read_nowait()
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = bytearray()
    while piece := await content.readany():
        body += piece
        if len(body) > most:
            return None
    return bytes(body)


def listen(host: str, port: int) -> socket.socket:
    """A bound TCP socket. Raises OSError when the port is taken or the address is not of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "linux":
            bound.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


async def ask(host: str, port: int, times: int, context: ssl.SSLContext | None = None) -> None:
    """Sends `times` small requests to the server's own health path, over TLS with `context`: what Python loads lazily
    is loaded before ready."""
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    for _ in range(times):
        writer.write(b"GET /_tokentape/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
