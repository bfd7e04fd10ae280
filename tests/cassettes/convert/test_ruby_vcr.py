"""Cassettes of Ruby's VCR, made small."""

from __future__ import annotations

import base64

import pytest

from cassettes.convert import convert, sniff
from cassettes.model import CassetteError

BODY = 'data: {"a":"é"}\n\n'.encode()
TAPE = b"""\
---
http_interactions:
- request:
    method: post
    uri: https://api.x.ai/v1/responses
    body:
      encoding: UTF-8
      string: '{"model":"m"}'
    headers:
      Accept-Encoding:
      - gzip;q=1.0,deflate;q=0.6,identity;q=0.3
  response:
    status:
      code: 200
      message: OK
    headers:
      Content-Type:
      - text/event-stream
    body:
      encoding: ASCII-8BIT
      string: !binary |-
        %s
  recorded_at: Mon, 10 Aug 2026 22:32:17 GMT
- request: {method: ':get', uri: 'https://x.test/', body: {encoding: US-ASCII, string: ''}, headers: {}}
  response:
    status: {code: 404, message: }
    headers: {}
    body: {encoding: UTF-8, base64_string: "%s\\n"}
    http_version: '1.0'
recorded_with: VCR 6.4.0
...
""" % (base64.b64encode(BODY), base64.b64encode(b"{}"))


def test_what_it_keeps() -> None:
    assert sniff(TAPE, "a.yml") == "ruby-vcr"
    first, second = convert(TAPE, "a.yml").interactions
    assert (first.request.method, first.request.body) == ("POST", b'{"model":"m"}')
    assert first.response.body == BODY
    assert first.response.stream.recorded_at == "2026-08-10T22:32:17.000Z"
    assert (first.response.stream.provider, first.response.stream.dialect) == ("xai", "openai-responses")
    assert second.request.method == "GET"
    assert (second.response.code, second.response.message) == (404, "Not Found")
    assert second.response.body == b"{}"
    assert second.response.headers == (("content-type", "application/json"),)
    assert second.response.stream.http == "1.0"


def test_a_tag_that_would_build_an_object_is_refused() -> None:
    with pytest.raises(CassetteError, match=r"a\.yml:\d+:\d+: .*!ruby/object"):
        convert(TAPE.replace(b"method: post", b"method: !ruby/object:Kernel {}"), "a.yml")


def test_broken_base64_says_where() -> None:
    with pytest.raises(CassetteError, match="base64") as caught:
        convert(TAPE.replace(base64.b64encode(b"{}"), b"e30"), "a.yml")
    assert caught.value.place == "a.yml:24:3"
