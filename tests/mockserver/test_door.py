"""What stands between a connection and aiohttp: when a request came, and the reading of its body."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repeating import LOOPS, run

from cassettes.matching import Index
from cassettes.redact import Redactor
from mockserver import app, wire
from mockserver.app import Server, Settings
from mockserver.choose import Chooser, Playing
from mockserver.hub import LONGEST_WAIT, Hub


class Told(asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.data = b""
        self.calls: list[str] = []
        self.told = asyncio.Event()
        self.transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._note("made")

    def data_received(self, data: bytes) -> None:
        self.data += data
        self._note("data")

    def eof_received(self) -> bool:
        self._note("eof")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._note("lost")

    def pause_writing(self) -> None:
        self._note("pause")

    def resume_writing(self) -> None:
        self._note("resume")

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self.told.set()

    async def until(self, what: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while not what():
                self.told.clear()
                await self.told.wait()


class Asking:
    """A request as far as `came` looks at it."""

    def __init__(self, transport: asyncio.BaseTransport | None) -> None:
        self.transport = transport


async def connected(told: Told, *, stamped: bool = True) -> tuple[asyncio.Server, socket.socket]:
    server = await wire.accept(lambda: told, wire.listen("127.0.0.1", 0), stamped=stamped)
    client = socket.create_connection(server.sockets[0].getsockname())
    await told.until(lambda: told.transport)
    return server, client


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's note of when bytes came is Linux's")
@pytest.mark.parametrize("loop", LOOPS)
def test_a_request_is_timed_by_when_it_came_however_long_the_loop_was_busy(loop: str) -> None:
    async def work() -> None:
        told = Told()
        server, client = await connected(told)
        with client:
            before = time.time()
            client.sendall(b"x")
            after = time.time()
            time.sleep(0.05)  # noqa: ASYNC251 - a busy loop is what this is about
            await told.until(lambda: told.data)
            asking: Any = Asking(told.transport)
            stamp = wire.came(asking)
            assert stamp is not None
            assert before - 0.001 <= stamp <= after + 0.02
            assert wire.came(asking) is None  # asked once a request
        server.close()
        await told.until(lambda: "lost" in told.calls)

    run(work, loop)


def test_nothing_is_known_without_a_door_or_a_client() -> None:
    asking: Any = Asking(None)
    assert wire.came(asking) is None


@given(data=st.integers(0, 300_000), stamped=st.booleans())
def test_all_bytes_and_calls_go_through(data: int, stamped: bool) -> None:
    sent = bytes(number % 251 for number in range(data)) + b"end"

    async def run() -> None:
        told = Told()
        server, client = await connected(told, stamped=stamped)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_sendall(client, sent)
        client.shutdown(socket.SHUT_WR)
        await told.until(lambda: "lost" in told.calls)
        client.close()
        server.close()
        assert told.data == sent
        assert (told.calls[0], told.calls[-2:]) == ("made", ["eof", "lost"])

    asyncio.run(run())


def test_the_client_that_does_not_read_is_told_of() -> None:
    async def run() -> None:
        told = Told()
        server, client = await connected(told)
        assert isinstance(told.transport, asyncio.Transport)
        told.transport.write(b"x" * (32 << 20))
        assert told.calls[-1] == "pause"
        told.transport.abort()
        await told.until(lambda: "lost" in told.calls)
        client.close()
        server.close()

    asyncio.run(run())


def test_the_wall_clock_is_believed_for_a_moment_only() -> None:
    now, wall = time.monotonic(), time.time()
    assert abs(Hub.past(wall - 1.0) - (now - 1.0)) < 0.5
    for unlikely in (None, wall + 3600, wall - LONGEST_WAIT - 1, 0.0):
        assert now <= Hub.past(unlikely) <= time.monotonic()


# The body of a request


async def answered(server: Server, *pieces: bytes) -> list[bytes]:
    """What the server says, up to the end of an answer's head, after each piece."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    heads: list[bytes] = []
    for piece in pieces:
        writer.write(piece)
        heads.append(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10))
    writer.close()
    return heads


def ask(*pieces: bytes) -> list[bytes]:
    async def run() -> list[bytes]:
        server = Server(Chooser(Index(()), Playing()), Settings(), Redactor(), lambda _: None)
        await server.start("127.0.0.1", 0)
        try:
            return await answered(server, *pieces)
        finally:
            await server.stop()

    return asyncio.run(run())


HEAD = b"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: t\r\n"


def test_a_client_that_asks_before_its_body_is_told_to_go_on() -> None:
    first, second = ask(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", b"{}")
    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert second.startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 30\r\n\r\n", b"x" * 30),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"a\r\n0123456789\r\n14\r\n01234567890123456789\r\n0\r\n\r\n"),
    ],
)
def test_a_body_over_the_limit_is_refused(framing: bytes, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    # In two writes: a body that comes with its head is read whole, which the size of a read limits.
    pieces = HEAD + b"Expect: 100-continue\r\n" + framing, body
    assert ask(*pieces)[1].startswith(b"HTTP/1.1 404 ")
    monkeypatch.setattr(app, "MAX_BODY", 29)
    assert ask(*pieces)[1].startswith(b"HTTP/1.1 413 ")
