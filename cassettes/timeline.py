"""Interaction <-> timeline: absolute offsets for playing, rounded gaps for the tape. Pure; imports `model` only.

On a tape gaps are differences of offsets rounded to 0.1 ms (DESIGN 4), so rounding never accumulates over a stream.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from functools import partial
from itertools import accumulate, islice, pairwise
from typing import Any

from cassettes.model import (
    NO_RESPONSE,
    Chunk,
    Ending,
    Frame,
    Head,
    Informational,
    Interaction,
    Request,
    Response,
    Stream,
    Timeline,
)

_FRAME = partial(tuple.__new__, Frame)  # as `sizes` makes its chunks


def to_timeline(interaction: Interaction) -> Timeline:
    """The response of `interaction` with absolute offsets (ms since the last request byte)."""
    response, stream = interaction.response, interaction.response.stream
    end = stream.end
    whole = end.at == "body"
    head_at = stream.headers_ms if end.at != "request" else 0.0
    frames = _frames(stream.chunks, response.body, head_at) if whole else ()
    at = frames[-1].at_ms if frames else head_at
    return Timeline(
        head=Head(http=stream.http, code=response.code, message=response.message, headers=response.headers)
        if whole
        else None,
        head_at_ms=head_at,
        frames=frames,
        end=end,
        end_at_ms=at + end.gap_ms,
        framing=stream.framing,
        partial_head=stream.head or b"" if end.at == "head" else b"",
        trailers=stream.trailers,
        informational=stream.informational,
    )


def _frames(chunks: tuple[Chunk, ...], body: bytes, head_at: float) -> tuple[Frame, ...]:
    """`body` divided by `chunks`, whose gaps count from `head_at` (ms). Without a step of Python for each."""
    if not chunks:
        return ()
    gaps, sizes, mores = zip(*chunks, strict=True)
    offsets = islice(accumulate(gaps, initial=head_at), 1, None)
    pieces = [body[start:end] for start, end in pairwise(accumulate(sizes, initial=0))]
    return tuple(map(_FRAME, zip(offsets, pieces, mores, strict=True)))


def arrivals(timeline: Timeline, sizes: Iterable[int]) -> list[float]:
    """When each of the stretches of the body that are so many bytes, one after another, had come: at the offset of the
    frame with its last byte. What lies behind the last frame came with it."""
    ends = list(accumulate(len(frame.data) for frame in timeline.frames))
    if not ends:
        return [timeline.head_at_ms for _ in sizes]
    last = len(ends) - 1
    return [timeline.frames[min(bisect_left(ends, end), last)].at_ms for end in accumulate(sizes)]


def tenth(ms: float) -> float:
    """`ms` rounded to the 0.1 ms that a tape keeps."""
    return round(ms, 1)


def chunks_of(frames: tuple[Frame, ...], zero_ms: float) -> tuple[Chunk, ...]:
    """The lines of `chunks` for `frames`, the first gap counting from `zero_ms` (the end of the head)."""
    offsets = [tenth(zero_ms), *(tenth(frame.at_ms) for frame in frames)]
    gaps = [tenth(max(0.0, later - earlier)) for earlier, later in pairwise(offsets)]
    return tuple(Chunk(gap, len(frame.data), frame.more) for gap, frame in zip(gaps, frames, strict=True))


def from_timeline(request: Request, timeline: Timeline, **fields: Any) -> Interaction:
    """`timeline` as the response to `request`; `fields` are the other fields of `Stream` (provider, dialect, source …).

    A response whose head never became whole gets vcrpy's shape with status 502 and no headers (DESIGN 4).
    """
    frames = timeline.frames
    last = frames[-1].at_ms if frames else timeline.head_at_ms
    if timeline.end.at == "request":
        last = 0.0
    head = timeline.head
    code, message = (head.code, head.message) if head else NO_RESPONSE
    end = timeline.end
    stream = Stream(
        http=head.http if head else "1.1",
        framing=timeline.framing,
        headers_ms=tenth(timeline.head_at_ms) if end.at != "request" else 0.0,
        chunks=chunks_of(frames, timeline.head_at_ms),
        end=Ending(
            type=end.type,
            at=end.at,
            gap_ms=tenth(max(0.0, tenth(timeline.end_at_ms) - tenth(last))),
            missing=end.missing,
            client_left_ms=None if end.client_left_ms is None else tenth(end.client_left_ms),
        ),
        head=timeline.partial_head or None if end.at == "head" else None,
        trailers=timeline.trailers,
        informational=tuple(
            Informational(tenth(one.at_ms), one.code, one.message, one.headers) for one in timeline.informational
        ),
        **fields,
    )
    body = b"".join(frame.data for frame in frames)
    return Interaction(request, Response(code, message, head.headers if head else (), body, stream))
