"""A server with made-up tapes, and clients that ask it the same again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from wires import chunk, event, post

from cassettes.matching import Index, entry_of
from cassettes.model import Chunk, Ending, Interaction, Request, Response, Stream
from cassettes.redact import Redactor
from mockserver.app import Server, Settings
from mockserver.choose import Chooser, Playing

SSE = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
ASK = post("/up/one", b"{}")
LOOPS = ["asyncio", "uvloop"]


def taped(said: str, *, gap: float = 0.0, path: str = "one", end: Ending | None = None) -> Interaction:
    """Two chunks, the second after `gap` ms."""
    pieces = [event(said), event("two")]
    chunks = tuple(Chunk(gap * number, len(piece)) for number, piece in enumerate(pieces))
    stream = Stream(provider="up", dialect="raw", framing="chunked", chunks=chunks, end=end or Ending())
    return Interaction(Request("POST", f"http://up.example/{path}"), Response(200, "OK", SSE, b"".join(pieces), stream))


def answer(said: str) -> bytes:
    return chunk(event(said)) + chunk(event("two")) + LAST


def index_of(*interactions: Interaction) -> Index:
    return Index(entry_of("tape", number, one) for number, one in enumerate(interactions, 1))


class Counting(Server):
    """Counts what aiohttp hands over."""

    seen = 0

    def _enter(self, request: Any) -> Any:
        self.seen += 1
        return super()._enter(request)


class Scene:
    """A running server and what a client has of it."""

    def __init__(self, server: Counting) -> None:
        self.server = server
        self.port = int(server.url.rpartition(":")[2])
        self.writers: list[asyncio.StreamWriter] = []

    async def client(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        self.writers.append(writer)
        return reader, writer

    async def ask(self, data: bytes, *, to: Any = None, size: int = 1) -> list[bytes]:
        """The bodies of `size` answers to `data`, sent on the connection `to`."""
        reader, writer = to or await self.client()
        writer.write(data)
        return [await body_of(reader) for _ in range(size)]

    async def until(self, what: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not what():  # noqa: ASYNC110 - what the server knows has no event
                await asyncio.sleep(0)

    def ends(self) -> list[tuple[str, str | None, str]]:
        return [(one.place or "", one.by, one.ending) for one in self.server.journal.listed()]


async def body_of(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(10):
        await reader.readuntil(b"\r\n\r\n")
        return await reader.readuntil(LAST)


@asynccontextmanager
async def playing(*interactions: Interaction, **fields: Any) -> AsyncIterator[Scene]:
    chooser = Chooser(index_of(*interactions), Playing(mark=False, **fields))
    server = Counting(chooser, Settings(), Redactor(), lambda _: None)
    await server.start("127.0.0.1", 0)
    scene = Scene(server)
    try:
        yield scene
    finally:
        await server.stop()
        for writer in scene.writers:
            writer.close()


def run(work: Callable[[], Awaitable[None]], loop: str = "asyncio") -> None:
    async def main() -> None:
        await work()

    factory = pytest.importorskip("uvloop").new_event_loop if loop == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
