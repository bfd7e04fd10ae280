"""Requests as Python values: redacted, whole as far as the journal keeps them."""

from __future__ import annotations

import pytest

from cassettes.matching import Asked
from cassettes.model import Request
from cassettes.redact import Redactor
from cassettes.routes import parse
from mockserver.journal import BODY_WHOLE, Came, Journal
from mockserver.seen import seen

PATH = "/~d/openai/v1/chat/completions"
SECRET = b"sk-live-0123456789abcdef"


def record(body: bytes):
    redactor = Redactor([SECRET])
    headers = (("Authorization", "Bearer " + SECRET.decode()), ("X-Trace", "7"))
    request = Request("POST", PATH, headers, body)
    journal = Journal()
    asked = Asked(request, parse("POST", PATH, headers), lambda: redactor.bytes(body))
    assert asked.body
    one = journal.begin(Came(asked), "d", 2.0, 200, 90)
    one.place, one.faults, one.seed, one.attempt = "openai/hello#1", ("reset@3e",), 7, 2
    journal.end(one, 2.5, "fault", "reset")
    return seen(one, redactor, 1_700_000_000.0)


def test_what_came_and_what_became_of_it():
    one = record(b'{"model": "m", "key": "' + SECRET + b'"}')
    assert (one.n, one.deck, one.method, one.path, one.status) == (1, "d", "POST", PATH, 200)
    assert (one.tape, one.faults, one.seed, one.attempt) == ("openai/hello#1", ("reset@3e",), 7, 2)
    assert (one.ending, one.ended_by, one.end_ms, one.in_flight) == ("reset", "fault", 500.0, False)
    assert one.json == {"model": "m", "key": "*" * len(SECRET)}
    assert one.model == "m"
    assert one.header("x-trace") == "7"
    assert SECRET.decode() not in repr(one)


def test_a_body_that_was_not_kept_is_no_json():
    one = record(b'{"model": "m", "x": "' + b"x" * BODY_WHOLE + b'"}')
    assert not one.whole
    assert one.body.startswith(b'{"model": "m"')
    with pytest.raises(ValueError, match="request 1 was longer than the journal keeps"):
        one.json  # noqa: B018
