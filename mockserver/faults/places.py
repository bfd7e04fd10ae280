"""WHERE: the place that a fault names, read and found on the tape (DESIGN 7). Imports `grammar`, `tapeside`."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from cassettes.durations import duration
from cassettes.model import TokentapeError
from mockserver.faults.grammar import FaultError
from mockserver.faults.tapeside import TapeSide

FORMS = "request, headers, end, 3e (events), 3c (chunks), 100b (bytes), 100w (wire bytes), 50%, 1500ms, 2s, =NAME"
"""What an error says was expected."""

Unit = Literal["request", "headers", "end", "e", "c", "b", "w", "%", "ms", "="]
_FOLDED: frozenset[Unit] = frozenset({"request", "headers", "end", "b", "%", "ms"})
_PLAIN: dict[str, Unit] = {"request": "request", "headers": "headers", "end": "end"}
_COUNTED = re.compile(r"([0-9]{1,15})([ecbw])")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)(?:%|pct)")


class Where(NamedTuple):
    """A place as written: a number of `unit`s (of `ms`: milliseconds), or a name."""

    unit: Unit
    number: float = 0.0
    name: str = ""


class Place(NamedTuple):
    """A place on a tape: before any head byte, behind the status line, or in the body.

    `at` counts body bytes: the place is behind byte `at - 1`. `framing`: so many wire bytes of framing behind it (None:
    the place was not given in wire bytes). `at_ms`: not before that offset.
    """

    side: Literal["request", "headers", "body"]
    at: int = 0
    framing: int | None = None
    at_ms: float | None = None


def where_of(text: str) -> Where:
    """The place that `text` means. Raises FaultError."""
    word = text.lower()
    if (plain := _PLAIN.get(word)) is not None:
        return Where(plain)
    if text.startswith("="):
        if text == "=":
            raise FaultError("expected the name of an event after '=', such as =message_stop")
        return Where("=", name=text[1:])
    if found := _COUNTED.fullmatch(text):
        unit: Unit = found[2]  # type: ignore[assignment] # one of the pattern's letters
        return Where(unit, int(found[1]))
    if found := _PERCENT.fullmatch(word):
        if float(found[1]) > 100:
            raise FaultError(f"{text} is beyond the end; expected 0% to 100%")
        return Where("%", float(found[1]))
    if word.endswith(("ms", "s")):
        try:
            return Where("ms", duration(word))
        except TokentapeError:
            pass
    raise FaultError(f"{text[:40]!r} is no place; expected {FORMS}")


def find(where: Where, tape: TapeSide) -> Place:
    """`where` on `tape`. Raises FaultError where the tape is shorter, or has none of what is counted."""
    if tape.folded and where.unit not in _FOLDED:
        raise FaultError(
            "the client asked for no stream, and a whole JSON answer has no events, chunks or names; "
            "expected request, headers, end, 100b, 50% or 1500ms"
        )
    if where.unit == "request":
        return Place("request")
    if where.unit == "ms":
        return _at_time(where.number, tape)
    if tape.timeline.head is None:
        raise FaultError("the tape breaks before its head is whole; expected the place request, or a time")
    return Place("headers") if where.unit == "headers" else _in_body(where, tape)


def _in_body(where: Where, tape: TapeSide) -> Place:
    length, number = len(tape.body), int(where.number)
    if where.unit == "=":
        return Place("body", tape.named(where.name))
    if where.unit == "%":
        # In whole millionths: 1/3 of a percent of a body is the same byte on every machine.
        return Place("body", round(where.number * 1_000_000) * length // 100_000_000)
    if where.unit == "w":
        at, framing = tape.on_wire(number)
        return Place("body", at, framing)
    if where.unit == "b":
        if number > length:
            raise FaultError(f"{number}b is beyond the end; the body has {length} bytes")
        return Place("body", number)
    if where.unit == "end":
        return Place("body", length)
    edges, what = (tape.events, "events") if where.unit == "e" else (tape.lines, "chunks")
    if where.unit == "e" and len(edges) == 1:
        raise FaultError(f"{number}e: this answer has no events")
    if number >= len(edges):
        raise FaultError(f"{number}{where.unit} is beyond the end; the tape has {len(edges) - 1} {what}")
    return Place("body", edges[number])


def _at_time(ms: float, tape: TapeSide) -> Place:
    timeline = tape.timeline
    if ms > timeline.end_at_ms:
        raise FaultError(f"{ms:g}ms is beyond the end; as it is played the tape takes {timeline.end_at_ms:g} ms")
    if timeline.head is None or ms < timeline.head_at_ms:
        return Place("request", at_ms=ms)
    return Place("body", tape.at_time(ms), at_ms=ms)
