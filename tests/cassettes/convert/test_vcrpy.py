"""vcrpy cassettes in all their forms, made small."""

from __future__ import annotations

import gzip
import json

import pytest
import yaml

from cassettes.convert import convert, sniff, vcrpy
from cassettes.convert.draft import interaction
from cassettes.model import CassetteError, Chunk, Interaction

BODY = 'data: {"text":"안녕"}\n\n: ping\n\ndata: [DONE]\n\n'


def entry(**response: object) -> dict[str, object]:
    request = {
        "method": "post",
        "uri": "https://api.openai.com/v1/chat/completions",
        "headers": {"Content-Type": ["application/json"], "x-n": ["1", "2"]},
        "body": '{"stream": true}',
    }
    usual = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"Content-Type": ["text/event-stream"], "Transfer-Encoding": ["chunked"]},
        "body": {"string": BODY},
    }
    return {"request": request, "response": {**usual, **response}}


def only(value: dict[str, object], *, as_json: bool = False) -> Interaction:
    whole = {"version": 1, "interactions": [value]}
    data = json.dumps(whole, indent=4).encode() if as_json else yaml.safe_dump(whole, allow_unicode=True).encode()
    assert sniff(data, "a.yaml") == "vcrpy"
    (found,) = convert(data, "a.yaml").interactions
    return found


@pytest.mark.parametrize("as_json", [False, True])
def test_version_1(as_json: bool) -> None:
    found = only(entry(), as_json=as_json)
    assert found.request.method == "POST"
    assert found.request.uri == "https://api.openai.com/v1/chat/completions"
    assert found.request.headers == (("Content-Type", "application/json"), ("x-n", "1"), ("x-n", "2"))
    assert found.request.body == b'{"stream": true}'
    assert (found.response.code, found.response.message) == (200, "OK")
    assert found.response.headers == (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
    assert found.response.body == BODY.encode()
    stream = found.response.stream
    assert (stream.provider, stream.dialect, stream.source) == ("openai", "openai-chat", "imported")
    assert (stream.framing, stream.pacing, stream.headers_ms) == ("chunked", "synthetic", 0.0)
    assert stream.chunks == (Chunk(20.0, 25), Chunk(20.0, 8), Chunk(20.0, 14))


def test_a_note_states_the_pace() -> None:
    data = yaml.safe_dump({"version": 1, "interactions": [entry()]}).encode()
    assert convert(data, "a.yaml").notes == (
        "no recorded time on 1 of 1 interaction: one event (or recorded chunk) each 20 ms",
    )


def test_a_binary_body_is_its_bytes() -> None:
    assert only(entry(body={"string": b"\xff\x00\n"})).response.body == b"\xff\x00\n"


def test_a_gzipped_body_becomes_identity_and_the_stale_headers_go() -> None:
    headers = {"content-encoding": ["gzip"], "content-length": ["61"], "content-type": ["text/event-stream"]}
    found = only(entry(body={"string": gzip.compress(BODY.encode())}, headers=headers)).response
    assert found.body == BODY.encode()
    assert found.headers == (("content-type", "text/event-stream"),)
    assert found.stream.framing == "chunked"


def test_a_plain_body_under_a_gzip_header_is_taken_as_it_is() -> None:
    found = only(entry(headers={"content-encoding": "gzip", "content-type": "text/event-stream"})).response
    assert found.body == BODY.encode()
    assert found.headers == (("content-type", "text/event-stream"),)


def test_a_content_length_that_is_right_means_length_framing() -> None:
    headers = {"content-length": [str(len(BODY.encode()))]}
    found = only(entry(headers=headers)).response
    assert found.stream.framing == "length"
    assert found.headers == (("content-length", "47"), ("content-type", "text/event-stream"))


def test_the_older_httpx_form() -> None:
    value = entry()
    value["response"] = {
        "content": BODY,
        "headers": {"content-type": ["application/json"]},
        "http_version": "HTTP/1.1",
        "status_code": 206,
    }
    found = only(value).response
    assert (found.code, found.message, found.body) == (206, "Partial Content", BODY.encode())
    assert found.stream.events == "sse"  # its header says JSON, its bytes do not
    assert len(found.stream.chunks) == 3


def test_parsed_bodies_on_either_side() -> None:
    value = entry()
    value["request"] = {
        "method": "POST",
        "uri": "https://x.test/a",
        "headers": {},
        "parsed_body": {"a": [1.0], "b": "é"},
    }
    value["response"] = {"status": {"code": 400, "message": None}, "headers": {}, "parsed_body": {"m": "no"}}
    found = only(value)
    assert found.request.body == '{"a":[1.0],"b":"é"}'.encode()
    assert found.response.body == b'{"m": "no"}'
    assert found.response.message == "Bad Request"
    assert found.response.headers == (("content-type", "application/json"),)


def test_a_parsed_body_is_spelled_as_its_content_length_says() -> None:
    value = entry(body=None, parsed_body={"m": "no"}, headers={"content-length": ["10"]})
    found = only(value).response
    assert (found.body, found.stream.framing) == (b'{"m":"no"}', "length")


def test_bodies_that_python_clients_leave_behind() -> None:
    text = """\
interactions:
- request:
    method: POST
    uri: https://x.test/
    headers: {content-type: [!!binary YXBwbGljYXRpb24vanNvbg==]}
    body: !!python/object/new:_io.BytesIO
      state: !!python/tuple [!!binary e30=, 0, null]
  response:
    status: {code: 200, message: !!python/unicode OK}
    headers: {date: 2026-01-02}
    body: {string: ''}
"""
    (found,) = convert(text.encode(), "a.yaml").interactions
    assert found.request.body == b"{}"
    assert found.request.headers == (("content-type", "application/json"),)
    assert found.response.headers == (("date", "2026-01-02"),)
    assert found.response.stream.chunks == ()


def test_no_request_body_and_no_headers() -> None:
    value = entry(headers=None)
    value["request"] = {"method": "GET", "uri": "https://x.test/", "headers": None, "body": None}
    found = only(value)
    assert (found.request.body, found.request.headers) == (b"", ())
    assert found.response.headers == (("content-type", "text/event-stream"),)


def test_one_interaction_alone() -> None:
    found = interaction(vcrpy.draft(entry(), "a.yaml:3:5"))
    assert found.response.body == BODY.encode()
    with pytest.raises(CassetteError, match=r"a\.yaml:3:5: response should be a mapping"):
        vcrpy.draft({"request": {}, "response": []}, "a.yaml:3:5")
