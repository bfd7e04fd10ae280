"""Timing options as maps on timelines: speed, TTFT, text rate, longest gap, jitter (DESIGN 6).

They edit the timeline, not the player, so what is played is always a plain list of absolute offsets. Pure: the random
source is given. Imports `model` only.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from random import Random

import msgspec
from msgspec.structs import replace

from cassettes.model import Frame, Timeline


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How a tape's timing is changed. `speed` is a factor (`math.inf` = `max`); the others are ms, or events/s (`tps`).

    Applied in this order: speed, max_gap, ttft, tps, jitter. So what is given in ms or events/s is real time, whatever
    the speed (as durations of faults are, DESIGN 7); an infinite speed leaves only the waits that ttft and tps ask for.
    """

    speed: float = 1.0
    ttft_ms: float | None = None
    tps: float | None = None
    max_gap_ms: float | None = None
    jitter_ms: float = 0.0

    @property
    def timeless(self) -> bool:
        """Whether no answer has a wait left in it."""
        return math.isinf(self.speed) and self.ttft_ms is None and self.tps is None and self.jitter_ms == 0


AS_RECORDED = Pace()


def _moved(timeline: Timeline, offsets: list[float], head_at: float, end_at: float) -> Timeline:
    """`timeline` with new offsets for its frames, head and ending."""
    frames = tuple(Frame(at, frame.data, frame.more) for at, frame in zip(offsets, timeline.frames, strict=True))
    # A 1xx response never comes after the head that follows it.
    early = tuple(replace(one, at_ms=min(one.at_ms, head_at)) for one in timeline.informational)
    return replace(timeline, frames=frames, head_at_ms=head_at, end_at_ms=end_at, informational=early)


def at_speed(timeline: Timeline, factor: float) -> Timeline:
    """Every offset divided by `factor` (> 0). With an infinite factor a `timeout` or `client_closed` ending, which
    would stall until the client leaves, becomes `cut` (DESIGN 4)."""
    moved = replace(
        timeline,
        frames=tuple(Frame(frame.at_ms / factor, frame.data, frame.more) for frame in timeline.frames),
        head_at_ms=timeline.head_at_ms / factor,
        end_at_ms=timeline.end_at_ms / factor,
        informational=tuple(replace(one, at_ms=one.at_ms / factor) for one in timeline.informational),
    )
    if math.isinf(factor) and timeline.end.type in {"timeout", "client_closed"}:
        return replace(moved, end=replace(timeline.end, type="cut"))
    return moved


def with_max_gap(timeline: Timeline, longest_ms: float) -> Timeline:
    """No wait longer than `longest_ms`: before the head, between frames, before the ending."""
    at = head_at = min(timeline.head_at_ms, longest_ms)
    before = timeline.head_at_ms
    offsets: list[float] = []
    for frame in timeline.frames:
        at += min(frame.at_ms - before, longest_ms)
        before = frame.at_ms
        offsets.append(at)
    return _moved(timeline, offsets, head_at, at + min(timeline.end_at_ms - before, longest_ms))


def with_ttft(timeline: Timeline, ttft_ms: float) -> Timeline:
    """The first body byte `ttft_ms` after the last request byte; what follows keeps its gaps."""
    if not timeline.frames:
        return timeline
    first = timeline.frames[0].at_ms
    offsets = [ttft_ms + (frame.at_ms - first) for frame in timeline.frames]
    return _moved(timeline, offsets, min(timeline.head_at_ms, ttft_ms), ttft_ms + (timeline.end_at_ms - first))


def with_tps(timeline: Timeline, per_second: float, ends: list[int], carries: Callable[[bytes], bool]) -> Timeline:
    """Events that carry text at a rate of `per_second`; frames without text keep their gap.

    `ends` are the end offsets of the body's events; `carries` tells whether an event's bytes carry text. An event
    belongs to the frame that holds its last byte.
    """
    body = b"".join(frame.data for frame in timeline.frames)
    texts = [stop for start, stop in zip([0, *ends], ends, strict=False) if carries(body[start:stop])]
    offsets: list[float] = []
    at = before = timeline.head_at_ms
    position, seen = 0, 0
    for frame in timeline.frames:
        position += len(frame.data)
        # bisect_left(position + 1): how many text events have their last byte in this frame or before it.
        now = bisect_left(texts, position + 1)
        gap = frame.at_ms - before
        at += (now - seen) * 1000.0 / per_second if seen and now > seen else gap
        before, seen = frame.at_ms, now
        offsets.append(at)
    return _moved(timeline, offsets, timeline.head_at_ms, at + (timeline.end_at_ms - before))


def with_jitter(timeline: Timeline, jitter_ms: float, random: Random) -> Timeline:
    """Every offset moved by up to ± `jitter_ms`, never before the one it follows."""
    at = head_at = max(0.0, timeline.head_at_ms + random.uniform(-jitter_ms, jitter_ms))
    offsets: list[float] = []
    for frame in timeline.frames:
        at = max(at, frame.at_ms + random.uniform(-jitter_ms, jitter_ms))
        offsets.append(at)
    return _moved(timeline, offsets, head_at, max(at, timeline.end_at_ms))


def paced(
    timeline: Timeline, pace: Pace, random: Random, ends: list[int], carries: Callable[[bytes], bool]
) -> Timeline:
    """`timeline` at `pace`. `ends` and `carries` as for `with_tps`."""
    if pace.speed != 1.0:
        timeline = at_speed(timeline, pace.speed)
    if pace.max_gap_ms is not None:
        timeline = with_max_gap(timeline, pace.max_gap_ms)
    if pace.ttft_ms is not None:
        timeline = with_ttft(timeline, pace.ttft_ms)
    if pace.tps is not None:
        timeline = with_tps(timeline, pace.tps, ends, carries)
    if pace.jitter_ms and not math.isinf(pace.speed):
        timeline = with_jitter(timeline, pace.jitter_ms, random)
    return timeline
