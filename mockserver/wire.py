"""The only file of the mock server that touches a transport or a socket: writing, FIN, RST, what the kernel still holds.

aiohttp routes and reads a request; then a `Takeover` drives `request.transport`, which is public API, and tells aiohttp
when the answer is over and whether the connection lives on (facts/performance.md, "aiohttp takeover").
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import weakref

from aiohttp import web

_LINGER_RST = struct.pack("ii", 1, 0)
_SIOCOUTQ = 0x5411  # SIOCOUTQ of Linux: bytes in the send queue that the peer's kernel has not acknowledged


class Connection:
    """One client's connection: implements the player's `Line` and the recorder's downstream."""

    __slots__ = ("_transport",)

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def write(self, data: memoryview | bytes) -> None:
        """Hands `data` to the transport; what the socket does not take at once waits in it (see `buffered`)."""
        self._transport.write(data)

    def buffered(self) -> int:
        """Bytes that wait in the transport."""
        return self._transport.get_write_buffer_size()

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

    def is_closing(self) -> bool:
        """Whether the connection is closed or about to be."""
        return self._transport.is_closing()

    def close(self) -> None:
        """FIN after what is buffered."""
        self._transport.close()

    def reset(self) -> None:
        """RST now: SO_LINGER 0, then abort (abort alone sends FIN). What was not delivered is destroyed."""
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RST)
        self._transport.abort()

    def abort(self) -> None:
        """Ends the connection at once, for shutdown."""
        self._transport.abort()


class Takeover(web.StreamResponse):
    """A response written past aiohttp onto the connection. Await `finished()` in the handler, then return it.

    `end(keep=…)` ends it; with `keep` the connection takes further requests.
    """

    def __init__(self, request: web.Request) -> None:
        super().__init__()
        transport = request.transport
        if transport is None:
            # The client left before its request was looked at; aiohttp handles this error quietly.
            raise ConnectionResetError("the client has left")
        self.connection = Connection(transport)
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keep = False
        self.size = 0
        self.code = 0

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

    def end(self, *, keep: bool) -> None:
        """The answer is over."""
        self._keep = keep
        if not self._over.done():
            self._over.set_result(None)

    async def finished(self) -> None:
        """Returns when `end` was called; cancelled when the client leaves."""
        await self._over


class Connections:
    """The live connections of a server, so that a shutdown need not wait for them."""

    def __init__(self) -> None:
        self._live: weakref.WeakSet[Takeover] = weakref.WeakSet()

    def add(self, takeover: Takeover) -> None:
        """Remembers `takeover` for as long as it lives."""
        self._live.add(takeover)

    def __len__(self) -> int:
        return len(self._live)

    def abort_all(self) -> None:
        """Ends every live connection at once."""
        for takeover in list(self._live):
            takeover.connection.abort()


def listen(host: str, port: int) -> socket.socket:
    """A bound TCP socket. Raises OSError when the port is taken or the address is not of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


async def ask(host: str, port: int, times: int) -> None:
    """Sends `times` small requests to the server's own health path: what Python loads lazily is loaded before ready."""
    reader, writer = await asyncio.open_connection(host, port)
    for _ in range(times):
        writer.write(b"GET /_tokentape/health HTTP/1.1\r\nHost: tokentape\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
