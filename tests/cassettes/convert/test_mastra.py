"""Mastra's timed recordings, made small."""

from __future__ import annotations

import json

import pytest

from cassettes.convert import convert, sniff
from cassettes.model import CassetteError, Chunk, Ending


def recording(**response: object) -> dict[str, object]:
    return {
        "hash": "0123",
        "request": {
            "url": "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse",
            "method": "POST",
            "body": {"contents": [{"text": "é"}]},
            "timestamp": 1773399301033,
        },
        "response": {
            "status": 200,
            "statusText": "",
            "headers": {"content-type": "text/event-stream"},
            "chunks": ["data: a\r\n\r\n", "data: é", "\r\n\r\n"],
            "chunkTimings": [1, 463, 0],
            "isStreaming": True,
            **response,
        },
    }


def test_timings_are_gaps() -> None:
    data = json.dumps([recording()]).encode()
    assert sniff(data, "a.json") == "mastra"
    converted = convert(data, "a.json")
    (found,) = converted.interactions
    assert found.request.body == '{"contents":[{"text":"é"}]}'.encode()
    assert found.response.body == "data: a\r\n\r\ndata: é\r\n\r\n".encode()
    stream = found.response.stream
    assert stream.chunks == (Chunk(1.0, 11), Chunk(463.0, 8), Chunk(0.0, 4))
    assert (stream.pacing, stream.source, stream.headers_ms) == ("recorded", "imported", 0.0)
    assert stream.recorded_at == "2026-03-13T10:55:01.033Z"
    assert (stream.provider, stream.dialect) == ("google", "gemini")
    assert converted.notes == ()


def test_a_file_with_recordings_and_one_that_was_not_streamed() -> None:
    plain = recording()
    plain["response"] = {
        "status": 200,
        "statusText": "OK",
        "headers": {"content-type": "application/json"},
        "body": {"text": "é"},
        "isStreaming": False,
    }
    converted = convert(json.dumps({"meta": {}, "recordings": [plain, recording()]}).encode(), "a.json")
    assert [one.response.stream.pacing for one in converted.interactions] == ["synthetic", "recorded"]
    assert converted.interactions[0].response.body == b'{"text": "\\u00e9"}'


def test_an_empty_chunk_hands_its_gap_on() -> None:
    found = convert(json.dumps([recording(chunks=["", "a", ""], chunkTimings=[5, 6.25, 7])]).encode(), "a.json")
    stream = found.interactions[0].response.stream
    assert stream.chunks == (Chunk(11.2, 1),)
    assert stream.end == Ending(gap_ms=7.0)


def test_timings_that_do_not_fit_are_left_out_and_said() -> None:
    converted = convert(json.dumps([recording(chunkTimings=[1])]).encode(), "a.json")
    stream = converted.interactions[0].response.stream
    assert (stream.pacing, len(stream.chunks)) == ("synthetic", 3)
    assert converted.notes[0] == "a.json#1: 1 timings for 3 chunks: the timings are left out"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"chunkTimings": [1, -1, 0]}, r"chunkTimings\[1\] should be milliseconds"),
        ({"chunkTimings": [1, "2", 0]}, r"chunkTimings\[1\] should be milliseconds"),
        ({"chunkTimings": [1, 1e12, 0]}, r"chunkTimings\[1\] should be milliseconds"),
        ({"chunks": ["a", 1, "b"]}, r"chunks\[1\] should be text, found a number"),
        ({"chunks": {}}, "chunks should be a list, found a mapping"),
    ],
)
def test_wrong_values_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(CassetteError, match=words) as caught:
        convert(json.dumps([recording(**changes)]).encode(), "a.json")
    assert caught.value.place == "a.json:1:2"
