"""A stream in the other form that its grammar has: Gemini's events as elements of one JSON array, and back.

Without `alt=sse` the same responses come as an array, pretty-printed (providers.md 6.2, and recordings). Pure. Imports
`dialects`, `events`, `folding`, `model`, `timeline` and the standard library.
"""

from __future__ import annotations

import json
from typing import Final

from msgspec.structs import replace

from cassettes import folding
from cassettes.dialects.base import payload
from cassettes.dialects.speech import dumps, encoded
from cassettes.events import event_kind
from cassettes.model import EventKind, Frame, Headers, Response, Timeline
from cassettes.timeline import arrivals

TYPES: Final[dict[EventKind, str]] = {"sse": "text/event-stream", "json-array": "application/json; charset=UTF-8"}
_HTML: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def reframed(response: Response, timeline: Timeline, form: EventKind) -> Timeline | None:
    """`timeline` (of `response`, its time perhaps edited) in that form: each event at its time, in an HTTP chunk of its
    own, the ending as it was; None if it has that form already, or neither.

    What is no response (comments, an event that cannot be read) has no place in an array and is left out.
    """
    kind = event_kind(response.headers, response.code, response.body, response.stream.events)
    if timeline.head is None or kind == form or not {kind, form} <= TYPES.keys() or response.code >= 400:
        return None
    events = list(folding.events(response))
    values = [(at, payload(event)) for event, at in zip(events, arrivals(timeline, map(len, events)), strict=True)]
    said = [(at, value) for at, value in values if value is not None]
    array = form == "json-array"
    frames = [
        Frame(at, _element(value, first=not number) if array else _block(value))
        for number, (at, value) in enumerate(said)
    ]
    if array and timeline.end.type == "eof":
        last = frames[-1].at_ms if frames else timeline.head_at_ms
        frames.append(Frame(last, b"]" if frames else b"[]"))
    end = replace(timeline.end, missing=0)
    head = replace(timeline.head, headers=_headers(timeline.head.headers, TYPES[form]))
    framing = "close" if timeline.head.http == "1.0" else "chunked"
    return replace(timeline, head=head, frames=tuple(frames), end=end, framing=framing)


def _element(value: object, *, first: bool) -> bytes:
    before = "[" if first else ",\r\n"
    return encoded(f"{before}{_escaped(json.dumps(value, ensure_ascii=False, indent=2))}\n")


def _block(value: object) -> bytes:
    return encoded(f"data: {_escaped(dumps(value, spaced=True))}\r\n\r\n")


def _escaped(text: str) -> str:
    for sign, escape in _HTML.items():
        text = text.replace(sign, escape)
    return text


def _headers(headers: Headers, kind: str) -> Headers:
    """The head's own, saying the other form; how long the body is now nobody knows."""
    return tuple(
        (name, kind if name.lower() == "content-type" else value)
        for name, value in headers
        if name.lower() not in {"content-length", "content-disposition"}
    )
