"""What can be counted on a tape: offsets, gaps, events, text; and two timelines held against each other.

Pure figures (ms, bytes); how they look is `cassettes.render`. May import `model`, `events` and `timeline` of this
package. `texts` is how a dialect reads the text of one event, raw bytes in; nothing here knows a dialect.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import msgspec

from cassettes.events import event_ends, event_kind
from cassettes.model import EventKind, Frame, Interaction, Timeline
from cassettes.timeline import to_timeline

Texts = Callable[[bytes], str]


class Percentiles(NamedTuple):
    """Of durations in ms, by nearest rank."""

    p50: float
    p90: float
    p99: float
    max: float


class Event(NamedTuple):
    """One event: its bytes are `body[start:end]`, the last of them came `at_ms` after the last request byte."""

    at_ms: float
    start: int
    end: int
    text: str


class Measures(msgspec.Struct, frozen=True):
    """One interaction in figures. Offsets are ms since the last request byte; None where there was no such thing."""

    timeline: Timeline
    kind: EventKind
    events: tuple[Event, ...]
    tail_bytes: int
    body_bytes: int
    http_chunks: int
    first_byte_ms: float | None
    first_text_ms: float | None
    gaps: Percentiles | None
    text: str


class Comparison(msgspec.Struct, frozen=True):
    """A timeline held against the one that it repeats. Errors are ms; None where there was nothing to compare."""

    bytes_wanted: int
    bytes_got: int
    first_difference: int | None
    same_chunks: bool
    same_ending: bool
    head_error_ms: float | None
    gap_errors: Percentiles | None
    offset_errors: Percentiles | None
    drift_ms: float | None

    @property
    def same_bytes(self) -> bool:
        """Whether the bodies are equal byte for byte."""
        return self.first_difference is None


def percentiles(values: Sequence[float]) -> Percentiles | None:
    """Percentiles of `values` by nearest rank; None for none."""
    if not values:
        return None
    ranked = sorted(values)
    count = len(ranked)
    p50, p90, p99 = (ranked[-(-count * share // 100) - 1] for share in (50, 90, 99))
    return Percentiles(p50, p90, p99, ranked[-1])


def measure(interaction: Interaction, texts: Texts | None = None) -> Measures:
    """The figures of `interaction`. Without `texts` no event has text. One pass over the body."""
    response, timeline = interaction.response, to_timeline(interaction)
    frames = timeline.frames
    body = response.body[: sum(len(frame.data) for frame in frames)]
    kind = event_kind(response.headers, response.code, body, response.stream.events)
    ends = event_ends(body, kind)
    spans = zip([0, *ends], ends, strict=False)
    events = tuple(
        Event(at_ms, start, end, texts(body[start:end]) if texts else "")
        for at_ms, (start, end) in zip(_arrivals(frames, ends), spans, strict=True)
    )
    return Measures(
        timeline=timeline,
        kind=kind,
        events=events,
        tail_bytes=len(body) - (ends[-1] if ends else 0),
        body_bytes=len(body),
        http_chunks=sum(not frame.more for frame in frames) + bool(frames and frames[-1].more),
        first_byte_ms=frames[0].at_ms if frames else None,
        first_text_ms=next((event.at_ms for event in events if event.text), None),
        gaps=percentiles([later.at_ms - earlier.at_ms for earlier, later in pairwise(frames)]),
        text="".join(event.text for event in events),
    )


def compare(wanted: Timeline, got: Timeline) -> Comparison:
    """How well `got` repeats `wanted`, measured at the chunk edges of `wanted`.

    A chunk's time in `got` is when its last byte had come, so a reader that merges or splits reads can be compared too.
    """
    body_wanted, body_got = (b"".join(frame.data for frame in line.frames) for line in (wanted, got))
    edges = list(accumulate(len(frame.data) for frame in wanted.frames))
    reached = [edge for edge in edges if edge <= len(body_got)]
    planned = [frame.at_ms for frame in wanted.frames[: len(reached)]]
    came = _arrivals(got.frames, reached)
    errors = [there - here for here, there in zip(planned, came, strict=True)]
    gap_errors = [abs(later - earlier) for earlier, later in pairwise([got.head_at_ms - wanted.head_at_ms, *errors])]
    return Comparison(
        bytes_wanted=len(body_wanted),
        bytes_got=len(body_got),
        first_difference=_first_difference(body_wanted, body_got),
        same_chunks=_http_chunks(wanted.frames) == _http_chunks(got.frames),
        same_ending=(wanted.end.type, wanted.end.at, wanted.end.missing) == (got.end.type, got.end.at, got.end.missing),
        head_error_ms=got.head_at_ms - wanted.head_at_ms if wanted.head and got.head else None,
        gap_errors=percentiles(gap_errors),
        offset_errors=percentiles([abs(error) for error in errors]),
        drift_ms=errors[-1] - errors[0] if errors else None,
    )


def _arrivals(frames: Sequence[Frame], edges: Sequence[int]) -> list[float]:
    """When the byte before each of `edges` (rising offsets > 0 within the body) had come."""
    ends = list(accumulate(len(frame.data) for frame in frames))
    return [frames[bisect_left(ends, edge)].at_ms for edge in edges]


def _http_chunks(frames: Sequence[Frame]) -> tuple[list[int], int]:
    """The sizes of the HTTP chunks, and how much there is of one that stayed open. That a chunk came in several parts
    is no boundary: a reader that is late sees fewer of them, one that is interrupted more."""
    sizes: list[int] = []
    begun = 0
    for frame in frames:
        begun += len(frame.data)
        if not frame.more:
            sizes.append(begun)
            begun = 0
    return sizes, begun


def _first_difference(wanted: bytes, got: bytes) -> int | None:
    """Offset of the first byte that differs; None if equal. By halves: comparing slices is a memcmp, bytes are slow."""
    if wanted == got:
        return None
    low, high = 0, min(len(wanted), len(got))
    while low < high:
        middle = (low + high + 1) // 2
        if wanted[low:middle] == got[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
