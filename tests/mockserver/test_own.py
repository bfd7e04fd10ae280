"""Which requests are for the server itself."""

from __future__ import annotations

import pytest

from cassettes.matching import Asked
from cassettes.model import Request
from cassettes.routes import parse
from mockserver.own import is_own


@pytest.mark.parametrize(
    ("method", "target", "headers", "own"),
    [
        ("GET", "/", (), True),
        ("HEAD", "/", (), True),
        ("POST", "/", (), False),
        ("GET", "/~deck/", (), True),
        ("GET", "/_tokentape", (), True),
        ("GET", "/_tokentape/health", (), True),
        ("PUT", "/~deck/_tokentape/tapes", (), True),
        ("GET", "/_tokentapes", (), False),
        ("GET", "/play", (), True),
        ("GET", "/play/openai/hello", (), True),
        ("GET", "/player", (), False),
        ("POST", "/openai/play/x", (), False),
        ("POST", "/play/v1/messages", (), True),
        ("POST", "/up/_tokentape/health", (), False),
        ("GET", "/!reset@3e/", (), True),
        ("GET", "/!reset@3e/play/openai/hello", (), True),
        ("POST", "/!reset@3e/openai/v1/chat/completions", (), False),
        ("POST", "/openai/v1/chat/completions", (("x-tokentape-fault", "reset@3e"),), False),
        ("POST", "/openai/v1/chat/completions", (), False),
    ],
)
def test_own_paths(method: str, target: str, headers: tuple[tuple[str, str], ...], own: bool) -> None:
    asked = Asked(Request(method, target, headers, b""), parse(method, target, headers, {"up"}), b"")
    assert is_own(asked) == own
