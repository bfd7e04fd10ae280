"""Tapes made by hand for tests: one interaction a file, of the provider `up` with dialect raw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cassettes.model import Cassette, Chunk, Ending, Framing, Headers, Interaction, Request, Response, Stream
from cassettes.yamlio import dump

SSE: Headers = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))


def taped(
    folder: Path,
    name: str,
    pieces: Sequence[bytes],
    *,
    gaps: Sequence[float] = (),
    end: Ending | None = None,
    headers: Headers = SSE,
    framing: Framing = "chunked",
    method: str = "POST",
    **fields: Any,
) -> Path:
    """Writes `folder/NAME.yaml`: the answer to METHOD /up/NAME, `pieces` its HTTP chunks (other framings: its reads),
    `gaps` (ms, 0 where absent) before them."""
    end = end or Ending()
    chunks = [
        Chunk(gaps[number] if number < len(gaps) else 0.0, len(piece), False) for number, piece in enumerate(pieces)
    ]
    if framing == "chunked" and chunks and end.missing:
        chunks[-1] = chunks[-1]._replace(more=True)
    stream = Stream(provider="up", dialect="raw", framing=framing, chunks=tuple(chunks), end=end, **fields)
    response = Response(200, "OK", headers, b"".join(pieces), stream)
    request = Request(method, f"http://upstream.example/{name}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_bytes(dump(Cassette((Interaction(request, response),))))
    return path
