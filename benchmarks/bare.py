"""The least that asyncio and aiohttp themselves cost: answers without tape and schedule, a proxy that keeps nothing.

`python -m benchmarks.bare answer FILE` writes the file to whoever asks, past aiohttp, in one write; `… write FILE` does
it without aiohttp, `… each FILE` with a write for each line of the index beside it; `… splice PORT` passes bytes on
between a client and 127.0.0.1:PORT. All print their port once they listen.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from aiohttp import web


class Written(web.StreamResponse):
    """A response whose bytes are on the connection already. It has no state, so its base is not initialised."""

    def __init__(self) -> None:
        pass

    @property
    def prepared(self) -> bool:
        """So that aiohttp writes no head."""
        return True

    @property
    def keep_alive(self) -> bool:
        """The connection takes further requests."""
        return True

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing: aiohttp has no head to write."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""


class Writing(asyncio.Protocol):
    """Writes its pieces for all that it reads, as a whole request of the instruments is read at once."""

    def __init__(self, pieces: Sequence[memoryview]) -> None:
        self._pieces = pieces
        self._write: Callable[[memoryview], None] = lambda _: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._write = cast(asyncio.Transport, transport).write

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - asyncio's signature
        """A request."""
        write = self._write
        for piece in self._pieces:
            write(piece)


class Upstream(asyncio.Protocol):
    """The far side of a splice."""

    def __init__(self, client: asyncio.Transport) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        """Passed on."""
        self._client.write(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """So is the end."""
        self._client.close()


class Downstream(asyncio.Protocol):
    """The near side: the first bytes of a client open the far side."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """A whole request, as the instruments send it."""
        self._task = asyncio.get_running_loop().create_task(self._ask(data))

    async def _ask(self, data: bytes) -> None:
        client = cast(asyncio.Transport, self._transport)
        loop = asyncio.get_running_loop()
        upstream, _ = await loop.create_connection(lambda: Upstream(client), "127.0.0.1", self._port)
        upstream.write(data)


def answering(file: Path) -> Callable[[], asyncio.Protocol]:
    """Protocols that answer every request with the bytes of `file`."""
    answer = memoryview(file.read_bytes())

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        if request.transport is not None:
            request.transport.write(answer)
        return Written()

    return cast(Callable[[], asyncio.Protocol], web.Server(handle, access_log=None, auto_decompress=False))


def writing(file: Path, *, each: bool) -> Callable[[], asyncio.Protocol]:
    """Protocols that write the bytes of `file`; with `each` one piece for each line of its index."""
    answer = memoryview(file.read_bytes())
    lines = file.with_suffix(".idx").read_text().split("\n") if each else []
    ends = [int(line.split()[1]) for line in lines if line] or [len(answer)]
    pieces = [answer[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return lambda: Writing(pieces)


def protocols(what: str, argument: str) -> Callable[[], asyncio.Protocol]:
    """What makes the protocols of a server."""
    if what == "splice":
        return lambda: Downstream(int(argument))
    return answering(Path(argument)) if what == "answer" else writing(Path(argument), each=what == "each")


async def main(what: str, argument: str) -> None:
    """Serves until it is killed."""
    make = protocols(what, argument)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, backlog=4096)
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 200, 100)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
