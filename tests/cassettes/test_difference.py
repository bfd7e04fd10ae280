"""What a report says of two requests that are nearly the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.difference import ABSENT, LONGEST, MOST, Miss, differences, missed, unequal
from cassettes.matching import LADDER, Asked, Index, entry_of
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


@pytest.mark.parametrize(
    ("live", "named"),
    [
        (b'{"model": "m",\n "n": ', "body (not JSON at 2:7)"),
        (b'{"model": "\xff"}', "body (not UTF-8 at byte 12)"),
    ],
)
def test_json_that_is_none_is_said_to_be_that_and_nothing_of_ours_is_to_blame(live, named):
    assert differing(live) == [named]
    request = Request("POST", CHAT, (), json.dumps(BODY).encode())
    entry = entry_of("t", 1, Interaction(request, Response(200, "OK", (), b"", Stream())))
    target = "/openai/v1/chat/completions"
    live_request = Asked(Request("POST", target, (), live), parse("POST", target), live)
    assert missed(live_request, Index([entry]), entry, LADDER[:2]) == Miss("t#1", (named,))


def test_the_tape_of_another_provider_is_said_to_be_that():
    assert differing(BODY, target="/infron/v1/chat/completions") == ["provider"]
    assert differing(BODY, target="/v1/chat/completions") == []


def test_the_same_value_in_another_spelling_is_said_to_be_that():
    assert differing(b'{"a": 1}', b'{"a":1}') == ["body (the same JSON, spelled otherwise)"]


def test_there_is_an_end_to_the_list():
    many = {f"f{number}": number for number in range(100)}
    assert differing({**BODY, **many}, most=3) == ["$.f0", "$.f1", "$.f10", "more"]  # in the order of keys
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


@pytest.mark.parametrize(
    ("taped", "live", "named"),
    [
        ("it is 2026-11-20", "it is 2026-11-21", "$.a (a date)"),
        ("at 09:30:00 in /tmp/tmpab12cd34/x", "at 09:31:00 in /tmp/tmpxy12cd34/x", "$.a (a temporary path, a time)"),
        (1763630000, 1763630001, "$.a (a time in seconds)"),
        ("it is 2026-11-20", "is it 2026-11-20", "$.a"),
    ],
)
def test_what_changes_from_run_to_run_is_said_to_be_that(taped, live, named):
    assert differing({**BODY, "a": live}, {**BODY, "a": taped}) == [named]


# -- a miss ----------------------------------------------------------------------------------------------------------


def miss(live, tried, taped=BODY, target="/openai/v1/chat/completions"):
    request = Request("POST", CHAT, (), json.dumps(taped).encode())
    index = Index([entry_of("t", 1, Interaction(request, Response(200, "OK", (), b"", Stream())))])
    body = json.dumps(live).encode()
    asked = Asked(Request("POST", target, (), body), parse("POST", target), body)
    return missed(asked, index, index.entries[0], tried)


def said(text, **more):
    return {**BODY, "messages": [BODY["messages"][0], {"role": "user", "content": text}], **more}


@pytest.mark.parametrize(
    ("live", "tried", "fields", "rule"),
    [
        (said("Hi", n=1), LADDER[:2], ["$.n"], "--ignore $.n"),
        (said("Hi", **{"o-p.q": {"a": [1]}}), LADDER[:2], ['$["o-p.q"]'], """--ignore '$["o-p.q"]'"""),
        (said("Hi", n=1), LADDER[:1], ["$.n"], "--match normalized --ignore $.n"),
        (said("Hi", user="x"), LADDER[:1], ["$.user"], "--match normalized"),
        (said("Hi", a=1, b=2, c=3, d=4), LADDER[:2], ["$.a", "$.b", "$.c", "$.d"], "--match conversation"),
        (said("Bye"), LADDER[:2], ["$.messages[1].content"], "--match route"),
        (
            {**said("Hi"), "messages": BODY["messages"][1:]},
            LADDER[:2],
            ["$.messages (its length)"],
            "--match last-user",
        ),
        (said("Bye", n=1), LADDER[:3], ["$.messages[1].content", "$.n"], "--match route"),
        (said("Bye"), LADDER, ["$.messages[1].content"], "--match order"),
        (said("Bye"), ("key",), ["$.messages[1].content"], None),
        (said("Hi", n=1), ("key",), ["$.n"], "--ignore $.n"),
    ],
)
def test_a_miss_names_the_rule_that_would_have_matched(live, tried, fields, rule):
    found = miss(live, tried)
    assert list(found.fields) == fields
    assert (found.rule, found.nearest) == (rule, "t#1")
    assert found.matches == ("t#1" if rule else None)


def test_a_request_on_another_providers_mount_is_told_the_right_one():
    body, target = json.dumps(BODY).encode(), "/xai/v1/chat/completions"
    entry = entry_of("t", 1, Interaction(Request("POST", CHAT, (), body), Response(200, "OK", (), b"", Stream())))
    request = Asked(Request("POST", target, (), body), parse("POST", target), body)
    told = missed(request, Index([entry]), entry, LADDER[:2])
    assert told == Miss("t#1", ("provider",), "the mount /openai", "t#1")


def test_without_tapes_there_is_nothing_to_name():
    asked = Asked(Request("POST", "/v1/x", (), b""), parse("POST", "/v1/x"), b"")
    assert missed(asked, Index(()), None, LADDER) == Miss()


def test_both_values_are_told_where_they_differ():
    live, taped = {"a": 1, "b": [1, 2], "c": {"d": "x"}, "new": None}, {"a": 2, "b": [1], "c": {"d": "y"}, "old": 3}
    assert list(unequal(live, taped)) == [
        ("$.a", 1, 2),
        ("$.b (its length)", [1, 2], [1]),
        ("$.c.d", "x", "y"),
        ("$.new", None, ABSENT),
        ("$.old", ABSENT, 3),
    ]
    assert list(unequal(b"x", live)) == [("body", b"x", live)]
