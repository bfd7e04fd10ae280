"""An exchange and the draft begun from its request."""

from __future__ import annotations

import pytest

from cassettes.convert.exchange import begun, exchange, exchanges, first, has
from cassettes.model import CassetteError


def test_places_count_from_one() -> None:
    found = list(exchanges([{}, {"request": {"url": "/a"}}], "interactions", "x.yaml"))
    assert [one.place for one in found] == ["x.yaml#1", "x.yaml#2"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, "x: things should be a list, found a mapping"),
        (["a"], "x#1: an interaction should be a mapping, found text"),
        ([{"request": 1}], "x#1: request should be a mapping, found a number"),
        ([{"response": True}], "x#1: response should be a mapping, found true or false"),
    ],
)
def test_wrong_shapes_are_named(found: object, words: str) -> None:
    with pytest.raises(CassetteError, match=words):
        list(exchanges(found, "things", "x"))


def test_a_draft_has_the_request_and_the_phrase() -> None:
    value = {"request": {"at": "https://x.test/", "method": "put", "body": "b"}, "response": {"why": "Fine"}}
    made = begun(exchange(value, "x#1"), uri="at", message="why")
    assert (made.uri, made.method, made.request_body, made.message) == ("https://x.test/", "put", b"b", "Fine")
    assert begun(exchange(value, "x#1"), body="other").request_body == b"other"


def test_what_a_format_is_recognised_by() -> None:
    pair: dict[str, object] = {"request": {"url": ""}, "response": {}}
    assert first({"interactions": [pair]}, "interactions") == pair
    assert first({"interactions": [{"request": {}}]}, "interactions") is None
    assert first({"interactions": []}, "interactions") is None
    assert first([pair], "interactions") is None
    assert has(pair, "request", "url")
    assert not has(pair, "request", "uri")
    assert not has(None, "request")
