"""One recording in flight: relays what comes to the client first, then spools it. No socket, no clock of its own.

The upstream side (`upstream.Exchange`) tells it facts with their time; the client side is whatever was handed in with
the few calls of `Downstream`. Imports `cassettes`, `spool` and `upstream` only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, Protocol

from cassettes.framing import Fact
from cassettes.model import Ending, EndingPlace, EndingType, Framing, Head, Headers
from cassettes.redact import Redactor
from recorder.spool import Spool
from recorder.upstream import Exchange

HIGH_WATER = 128 * 1024
"""Bytes waiting for a slow client above which the upstream is not read."""
LOW_WATER = 32 * 1024
LOOK_AGAIN = 0.005
"""Seconds between two looks at whether a slow client has caught up."""
PARTIAL_HEAD_KEPT = 16 * 1024
"""Bytes of an unfinished head that are spooled as they come; a longer one is spooled at its end only."""


class Downstream(Protocol):
    """The client's side, made by the mock server and handed in by `tokentape.py`."""

    dechunks: bool
    left: bool

    def informational(self, head: Head) -> None: ...
    def head(self, head: Head, framing: Framing) -> None: ...
    def body(self, data: bytes) -> None: ...
    def buffered(self) -> int: ...
    def end(self, action: Literal["keep", "close", "reset", "stall"]) -> None: ...


class Recording:
    """A `Listener` of one exchange. `finished` resolves when the answer is over and its ending is spooled.

    `begun` is the time (s) at which the request was complete; offsets count from the last request byte once that is
    with the upstream. `failed` is called once with the error when the spool cannot be written: the relay goes on.
    """

    def __init__(
        self, downstream: Downstream, redactor: Redactor, begun: float, failed: Callable[[OSError], None]
    ) -> None:
        self._down = downstream
        self.spool: Spool | None = None
        self._redactor = redactor
        self._stream = redactor.stream()
        self._zero = begun
        self._failed = failed
        self._exchange: Exchange | None = None
        self._framing: Framing | None = None
        self._slow = False
        self._unspooled: list[tuple[float, list[Fact], list[Fact]]] = []
        self._left_at: float | None = None
        self.passing: Callable[[bytes], None] | None = None
        self.code: int | None = None
        self.ending: EndingType | None = None
        self._end: tuple[float, EndingType, EndingPlace, int, bytes] | None = None
        self._loop = asyncio.get_running_loop()
        self.finished: asyncio.Future[None] = self._loop.create_future()

    def attach(self, exchange: Exchange) -> None:
        """The running exchange, so that a slow client can pause it."""
        self._exchange = exchange

    def keep(self, spool: Spool | None) -> None:
        """Where it is kept: made while the upstream thinks, which may be gone already; nothing else can have come."""
        self.spool = spool
        if self._end is not None:
            self._spool_end(*self._end)

    def sent(self, at: float) -> None:
        """Offsets count from here."""
        if self._framing is None:
            self._zero = at

    def client_left(self, at: float) -> None:
        """The client is gone; what still comes is recorded and goes nowhere."""
        self._down.left = True
        if self._left_at is None:
            self._left_at = at

    def received(self, at: float, facts: list[Fact], wire: bytes) -> None:
        """Relays first: the client never waits for the disk."""
        data = [fact for fact in facts if fact.kind == "data"]
        for fact in facts:
            if fact.kind == "informational" and fact.head and fact.head.code != 100:
                self._down.informational(fact.head)
            elif fact.kind == "head" and fact.head and fact.framing:
                self.code, self._framing = fact.head.code, fact.framing
                self._down.head(fact.head, fact.framing)
                self.passing = None if self._down.dechunks else self._down.body
        if wire:
            self._down.body(b"".join(fact.data for fact in data) if self._down.dechunks else wire)
        self._hold_back()
        # Streams that were read in the same turn of the loop are relayed before any of them is spooled: 16 us each.
        self._unspooled.append((self._offset(at), facts, data))
        if len(self._unspooled) == 1:
            self._loop.call_soon(self._spool_what_came)

    def heading(self, at: float, partial_head: bytes) -> None:
        """Spools an unfinished head as it comes; it is relayed once it is whole, or at its ending."""
        self._spool_what_came()
        if self.spool is not None and not self.spool.broken and len(partial_head) <= PARTIAL_HEAD_KEPT:
            try:
                self.spool.partial_head(self._offset(at), self._redactor.head(partial_head))
            except OSError as error:
                self._failed(error)

    def ended(self, at: float, ending: EndingType, place: EndingPlace, missing: int, partial_head: bytes) -> None:
        """Passes the ending on as it was, then spools it."""
        if self.finished.done():
            return
        self.ending = ending
        if partial_head:
            self._down.body(partial_head)
        self._down.end("keep" if ending == "eof" else "reset" if ending == "reset" else "close")
        self._end = (self._offset(at), ending, place, missing, partial_head)
        self._spool_what_came()
        self._spool_end(*self._end)
        self.finished.set_result(None)

    def _offset(self, at: float) -> float:
        return max(0.0, (at - self._zero) * 1000.0)

    # -- back-pressure ------------------------------------------------------------------------------------------

    def _hold_back(self) -> None:
        if not self._slow and self._down.buffered() > HIGH_WATER and self._exchange is not None:
            self._slow = True
            self._exchange.pause()
            self._loop.call_later(LOOK_AGAIN, self._look_again)

    def _look_again(self) -> None:
        if self._exchange is None or self.finished.done():
            return
        if self._down.buffered() > LOW_WATER:
            self._loop.call_later(LOOK_AGAIN, self._look_again)
            return
        self._slow = False
        self._exchange.resume()

    # -- the spool ----------------------------------------------------------------------------------------------

    def _spool_what_came(self) -> None:
        came, self._unspooled = self._unspooled, []
        for one in came:
            self._spool_facts(*one)

    def _spool_facts(self, at_ms: float, facts: list[Fact], data: list[Fact]) -> None:
        spool = self.spool
        if spool is None or spool.broken:
            return
        try:
            for fact in facts:
                if fact.head is not None and (fact.kind == "head" or fact.head.code != 100):
                    self._spool_head(spool, at_ms, fact.kind == "head", fact.head)
            if data:
                marks = [(len(fact.data), fact.left) for fact in data]
                raw = data[0].data if len(data) == 1 else b"".join(fact.data for fact in data)
                spool.data(at_ms, marks, self._stream.feed(raw))
            if facts and facts[-1].trailers:
                spool.trailers(at_ms, self._redactor.headers(_without_mark(facts[-1].trailers)))
        except OSError as error:
            self._failed(error)

    def _spool_head(self, spool: Spool, at_ms: float, whole: bool, head: Head) -> None:
        masked = Head(
            http=head.http,
            code=head.code,
            message=self._redactor.text(head.message),
            headers=self._redactor.headers(_without_mark(head.headers)),
        )
        if whole and self._framing is not None:
            spool.head(at_ms, masked, self._framing)
        else:
            spool.informational(at_ms, masked)

    def _spool_end(
        self, at_ms: float, ending: EndingType, place: EndingPlace, missing: int, partial_head: bytes
    ) -> None:
        spool = self.spool
        if spool is None or spool.broken:
            return
        left_ms = None if self._left_at is None else round(self._offset(self._left_at), 1)
        # The client's leaving is worth a word only where the upstream ended by itself (DESIGN 5).
        own = ending not in {"client_closed", "interrupted"}
        end = Ending(type=ending, at=place, missing=missing, client_left_ms=left_ms if own else None)
        try:
            if partial_head:
                spool.partial_head(at_ms, self._redactor.head(partial_head))
            rest = self._stream.finish()
            if rest:
                spool.data(at_ms, [], rest)
            spool.ending(at_ms, end)
        except OSError as error:
            self._failed(error)


def _without_mark(headers: Headers) -> Headers:
    """What a mock server says of itself is no part of what it plays (DESIGN 5: stripped both ways)."""
    return tuple((name, value) for name, value in headers if not name.lower().startswith("x-tokentape"))
