"""pi_agent_rust's recordings, made small."""

from __future__ import annotations

import json

from cassettes.convert import convert, sniff
from cassettes.model import Chunk

TAPE = {
    "version": "1.0",
    "test_name": "t",
    "recorded_at": "2026-02-05T03:41:05.054Z",
    "interactions": [
        {
            "request": {
                "method": "POST",
                "url": "https://api.anthropic.com/v1/messages",
                "headers": [["Content-Type", "application/json"], ["Accept", "text/event-stream"]],
                "body": {"max_tokens": 16, "temperature": 0.0},
            },
            "response": {
                "status": 200,
                "headers": [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"], ["Content-Type", "text/event-stream"]],
                "body_chunks": ["data: a\n\nda", "ta: b\n\n"],
            },
        }
    ],
}


def test_pairs_and_chunks() -> None:
    data = json.dumps(TAPE).encode()
    assert sniff(data, "a.json") == "pi-vcr"
    (found,) = convert(data, "a.json").interactions
    assert found.request.body == b'{"max_tokens":16,"temperature":0.0}'
    assert found.response.headers[:2] == (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    assert found.response.body == b"data: a\n\ndata: b\n\n"
    assert found.response.stream.chunks == (Chunk(20.0, 11), Chunk(20.0, 7))
    assert found.response.stream.recorded_at == "2026-02-05T03:41:05.054Z"
