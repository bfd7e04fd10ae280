"""One response as a JSON mapping."""

from __future__ import annotations

import json

from cassettes.convert import convert, sniff
from cassettes.convert.draft import UNKNOWN_URI

BODY = 'event: message_start\ndata: {"type":"message_start"}\n\n'


def test_a_response_without_a_request() -> None:
    data = json.dumps({"status": 200, "headers": {"content-type": "text/event-stream"}, "body": BODY}).encode()
    assert sniff(data, "a.json") == "json-response"
    (found,) = convert(data, "a.json").interactions
    assert (found.request.method, found.request.uri, found.request.body) == ("POST", UNKNOWN_URI, b"")
    assert found.response.body == BODY.encode()
    assert (found.response.stream.provider, found.response.stream.dialect) == ("unknown", "anthropic")


def test_a_json_body() -> None:
    data = json.dumps({"status": 429, "headers": {}, "body": {"error": "slow"}}).encode()
    (found,) = convert(data, "a.json").interactions
    assert (found.response.code, found.response.message) == (429, "Too Many Requests")
    assert found.response.body == b'{"error": "slow"}'
