"""Synthetic tapes for measuring, made from a seed into a folder: for tokentape, for the C floor and for plain aiohttp.

All three play the same bytes by the same schedule, which lies on the 0.1 ms grid of a tape.
"""

from __future__ import annotations

import json
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import NamedTuple

from cassettes.model import Cassette, Chunk, Ending, Interaction, Request, Response, Stream
from cassettes.yamlio import dump

PATH = "/openai/v1/chat/completions"
BODY = b'{"model":"gpt-bench","stream":true,"messages":[{"role":"user","content":"Measure."}]}'
_HEADERS = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
EVENT_BYTES = 250


class Tape(NamedTuple):
    """The files of one tape. `floor` is the NAME of NAME.bin and NAME.idx; offsets in ms, one an event."""

    folder: Path
    floor: Path
    expected: Path
    plain: Path
    body: Path
    offsets_ms: tuple[float, ...]
    bytes: int


class Pace(NamedTuple):
    """When events are due: the head, then each event `gaps_ms` after what came before it."""

    headers_ms: float
    gaps_ms: tuple[float, ...]


def uneven(count: int, seed: int, *, first_ms: float = 400.0, total_ms: float = 7600.0) -> Pace:
    """The rhythm of a model: first event at `first_ms`, log-normal gaps, the last event at `total_ms`."""
    random = Random(seed)
    drawn = [random.lognormvariate(0.0, 0.77) for _ in range(count - 1)]
    scale = (total_ms - first_ms) / sum(drawn)
    # On the grid without summing up what rounding loses.
    offsets = [round(first_ms + scale * passed, 1) for passed in accumulate(drawn)]
    gaps = [round(after - before, 1) for before, after in zip([first_ms, *offsets], offsets, strict=False)]
    return Pace(first_ms - 20.0, (20.0, *gaps))


def even(count: int, gap_ms: float, first_ms: float = 0.0) -> Pace:
    """Every `gap_ms`; 0 means no waiting at all."""
    return Pace(first_ms, (gap_ms,) * count)


def event(number: int, size: int = EVENT_BYTES) -> bytes:
    """One chat event of `size` bytes."""
    start = b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"gpt-bench",'
    text = f'"choices":[{{"index":0,"delta":{{"content":" {number:06d} '.encode()
    stop = b'"},"finish_reason":null}]}\n\n'
    return start + text + b"x" * (size - len(start) - len(text) - len(stop)) + stop


def write_tape(folder: Path, name: str, pace: Pace, event_bytes: int = EVENT_BYTES) -> Tape:
    """Makes the files of a tape called `name`."""
    home = folder / name
    home.mkdir(parents=True)
    events = [event(number, event_bytes) for number in range(len(pace.gaps_ms))]
    offsets = tuple(round(pace.headers_ms + passed, 1) for passed in accumulate(pace.gaps_ms))
    tape = Tape(
        home / "tapes",
        home / "floor",
        home / "expected",
        home / "plain.json",
        home / "body",
        offsets,
        sum(map(len, events)),
    )
    tape.folder.mkdir()
    (tape.folder / f"{name}.yaml").write_bytes(dump(Cassette((interaction(events, pace),))))
    tape.expected.write_text("".join(f"{offset:.1f}\n" for offset in offsets))
    tape.plain.write_text(
        json.dumps([[gap / 1000, one.decode()] for gap, one in zip(_gaps(pace), events, strict=True)])
    )
    tape.body.write_bytes(BODY)
    _write_floor(tape.floor, events, pace.headers_ms, offsets)
    return tape


def _gaps(pace: Pace) -> tuple[float, ...]:
    """Gaps as a plain server knows them: it sends its head with the first event's wait before it."""
    return (pace.headers_ms + pace.gaps_ms[0], *pace.gaps_ms[1:])


def interaction(events: list[bytes], pace: Pace) -> Interaction:
    """The tape as a value."""
    chunks = tuple(Chunk(gap, len(one)) for gap, one in zip(pace.gaps_ms, events, strict=True))
    stream = Stream(
        provider="openai",
        dialect="openai-chat",
        source="synthetic",
        headers_ms=pace.headers_ms,
        chunks=chunks,
        end=Ending(),
    )
    request = Request("POST", f"https://api.openai.com{PATH.removeprefix('/openai')}", (), BODY)
    return Interaction(request, Response(200, "OK", _HEADERS, b"".join(events), stream))


def _write_floor(name: Path, events: list[bytes], headers_ms: float, offsets: tuple[float, ...]) -> None:
    """NAME.bin: the whole answer. NAME.idx: "deadline in us, end offset" for each write."""
    head = "".join(f"{key}: {value}\r\n" for key, value in _HEADERS)
    pieces = [f"HTTP/1.1 200 OK\r\n{head}\r\n".encode(), *(b"%x\r\n%s\r\n" % (len(one), one) for one in events)]
    pieces[-1] += b"0\r\n\r\n"
    ends = accumulate(map(len, pieces))
    due = [headers_ms, *offsets]
    lines = [f"{round(at * 1000)} {end}\n" for at, end in zip(due, ends, strict=True)]
    name.with_suffix(".bin").write_bytes(b"".join(pieces))
    name.with_suffix(".idx").write_text("".join(lines))
