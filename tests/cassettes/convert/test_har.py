"""HTTP archives of Polly.JS and of browsers, made small."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from cassettes.convert import convert, sniff
from cassettes.model import CassetteError, Interaction

BODY = b"data: a\n\ndata: b\n\n"


def archive(*responses: dict[str, object], **timings: float) -> bytes:
    entries = [
        {
            "startedDateTime": "2026-01-30T22:54:04.392Z",
            "request": {
                "httpVersion": "h2",
                "url": "https://api.openai.com/v1/responses",
                "method": "POST",
                "headers": [{"name": ":authority", "value": "api.openai.com"}, {"name": "accept", "value": "*/*"}],
                "postData": {"mimeType": "application/json", "text": '{"a":1}'},
            },
            "response": {"httpVersion": "HTTP/1.1", "status": 200, "statusText": "", "headers": [], **response},
            "timings": timings,
        }
        for response in responses
    ]
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


def only(*responses: dict[str, object], **timings: float) -> Interaction:
    (found,) = convert(archive(*responses, **timings), "a.har").interactions
    return found


def test_text_content() -> None:
    data = archive({"content": {"text": BODY.decode()}})
    assert sniff(data, "a.har") == "har"
    found = only({"content": {"text": BODY.decode()}})
    assert found.request.headers == (("accept", "*/*"),)
    assert found.request.body == b'{"a":1}'
    assert (found.response.body, found.response.message) == (BODY, "OK")
    assert found.response.stream.dialect == "openai-responses"
    assert found.response.stream.recorded_at == "2026-01-30T22:54:04.392Z"


def test_base64_content() -> None:
    text = base64.b64encode(b"\x00\xff").decode()
    assert only({"content": {"text": text, "encoding": "base64"}}).response.body == b"\x00\xff"


def test_polly_keeps_a_coded_body_in_chunks() -> None:
    coded = gzip.compress(BODY)
    text = json.dumps([base64.b64encode(part).decode() for part in (coded[:20], coded[20:])])
    headers = [{"name": "content-encoding", "value": "gzip"}, {"name": "content-type", "value": "text/event-stream"}]
    found = only({"content": {"text": text, "encoding": "base64"}, "headers": headers})
    assert found.response.body == BODY
    assert found.response.headers == (("content-type", "text/event-stream"),)
    assert sum(chunk.size for chunk in found.response.stream.chunks) == len(BODY)


def test_several_headers_in_one_value() -> None:
    found = only({"headers": [{"name": "set-cookie", "value": "a=1\nb=2"}], "content": {}})
    assert found.response.headers == (("set-cookie", "a=1"), ("set-cookie", "b=2"))


@pytest.mark.parametrize(
    ("timings", "expected"),
    [
        ({"wait": 437, "receive": 0}, 0.0),
        ({"wait": 180.55, "receive": 900}, 180.6),
        ({"wait": -1, "receive": 5}, 0.0),
        ({}, 0.0),
    ],
)
def test_wait_is_the_head_only_where_the_body_was_timed_too(timings: dict[str, float], expected: float) -> None:
    assert only({"content": {}}, **timings).response.stream.headers_ms == pytest.approx(expected, abs=0.06)


def test_an_entry_without_a_response_is_left_out_and_said() -> None:
    converted = convert(archive({"status": 0}, {"content": {"text": "x"}}), "a.har")
    assert [one.response.body for one in converted.interactions] == [b"x"]
    assert converted.notes[0] == "a.har#1: left out: the archive has no response to this request"


def test_a_broken_entry_says_where() -> None:
    with pytest.raises(CassetteError, match="#2: status") as caught:
        convert(archive({"content": {}}, {"status": 1000}), "a.har")
    assert caught.value.place.startswith("a.har:1:")
