"""A raw client that only looks: one request, its answer as a timeline at full precision. For `verify` and the demo.

The same Protocol that records (`upstream.py`), without spool and redaction. Imports `cassettes` and `upstream`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cassettes.framing import Fact
from cassettes.marks import Mark, frames_of
from cassettes.model import Ending, EndingPlace, EndingType, Framing, Head, Headers, Informational, Timeline
from recorder.upstream import exchange, target_of


class Watcher:
    """A `Listener` that gathers what a timeline needs. `over` resolves when the answer is over."""

    def __init__(self, begun: float) -> None:
        self._zero = begun
        self._head: Head | None = None
        self._head_at = 0.0
        self._framing: Framing = "chunked"
        self._partial = b""
        self._marks: list[Mark] = []
        self._body = bytearray()
        self._trailers: Headers = ()
        self._early: list[Informational] = []
        self._end: tuple[float, Ending] = (0.0, Ending())
        self.passing: Callable[[bytes], None] | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def sent(self, at: float) -> None:
        """Offsets count from here."""
        if self._head is None:
            self._zero = at

    def heading(self, at: float, partial_head: bytes) -> None:
        """Bytes of a head that is not whole."""
        self._partial, self._head_at = partial_head, self._offset(at)

    def received(self, at: float, facts: list[Fact], wire: bytes) -> None:  # noqa: ARG002 - Listener's signature
        """Notes facts with their time."""
        offset = self._offset(at)
        for fact in facts:
            if fact.kind == "head" and fact.head and fact.framing:
                self._head, self._head_at, self._framing, self._partial = fact.head, offset, fact.framing, b""
            elif fact.kind == "informational" and fact.head:
                early = fact.head
                self._early.append(Informational(offset, early.code, early.message, early.headers))
            elif fact.kind == "data":
                self._marks.append(Mark(offset, len(fact.data), fact.left))
                self._body += fact.data
            elif fact.kind == "end":
                self._trailers = fact.trailers

    def ended(self, at: float, ending: EndingType, place: EndingPlace, missing: int, partial_head: bytes) -> None:
        """Notes the ending."""
        self._partial = partial_head
        self._end = (self._offset(at), Ending(type=ending, at=place, missing=missing))
        if not self.over.done():
            self.over.set_result(None)

    def timeline(self) -> Timeline:
        """What came, as a timeline."""
        end_at, end = self._end
        return Timeline(
            head=self._head,
            head_at_ms=self._head_at,
            frames=frames_of(self._marks, bytes(self._body), chunked=self._framing == "chunked"),
            end=end,
            end_at_ms=end_at,
            framing=self._framing,
            partial_head=self._partial,
            trailers=self._trailers,
            informational=tuple(self._early),
        )

    def _offset(self, at: float) -> float:
        return max(0.0, (at - self._zero) * 1000.0)


async def watch(
    method: str, url: str, headers: Headers, body: bytes, clock: Callable[[], float], idle_timeout: float = 60.0
) -> Timeline:
    """The answer to one request at `url`. No proxy is asked: this looks at our own server.

    Raises UpstreamError when it cannot be reached.
    """
    watcher = Watcher(clock())
    await exchange(method, target_of(url), headers, body, watcher, clock=clock, environ={}, idle_timeout=idle_timeout)
    await watcher.over
    return watcher.timeline()
