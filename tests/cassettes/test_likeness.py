"""The request key, and what requests are compared by."""

import json

from hypothesis import given
from hypothesis import strategies as st

from cassettes.likeness import Likeness, operation_path, request_key
from cassettes.matching import Asked
from cassettes.model import Request
from cassettes.normalise import rules_of
from cassettes.routes import parse

HELLO = b'{"model": "gpt-5.1", "messages": [{"role": "user", "content": "hello"}]}'


def test_the_request_key():
    key = request_key("openai-chat", "/v1/chat/completions", HELLO)
    assert len(key) == 64
    assert key == request_key("openai-chat", "/v1/chat/completions", HELLO[:-1] + b', "stream": true, "user": "me"}')
    others = [
        request_key("openai-chat", "/v1/chat/completions", HELLO, deck="a"),
        request_key("raw", "/v1/chat/completions", HELLO),
        request_key("openai-chat", "/chat/completions", HELLO),
        request_key("openai-chat", "/v1/chat/completions", b"{}"),
        request_key("openai-chat", "/v1/chat/completions", HELLO, rules=rules_of(["$.model"])),
    ]
    assert len({key, *others}) == 6
    target = "/openai/v1/chat/completions"
    assert Asked(Request("POST", target, (), HELLO), parse("POST", target), HELLO).key == key
    assert request_key("gemini", "/m:streamGenerateContent", b"{}") == request_key(
        "gemini", "/m:generateContent", b"{}"
    )


def test_a_key_does_not_depend_on_when_it_was_asked():
    keys = {
        request_key("raw", "/", json.dumps([f"2026-11-{day} 09:30:00", f"2026-11-{other} 09:30:00"]).encode())
        for day, other in ((20, 20), (20, 21), (22, 21))
    }
    assert len(keys) == 1


def test_only_gemini_names_its_operation_in_the_path():
    assert operation_path("gemini", "/m:streamGenerateContent") == "/m:generateContent"
    assert operation_path("raw", "/m:streamGenerateContent") == "/m:streamGenerateContent"


def test_paths_that_are_not_utf8_have_a_key():
    assert request_key("raw", "/\udcff", b"") != request_key("raw", "/\udcfe", b"")


def test_it_is_worked_out_once_and_when_it_is_asked_for():
    calls = []

    def body():
        calls.append(1)
        return HELLO

    like = Likeness("openai-chat", "/v1/chat/completions", "", body)
    assert calls == []
    assert (like.digests is like.digests, len(calls)) == (True, 1)
    assert (like.streams, like.streams, len(calls)) == (False, False, 2)


def test_what_says_nothing_has_no_digest_of_what_is_said():
    assert Likeness("raw", "/", "", lambda: b"{}").digests[2:] == (None, None)
    assert Likeness("openai-chat", "/", "", lambda: b"no json").digests[2:] == (None, None)
    assert Likeness("openai-chat", "/", "", lambda: b"[]").digests[2:] == (None, None)


@given(st.dictionaries(st.text(max_size=6), st.text(max_size=6) | st.integers(), max_size=5), st.randoms())
def test_spelling_and_streaming_never_change_the_key(value, random):
    items = list(value.items())
    random.shuffle(items)
    respelled = json.dumps({**dict(items), "stream": True}, indent=1)
    assert request_key("raw", "/", json.dumps(value).encode()) == request_key("raw", "/", respelled.encode())
