"""Bodies without a head: a `text/event-stream` as it was, and payload lines that lost their framing.

Status 200, the content type that the bytes have, no request. Payload lines (one JSON text a line) stay NDJSON: the
`data:` and blank lines they once stood in are gone, and inventing them would claim bytes that nobody saw.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from cassettes.convert.draft import Draft
from cassettes.convert.guess import is_sse

NAME = "raw-sse"
LINES = "payload-lines"


def name_of(data: bytes) -> str | None:
    """`raw-sse`, `payload-lines`, or None where `data` is neither."""
    if is_sse(data) and b"data" in data:
        return NAME
    lines = data[:1].startswith(b"{") and data.split(b"\n", 2)
    if lines and len(lines) > 1 and _is_object(lines[0]) and _is_object(lines[1]):
        return LINES
    return None


def drafts(data: bytes, name: str) -> Iterator[Draft]:
    """The one draft of the file."""
    media_type = "text/event-stream" if name_of(data) == NAME else "application/x-ndjson"
    yield Draft(place=f"{name}#1", headers=(("content-type", media_type),), pieces=[data])


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
