"""The journal of a server: what came, what answered, how it ended and who ended it; which answers are under way.

Pure state, bounded in records and bytes, the oldest dropped and counted. On the way of a request it costs one small
object; what a record says is worked out when it is read (`account`). Imports `cassettes` and, for types, what a record
points at.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

from cassettes.matching import Asked
from cassettes.model import Request

if TYPE_CHECKING:
    from mockserver.plan import Plan
    from mockserver.player import Player
    from mockserver.stops import Stops
    from mockserver.wire import Takeover

MOST = 10_000
"""Records that are kept."""
MOST_BYTES = 32 * 1024 * 1024
"""Bytes of the requests in them, about; the newest record stays whatever its size."""
BODY_KEPT = 16 * 1024
"""Bytes of a request body that are kept once its answer is over, and shown."""
BODY_WHOLE = 64 * 1024
"""Bytes of a request body up to which it is kept whole, so that nothing need be done to it."""
_RECORD = 600
"""Bytes of a record and what it holds besides the request, about."""

Ending = Literal["kept-alive", "fin", "reset", "client-left", "aborted", "none"]
"""What became of the connection: it takes further requests, FIN, RST, the client left, the server stopped or the
answer failed, nothing yet."""
By = Literal["tape", "upstream", "server", "client", "shutdown", "control", "fault"]
"""Who ended the answer: the tape or the upstream (it was given to its end), the server (an answer of its own), the
client (it left), the shutdown of the server, a `drop`, a fault."""


class Came:
    """A request as it came. Shared by the records of equal ones; `weight` is its part of `MOST_BYTES`."""

    __slots__ = ("asked", "cut", "digest", "provider", "size", "weight")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.provider = asked.route.provider or ""
        request = asked.request
        self.size = len(request.body)
        self.digest: bytes | None = None
        self.cut: bytes | None = None
        fields = sum([len(name) + len(value) for name, value in request.headers])
        self.weight = _RECORD + len(request.uri) + fields + min(self.size, BODY_WHOLE)

    def shortened(self, cut: bytes, digest: bytes | None) -> Came:
        """The same without its body but for the beginning of it, redacted."""
        request = self.asked.request
        slim = Came(Asked(Request(request.method, request.uri, request.headers), self.asked.route, cut))
        slim.size, slim.cut, slim.digest = self.size, cut, digest
        slim.weight = self.weight
        return slim


class Record(msgspec.Struct, eq=False):
    """One request. Times are seconds on the hub's clock; None where that did not happen, or is not known.

    While it is under way `player` plays it or `takeover` relays it; afterwards the record holds neither, but the `plan`
    that was played, for the verdicts. A Struct: made in a third of the time that a class takes, and half as large.
    """

    n: int
    came: Came
    deck: str
    start: float
    status: int = 0
    total: int | None = None
    place: str | None = None
    level: str | None = None
    key: str | None = None
    attempt: int | None = None
    seed: int | None = None
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    size: int = 0
    first: float | None = None
    last: float | None = None
    end: float | None = None
    ending: Ending = "none"
    by: By | None = None
    player: Player | None = None
    takeover: Takeover | None = None
    stops: Stops | None = None
    plan: Plan | None = None

    @property
    def in_flight(self) -> bool:
        """Whether the answer is under way."""
        return self.by is None


class Journal:
    """The records of one server, oldest first. `total` counts all there were, `dropped` those that made room; the
    counters are never reset."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._records: deque[Record] = deque()
        self._bytes = 0
        self.live: dict[int, Record] = {}
        self.total = 0
        self.dropped = 0
        self.sent = 0
        self._counts: dict[tuple[str, int, By], int] = {}

    def begin(self, came: Came, deck: str, start: float, status: int = 0, total: int | None = None) -> Record:
        """The record of a request that came at `start` (s)."""
        return self.keep(Record(self.total + 1, came, deck, start, status, total))

    def keep(self, record: Record) -> Record:
        """Takes in a record that was made with the number after `total`."""
        self.total += 1
        records = self._records
        records.append(record)
        self._bytes += record.came.weight
        while (len(records) > self._most or self._bytes > self._most_bytes) and len(records) > 1:
            gone = records.popleft()
            self._bytes -= _weight(gone)
            self.dropped += 1
        return record

    def take(self, record: Record) -> None:
        """Takes in the record of an answer that is over already, made with the number after `total`."""
        self.keep(record)
        self._over(record)

    def _hold(self, record: Record) -> None:
        """Counts a plan that may be nobody else's, of an answer broken or made up. Those of tapes are shared."""
        if self._records and record.n >= self._records[0].n and record.plan is not None:
            self._bytes += len(record.plan.wire)  # room is made by the next that comes

    def end(self, record: Record, now: float, by: By, ending: Ending) -> None:
        """The answer of `record` is over. What it played, and a long body, are let go of."""
        record.by = by
        record.ending = ending
        record.end = now
        if (player := record.player) is not None:
            record.size = player.bytes_written
            record.first = player.first
            record.last = player.last
            if player.lost:
                record.notes += (
                    f"ending_drain: the RST came before the client's kernel had {player.lost} of the bytes",
                )
            record.player = None
            record.plan = player.plan
        else:
            record.takeover = None
        if self.live:
            self.live.pop(record.n, None)
            record.stops = None
        self._over(record)

    def _over(self, record: Record) -> None:
        if record.faults or record.level == "synth":
            self._hold(record)
        came = record.came
        if came.size > BODY_WHOLE:
            record.came = shortened(came)
        self.sent += record.size
        counted = came.provider, record.status, record.by or "server"
        self._counts[counted] = self._counts.get(counted, 0) + 1

    @property
    def answered(self) -> Counter[tuple[str, int]]:
        """How many answers are over, by provider and status."""
        found: Counter[tuple[str, int]] = Counter()
        for (provider, status, _), count in self._counts.items():
            found[provider, status] += count
        return found

    @property
    def ended(self) -> Counter[By]:
        """How many answers are over, by who ended them."""
        found: Counter[By] = Counter()
        for (_, _, by), count in self._counts.items():
            found[by] += count
        return found

    def listed(self, deck: str | None = None, since: int = 0) -> Iterator[Record]:
        """The records after number `since`, of one deck or of all, oldest first."""
        return (one for one in tuple(self._records) if one.n > since and deck in {None, one.deck})

    def get(self, n: int) -> Record | None:
        """The record with number `n`, if it is kept."""
        if not self._records:
            return self.live.get(n)
        # Numbers rise by one but for what `clear` took out of the middle.
        return self.live.get(n) or next((one for one in reversed(self._records) if one.n == n), None)

    def clear(self, deck: str | None = None) -> int:
        """Forgets what is over, of one deck or of all; what is under way stays. How many records that were."""
        kept = [one for one in self._records if one.in_flight or deck not in {None, one.deck}]
        gone = len(self._records) - len(kept)
        self._records = deque(kept)
        self._bytes = sum(map(_weight, kept))
        return gone

    def __len__(self) -> int:
        return len(self._records)


def _weight(record: Record) -> int:
    held = record.plan if record.faults or record.level == "synth" else None
    return record.came.weight + (0 if held is None else len(held.wire))


def shortened(came: Came) -> Came:
    """`came` without most of its body. Where that was compared, and so is masked, its beginning and its digest stay."""
    asked = came.asked
    if not asked.settled:
        return came.shortened(b"", None)
    return came.shortened(asked.body[:BODY_KEPT], asked.digest)
