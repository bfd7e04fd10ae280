"""How much of the machine other processes used meanwhile: figures of a busy machine say little. Linux only."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import NamedTuple

_STAT = Path("/proc/stat")
_IDLE = (3, 4)
"""Places of idle and iowait among the figures of a `cpu` line; guest time (8, 9) is in user time already."""


class Use(NamedTuple):
    """CPU time so far, in ticks of the machine: all there was, all that was used, and what we and ours used, in s."""

    ticks: int
    busy: int
    ours_s: float


def use() -> Use | None:
    """The use so far, None where the system does not say."""
    try:
        fields = [int(field) for field in _STAT.read_text().partition("\n")[0].split()[1:9]]
    except OSError:
        return None
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(fields)
    return Use(total, total - sum(fields[at] for at in _IDLE), sum(one.ru_utime + one.ru_stime for one in own))


def share(before: Use | None, after: Use | None, ticks_a_second: int) -> float | None:
    """The part of the machine's CPU time that others used between two looks; children that have not ended count as
    others."""
    if before is None or after is None or after.ticks <= before.ticks:
        return None
    ours = (after.ours_s - before.ours_s) * ticks_a_second
    return max(0.0, (after.busy - before.busy - ours) / (after.ticks - before.ticks))
