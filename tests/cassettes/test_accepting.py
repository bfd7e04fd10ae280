"""Requests as a tape keeps them, and the tape with them: answers as they were."""

from __future__ import annotations

import gzip
import json

from msgspec.structs import replace

from cassettes.accepting import accepted, diff, request_of
from cassettes.matching import Asked, entry_of
from cassettes.model import Cassette, Request
from cassettes.redact import Redactor, redact_body
from cassettes.routes import parse
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load, load_file

KEY = "sk-proj-" + "a1B2c3D4" * 6
HELLO = load_file(shipped_root() / "openai" / "hello.yaml").interactions[0]
DATA = dump(Cassette((HELLO, HELLO)))
BODY = b'{"model":"gpt-6","stream":true,"messages":[{"role":"user","content":"Hi"}]}'


def asked(path: str = "/openai/v1/chat/completions", body: bytes = BODY) -> Asked:
    headers = (
        ("Host", "127.0.0.1:1"),
        ("Authorization", f"Bearer {KEY}"),
        ("X-Tokentape-Deck", "a"),
        ("Connection", "keep-alive"),
        ("X-New", KEY),
    )
    request = Request("POST", path, headers, body)
    return Asked(request, parse("POST", path, headers), lambda: Redactor().bytes(redact_body(body)))


def test_what_was_asked_as_a_tape_keeps_it() -> None:
    made = request_of(asked(), entry_of("t", 1, HELLO), Redactor())
    assert (made.method, made.uri, made.body) == ("POST", HELLO.request.uri, BODY)
    headers = dict(made.headers)
    assert headers.keys() == {"Host", "Authorization", "X-New"}
    assert headers["Host"] == "api.openai.com"
    assert KEY not in repr(made)


def test_another_path_stays_at_its_upstream() -> None:
    made = request_of(asked(f"/openai/v2/chat/completions?key={KEY}&a=1"), entry_of("t", 1, HELLO), Redactor())
    assert made.uri.startswith("https://api.openai.com/v2/chat/completions?key=")
    assert made.uri.endswith("&a=1")
    assert KEY not in made.uri


def test_an_upstream_at_a_path_of_its_own_stays_there_and_our_host_is_not_on_the_tape() -> None:
    uri = "http://gateway.example/openai/v1/chat/completions"
    old = replace(HELLO, request=replace(HELLO.request, uri=uri, headers=()))
    made = request_of(asked(), entry_of("t", 1, old), Redactor())
    assert made.uri == uri
    assert dict(made.headers).keys() == {"Authorization", "X-New"}
    assert request_of(asked("/openai/v1/chat/completions?a=1"), entry_of("t", 1, old), Redactor()).uri == f"{uri}?a=1"


def test_the_other_requests_and_all_answers_stay() -> None:
    new = accepted(DATA, "x", {2: request_of(asked(), entry_of("t", 1, HELLO), Redactor())})
    first, second = load(new, "x").interactions
    assert first == HELLO
    assert second.response == HELLO.response
    assert second.request.body == BODY
    lines = list(diff(DATA, new, "x.yaml"))
    assert lines[:2] == ["--- x.yaml", "+++ x.yaml"]
    assert f"+      {BODY.decode()}" in lines
    assert not any("chatcmpl" in line for line in lines if line[0] in "+-")


def test_layouts_that_are_not_known_are_written_anew() -> None:
    flow = {
        "request": {"method": "GET", "uri": "http://a/x", "headers": {}, "body": None},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "x"}},
    }
    data = json.dumps({"version": 1, "interactions": [flow]}).encode()
    for old in (data, gzip.compress(data)):
        new = accepted(old, "x.yaml.gz", {1: Request("GET", "http://a/y")})
        (one,) = load(new, "x").interactions
        assert (one.request.uri, one.response.body) == ("http://a/y", b"x")
        assert new.startswith(b"\x1f\x8b") == old.startswith(b"\x1f\x8b")
        assert list(diff(old, new, "x"))
