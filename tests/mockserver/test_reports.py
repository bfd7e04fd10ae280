"""What a failing test is told, line by line."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mockserver.misses import Miss
from mockserver.reports import MOST, Problem, journal, line, of_answer, of_miss, of_unplayed, told
from mockserver.seen import Seen

ONE = Seen(
    n=1, at="2026-01-01T00:00:00.000Z", deck="d", method="POST", path="/~d/openai/v1/chat/completions", headers=(), body=b"{}",
    whole=True, provider="openai", dialect="openai-chat", operation="chat", model="m", key="k", attempt=1,
    tape="openai/hello#1", level="route", faults=(), seed=0, notes=(), status=200, bytes=10, of=10, first_byte_ms=1.0,
    last_byte_ms=2.0, end_ms=2.4, in_flight=False, ending="kept-alive", ended_by="tape",
)  # fmt: skip
MISS = Miss(
    method="POST", path="/x", provider=None, dialect="raw", deck="d", nearest="a#1", differs=("$.a",), rule=None, matches=None,
    message="the nearest is a#1",
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "200 openai/hello#1, 10 bytes, kept-alive, ended by tape after 2 ms"),
        (
            {"attempt": 2, "faults": ("reset@3e",), "seed": 7, "bytes": 4, "ending": "reset", "ended_by": "fault"},
            "200 openai/hello#1, attempt 2, faults reset@3e (seed 7), 4 of 10 bytes, reset, ended by fault after 2 ms",
        ),
        ({"tape": None, "status": 404, "ended_by": "server"}, "404, 10 bytes, kept-alive, ended by server after 2 ms"),
        ({"in_flight": True, "bytes": 3, "ended_by": None, "end_ms": None}, "200 openai/hello#1, 3 of 10 bytes, still under way"),
        ({"tape": None, "status": 0, "in_flight": True, "of": None, "bytes": 0}, "no answer yet, 0 bytes, still under way"),
        ({"notes": ("scenario: rule 1",)}, "200 openai/hello#1, scenario: rule 1, 10 bytes, kept-alive, ended by tape after 2 ms"),
    ],
)  # fmt: skip
def test_a_request_is_a_line(changes, said):
    assert line(replace(ONE, **changes)) == f"#1 POST /~d/openai/v1/chat/completions → {said}"


def test_of_many_requests_the_last_are_listed():
    lines = list(journal([replace(ONE, n=number) for number in range(1, MOST + 6)]))
    assert lines[0] == "… 5 earlier"
    assert (len(lines), lines[-1].split()[0]) == (MOST + 1, f"#{MOST + 5}")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, None),
        ({"status": 429}, None),
        ({"status": 422, "tape": None, "ended_by": "server"}, "refused"),
        ({"status": 502, "tape": None, "ended_by": "server"}, "upstream"),
        ({"status": 404, "tape": None, "ended_by": "server"}, None),
        ({"status": 500, "tape": None, "ended_by": "upstream"}, None),
    ],
)
def test_which_answers_are_problems(changes, kind):
    found = of_answer(replace(ONE, **changes))
    assert (found and found.kind) == kind


def test_a_whole_report():
    problems = [of_miss(MISS, ["$.a"]), of_unplayed(["b#1", "b#2"]), Problem("x", ())]
    assert told(problems, [ONE], 3).splitlines() == [
        "no tape matches POST /x: the nearest is a#1",
        "  $.a",
        "never played: b#1, b#2",
        "requests (seed 3):",
        f"  {line(ONE)}",
    ]
    assert told([], [], 3) == "no requests"
