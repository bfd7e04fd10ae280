"""A live answer on its way to a client: what the recorder writes to. No clock of its own: the hub waits for it.

Head, body bytes and ending are passed on as they come; only the hop-by-hop headers are this connection's own.
Imports `cassettes` and the player; who feeds it is handed in by `tokentape.py`.
"""

from __future__ import annotations

from array import array

from cassettes.framing import HOP_BY_HOP, head_bytes
from cassettes.model import Framing, Head
from mockserver.browsers import live
from mockserver.hub import Hub
from mockserver.plan import Action, Asking, Plan, passed_on
from mockserver.player import Outcome, Player
from mockserver.wire import Takeover


class Relay:
    """The client's side of a forwarded request.

    `dechunks`: the client speaks HTTP/1.0 and the upstream sent chunks, so `body` wants data without its framing.
    """

    def __init__(self, takeover: Takeover, hub: Hub, asking: Asking, ending_drain: float) -> None:
        self._takeover = takeover
        self._line = takeover.connection
        self._hub = hub
        self._asking = asking
        self._drain = ending_drain
        self._keep = False
        self.dechunks = False
        self.left = False

    def informational(self, head: Head) -> None:
        """Passes on a 1xx head, but for what is of the upstream's connection and for our own mark."""
        if not self._asking.http10:
            self._write(head_bytes(head, passed_on(head.headers)))

    def head(self, head: Head, framing: Framing) -> None:
        """Passes on the head: status, order and case untouched, hop-by-hop headers and our own mark left out. A web
        page gets our CORS headers in place of the upstream's, which are for the pages of other sites."""
        self.dechunks = self._asking.http10 and framing == "chunked"
        self._keep = self._asking.keep_alive and not self.dechunks and framing != "close" and head.http == "1.1"
        drop = HOP_BY_HOP | ({"transfer-encoding"} if self.dechunks else set())
        kept = passed_on(head.headers, drop)
        if not self._keep:
            kept.append(("Connection", "close"))
        elif self._asking.http10:
            kept.append(("Connection", "keep-alive"))
        if self._asking.reader is not None:
            kept = live(kept, self._asking.reader)
        self._takeover.code = head.code
        self._write(head_bytes(head, kept))

    def body(self, data: bytes) -> None:
        """Passes on body bytes, in the upstream's framing unless `dechunks`."""
        self._write(data)

    def buffered(self) -> int:
        """Bytes that wait for a slow client."""
        return 0 if self.left else self._line.buffered()

    def end(self, action: Action) -> None:
        """Ends the answer as the upstream did. RST waits until the client has what was sent, as in playing."""
        if self.left:
            return
        if action == "keep" and not self._keep:
            action = "close"
        plan = Plan(b"", array("d"), array("q"), action, 0.0, self._takeover.code)
        player = Player(plan, self._line, self._hub.now(), _nothing, self._over(action), self._drain)
        following = player.pump(self._hub.now())
        if following is not None:
            self._hub.add(following, player)

    def _over(self, action: Action) -> _Over:
        return _Over(self._takeover, keep=action == "keep")

    def _write(self, data: bytes) -> None:
        if data and not self.left and not self._line.is_closing():
            self._line.write(data)
            self._takeover.size += len(data)


class _Over:
    """Tells aiohttp that the answer is over once the player has ended it."""

    def __init__(self, takeover: Takeover, *, keep: bool) -> None:
        self._takeover = takeover
        self._keep = keep

    def __call__(self, outcome: Outcome) -> None:
        self._takeover.end(keep=self._keep and outcome == "played")


def _nothing() -> None:
    """A relayed answer has no place that could advance."""
