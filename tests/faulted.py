"""Tapes to break, and what becomes of them: for tests of faults that need no server."""

from __future__ import annotations

from typing import Any

from cassettes import providers
from cassettes.model import Ending, Frame, Head, Timeline
from mockserver.faults.breaking import Broken, broken, weave
from mockserver.faults.kinds import Scene
from mockserver.faults.table import read
from mockserver.faults.tapeside import TapeSide
from mockserver.faults.woven import Woven
from mockserver.plan import Asking, Plan

CHUNKED = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
SIZED = (("Content-Type", "text/event-stream"), ("Content-Length", "0"))
PLAIN = (("Content-Type", "text/event-stream"),)
EVENTS = (
    b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"one "}}]}\n\n',
    'data: {"id":"c","choices":[{"index":0,"delta":{"content":"두울 "}}]}\n\n'.encode(),
    b': a comment\n\ndata: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
    b"data: [DONE]\n\n",
)
"""A chat stream: four chunks, five events."""


def tape(*pieces: bytes, at: float = 10.0, every: float = 10.0, head: Any = None, **fields: Any) -> Timeline:
    """A timeline of `pieces`, HTTP chunks `every` ms apart behind a head at `at` ms."""
    pieces = pieces or EVENTS
    given = {"framing": "chunked", "end": Ending(), **fields}
    headers = {"chunked": CHUNKED, "length": SIZED, "close": PLAIN}[given["framing"]]
    frames = tuple(Frame(at + every * (number + 1), piece) for number, piece in enumerate(pieces))
    return Timeline(
        head=head or Head(headers=headers), head_at_ms=at, frames=frames, end_at_ms=frames[-1].at_ms + 5.0, **given
    )


def side(timeline: Timeline, kind: str = "sse", *, folded: bool = False) -> TapeSide:
    """`timeline` as places are counted on it."""
    return TapeSide(timeline, kind, chunked=timeline.framing == "chunked", folded=folded)  # type: ignore[arg-type]


def scene(dialect: str = "openai-chat", provider: str | None = None, **fields: Any) -> Scene:
    """Where a fault acts."""
    return Scene(dialect, providers.lookup(provider) if provider else None, **fields)


def break_it(faults: str, timeline: Timeline | None = None, kind: str = "sse", **fields: Any) -> Broken:
    """The plan of `timeline` under `faults`, and those that were left out."""
    asking = fields.pop("asking", Asking())
    whole = side(tape() if timeline is None else timeline, kind, folded=fields.pop("folded", False))
    return broken(whole, read(faults), scene(**fields), asking)


def plan_of(faults: str, timeline: Timeline | None = None, kind: str = "sse", **fields: Any) -> Plan:
    """The plan alone."""
    return break_it(faults, timeline, kind, **fields).plan


def woven_of(faults: str, timeline: Timeline | None = None, kind: str = "sse", **fields: Any) -> Woven:
    """The response before it is written."""
    return weave(side(tape() if timeline is None else timeline, kind), read(faults), scene(**fields))[0]


def body(plan: Plan) -> bytes:
    """What follows the last head."""
    rest = plan.wire
    while rest.startswith(b"HTTP/"):
        interim = rest.startswith(b"HTTP/1.1 1")
        rest = rest.partition(b"\r\n\r\n")[2]
        if not interim:
            break
    return rest


def entries(plan: Plan) -> list[tuple[float, bytes]]:
    """(ms, bytes) of everything a plan writes."""
    starts = [0, *plan.ends]
    pairs = zip(plan.due, starts, plan.ends, strict=False)
    return [(round(due * 1000, 3), plan.wire[start:stop]) for due, start, stop in pairs]
