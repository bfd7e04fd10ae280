"""`keepalive`: what a provider sends while nothing else comes (providers.md 1). Imports `kinds`, `shapes`, `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, raw, some_time
from mockserver.faults.places import Place
from mockserver.faults.shapes import keepalive
from mockserver.faults.woven import Woven

MOST = 5000
"""Keepalives of one answer: those of a stall that nobody ends stop there."""


def _does(woven: Woven, call: Call) -> None:
    woven.events_only()
    if woven.coding:
        raise FaultError("the body has a content coding already")
    every: float = call.given["every"]
    data = keepalive(call.scene, woven.tape, call.given["text"])
    if woven.head is None:
        raise FaultError("the tape breaks before its head is whole: no body comes")
    played = call.preview()
    if played.stop:
        raise FaultError("no body comes: the answer ends before it")
    spots: list[tuple[int, float]] = []
    before, at = played.head_at_ms, 0
    for piece in played.pieces:
        _fill(spots, at, before, piece.at_ms, every)
        before, at = max(before, piece.at_ms), piece.stop
    endless = played.action == "stall"
    _fill(spots, at, before, float("inf") if endless else played.end_at_ms, every)
    for position, when in spots:
        woven.insert(Place("body", position), data, at_ms=when, fixed=True)


def _fill(spots: list[tuple[int, float]], at: int, start: float, stop: float, every: float) -> None:
    """A keepalive each `every` ms of silence between `start` and `stop`, before body byte `at`."""
    number = 1
    while start + number * every < stop and len(spots) < MOST:
        spots.append((at, start + number * every))
        number += 1


FAULT = Kind(
    name="keepalive",
    family="content",
    phase="waiting",
    does=_does,
    sees="whenever the stream is silent for the time given, in a stall too: a ping (Anthropic) or a comment",
    example='keepalive:15s,text=": still here"',
    arguments=(
        Argument(name="every", shown="DUR", read=some_time, needed=True),
        Argument(name="text", shown="TEXT", read=raw),
    ),
)
