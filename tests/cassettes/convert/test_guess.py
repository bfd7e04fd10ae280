"""Guesses from a URL and from the bytes of a body."""

from __future__ import annotations

import pytest

from cassettes.convert import guess
from cassettes.convert.draft import UNKNOWN_URI


@pytest.mark.parametrize(
    ("uri", "body", "expected"),
    [
        ("https://api.openai.com/v1/chat/completions", b"", ("openai", "openai-chat")),
        ("https://api.x.ai/v1/responses", b"", ("xai", "openai-responses")),
        ("https://api.anthropic.com/v1/messages?beta=true", b"", ("anthropic", "anthropic")),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse",
            b"",
            ("google", "gemini"),
        ),
        ("https://gateway.test/x/v1/chat/completions", b"", ("unknown", "openai-chat")),
        (UNKNOWN_URI, b'data: {"type":"response.created"}\n\n', ("unknown", "openai-responses")),
        (UNKNOWN_URI, b'data: {"promptFeedback":{}}\n\n', ("unknown", "gemini")),
        (UNKNOWN_URI, b"", ("unknown", "raw")),
    ],
)
def test_provider_and_dialect(uri: str, body: bytes, expected: tuple[str, str]) -> None:
    assert guess.guess("POST", uri, body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"data: x", "text/event-stream"),
        (b"\n: ping\n", "text/event-stream"),
        (b"\xef\xbb\xbfid\n", "text/event-stream"),
        (b' {"data": 1}', "application/json"),
        (b"[1]", "application/json"),
        (b"database", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_media_types(body: bytes, expected: str) -> None:
    assert guess.media_type(body) == expected
