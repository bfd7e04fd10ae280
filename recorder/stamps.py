"""Sockets that know when their bytes came: by the kernel's own note (Linux), not by when we got round to reading them.

A busy loop, a disk or another process's turn on the core then cost a tape nothing: they delay the reading, not the
stamp. Works below TLS too, since asyncio reads through the socket object; uvloop does not, there the time of reading
counts. Knows nothing of HTTP. Imports the standard library only.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import time
from typing import Any

_SO_TIMESTAMPNS = 35  # SO_TIMESTAMPNS_OLD of Linux: a control message with a struct timespec of native longs
_TIMESPEC = struct.Struct("@ll")
_ROOM = socket.CMSG_SPACE(_TIMESPEC.size) if sys.platform == "linux" else 0
LONGEST_WAIT = 60.0
"""Seconds: a longer wait was none, the wall clock was set."""


class StampedSocket(socket.socket):
    """A TCP socket that keeps the kernel's note of the bytes that were read last."""

    __slots__ = ("_note", "_notes", "_read_at")

    def __init__(self, family: int, kind: int, protocol: int) -> None:
        super().__init__(family, kind, protocol)
        self._note: list[tuple[int, int, bytes]] = []
        self._read_at = 0.0
        self._notes = False
        if sys.platform == "linux":
            try:
                self.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
                self._notes = True
            except OSError:  # another kind of Linux: the time of reading counts
                self._notes = False

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """As of any socket; the note comes with the bytes. What asyncio reads through."""
        if not self._notes or nbytes:
            return super().recv_into(buffer, nbytes, flags)
        size, self._note, _, _ = super().recvmsg_into([buffer], _ROOM, flags)
        self._read_at = time.time()
        return size

    @property
    def waited(self) -> float:
        """How long (s) the bytes that were read last had been here by then. Worked out when it is asked for: between a
        read and its relaying nothing is done that can wait."""
        for level, kind, data in self._note:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) == _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack(data)
                waited = self._read_at - seconds - nanoseconds / 1e9
                return waited if 0.0 < waited < LONGEST_WAIT else 0.0
        return 0.0


async def connected(host: str, port: int) -> StampedSocket:
    """A connection to the first address of `host` that takes one. Raises OSError, or ValueError for what is no name."""
    loop = asyncio.get_running_loop()
    errors: list[OSError] = []
    for family, kind, protocol, _, address in await _addresses(loop, host, port):
        candidate = StampedSocket(family, kind, protocol)
        try:
            candidate.setblocking(False)
            await loop.sock_connect(candidate, address)
        except OSError as error:
            candidate.close()
            errors.append(error)
        except BaseException:
            candidate.close()
            raise
        else:
            return candidate
    if len({error.errno for error in errors}) == 1:
        raise errors[0]
    raise OSError("; ".join(str(error) for error in errors))


async def _addresses(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[Any]:
    try:  # an address needs no thread that looks names up
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
