"""`case:ID` unfolded: its faults in its place, and its stream in place of the tape. Pure.

What acts is worked out before any place is looked for, so that the places of a case are those of its own stream.
Imports `cassettes`, `faults` and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cassettes.model import Ending, Frame, Head, Timeline
from cassettes.resume import NO_CONTENT
from mockserver.cases.case import Case
from mockserver.cases.script import DIALECTS, Stream
from mockserver.faults.breaking import acting
from mockserver.faults.grammar import FaultError, text_of
from mockserver.faults.table import Bound, add_up, read, rival

NAME = "case"
_HEADERS = (("content-type", "text/event-stream; charset=utf-8"), ("transfer-encoding", "chunked"))


class Asker(NamedTuple):
    """What of a request decides how a case is played: the attempt, from 1; the dialect of the answer; the last event id
    that the client has; whether it asked for no stream."""

    attempt: int = 1
    dialect: str = "raw"
    had: str = ""
    whole: bool = False


class Unfolded(NamedTuple):
    """What takes the place of faults with cases among them. `timeline`: what is played instead of the tape, if any;
    `left_out`: cases that were optional and do not fit, with the reason."""

    faults: tuple[Bound, ...]
    timeline: Timeline | None = None
    left_out: tuple[str, ...] = ()


def has_case(faults: Sequence[Bound]) -> bool:
    """Whether there is a case among `faults`."""
    return any(one.kind.name == NAME for one in faults)


def unfold(faults: Sequence[Bound], asker: Asker) -> Unfolded:
    """`faults`, all of which act, with what each case is made of. Raises FaultError for a case that does not fit the
    request, for two with streams of their own, and for contradictions."""
    sources: list[tuple[Bound, ...]] = []
    left_out: list[str] = []
    stream: Stream | None = None
    for bound in faults:
        if bound.kind.name != NAME:
            sources.append((bound,))
            continue
        try:
            inner, own = _parts(bound, asker)
            if own is not None and stream is not None:
                raise FaultError("another case has a stream of its own too; give one of both")
        except FaultError as error:
            if not bound.fault.optional:
                raise FaultError(f"the fault {text_of([bound.fault])} cannot be applied: {error}") from None
            left_out.append(f"{text_of([bound.fault])}: {error}")
            continue
        stream = stream if own is None else own
        sources.append(inner)
    return Unfolded(add_up(*sources), None if stream is None else timeline_of(stream), tuple(left_out))


def _parts(bound: Bound, asker: Asker) -> tuple[tuple[Bound, ...], Stream | None]:
    case: Case = bound.given["id"]
    dialect = asker.dialect if asker.dialect in DIALECTS else "raw"
    if dialect not in case.dialects:
        raise FaultError(f"the case is one of {', '.join(case.dialects)}, and this answer is {asker.dialect}")
    play = case.play(dialect)
    if play.stream is not None and asker.whole:
        raise FaultError("the case is a stream, and the client asked for none")
    # Attempts of a case count from the first on which it acts: case:rst-once-then-ok#2 resets the second.
    attempt = asker.attempt - bound.fault.attempts.first + 1
    inner = acting(read(play.faults), attempt) if play.faults else ()
    return inner, play.stream.behind(asker.had) if play.stream is not None and asker.had else play.stream


def contradict(drawn: Sequence[Bound], others: Sequence[Bound]) -> bool:
    """Whether `drawn` and `others` cannot act on one attempt, whatever the dialect: two endings, two answers of their
    own, two streams, with those of the cases among them."""
    mine, theirs = _made_of(drawn), _made_of(others)
    return (mine.streams and theirs.streams) or any(rival(one, theirs.faults) is not None for one in mine.faults)


class _Made(NamedTuple):
    faults: tuple[Bound, ...]
    streams: bool


def _made_of(bounds: Sequence[Bound]) -> _Made:
    """Their faults at the first attempt, and whether one has a stream of its own."""
    plays = [one.given["id"].play(one.given["id"].dialects[0]) for one in bounds if one.kind.name == NAME]
    inner = [one for play in plays if play.faults for one in acting(read(play.faults), 1)]
    plain = [one for one in bounds if one.kind.name != NAME]
    return _Made((*plain, *inner), any(play.stream is not None for play in plays))


def timeline_of(stream: Stream) -> Timeline:
    """`stream` as the answer of a server: 200, text/event-stream, HTTP chunks. Where nothing is left of one with ids
    it is 204, which tells an EventSource not to come back (WHATWG HTML 9.2.3)."""
    if stream.over:
        return Timeline(head=NO_CONTENT, head_at_ms=0.0, frames=(), end=Ending(), end_at_ms=0.0, framing="length")
    frames = tuple(Frame(number * stream.gap_ms, data) for number, data in enumerate(stream.chunks))
    return Timeline(
        head=Head(headers=_HEADERS),
        head_at_ms=0.0,
        frames=frames,
        end=Ending(),
        end_at_ms=frames[-1].at_ms if frames else 0.0,
    )
