"""Near misses, field by field: what the tape has, what came."""

from __future__ import annotations

import json

import pytest

from cassettes.matching import Asked, entry_of
from cassettes.model import Interaction, Request, Response, Stream
from cassettes.normalise import NO_RULES
from cassettes.routes import parse
from mockserver.nearmiss import MOST, WIDTH, unlike

PATH = "/openai/v1/chat/completions"


def lines(body: object, taped: object, path: str = PATH) -> list[str]:
    def octets(value: object) -> bytes:
        return value if isinstance(value, bytes) else json.dumps(value).encode()

    request = Request("POST", "https://api.openai.com/v1/chat/completions", (), octets(taped))
    stream = Stream(provider="openai", dialect="openai-chat")
    entry = entry_of("t", 1, Interaction(request, Response(200, "OK", (), b"", stream)), NO_RULES)
    asked = Asked(Request("POST", path, (), octets(body)), parse("POST", path, ()), octets(body))
    return list(unlike(asked, entry, NO_RULES))


def test_each_field_with_both_values():
    tape = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "n": 1}
    came = {"model": "m", "messages": [{"role": "user", "content": "Hallo"}], "top_p": 0.5}
    assert lines(came, tape) == [
        "$.messages[0].content",
        '  - tape:    "Hello"',
        '  + request: "Hallo"',
        "$.top_p",
        "  - tape:    (absent)",
        "  + request: 0.5",
        "$.n",
        "  - tape:    1",
        "  + request: (absent)",
    ]
    assert lines(tape, tape) == []


def test_what_changes_from_run_to_run_is_no_difference():
    one = {"m": "run 6fa459ea-ee8a-4ca4-894e-db77e160355e of 2026-01-02", "t": "a"}
    assert lines({**one, "t": "b"}, {**one, "m": one["m"].replace("6fa", "7fa").replace("01-02", "03-04")}) == [
        "$.t",
        '  - tape:    "a"',
        '  + request: "b"',
    ]


def test_long_values_are_shown_around_what_differs():
    tape, came = "x" * 500 + "A" + "y" * 500, "x" * 500 + "B" + "y" * 500
    _, taped, asked = lines({"p": came}, {"p": tape})
    assert len(taped) < WIDTH + 20
    assert "xxAyy" in taped
    assert "xxByy" in asked
    assert taped.count("…") == 2


def test_many_differences_are_counted_as_more():
    found = lines({str(one): 1 for one in range(9)}, {str(one): 2 for one in range(9)})
    assert len(found) == 3 * MOST + 1
    assert found[-1] == "… and more"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/openai/v1/embeddings", "request line"),
        ("/openai/v1/chat/completions?a=1", "query"),
        ("/xai/v1/chat/completions", "provider"),
    ],
)
def test_what_is_no_field_of_the_body(path, told):
    found = lines({"m": 1}, {"m": 1}, path)
    assert found[0] == told
    assert len(found) == 3


def test_bodies_that_are_no_json_and_what_acts_on_a_terminal():
    found = lines(b"plain \x1b[31m text", b"other text")
    assert found[:2] == ["body", "  - tape:    other text"]
    assert "\x1b" not in "".join(found)
