"""Plays one plan: writes what is due, honours back-pressure, ends the connection as the tape did. No clock, no socket.

`pump(now)` is called by the hub and returns the next deadline; deadlines are absolute, so a late wake-up never
accumulates. Cost per wake-up: one bisect and one write of at most 64 KB. A paused player is not woken at all (who
pauses it takes it off the hub), so that being controllable costs others nothing. Imports `plan` only.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Literal, Protocol

from mockserver.plan import Plan

HIGH_WATER = 64 * 1024
"""Bytes that may wait in the transport for a slow reader before the player stops writing."""
LARGEST_WRITE = 64 * 1024
"""Bytes of one write: keeps the transport from copying a whole body into its buffer."""
SLOW_READER = 0.005
"""Seconds until a full transport is looked at again."""
SETTLING = 0.001
"""Seconds between two looks at whether the kernel has delivered everything before an RST."""
ROUNDING = 1e-9
"""Seconds that the sum of two floats may be off: woken at the deadline it asked for, a player finds it due."""

OPEN = frozenset({"stall", "half-close"})
"""Endings that the client ends: by leaving."""

Outcome = Literal["played", "client-left", "dropped"]


class Line(Protocol):
    """One client connection as the player sees it (made in `wire.py`)."""

    def write(self, data: memoryview | bytes) -> None: ...
    def buffered(self) -> int: ...
    def undelivered(self) -> int: ...
    def is_closing(self) -> bool: ...
    def close(self) -> None: ...
    def reset(self) -> None: ...
    def half_close(self) -> None: ...
    def truncate(self) -> None: ...


class Player:
    """The playing of `plan` on `line`, begun at `start` (s, the hub's clock).

    `delivered` is called once when the last body byte has left for the socket (without body: when the ending was
    played); `done` once at the end, with how it ended. `ending_drain` (s) caps the wait for the client to take what was
    written before an RST. `first` and `last` say when bytes were written (s; the hub's clock), `lost` how many
    the client's kernel did not have when that wait was over.
    """

    __slots__ = (
        "_at",
        "_delivered",
        "_done",
        "_drain",
        "_drain_until",
        "_held",
        "_injected",
        "_line",
        "_plan",
        "_sent",
        "_start",
        "_view",
        "first",
        "last",
        "lost",
    )

    def __init__(
        self,
        plan: Plan,
        line: Line,
        start: float,
        delivered: Callable[[], None],
        done: Callable[[Outcome], None],
        ending_drain: float = 30.0,
    ) -> None:
        self._plan = plan
        self._line = line
        self._start = start
        self._view = memoryview(plan.wire)
        self._at = 0
        self._sent = 0
        self._delivered: Callable[[], None] | None = delivered
        self._done: Callable[[Outcome], None] | None = done
        self._drain_until: float | None = None
        self._drain = ending_drain
        self._held: float | None = None
        self._injected = 0
        self.first: float | None = None
        self.last: float | None = None
        self.lost = 0

    @property
    def plan(self) -> Plan:
        """What is played."""
        return self._plan

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do; the hub then forgets the player."""
        return self._done is None

    @property
    def bytes_written(self) -> int:
        """Wire bytes given to the transport so far, injected ones among them."""
        return self._sent + self._injected

    @property
    def place(self) -> int:
        """Bytes of `plan.wire` given to the transport so far."""
        return self._sent

    @property
    def paused(self) -> bool:
        """Whether it is held: nothing is due before `resume`."""
        return self._held is not None

    def due_in(self, now: float) -> float | None:
        """Seconds until the next bytes, or the ending, are due; None when that is not a matter of time: paused, ended,
        or stalled for good."""
        plan = self._plan
        if self._done is None or self._held is not None:
            return None
        if self._at < len(plan.due):
            return max(0.0, self._start + plan.due[self._at] - now)
        return None if plan.action in OPEN else max(0.0, self._start + plan.end_due - now)

    def given(self, now: float) -> None:
        """All of `plan.wire` went to the line at `now`, before the player was there."""
        self._at, self._sent = len(self._plan.due), len(self._plan.wire)
        self.first = self.last = now

    def pause(self, now: float) -> None:
        """Holds the tape where it is at `now`. The hub must not wake the player until `resume`."""
        if self._held is None:
            self._held = now - self._start

    def resume(self, now: float) -> float:
        """The tape runs on from where it was held: every deadline moves by the pause. When to `pump` next."""
        if self._held is not None:
            self._start = now - self._held
            self._held = None
        return now

    def step(self, now: float, to: int) -> None:
        """Writes at once up to `plan.wire[:to]` and holds the tape there: what follows `resume` keeps its gaps. With
        nothing left to write the tape is held where its ending is due."""
        self.pause(now)
        plan = self._plan
        reached = plan.end_due
        if to > self._sent:
            self._line.write(self._view[self._sent : to])
            self._sent = to
            self.last = now
            self.first = now if self.first is None else self.first
            self._at = bisect_right(plan.ends, to)
            reached = plan.due[bisect_left(plan.ends, to)]
        self._held = max(self._held or 0.0, reached)

    def inject(self, data: bytes) -> None:
        """Writes bytes that are not the tape's, at once. That they fit the framing is the caller's matter (`stops`)."""
        self._line.write(data)
        self._injected += len(data)

    def clogged(self) -> bool:
        """Whether the client has stopped reading, so that nothing more is to be put into its buffer."""
        return self._line.buffered() > HIGH_WATER

    def drop(self) -> None:
        """RST now, whatever was not delivered."""
        self._line.reset()
        self._finish("dropped")

    def stop(self) -> None:
        """The client has left or the server stops: nothing more is written. Leaving is how a stall ends."""
        plan = self._plan
        owed = plan.body_end > 0 and self._delivered is not None
        stalled = plan.action in OPEN and self._sent == len(plan.wire) and not owed
        self._finish("played" if stalled else "client-left")

    def pump(self, now: float) -> float | None:
        """Writes what is due at `now`. The next deadline, or None when there is none (ended, or stalled for good)."""
        if self._done is None:
            return None
        if self._line.is_closing():
            self.stop()
            return None
        following = self._write(now) if self._sent < len(self._plan.wire) else None
        if self._delivered is not None and 0 < self._plan.body_end <= self._sent:
            if self._line.buffered():
                soon = now + SLOW_READER
                return soon if following is None else min(soon, following)
            deliver, self._delivered = self._delivered, None
            deliver()
        return self._end(now) if following is None else following

    def _write(self, now: float) -> float | None:
        """Writes what is due; the next deadline, or None when nothing is left to write."""
        plan = self._plan
        until = bisect_right(plan.due, now - self._start + ROUNDING, self._at)
        due = plan.ends[until - 1] if until else 0
        if due > self._sent:
            if self._line.buffered() > HIGH_WATER:
                return now + SLOW_READER
            stop = due if due - self._sent <= LARGEST_WRITE else self._whole_entries(until)
            self._line.write(self._view[self._sent : stop])
            self._sent = stop
            self.last = now
            if self.first is None:
                self.first = now
            if stop < due:
                return now
        self._at = until
        return self._start + plan.due[until] if until < len(plan.due) else None

    def _whole_entries(self, until: int) -> int:
        """Where a write of at most `LARGEST_WRITE` bytes stops: after whole entries if one fits."""
        limit = self._sent + LARGEST_WRITE
        last = bisect_right(self._plan.ends, limit, self._at, until)
        stop = self._plan.ends[last - 1] if last else 0
        return stop if stop > self._sent else limit

    def _end(self, now: float) -> float | None:
        """After the last byte: what the plan's ending says, when it says."""
        plan = self._plan
        if plan.action == "keep":
            self._finish("played")
            return None
        due = self._start + plan.end_due
        if now < due:
            return due
        if plan.action in OPEN:
            if plan.action == "half-close":
                self._line.half_close()
            return None
        if plan.action == "reset":
            return self._reset(now)
        if plan.action == "truncate":
            self._line.truncate()
        else:
            self._line.close()
        self._finish("played")
        return None

    def _reset(self, now: float) -> float | None:
        """RST once the client's kernel has everything: an RST destroys what was not delivered (DESIGN 7)."""
        if waiting := self._line.undelivered():
            if self._drain_until is None:
                self._drain_until = now + self._drain
            if now < self._drain_until:
                return now + SETTLING
            self.lost = waiting
        self._line.reset()
        self._finish("played")
        return None

    def _finish(self, outcome: Outcome) -> None:
        if self._done is None:
            return
        if outcome == "played" and self._delivered is not None:
            # A tape without body counts as delivered once its ending was played (DESIGN 6, Choosing).
            self._delivered()
        done, self._done = self._done, None
        done(outcome)
