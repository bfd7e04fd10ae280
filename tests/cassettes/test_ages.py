"""Ages as they are written, and which tapes are over one."""

from __future__ import annotations

from typing import Any

import pytest

from cassettes.ages import Old, age, older
from cassettes.durations import DurationError
from cassettes.model import Interaction, Request, Response, Stream

NOW = 1_795_167_000.0  # 2026-11-20T09:30:00Z


def taped(**stream: Any) -> Interaction:
    return Interaction(Request("POST", "http://h/x"), Response(200, "OK", (), b"", Stream(**stream)))


@pytest.mark.parametrize(("text", "days"), [("90d", 90), ("2w", 14), ("36h", 1.5), (" 1 d ", 1)])
def test_an_age_is_written_with_its_unit(text: str, days: float) -> None:
    assert age(text) == days


@pytest.mark.parametrize("text", ["90", "d", "-1d", "0d", "1y", "1.5d", "x" * 50])
def test_what_is_no_age_is_told(text: str) -> None:
    with pytest.raises(DurationError, match="such as 90d"):
        age(text)


def test_which_are_older() -> None:
    tapes = [
        ("new", taped(recorded_at="2026-11-19T09:30:00.000Z")),
        ("old", taped(recorded_at="2026-08-20T09:30:00.000Z")),
        ("edited", taped(recorded_at="2026-01-01T00:00:00Z", source="edited")),
        ("synthetic", taped(recorded_at="2020-01-01T00:00:00Z", source="synthetic")),
        ("silent", taped()),
        ("odd", taped(recorded_at="yesterday")),
    ]
    found = older(tapes, NOW, 90)
    assert [(one.place, int(one.days)) for one in found] == [("old", 92), ("edited", 323)]
    assert Old("a\x1b#1", 92.4).told(90) == r"a\x1b#1 was recorded 92 days ago, and 90 are wanted at most"
