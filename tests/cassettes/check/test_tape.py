"""A tape's file as a whole: secrets that are still on it, its age, the lines of what is found."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from broken import body_of, clean

from cassettes.check.tape import Checked, check_tape, terms
from cassettes.model import Cassette, Chunk, Headers, Interaction, Request, Response, Stream
from cassettes.redact import Redactor
from cassettes.yamlio import dump, load

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "hunter2-hunter2-hunter2"
KEY = "sk-proj-" + "a1B2c3D4e5F6g7H8i9J0" * 2
KNOWING = Redactor([SECRET.encode()])
CLEAN = body_of(clean("openai-chat"))


def cassette(
    body: bytes = CLEAN,
    headers: Headers = (("Content-Type", "text/event-stream"),),
    asked: Headers = (),
    uri: str = "https://api.openai.com/v1/chat/completions",
    sent: bytes = b'{"stream": true}',
    **stream: Any,
) -> Cassette:
    made = Stream(provider="openai", dialect="openai-chat", chunks=(Chunk(0.0, len(body)),), **stream)
    return Cassette((Interaction(Request("POST", uri, asked, sent), Response(200, "OK", headers, body, made)),))


def checked(tape: Cassette, max_age: float | None = None) -> Checked:
    return check_tape(dump(tape), "tape.yaml", tape, terms(KNOWING, NOW, max_age))


def test_a_clean_tape() -> None:
    assert checked(cassette()) == ((), ())


def test_a_finding_has_its_interaction_and_line() -> None:
    tape = cassette(body_of([*clean("openai-chat")[:-3], *clean("openai-chat")[-2:]]))
    (found,) = checked(tape).findings
    assert found.rule.id == "openai-chat/choice-end"
    assert found.interaction == 1
    assert '"usage"' in dump(tape).decode().splitlines()[found.line - 1]


def test_a_plain_vcrpy_tape_of_no_dialect_has_nothing_wrong_with_it() -> None:
    plain = (
        b"version: 1\ninteractions:\n- request: {method: POST, uri: 'http://x.example/', headers: {}, body: ''}\n"
        b"  response:\n    status: {code: 200, message: OK}\n    headers: {}\n    body: {string: hello}\n"
    )
    found, unchecked = check_tape(plain, "x.yaml", load(plain, "x.yaml"), terms(KNOWING, NOW, None))
    assert found == ()
    assert unchecked == ((1, "there is no grammar of the dialect raw"),)


@pytest.mark.parametrize(
    ("tape", "said"),
    [
        (cassette(sent=f'{{"stream": true, "note": "{KEY}"}}'.encode()), "a secret of 48 bytes"),
        (cassette(sent=f'{{"stream": true, "note": "{SECRET}"}}'.encode()), "a secret of 23 bytes"),
        (cassette(asked=(("X-Api-Key", "0123456789abcdef-mine"),)), "the request header X-Api-Key holds a credential of 21"),
        (cassette(asked=(("Cookie", "session=0123456789abcdef"),)), "the request header Cookie holds"),
        (cassette(headers=(("Content-Type", "text/event-stream"), ("Set-Cookie", "id=0123456789abcdef; Secure"))), "Set-Cookie"),
        (cassette(uri="https://api.openai.com/v1/chat/completions?key=0123456789abcdef"), "the uri holds a credential"),
        (cassette(CLEAN + b": " + base64.b64encode(b"--" + SECRET.encode() + b"--") + b"\n\n"), "a secret of"),
        (cassette(CLEAN + b": \xff " + KEY.encode() + b"\n\n"), "in the response body"),
    ],
)  # fmt: skip
def test_secrets_are_found_and_not_shown(tape: Cassette, said: str) -> None:
    found = [one for one in checked(tape).findings if one.rule.id == "tape/secret"]
    assert found
    assert said in found[0].text
    assert found[0].line > 0
    assert not any(secret in one.text for one in found for secret in (KEY, SECRET, "0123456789abcdef"))


@pytest.mark.parametrize(
    "tape",
    [
        cassette(asked=(("Authorization", "Bearer " + "*" * 40), ("openai-organization", "org-" + "x" * 20))),
        cassette(asked=(("Authorization", "Bearer test"), ("X-Api-Key", "your-key-goes-here"))),
        cassette(uri="https://api.openai.com/v1/chat/completions?key=********"),
        cassette(asked=(("Authorization", "Bearer <AUTH_TOKEN>"), ("X-Api-Key", "X-API-KEY-XXX"))),
        cassette(asked=(("X-Api-Key", "[REDACTED:x-api-key]"), ("Api-Key", "{{OPENAI_API_KEY}}"))),
    ],
)
def test_masks_and_dummies_are_none(tape: Cassette) -> None:
    assert checked(tape).findings == ()


@pytest.mark.parametrize(
    ("recorded_at", "source", "rules"),
    [
        ("2026-11-01T09:30:00.000Z", "recorded", []),
        ("2026-07-01T09:30:00.000Z", "recorded", ["tape/age"]),
        ("2026-07-01T09:30:00.000Z", "edited", ["tape/age"]),
        (None, "recorded", ["tape/undated"]),
        (None, "imported", ["tape/undated"]),
        (None, "synthetic", []),
    ],
)
def test_age(recorded_at: str | None, source: str, rules: list[str]) -> None:
    tape = cassette(recorded_at=recorded_at, source=source)
    assert [one.rule.id for one in checked(tape, 90).findings] == rules
    assert checked(tape).findings == ()


def test_the_age_that_is_too_old_says_when_and_what_to_do() -> None:
    (one,) = checked(cassette(recorded_at="2026-07-01T09:30:00"), 90).findings
    assert one.text == ("it was recorded 2026-07-01, expected 2026-08-22 or later; record it again [tape/age]")
