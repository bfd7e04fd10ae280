"""Waits before another attempt, with times made by hand: to the millisecond on either side of each limit."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from mockserver.verdicts.verdict import Terms
from mockserver.verdicts.waiting import RULES, asked_wait

JUDGES = {rule.name: rule.judge for rule in RULES}


@pytest.mark.parametrize(
    ("headers", "ms"),
    [
        ({"retry-after": "2"}, 2000.0),
        ({"retry-after": "0.5"}, 500.0),
        ({"retry-after": "30", "retry-after-ms": "300"}, 300.0),
        ({"retry-after": "2", "retry-after-ms": "soon"}, 2000.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_what_an_answer_asks_for(headers, ms, seen):
    asked = asked_wait(seen(429, end=1.0, headers=headers))
    assert (None if asked is None else asked.ms) == ms


def test_a_date_counts_from_when_the_answer_was_there(seen):
    date = formatdate(1_800_000_005, usegmt=True)
    asked = asked_wait(seen(429, end=500.0, headers={"retry-after": date}))
    assert (asked.ms, asked.dated, asked.value) == (4500.0, True, date)


@pytest.mark.parametrize(
    ("value", "waited", "earned"),
    [("2", 1989.0, 1), ("2", 1991.0, 0), (formatdate(1_800_000_003, usegmt=True), 1900.0, 1),
     (formatdate(1_800_000_003, usegmt=True), 2100.0, 0)],
)  # fmt: skip
def test_retry_after_is_ignored_by_who_comes_sooner(value, waited, earned, seen):
    deck = [seen(429, 0.0, 0.0, headers={"retry-after": value}), seen(start=waited)]
    found = list(JUDGES["retry_after_ignored"](deck, Terms()))
    assert len(found) == earned
    if found:
        assert found[0].requests == (1, 2)
        assert found[0].evidence["retry-after"] == value
        assert found[0].evidence["waited_ms"] == waited
        assert f"request 2 came {waited:.0f} ms after request 1" in found[0].found


@pytest.mark.parametrize(
    ("status", "headers", "waited", "earned"),
    [
        (503, {}, 99.0, 1),
        (503, {}, 101.0, 0),
        (503, {"retry-after": "0"}, 1.0, 0),
        (400, {}, 1.0, 0),
        (200, {}, 1.0, 0),
    ],
)
def test_backoff_is_missing_where_nothing_was_waited_for(status, headers, waited, earned, seen):
    deck = [seen(status, 0.0, 0.0, headers=headers), seen(start=waited)]
    assert len(list(JUDGES["no_backoff"](deck, Terms()))) == earned


def test_a_storm_is_more_failures_than_anybody_asks_for(seen):
    def judged(*statuses):
        return list(JUDGES["retry_storm"]([seen(one, at, at) for at, one in enumerate(statuses)], Terms()))

    assert judged(*[503] * 5) == []
    assert judged(*[503] * 4, 200, *[503] * 4) == []
    (storm,) = judged(*[503] * 5, 429)
    assert (len(storm.requests), storm.evidence) == (6, {"requests": 6, "most": 5, "span_ms": 5.0})
    assert storm.found == "6 equal requests came within 5 ms, statuses 503, 429"
