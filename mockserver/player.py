"""Plays one plan: writes what is due, honours back-pressure, ends the connection as the tape did. No clock, no socket.

`pump(now)` is called by the hub and returns the next deadline; deadlines are absolute, so a late wake-up never
accumulates. Cost per wake-up: one bisect and one write of at most 64 KB. Imports `plan` only.
"""

from __future__ import annotations

from bisect import bisect_right
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

_OPEN = frozenset({"stall", "half-close"})
"""Endings that the client ends: by leaving."""

Outcome = Literal["played", "client-left"]


class Line(Protocol):
    """One client connection as the player sees it (made in `wire.py`)."""

    def write(self, data: memoryview | bytes) -> None: ...
    def buffered(self) -> int: ...
    def undelivered(self) -> int: ...
    def is_closing(self) -> bool: ...
    def close(self) -> None: ...
    def reset(self) -> None: ...
    def half_close(self) -> None: ...
    def abort(self) -> None: ...


class Player:
    """The playing of `plan` on `line`, begun at `start` (s, the hub's clock).

    `delivered` is called once when the last body byte has left for the socket (without body: when the ending was
    played); `done` once at the end, with how it ended. `ending_drain` (s) caps the wait for the client to take what was
    written before an RST.
    """

    __slots__ = ("_at", "_delivered", "_done", "_drain", "_drain_until", "_line", "_plan", "_sent", "_start", "_view")

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

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do; the hub then forgets the player."""
        return self._done is None

    @property
    def bytes_written(self) -> int:
        """Wire bytes given to the transport so far."""
        return self._sent

    def stop(self) -> None:
        """The client has left or the server stops: nothing more is written. Leaving is how a stall ends."""
        plan = self._plan
        owed = plan.body_end > 0 and self._delivered is not None
        stalled = plan.action in _OPEN and self._sent == len(plan.wire) and not owed
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
        if plan.action in _OPEN:
            if plan.action == "half-close":
                self._line.half_close()
            return None
        if plan.action in {"reset", "abort"}:
            return self._reset(now)
        self._line.close()
        self._finish("played")
        return None

    def _reset(self, now: float) -> float | None:
        """RST (or the end of TCP under TLS) once the client's kernel has everything: an RST destroys what was not
        delivered (DESIGN 7)."""
        if self._line.undelivered():
            if self._drain_until is None:
                self._drain_until = now + self._drain
            if now < self._drain_until:
                return now + SETTLING
        if self._plan.action == "abort":
            self._line.abort()
        else:
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
