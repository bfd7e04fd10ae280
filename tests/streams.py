"""An asyncio client for tests that fetches many streams at once and sees each HTTP chunk with its time.

Nothing of tokentape is imported: what a test expects must not come from what it tests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import urlsplit


class Ask(NamedTuple):
    """One request: `url` is absolute, `headers` beside Host, Content-Length and Connection."""

    url: str
    body: bytes = b""
    method: str = "POST"
    headers: Sequence[tuple[str, str]] = ()

    @property
    def wire(self) -> bytes:
        """The request on the wire; the connection is for this request alone."""
        parts = urlsplit(self.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"{self.method} {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + self.body


@dataclass
class Fetched:
    """One answer. Offsets are ms since the request was written; `pieces` are HTTP chunks stamped at their last byte,
    with other framings reads. `ended`: `whole` (its framing says so), `cut` (FIN inside it) or `reset`."""

    code: int = 0
    message: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    head_at: float = 0.0
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    ended: str = ""
    ended_at: float = 0.0

    @property
    def body(self) -> bytes:
        """The body without its framing."""
        return b"".join(data for _, data in self.pieces)

    @property
    def sizes(self) -> list[int]:
        """Bytes of each piece."""
        return [len(data) for _, data in self.pieces]

    @property
    def gaps(self) -> list[float]:
        """ms before each piece, the first counting from the head."""
        offsets = [self.head_at, *(at for at, _ in self.pieces)]
        return [later - earlier for earlier, later in pairwise(offsets)]

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class _Reading(asyncio.Protocol):
    """Stamps first, then takes the framing off."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._start = 0.0
        self._buffer = b""
        self._reading = self._head
        self._left = 0
        self._chunk: list[bytes] = []
        self._at = 0.0
        self._whole = False
        self.fetched = Fetched()
        self.over: asyncio.Future[Fetched] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._start = time.monotonic()
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._at = (time.monotonic() - self._start) * 1000
        self._buffer += data
        while self._buffer and self._reading():
            pass

    def _head(self) -> bool:
        top, blank, rest = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return False
        status, *lines = top.decode("latin-1").split("\r\n")
        _, code, self.fetched.message = (*status.split(" ", 2), "")[:3]
        self._buffer = rest
        if code.startswith("1"):
            return True
        self.fetched.code, self.fetched.head_at = int(code), self._at
        self.fetched.headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        if self.fetched.header("transfer-encoding") == "chunked":
            self._reading = self._size
        elif (length := self.fetched.header("content-length")) is not None:
            self._left, self._reading = int(length), self._length
            self._whole = not self._left
        else:
            self._whole, self._reading = True, self._close
        return True

    def _close(self) -> bool:
        self.fetched.pieces.append((self._at, self._buffer))
        self._buffer = b""
        return False

    def _length(self) -> bool:
        self._left -= len(self._buffer)
        assert self._left >= 0, f"{-self._left} bytes more than Content-Length says"
        self._whole = not self._left
        return self._close()

    def _size(self) -> bool:
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return False
        self._left, self._buffer = int(line.partition(b";")[0], 16), rest
        self._reading = self._data if self._left else self._trailers
        return True

    def _data(self) -> bool:
        piece = self._buffer[: self._left]
        if piece:
            self._chunk.append(piece)
            self._left -= len(piece)
            self._buffer = self._buffer[len(piece) :]
            if not self._left:
                self.fetched.pieces.append((self._at, b"".join(self._chunk)))
                self._chunk = []
        if self._left or len(self._buffer) < 2:
            return False
        assert self._buffer.startswith(b"\r\n"), f"a chunk is followed by {self._buffer[:20]!r}"
        self._buffer, self._reading = self._buffer[2:], self._size
        return True

    def _trailers(self) -> bool:
        line, end, rest = self._buffer.partition(b"\r\n")
        if end:
            self._buffer, self._whole = rest, self._whole or not line
        return bool(end)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._chunk:
            self.fetched.pieces.append((self._at, b"".join(self._chunk)))
        self.fetched.ended_at = (time.monotonic() - self._start) * 1000
        self.fetched.ended = "reset" if isinstance(exc, ConnectionError) else "whole" if self._whole else "cut"
        if not self.over.done():
            self.over.set_result(self.fetched)


async def fetch(ask: Ask, patience: float = 60.0) -> Fetched:
    """The answer to one request, read until the connection ends."""
    parts = urlsplit(ask.url)
    loop = asyncio.get_running_loop()
    transport, reading = await loop.create_connection(lambda: _Reading(ask.wire), parts.hostname, parts.port)
    try:
        return await asyncio.wait_for(reading.over, patience)
    finally:
        transport.abort()


async def fetch_all(asks: Iterable[Ask], at_once: int, every: float = 0.0) -> list[Fetched]:
    """The answers to all in the order of `asks`: `at_once` of them under way at a time, begun `every` seconds."""
    room = asyncio.Semaphore(at_once)

    async def one(number: int, ask: Ask) -> Fetched:
        await asyncio.sleep(number * every)
        async with room:
            return await fetch(ask)

    return await asyncio.gather(*(one(number, ask) for number, ask in enumerate(asks)))
