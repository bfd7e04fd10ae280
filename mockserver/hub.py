"""The clock and the timers of a server: one heap of deadlines and one timer per event loop. Only this file tells time.

On Linux the timer is a timerfd: absolute CLOCK_MONOTONIC deadlines with a p50 lateness of 0.05 ms, where `call_at`
has 0.6 ms on asyncio and fires early on uvloop (facts/performance.md, Timers). Elsewhere a `call_at` that is checked
again. `os.timerfd_create` exists from Python 3.13 on; before it the two calls are made through ctypes.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Protocol

CROWD = 1000
"""Live streams above which wake-ups are spaced: 1 ms of coalescing halves the CPU of 20,000 events a second."""
CROWD_SPACING = 0.0005
"""Seconds between two wake-ups in a crowd."""
SWEEP = 1024
"""Deadlines from which on those of finished players are looked for: one whose client left may lie hours ahead."""

LONGEST_WAIT = 2.0
"""Seconds a request may have waited to be read, at most, to be timed by the kernel's note of its coming."""

_TFD_ABSTIME = 1
_TFD_FLAGS = 0o4000 | 0o2000000  # TFD_NONBLOCK | TFD_CLOEXEC


class Timed(Protocol):
    """What the hub wakes: `pump(now)` returns the next deadline (s) or None."""

    @property
    def finished(self) -> bool: ...
    def pump(self, now: float) -> float | None: ...


class _Timespec(ctypes.Structure):
    _fields_ = (("sec", ctypes.c_long), ("nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class _TimerFd:
    """An absolute monotonic timer whose expiry makes a file descriptor readable, until it is set or stopped."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: Callable[[], None]) -> None:
        self._loop = loop
        libc = ctypes.CDLL(None, use_errno=True)
        # Neither call blocks, so the interpreter is not let go of for them.
        self._settime = ctypes.PyDLL(None).timerfd_settime
        self._spec = _Itimerspec()
        self._value = self._spec.value
        self._fd = libc.timerfd_create(time.CLOCK_MONOTONIC, _TFD_FLAGS)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._pointer = ctypes.byref(self._spec)
        loop.add_reader(self._fd, tick)

    def arm(self, when: float) -> None:
        seconds = int(when)
        value = self._value
        value.sec = seconds
        # A time of 0 would disarm; one nanosecond past the second is the same instant.
        value.nsec = int((when - seconds) * 1e9) or 1
        self._settime(self._fd, _TFD_ABSTIME, self._pointer, None)

    def stop(self) -> None:
        # Setting the timer forgets its expiry too, so that a tick needs no read of the descriptor.
        self._value.sec = self._value.nsec = 0
        self._settime(self._fd, _TFD_ABSTIME, self._pointer, None)

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


class _CallAt:
    """The portable timer: may fire up to a millisecond late, or early on uvloop; the hub checks the time itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: Callable[[], None]) -> None:
        self._loop = loop
        self._tick = tick
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, when: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._loop.call_later(max(0.0, when - Hub.now()), self._tick)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()

    close = stop


class Hub:
    """Wakes players at their deadlines. One per event loop; `close()` it with the server."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, timerfd: bool | None = None) -> None:
        self._loop = loop
        self._heap: list[tuple[float, int, Timed]] = []
        self._sweep_at = SWEEP
        self._order = count()
        self._armed = float("inf")
        self._last_tick = 0.0
        use_fd = sys.platform == "linux" if timerfd is None else timerfd
        self._timer: _TimerFd | _CallAt = _TimerFd(loop, self._tick) if use_fd else _CallAt(loop, self._tick)

    # The clocks are arguments that nobody gives: a test that freezes the time of its process (freezegun) replaces the
    # functions of `time` in every module, and streams would stand still.

    @staticmethod
    def now(clock: Callable[[], float] = time.monotonic) -> float:
        """Seconds on the monotonic clock all deadlines are on."""
        return clock()

    @staticmethod
    def wall(then: float) -> float:
        """What the wall clock (s) showed, or will show, at `then` on the monotonic clock."""
        return time.time() - (Hub.now() - then)

    @staticmethod
    def wall_now() -> float:
        """Seconds since 1970, for what is written as a date."""
        return time.time()

    @staticmethod
    def past(wall: float | None, clock: Callable[[], float] = time.time) -> float:
        """The time at which the wall clock showed `wall` (s), if that was a moment ago; else now.

        The wall clock may have been set since: it is believed for waits of up to `LONGEST_WAIT`.
        """
        now = Hub.now()
        waited = clock() - wall if wall is not None else 0.0
        return now - waited if 0.0 < waited < LONGEST_WAIT else now

    def add(self, when: float, timed: Timed) -> None:
        """Wakes `timed` at `when` (s), and again as its `pump` says."""
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        heappush(self._heap, (when, next(self._order), timed))
        self._arm()

    def forget(self, timed: Timed) -> None:
        """Does not wake `timed` any more, until it is added again. Looks at every deadline: not for a hot path."""
        self._heap[:] = [entry for entry in self._heap if entry[2] is not timed]
        heapify(self._heap)

    def _sweep(self) -> None:
        # Each sweep waits until the heap has doubled, so that it costs O(1) an addition.
        self._heap[:] = [entry for entry in self._heap if not entry[2].finished]
        heapify(self._heap)
        self._sweep_at = max(SWEEP, 2 * len(self._heap))

    def _arm(self) -> None:
        heap = self._heap
        if not heap:
            return
        when = heap[0][0]
        if len(heap) > CROWD:
            when = max(when, self._last_tick + CROWD_SPACING)
        if when < self._armed:
            self._armed = when
            self._timer.arm(when)

    def _tick(self) -> None:
        self._armed = float("inf")
        self._last_tick = now = self.now()
        heap, order = self._heap, self._order
        due: list[Timed] = []
        while heap and heap[0][0] <= now:
            due.append(heappop(heap)[2])
        # Whoever has more to write at once waits for the next wake-up, so that the loop can read requests in between.
        for timed in due:
            if timed.finished:
                continue
            try:
                following = timed.pump(self.now())
            except Exception as error:  # noqa: BLE001 - one stream that fails must not stop the others
                self._loop.call_exception_handler({"message": "a stream failed", "exception": error})
                continue
            if following is not None:
                heappush(heap, (following, next(order), timed))
        if heap:
            self._arm()
        else:
            self._timer.stop()

    async def sleep(self, seconds: float) -> None:
        """Housekeeping waits (never used for a stream's timing)."""
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """Forgets every deadline and frees the timer; nothing is woken any more."""
        self._heap.clear()
        self._timer.close()
