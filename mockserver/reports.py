"""What a deck has to tell when a test fails: its requests one by one, what is wrong with them, the near misses. Lines.

Pure; all that comes in is redacted. Imports `cassettes.printable` and this package's values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cassettes.printable import clip, escape
from mockserver.misses import Miss
from mockserver.seen import Seen

MOST = 20
"""Requests of a deck that are listed, the last ones."""


class Problem(NamedTuple):
    """Something that is wrong with what a deck was asked. `kind`: miss, refused, upstream or unplayed (or the name of a
    verdict); `lines`: what is known of it, the first says it all in short."""

    kind: str
    lines: tuple[str, ...]


def journal(requests: Sequence[Seen]) -> Iterator[str]:
    """A line for each request."""
    if len(requests) > MOST:
        yield f"… {len(requests) - MOST} earlier"
    yield from map(line, requests[-MOST:])


def line(one: Seen) -> str:
    """A request and what became of it: `#2 POST /openai/v1/… → 200 openai/hello#1, attempt 2, …`."""
    parts = [f"{one.status} {one.tape}" if one.tape else str(one.status or "no answer yet")]
    if one.attempt is not None and one.attempt > 1:
        parts.append(f"attempt {one.attempt}")
    if one.faults:
        parts.append(f"faults {'; '.join(one.faults)} (seed {one.seed})")
    parts += one.notes
    whole = one.of is None or one.bytes >= one.of
    parts.append(f"{one.bytes} bytes" if whole else f"{one.bytes} of {one.of} bytes")
    parts.append(_ended(one))
    return f"#{one.n} {one.method} {clip(one.path, 80)} → {', '.join(parts)}"


def _ended(one: Seen) -> str:
    if one.in_flight:
        return "still under way"
    after = f" after {one.end_ms:.0f} ms" if one.end_ms is not None else ""
    return f"{one.ending}, ended by {one.ended_by}{after}"


def of_miss(miss: Miss, unlike: Iterable[str]) -> Problem:
    """A request that found no tape; `unlike`: how it differs from the nearest."""
    first = f"no tape matches {miss.method} {miss.path}: {miss.message}"
    return Problem("miss", (first, *(f"  {one}" for one in unlike)))


def of_answer(one: Seen) -> Problem | None:
    """A request that the server answered with an error of its own, or None. Misses are told by `of_miss`."""
    if one.ended_by != "server" or one.tape is not None or one.status < 400 or one.status == 404:
        return None
    kind = "upstream" if one.status == 502 else "refused"
    return Problem(kind, (f"the server itself answered {line(one)}",))


def of_unplayed(places: Sequence[str]) -> Problem:
    """Interactions that nobody asked for."""
    return Problem("unplayed", (f"never played: {escape(', '.join(places))}",))


def told(problems: Iterable[Problem], requests: Sequence[Seen], seed: int, verdicts: Iterable[str] = ()) -> str:
    """All of it as one text: what is wrong, what the client did wrong, then what was asked."""
    lines = [one for problem in problems for one in problem.lines]
    lines += [f"verdict {one}" for one in verdicts]
    lines += [f"requests (seed {seed}):", *(f"  {one}" for one in journal(requests))] if requests else ["no requests"]
    return "\n".join(lines)
