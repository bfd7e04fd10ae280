"""What a report says of two requests that are nearly the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.difference import LONGEST, MOST, differences
from cassettes.matching import Asked, entry_of
from cassettes.model import Interaction, Request, Response, Stream
from cassettes.routes import parse

CHAT = "https://api.openai.com/v1/chat/completions"
BODY = {
    "model": "m",
    "stream": True,
    "messages": [{"role": "system", "content": "be"}, {"role": "user", "content": "Hi"}],
}


def differing(live, taped=BODY, target="/openai/v1/chat/completions", method="POST", uri=CHAT, most=MOST):
    bodies = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in (live, taped)]
    request = Request("POST", uri, (), bodies[1])
    entry = entry_of("t", 1, Interaction(request, Response(200, "OK", (), b"", Stream())))
    return differences(Asked(Request(method, target, (), bodies[0]), parse(method, target), bodies[0]), entry, most)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({}, []),
        ({"model": "other"}, ["$.model"]),
        ({"temperature": 0}, ["$.temperature"]),
        ({"stream": False}, ["$.stream"]),
        ({"stream": False, "model": "x"}, ["$.model"]),
        ({"messages": [BODY["messages"][0], {"role": "user", "content": "Bye"}]}, ["$.messages[1].content"]),
        ({"messages": BODY["messages"][:1]}, ["$.messages (its length)"]),
        ({"messages": None}, ["$.messages"]),
        ({"a key.": 1}, ['$["a key."]']),
        ({"model": 1.0, "stream": 1}, ["$.model"]),
    ],
)
def test_fields_are_named_by_their_path(change, named):
    assert differing({**BODY, **change}) == named


def test_a_missing_field_is_named():
    assert differing({name: value for name, value in BODY.items() if name != "model"}) == ["$.model"]


def test_what_is_not_the_body_is_named_first():
    live = {**BODY, "model": "x"}
    found = differing(live, target="/openai/v1/responses?a=b&key=secret", method="PUT", uri=f"{CHAT}?key=other")
    assert found == ["method", "path", "query", "$.model"]
    assert differing(BODY, target="/openai/v1/chat/completions?key=secret") == []


@pytest.mark.parametrize(
    ("live", "taped"), [(b"hello", b"bye"), (b"{}", b"bye"), (b"\xff", b"{}"), (b"[" * 9999, b"{}")]
)
def test_bodies_that_are_no_json_differ_as_a_whole(live, taped):
    assert differing(live, taped) == ["body"]


def test_the_same_value_in_another_spelling_is_said_to_be_that():
    assert differing(b'{"a": 1}', b'{"a":1}') == ["body (the same JSON, spelled otherwise)"]


def test_there_is_an_end_to_the_list():
    many = {f"f{number}": number for number in range(100)}
    assert differing({**BODY, **many}, most=3) == ["$.f0", "$.f1", "$.f2", "more"]
    assert len(differing({**BODY, **many})) == MOST + 1


def test_deep_nesting_is_walked_without_recursion():
    deep = b'{"a":' * 900
    (found,) = differing(deep + b"1" + b"}" * 900, deep + b"2" + b"}" * 900)
    assert found.startswith("$.a.a")
    assert found.endswith(".a.a")
    assert len(found) == LONGEST + 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_no_difference_is_told_exactly_where_there_is_none(live, taped):
    same = json.dumps(live) == json.dumps(taped)
    assert (differing(live, taped) == []) == same
