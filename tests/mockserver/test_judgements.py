"""What is told of a sweep: judgements, ranges, lines, JSON."""

from __future__ import annotations

import pytest

from mockserver.cuts import Cut
from mockserver.judgements import Judged, Ran, as_json, found, lines, summary, wrong


def outcome(
    at: int, status: int | None = 1, *, asked: bool = True, same: bool = False, said: str = "", over: bool = False
) -> Judged:
    """A run cut at `at`; events are ten bytes long."""
    return Judged(Cut(at, at // 10, at % 10 != 0, over), Ran(status, asked, "", said, 0.1), same)


RUN = [
    outcome(0),
    outcome(10, 0),
    outcome(11, 0),
    outcome(12, 0, same=True),
    outcome(13),
    outcome(14, 0),
    outcome(20, None),
    outcome(21, 3, asked=False),
    outcome(30, 0, over=True),
    outcome(31, 0, over=True),
    outcome(32, 7, over=True, said="it \x1b[31mended"),
]


@pytest.mark.parametrize(
    ("one", "judgement"),
    [
        (outcome(1, 0), "accepted"),
        (outcome(1, 1), "rejected"),
        (outcome(1, 139), "rejected"),
        (outcome(1, None), "hung"),
        (outcome(1, None, asked=False), "hung"),
        (outcome(1, 0, asked=False), "unasked"),
        (outcome(1, 0, over=True), "after the end"),
        (outcome(1, 1, over=True), "after the end"),
    ],
)
def test_exit_0_on_a_cut_stream_is_the_finding(one: Judged, judgement: str) -> None:
    assert one.judgement == judgement


def test_neighbours_with_one_outcome_are_one_range() -> None:
    told = [(one.judgement, one.first.at, one.last.at, one.runs) for one in found(RUN)]
    assert told == [
        ("accepted", 10, 11, 2),
        ("accepted", 12, 12, 1),  # it printed all: nothing that it needs was lost
        ("accepted", 14, 14, 1),
        ("hung", 20, 20, 1),
        ("unasked", 21, 21, 1),
        ("after the end", 30, 31, 2),
        ("after the end", 32, 32, 1),
    ]


def test_a_range_stays_within_an_event() -> None:
    told = [(one.first.at, one.last.at) for one in found([outcome(at, 0) for at in (8, 9, 10, 11, 19)])]
    assert told == [(8, 9), (10, 19)]


def test_lines_say_where_and_how() -> None:
    assert list(lines(found(RUN), "reset", 4)) == [
        "accepted       reset@10b to 11b  in event 2 of 4      exit 0, printed other than uncut",
        "accepted       reset@12b         in event 2 of 4      exit 0, printed as much as uncut",
        "accepted       reset@14b         in event 2 of 4      exit 0, printed other than uncut",
        "hung           reset@20b         after 2 of 4 events  killed",
        "unasked        reset@21b         in event 3 of 4      exit 3, no request came",
        "after the end  reset@30b to 31b  nothing was lost     exit 0, printed other than uncut",
        "after the end  reset@32b         nothing was lost     exit 7                            it \\x1b[31mended",
    ]
    assert not list(lines([], "cut", 4))
    assert "before the first of 4 events" in next(lines(found([outcome(0, 0)]), "cut", 4))
    assert list(lines(found([outcome(1, 0)]), "cut", 0)) == ["accepted  cut@1b    exit 0, printed other than uncut"]


def test_the_sum_counts_each_judgement() -> None:
    assert wrong(RUN) == 6
    assert summary(RUN) == (
        "11 runs: 4 took a cut stream for whole, 1 hung, 1 sent no request, 3 cut after the end, 2 noticed the cut"
    )
    assert summary([outcome(1)]) == "1 run: 1 noticed the cut"


def test_json_holds_every_list_and_the_fault_to_repeat() -> None:
    told = as_json(RUN, found(RUN), "cut")
    assert (told["runs"], told["rejected"]) == (11, 2)
    assert {key: len(told[key]) for key in ("accepted", "hung", "unasked", "after_the_end")} == {
        "accepted": 3,
        "hung": 1,
        "unasked": 1,
        "after_the_end": 2,
    }
    assert told["accepted"][0] == {
        "fault": "cut@10b",
        "from": 10,
        "to": 11,
        "runs": 2,
        "events": 1,
        "inside_event": True,
        "status": 0,
        "same_output": False,
        "said": "",
    }
    assert as_json([], [], "cut")["accepted"] == []
