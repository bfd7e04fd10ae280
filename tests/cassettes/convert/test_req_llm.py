"""ReqLLM's recordings, made small."""

from __future__ import annotations

import base64
import json

import pytest

from cassettes.convert import convert, sniff
from cassettes.model import CassetteError, Chunk


def b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}


def recording(**changes: object) -> bytes:
    value = {
        "captured_at": "2025-11-02T17:05:05.821407Z",
        "chunks": [b64(b"data: \xc3"), b64(b"\xa9\n"), b64(b""), b64(b"\ndata: x\n\n")],
        "request": {
            "body": b64(b'{"stream":true}'),
            "canonical_json": {"stream": True},
            "headers": {"accept": "text/event-stream"},
            "method": "post",
            "url": "https://api.anthropic.com/v1/messages",
        },
        "response": {
            "body": None,
            "headers": {"content-type": "text/event-stream", "transfer-encoding": "chunked"},
            "status": 200,
        },
    }
    return json.dumps({**value, **changes}).encode()


def test_chunks_keep_their_boundaries() -> None:
    assert sniff(recording(), "a.json") == "req_llm"
    (found,) = convert(recording(), "a.json").interactions
    assert found.request.method == "POST"
    assert found.request.body == b'{"stream":true}'
    assert found.response.body == "data: é\n\ndata: x\n\n".encode()
    stream = found.response.stream
    assert stream.chunks == (Chunk(20.0, 7), Chunk(20.0, 2), Chunk(20.0, 10))
    assert (stream.framing, stream.pacing) == ("chunked", "synthetic")
    assert stream.recorded_at == "2025-11-02T17:05:05.821Z"


def test_a_response_that_was_not_streamed() -> None:
    response = {"body": {"error": {"code": 1}}, "headers": {"content-type": ["application/json"]}, "status": 422}
    converted = convert(recording(chunks=[], response=response), "a.json")
    assert converted.interactions[0].response.body == b'{"error": {"code": 1}}'
    assert converted.notes[0].startswith("a.json#1: the recording has the response body as a parsed value")


def test_a_request_known_only_as_json() -> None:
    request = {"url": "https://x.test/", "canonical_json": {"a": "é"}}
    assert convert(recording(request=request), "a.json").interactions[0].request.body == '{"a":"é"}'.encode()


def test_a_broken_chunk_is_named() -> None:
    with pytest.raises(CassetteError, match=r"a\.json#1: chunks\[1\]\.b64 is not base64"):
        convert(recording(chunks=[b64(b"a"), {"b64": "?"}]), "a.json")
