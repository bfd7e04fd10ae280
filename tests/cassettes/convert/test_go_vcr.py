"""go-vcr cassettes, made small."""

from __future__ import annotations

import pytest

from cassettes.convert import convert, sniff
from cassettes.convert.go_vcr import duration_ms

TAPE = b"""\
---
version: 2
interactions:
- id: 0
  request:
    proto: HTTP/1.1
    content_length: 2
    body: '{}'
    headers:
      Accept: [application/json]
    url: https://api.anthropic.com/v1/messages
    method: POST
  response:
    proto: HTTP/2.0
    content_length: -1
    trailer: {X-Sum: [abc]}
    body: |+
      event: ping
      data: {}

    headers:
      Content-Type:
      - text/event-stream; charset=utf-8
    status: 529 Overloaded Now
    code: 529
    duration: 3.4315s
- id: 1
  request: {body: '', headers: {}, url: 'http://127.0.0.1:11434/api/chat', method: GET}
  response: {proto: HTTP/1.0, body: !!binary gAE=, headers: {}, status: '', code: 200, duration: ''}
"""


def test_what_it_keeps() -> None:
    assert sniff(TAPE, "a.yaml") == "go-vcr"
    first, second = convert(TAPE, "a.yaml").interactions
    assert first.request.uri == "https://api.anthropic.com/v1/messages"
    assert first.request.headers == (("Accept", "application/json"),)
    assert (first.response.code, first.response.message) == (529, "Overloaded Now")
    assert first.response.body == b"event: ping\ndata: {}\n\n"
    stream = first.response.stream
    assert (stream.headers_ms, stream.dialect, stream.provider) == (3431.5, "anthropic", "anthropic")
    assert stream.trailers == (("X-Sum", "abc"),)
    assert second.request.method == "GET"
    assert second.response.body == b"\x80\x01"
    assert second.response.message == ""
    assert (second.response.stream.http, second.response.stream.framing) == ("1.0", "close")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("346.5ms", 346.5),
        ("859.5µs", 0.8595),
        ("859.5μs", 0.8595),
        ("1m2.5s", 62500.0),
        ("1h0m0s", 3.6e6),
        ("250ns", 0.00025),
        (1_500_000, 1.5),
        ("0s", 0.0),
        ("", 0.0),
        ("soon", 0.0),
        (None, 0.0),
        (True, 0.0),
        (-5, 0.0),
        ("9999999999h", 0.0),
    ],
)
def test_durations(value: object, expected: float) -> None:
    assert duration_ms(value) == pytest.approx(expected)
