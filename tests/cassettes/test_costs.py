"""What asking again costs: as the provider counted, else about."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from cassettes.costs import Cost, cost
from cassettes.model import Interaction, Request, Response, Stream
from cassettes.store import shipped_root
from cassettes.yamlio import load_file

NAMES = ("anthropic/hello", "google/hello", "openai/hello", "openai/responses-hello", "xai/hello")
TAPES = {name: load_file(shipped_root() / f"{name}.yaml").interactions[0] for name in NAMES}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("anthropic/hello", Cost(1, 8, 41, 0)),
        ("google/hello", Cost(1, 5, 68, 0)),
        ("openai/responses-hello", Cost(1, 17, 26, 0)),
        ("xai/hello", Cost(1, 37, 24, 0)),
    ],
)
def test_as_the_provider_counted(name: str, found: Cost) -> None:
    assert cost([TAPES[name]]) == found


def test_as_the_provider_says_on_the_tape() -> None:
    body = TAPES["xai/hello"].response.body
    assert b'"prompt_tokens":37' in body
    assert b'"completion_tokens":24' in body


def test_about_where_nobody_counted() -> None:
    one = TAPES["openai/hello"]
    found = cost([one, one, TAPES["xai/hello"]])
    text = "Hello! 안녕하세요! 👋 It’s nice to meet you. What would you like to talk about today?".encode()
    each = -(-len(one.request.body) // 4), -(-len(text) // 4)
    assert found == Cost(3, 2 * each[0] + 37, 2 * each[1] + 24, 2)
    assert found.told == f"3 requests, about {found.tokens_in} tokens in and {found.tokens_out} out"
    assert Cost(1, 1000, 2).told == "1 request, 1,000 tokens in and 2 out"
    assert cost([]) == Cost()


def test_of_an_answer_that_was_no_stream() -> None:
    body = json.dumps({"usage": {"prompt_tokens": 3, "completion_tokens": 4}, "choices": []}).encode()
    headers = (("content-type", "application/json"),)
    response = Response(200, "OK", headers, body, Stream(dialect="openai-chat"))
    whole = Interaction(Request("POST", "https://api.openai.com/v1/chat/completions", (), b"{}"), response)
    assert cost([whole]) == Cost(1, 3, 4, 0)
    assert cost([replace(whole, response=replace(response, body=b"\xff"))]) == Cost(1, 1, 0, 1)
