"""What a client made of a cut stream, place by place: judged, joined into ranges, as lines and as JSON.

Pure; imports `cassettes` and `cuts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple

from cassettes.printable import clip, columns, count, escape, pad
from mockserver.cuts import Cut

Judgement = Literal["accepted", "hung", "unasked", "after the end", "rejected"]
WRONG: tuple[Judgement, ...] = ("accepted", "hung", "unasked")
"""What makes a sweep fail."""


class Ran(NamedTuple):
    """How one run of the command ended. `status` is None when it was killed for taking too long; `asked`: a request
    came from it; `printed` is a digest of its stdout, `said` the last line of its stderr."""

    status: int | None
    asked: bool
    printed: str
    said: str
    seconds: float


class Judged(NamedTuple):
    """A run with a cut stream. `same`: it printed what the uncut run printed."""

    cut: Cut
    ran: Ran
    same: bool

    @property
    def judgement(self) -> Judgement:
        """`accepted` is the finding: exit 0 although the stream was cut before its end."""
        if self.ran.status is None:
            return "hung"
        if not self.ran.asked:
            return "unasked"
        if self.cut.over:
            return "after the end"
        return "accepted" if self.ran.status == 0 else "rejected"


class Found(NamedTuple):
    """Neighbouring places with one outcome, `first` to `last`; `runs` of them were run."""

    judgement: Judgement
    first: Cut
    last: Cut
    runs: int
    status: int | None
    same: bool
    said: str


def found(outcomes: Iterable[Judged]) -> list[Found]:
    """What is worth telling, in the order of the places: all but what was rejected, as it should be."""
    ranges: list[Found] = []
    for (judgement, status, same, _event), run in groupby(outcomes, _alike):
        members = list(run)
        if judgement != "rejected":
            first, last = members[0], members[-1]
            ranges.append(Found(judgement, first.cut, last.cut, len(members), status, same, last.ran.said))
    return ranges


def _alike(one: Judged) -> tuple[Judgement, int | None, bool, int]:
    """What neighbours have in common that are told as one: also the event, or a range would say nothing of where."""
    return one.judgement, one.ran.status, one.same, one.cut.events if one.judgement != "after the end" else 0


def wrong(outcomes: Iterable[Judged]) -> int:
    """How many runs the client got wrong."""
    return sum(one.judgement in WRONG for one in outcomes)


def lines(ranges: Sequence[Found], kind: str, events: int) -> Iterator[str]:
    """The ranges in columns."""
    cells = [
        (one.judgement, _places(one, kind), _where(one, events), _ended(one), clip(escape(one.said), 60))
        for one in ranges
    ]
    if not cells:
        return
    widths = [max(map(columns, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(map(pad, row, widths)).rstrip()


def _places(one: Found, kind: str) -> str:
    span = f" to {one.last.at}b" if one.last.at != one.first.at else ""
    return f"{kind}@{one.first.at}b{span}"


def _where(one: Found, events: int) -> str:
    if not events:
        return ""
    if one.judgement == "after the end":
        return "nothing was lost"
    if one.last.inside:
        return f"in event {one.last.events + 1} of {events}"
    if not one.first.events:
        return f"before the first of {count(events, 'event')}"
    return f"after {one.first.events} of {count(events, 'event')}"


def _ended(one: Found) -> str:
    if one.judgement == "hung":
        return "killed"
    if one.judgement == "unasked":
        return f"exit {one.status}, no request came"
    printed = "as much as" if one.same else "other than"
    return f"exit {one.status}" + (f", printed {printed} uncut" if one.status == 0 else "")


def summary(outcomes: Sequence[Judged]) -> str:
    """One line: how many runs ended how."""
    counts: Counter[str] = Counter(one.judgement for one in outcomes)
    words = {
        "accepted": "took a cut stream for whole",
        "hung": "hung",
        "unasked": "sent no request",
        "after the end": "cut after the end",
        "rejected": "noticed the cut",
    }
    parts = [f"{counts[key]:,} {said}" for key, said in words.items() if counts[key]]
    return f"{count(len(outcomes), 'run')}: " + ", ".join(parts)


def as_json(outcomes: Sequence[Judged], ranges: Iterable[Found], kind: str) -> dict[str, Any]:
    """The same for programs: counts, then the ranges by judgement."""
    counts: Counter[str] = Counter(one.judgement for one in outcomes)
    told: dict[str, Any] = {"runs": len(outcomes), "rejected": counts["rejected"]}
    keys = {judgement: judgement.replace(" ", "_") for judgement in (*WRONG, "after the end")}
    told |= {key: [] for key in keys.values()}
    for one in ranges:
        told[keys[one.judgement]].append(
            {
                "fault": f"{kind}@{one.first.at}b",
                "from": one.first.at,
                "to": one.last.at,
                "runs": one.runs,
                "events": one.first.events,
                "inside_event": one.last.inside,
                "status": one.status,
                "same_output": one.same,
                "said": one.said,
            }
        )
    return told
