"""Measuring time on a machine that others use: what is measured gets precedence where that is allowed, and a bare timer
beside it tells how late everything is meanwhile."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

_TIMER = """
import sys, threading, time
late, over = [], threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
print(flush=True)
due = time.monotonic()
while not over.is_set():
    due = max(due + 0.005, time.monotonic())
    time.sleep(max(0.0, due - time.monotonic()))
    late.append(time.monotonic() - due)
late.sort()
print(late[-(-len(late) * 99 // 100) - 1] * 1000 if late else 0.0)
"""


def favour(pid: int) -> bool:
    """Gives the main thread of a process real time: on two busy cores a timer is late by 0.1 ms (p99) and not by 4.

    False where that is not allowed. Not for what keeps a core busy.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            # Reset on fork: what the process starts, threads too, is as ever.
            os.sched_setscheduler(pid, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
            return True
    return False


@contextlib.contextmanager
def favoured() -> Iterator[None]:
    """This process is favoured for the time of the block."""
    changed = favour(0)
    try:
        yield
    finally:
        if changed:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class Floor:
    """How late a bare timer was (ms, p99). Known when the block of `floor` has ended."""

    p99 = 0.0


@contextlib.contextmanager
def floor() -> Iterator[Floor]:
    """Lets a timer run in a process of its own, favoured as what is measured beside it."""
    found = Floor()
    with subprocess.Popen([sys.executable, "-c", _TIMER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        favour(process.pid)
        try:
            yield found
        finally:
            said, _ = process.communicate(timeout=20)
        found.p99 = float(said)


def rank(values: Sequence[float], percent: int) -> float:
    """A percentile by nearest rank."""
    return sorted(values)[-(-len(values) * percent // 100) - 1]
