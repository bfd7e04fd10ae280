"""A record as JSON: nothing secret in it, text where it is text."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from cassettes.matching import Asked
from cassettes.model import Request
from cassettes.redact import Redactor
from cassettes.routes import parse
from mockserver.account import account, body_of
from mockserver.journal import BODY_KEPT, BODY_WHOLE, Came, Journal

PATH = "/openai/v1/chat/completions"
KEY = "sk-proj-" + "a1B2c3D4" * 6


def record_of(body=b'{"model":"gpt-4o"}', path=PATH, headers=()):
    redactor = Redactor()
    request = Request("POST", path, headers, body)
    return Journal().begin(Came(Asked(request, parse("POST", path, headers), redactor.bytes(body))), "d", 100.0, 200, 9)


def test_what_a_record_says():
    record = record_of()
    record.player = SimpleNamespace(bytes_written=4, first=100.25, last=100.5)
    told = account(record, Redactor(), 1_700_000_000.0)
    assert told["at"] == "2023-11-14T22:15:00.000Z"
    assert (told["deck"], told["dialect"], told["model"]) == ("d", "openai-chat", "gpt-4o")
    assert (told["bytes"], told["of"], told["first_byte_ms"], told["last_byte_ms"]) == (4, 9, 250.0, 500.0)
    assert (told["end_ms"], told["in_flight"], told["ended_by"], told["ending"]) == (None, True, None, "none")


def test_no_secret_gets_out():
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": f"my key is {KEY}"}]}).encode()
    record = record_of(body, f"{PATH}?key={KEY}", (("Authorization", f"Bearer {KEY}"), ("X-Echo", KEY)))
    told = json.dumps(account(record, Redactor(), 0.0))
    assert KEY not in told
    assert "Bearer ***" in told


def test_header_bytes_that_are_no_text_are_json_all_the_same():
    told = account(record_of(headers=(("x", "a\udcffb\x1b"),)), Redactor(), 0.0)
    assert told["headers"] == [["x", "a�b\\x1b"]]


@pytest.mark.parametrize(
    ("body", "text", "base64", "whole"),
    [
        (b"{}", "{}", None, True),
        (b"\xff\x00", None, "/wA=", True),
        ("가".encode() * 6000, "가" * (BODY_KEPT // 3), None, False),
        (b"a" * (BODY_WHOLE + 1), "a" * BODY_KEPT, None, False),
    ],
)
def test_bodies(body, text, base64, whole):
    journal, record = Journal(), record_of(body)
    journal.end(record, 1.0, "tape", "fin")
    told = body_of(record.came)
    assert (told["text"], told["base64"], told["whole"], told["bytes"]) == (text, base64, whole, len(body))
    assert told["sha256"] is not None


def test_the_model_of_a_body_that_was_cut():
    record = record_of(b'{"model": "gpt-4o", "input": "' + b"a" * BODY_WHOLE + b'"}')
    Journal().end(record, 1.0, "tape", "fin")
    assert account(record, Redactor(), 0.0)["model"] == "gpt-4o"
    assert account(record_of(b"", "/up"), Redactor(), 0.0)["model"] is None
