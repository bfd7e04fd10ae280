"""Bodies without a head."""

from __future__ import annotations

import pytest

from cassettes.convert import convert
from cassettes.model import Chunk


@pytest.mark.parametrize(
    ("body", "sizes"),
    [
        (b"data: a\n\ndata: b\n\n", [9, 9]),
        (b": OPENROUTER PROCESSING\n\ndata: b\n\n", [25, 9]),
        (b"\xef\xbb\xbfevent: x\r\ndata: b\r\n\r\ntail: data", [24, 10]),
        (b"data: [DONE]", [12]),
        (b"retry: 1\ndata\n\n", [15]),
    ],
)
def test_an_event_stream(body: bytes, sizes: list[int]) -> None:
    (found,) = convert(body, "a.txt").interactions
    assert found.response.body == body
    assert found.response.headers == (("content-type", "text/event-stream"),)
    assert found.response.stream.chunks == tuple(Chunk(20.0, size) for size in sizes)
    assert (found.response.stream.framing, found.response.stream.provider) == ("chunked", "unknown")


def test_payload_lines_stay_lines() -> None:
    body = b'{"type":"response.created"}\n{"type":"b"}'
    (found,) = convert(body, "a.txt").interactions
    assert found.response.body == body
    assert found.response.headers == (("content-type", "application/x-ndjson"),)
    assert found.response.stream.chunks == (Chunk(20.0, 28), Chunk(20.0, 12))
    assert found.response.stream.dialect == "openai-responses"
