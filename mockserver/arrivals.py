"""When a request came in: a protocol in front of aiohttp's that notes the time of the bytes and passes everything on.

Deadlines count from the last request byte; aiohttp tells of a request 0.15 ms after it (parsing, waking a task). Only
public API: a protocol that delegates, found again by its transport. Imports asyncio only; the clock is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Arrivals(asyncio.Protocol):
    """One connection. `last` is when the last bytes came from the client, in seconds of the given clock."""

    __slots__ = ("_clock", "_inner", "last")

    def __init__(self, inner: asyncio.Protocol, clock: Callable[[], float]) -> None:
        self._inner = inner
        self._clock = clock
        self.last = clock()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Passed on."""
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Noted, then passed on."""
        self.last = self._clock()
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Passed on."""
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Passed on."""
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Passed on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Passed on."""
        self._inner.resume_writing()


def noting(factory: Callable[[], asyncio.Protocol], clock: Callable[[], float]) -> Callable[[], Arrivals]:
    """A protocol factory for `loop.create_server` that puts an `Arrivals` in front of what `factory` makes."""
    return lambda: Arrivals(factory(), clock)


def last_byte(transport: asyncio.BaseTransport | None) -> float | None:
    """When the last bytes came on a connection; None where nobody noted it."""
    protocol = transport.get_protocol() if isinstance(transport, asyncio.Transport) else None
    return protocol.last if isinstance(protocol, Arrivals) else None
