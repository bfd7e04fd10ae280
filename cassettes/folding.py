"""A streamed answer as the whole JSON that a client gets which asked for no stream. Pure.

Which events make which answer is the dialect's `fold`; here is what becomes of head, time and ending. Imports
`dialects`, `events`, `model`, `sse` and the standard library.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from itertools import pairwise

from msgspec.structs import replace

from cassettes import sse
from cassettes.dialects import Dialect
from cassettes.dialects.base import json_bytes, payload
from cassettes.dialects.delta import Folded
from cassettes.events import event_ends, event_kind
from cassettes.model import Ending, EventKind, Frame, Head, Headers, Response, Timeline

_OURS = frozenset({"content-type", "content-length", "transfer-encoding"})
_JSON = "application/json"
_UNREADABLE = "no event of the tape's stream can be read; `tokentape show` tells what is on it"
_UNFINISHED = frozenset({"timeout", "client_closed", "interrupted"})


def is_stream(response: Response) -> bool:
    """Whether the answer is a stream of events, whatever was asked for."""
    return _kind(response) != "none"


def payloads(response: Response) -> Iterator[object]:
    """The decoded JSON of every event; None for what has none (comments, `[DONE]`). A last event that lacks its blank
    line counts if it is whole: google-genai delivers it (providers.md 2.5)."""
    yield from map(payload, events(response))


def broken_event(response: Response) -> int | None:
    """The number of the first event whose data begins as a JSON object and is none; None if there is no such event.
    What has another meaning (`[DONE]`, plain text, nothing) is not broken."""
    for number, event in enumerate(events(response), start=1):
        if payload(event) is None and _data(event).startswith("{"):
            return number
    return None


def events(response: Response) -> Iterator[bytes]:
    """The bytes of every event, one that lacks its blank line at the end put right."""
    body, kind = response.body, _kind(response)
    ends = [0, *event_ends(body, kind)]
    for start, end in pairwise(ends):
        yield body[start:end]
    if kind != "none" and ends[-1] < len(body):
        yield body[ends[-1] :] + b"\n\n"


def _data(event: bytes) -> str:
    blocks, _ = sse.parse(event)
    message = blocks[0].message if blocks else None
    return (message.data if message else event.decode("utf-8", "replace")).lstrip()


def folded(response: Response, timeline: Timeline, dialect: Dialect) -> Timeline | None:
    """`timeline` (of `response`, its time perhaps edited) with one JSON body in place of the events; None if the
    answer is no stream, or the dialect folds none. A stream without one event that can be read is a 422, which no SDK
    asks for again: who asked for JSON is not to meet events.

    The head comes when the stream has ended, as a provider answers who has to finish first. Where the tape breaks, the
    client gets no head at all, and then the break: of an answer that was never whole there is nothing to show. An
    ending that came after the answer was finished (a client that left, a stall) is the end of a whole one; so is any
    after an error. What goes on in the background is not waited for: it comes with the first of the stream.
    """
    if timeline.head is None or not dialect.folds or not is_stream(response):
        return None
    events = list(payloads(response))
    awaited = dialect.awaited(events)
    answer = dialect.fold(awaited) or Folded(422, dialect.envelope(422, _UNREADABLE, "tokentape_unreadable"))
    end = timeline.end
    said = [dialect.delta(event) for event in events]
    finished = any(delta.error or (delta.finish and end.type in _UNFINISHED) for delta in said)
    at_once = len(awaited) < len(events)
    if end.type != "eof" and not finished and not at_once:
        broken = Ending(type=end.type, at="request", gap_ms=timeline.end_at_ms)
        return replace(timeline, head=None, head_at_ms=0.0, frames=(), end=broken, trailers=())
    body = json_bytes(answer.body)
    at = timeline.frames[0 if at_once else -1].at_ms if timeline.frames else timeline.head_at_ms
    return replace(
        timeline,
        head=_head(timeline.head, answer.code, len(body)),
        head_at_ms=at,
        frames=(Frame(at, body),),
        end=Ending(),
        end_at_ms=at,
        framing="length",
        trailers=(),
    )


def _kind(response: Response) -> EventKind:
    return event_kind(response.headers, response.code, response.body, response.stream.events)


def _head(head: Head, code: int, length: int) -> Head:
    """The tape's head, saying JSON where it said how the stream came."""
    headers: Headers = tuple(
        (name, _JSON if name.lower() == "content-type" else value)
        for name, value in head.headers
        if name.lower() not in _OURS or name.lower() == "content-type"
    )
    message = head.message if code == head.code else HTTPStatus(code).phrase if code in set(HTTPStatus) else ""
    return replace(head, code=code, message=message, headers=(*headers, ("Content-Length", str(length))))
