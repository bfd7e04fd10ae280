"""How old tapes are, by the time they say they were recorded at. Pure: the time is handed in. Imports `model`,
`durations` and `printable`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from cassettes.durations import DurationError
from cassettes.model import Interaction
from cassettes.printable import count, escape

_AGE = re.compile(r"([0-9]{1,6})\s*(h|d|w)")
_HOURS = {"h": 1, "d": 24, "w": 168}
_DAY = 86400.0


def age(text: str) -> float:
    """Days of an age as people write it: `90d`, `12w`, `36h`. Raises DurationError."""
    match = _AGE.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise DurationError(f"{text[:40]!r} is not an age; expected a number with h, d or w, such as 90d")
    return int(match[1]) * _HOURS[match[2]] / 24


class Old(NamedTuple):
    """An interaction that was recorded longer ago than is wanted: its place and its age in days."""

    place: str
    days: float

    def told(self, most: float) -> str:
        """In words."""
        return f"{escape(self.place)} was recorded {count(int(self.days), 'day')} ago, and {most:g} are wanted at most"


def older(interactions: Iterable[tuple[str, Interaction]], now: float, most: float) -> list[Old]:
    """Those of (place, interaction) that are older than `most` days at `now` (s since 1970). Of an interaction that
    does not say when it was recorded, and of a synthetic one, nothing is known."""
    found = []
    for place, one in interactions:
        stream = one.response.stream
        if stream.recorded_at is None or stream.source == "synthetic":
            continue
        try:
            then = datetime.fromisoformat(stream.recorded_at).timestamp()
        except ValueError:
            continue
        if (days := (now - then) / _DAY) > most:
            found.append(Old(place, days))
    return found
