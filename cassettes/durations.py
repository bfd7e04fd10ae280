"""Durations, ages and speeds as people write them: `250ms`, `1.5s`, `2m`, `max`. Pure; imports `model` only."""

from __future__ import annotations

import math
import re

from cassettes.model import TokentapeError

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(ms|s|m|h)?")
_IN_MS = {"ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0}
_AGE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{0,6})?)\s*([hdw])")
_IN_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}
LONGEST_MS = 1e10
"""About four months. Beyond, timers of an event loop overflow; nobody waits that long."""
SLOWEST = 1e-6
"""The smallest factor: an hour becomes a century."""


class DurationError(TokentapeError):
    """Something that is not a duration or a speed."""

    exit_code = 2


def duration(text: str) -> float:
    """Milliseconds. A number without a unit is an error, but for 0: to some it is seconds. Raises DurationError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise DurationError(
            f"{text[:40]!r} is not a duration; expected a number with ms, s, m or h, such as 250ms or 1.5s"
        )
    if match[2] is None and float(match[1]):
        number = match[1][:40]
        raise DurationError(f"{text[:40]!r} has no unit; expected {number}s (seconds) or {number}ms (milliseconds)")
    ms = float(match[1]) * _IN_MS[match[2] or "ms"]
    if ms > LONGEST_MS:
        raise DurationError(f"{text[:40]!r} is too long a duration; expected {LONGEST_MS / 3.6e6:.0f}h at most")
    return ms


def age(text: str) -> float:
    """Days, as `90d`, `12w` or `36h`. Raises DurationError."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise DurationError(f"{text[:40]!r} is not an age; expected a number with h, d or w, such as 90d")
    return float(found[1]) * _IN_DAYS[found[2]]


def speed(text: str) -> float:
    """A factor (`SLOWEST` or more), infinite for `max`. `2` and `2x` are twice as fast. Raises DurationError."""
    if text.strip().lower() == "max":
        return math.inf
    try:
        factor = float(text.strip().lower().removesuffix("x"))
    except ValueError:
        factor = 0.0
    if not SLOWEST <= factor < math.inf:
        raise DurationError(f"{text[:40]!r} is not a speed; expected a factor above 0, such as 0.5 or 10, or max")
    return factor


def rate(text: str) -> float:
    """Events per second (> 0 and finite). Raises DurationError."""
    try:
        per_second = float(text)
    except ValueError:
        per_second = 0.0
    if not 0.0 < per_second < math.inf:
        raise DurationError(f"{text!r} is not a rate; expected a number of events per second above 0, such as 40")
    return per_second
