"""A body as a value that is the same in every run of a program."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.model import TokentapeError
from cassettes.normalise import (
    DEEPEST,
    LONGEST_LINE,
    NOT_ASKED,
    Rules,
    canonical,
    digest,
    normalised,
    renaming,
    rules_of,
    strict_digest,
)


def normal(value, **rules):
    return normalised(json.dumps(value).encode(), rules_of(**rules))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 200_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"[" * (DEEPEST + 2) + b"]" * (DEEPEST + 2),
        b"--no form",
    ],
)
def test_what_is_no_json_is_compared_as_it_is(body):
    assert normalised(body) == body
    assert canonical(body) == body


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": 1, "b": [1, 2]}', b'{"b":[1,2],"a":1}'),
        (b'{"a": 1, "stream": true}', b'{"a":1,"stream":false}'),
        (b'{"a": 1, "continuationToken": "x"}', b'{"a":1}'),
        (b'{"a": 1, "user": "x", "metadata": {"b": 1}}', b'{"a":1, "store": true}'),
        (b'{"a": "\\u00e9"}', '{"a": "\u00e9"}'.encode()),
        (b'{"a": 1.0, "b": -0.0}', b'{"a": 1, "b": 0}'),
        (b' "x" ', b'"x"'),
    ],
)
def test_equal_values_are_equal(one, other):
    assert strict_digest(normalised(one)) == strict_digest(normalised(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": [1, 2]}', b'{"a": [2, 1]}'),
        (b'{"a": "1"}', b'{"a": 1}'),
        (b'{"a": true}', b'{"a": 1}'),
        (b'{"a": {"stream": true}}', b'{"a": {}}'),
        (b'{"a": null}', b"{}"),
        (b'{"a": 0.5}', b'{"a": 0.25}'),
        (b'{"a": "\\ud800"}', b'{"a": "\\ud801"}'),
        (b'{"a": 99999999999999999999}', b'{"a": 99999999999999999998}'),
    ],
)
def test_different_values_are_different(one, other):
    assert digest(normalised(one)) != digest(normalised(other))


def test_fields_that_do_not_change_what_is_asked():
    assert normal(dict.fromkeys(NOT_ASKED, "x") | {"a": 1}) == {"a": 1}
    assert normal({"a": {"user": 1}}) == {"a": {"user": 1}}


def test_numbering_is_for_the_whole_request_in_the_order_of_keys():
    one = {"z": "2026-11-20", "a": ["2026-11-21", {"b": "2026-11-20"}]}
    assert normal(one) == {"a": ["<date-1>", {"b": "<date-2>"}], "z": "<date-2>"}


def test_names_keep_their_dates():
    value = {"model": "gpt-4o-2024-08-06", "tools": [{"type": "web_search_20250305", "name": "at 2026-11-20"}]}
    assert normal(value) == {**value, "tools": [{"type": "web_search_20250305", "name": "at <date-1>"}]}
    assert normal({"type": {"default": "2026-11-20"}}) == {"type": {"default": "<date-1>"}}


def test_times_that_are_numbers():
    assert normal({"at": 1763630000, "in": [1763630000.5, 1763630000123]}) == {
        "at": "<epoch-1>",
        "in": ["<epoch-2>", "<epoch-3>"],
    }
    assert normal({"seed": 1234567890, "max": 2147483647, "b": True}) == {
        "seed": 1234567890,
        "max": 2147483647,
        "b": True,
    }


def test_call_ids_of_any_shape_are_known_by_their_place():
    messages = [
        {"role": "assistant", "tool_calls": [{"id": "D681PevKs", "function": {"name": "f"}}, {"id": "E781PevKs"}]},
        {"role": "tool", "tool_call_id": "D681PevKs", "content": "D681PevKs is 2026-11-20"},
        {"role": "tool", "tool_call_id": "E781PevKs", "id": "call_AbCdEfGh12345678"},
    ]
    found = normal({"messages": messages})["messages"]
    assert [call["id"] for call in found[0]["tool_calls"]] == ["<call-1>", "<call-2>"]
    assert [message["tool_call_id"] for message in found[1:]] == ["<call-1>", "<call-2>"]
    assert found[1]["content"] == "D681PevKs is <date-1>"
    assert found[2]["id"] == "<call-3>"


FORM = (
    b'--%b\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
    b'--%b\r\nContent-Disposition: form-data; name="file"; filename="/tmp/tmpab12cd%b.wav"\r\n\r\n\xff\x00\x01%b\r\n'
    b'--%b\r\nContent-Disposition: form-data; name="more"\r\n\r\n{"b": 1, "a": "2026-11-2%b"}\r\n--%b--\r\n'
)


def form(boundary, name=b"34", sound=b"ab", day=b"0"):
    return FORM % (boundary, boundary, name, sound, boundary, day, boundary)


def test_a_form_is_compared_by_its_parts():
    one, other = form(b"------------x1"), form(b"0123456789abcdef", b"56", day=b"1")
    assert digest(normalised(one)) == digest(normalised(other))
    assert digest(normalised(one)) != digest(normalised(form(b"x", sound=b"ac")))
    found = normalised(one)
    assert [part["content"] for part in found][::2] == ["whisper-1", {"a": "<date-1>", "b": 1}]
    assert found[1]["head"] == ['Content-Disposition: form-data; name="file"; filename="<tmp-1>.wav"']
    assert found[1]["content"].endswith(";bytes=5")


def test_rules_of_the_user():
    value = {"a": {"b": 1, "c": "job run-7 of run-8, run-7"}, "d": 1}
    assert normal(value, ignore=["$.a.b", "$.d"], normalize=["run-[0-9]+=run"]) == {
        "a": {"c": "job <run-1> of <run-2>, <run-1>"}
    }
    assert normal(["a=b"], normalize=["a=b=x"]) == ["<x-1>"]
    assert normal(["abc"], normalize=["x*=x"]) == ["abc"]
    long = "y" * LONGEST_LINE + "\nrun-7\n" + "run-8 " * 20_000
    assert normal([long], normalize=["run-[0-9]+=run"])[0].startswith("y" * LONGEST_LINE + "\n<run-1>\n<run-2> <run-2>")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("run", "RE=NAME"),
        ("=run", "RE=NAME"),
        ("run-[0-9]+=1 x", "RE=NAME"),
        ("a(b=run", r"missing \), unterminated subpattern at column 2: a>>>\(b"),
        ("*=run", "nothing to repeat at column 1: >>>\\*"),
    ],
)
def test_what_is_no_rule_is_pointed_at(rule, told):
    with pytest.raises(TokentapeError, match=told):
        renaming(rule)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
VOLATILE = st.sampled_from(
    ["2026-11-20", "2026-11-21T09:30:00Z", "3f2c1a9b-1111-4222-8333-444455556666", "/tmp/tmpab12cd34/x", "1763630000"]
)
WORDS = st.lists(VOLATILE | st.sampled_from(["a", "at", "call_AbCdEfGh12345678", "한"]), max_size=4).map(" ".join)
REQUESTS = st.dictionaries(
    st.sampled_from(["a", "b", "id", "tool_call_id", "z", "model"]),
    WORDS
    | st.lists(WORDS, max_size=3)
    | st.integers(0, 2**41)
    | st.dictionaries(st.sampled_from("cd"), WORDS, max_size=2),
    max_size=5,
)


@given(JSON | REQUESTS)
def test_normalising_twice_is_normalising_once(value):
    once = normal(value)
    assert normalised(canonical(once)) == once
    assert canonical(normalised(canonical(once))) == canonical(once)


@given(st.binary(max_size=40))
def test_any_body_has_a_normal_form_that_is_stable(body):
    once = canonical(normalised(body))
    assert canonical(normalised(once)) == once


def shuffled(value, random):
    if isinstance(value, dict):
        items = list(value.items())
        random.shuffle(items)
        return {name: shuffled(inner, random) for name, inner in items}
    return [shuffled(inner, random) for inner in value] if isinstance(value, list) else value


@given(JSON | REQUESTS, st.booleans(), st.sampled_from([None, 1]), st.randoms())
def test_spelling_and_the_order_of_keys_never_matter(value, ascii_only, indent, random):
    respelled = json.dumps(shuffled(value, random), ensure_ascii=ascii_only, indent=indent).encode(
        "utf-8", "surrogatepass"
    )
    assert strict_digest(normalised(respelled)) == strict_digest(normal(value))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.permutations(range(6)))
def test_renaming_is_consistent(places, order):
    """Equal values stay equal and different ones different, whatever they are."""
    days = [f"2026-11-{10 + number}" for number in range(6)]
    one = normal([f"x {days[number]} y" for number in places])
    other = normal([f"x {days[order[number]]} y" for number in places])
    assert one == other
    assert [one.index(text) for text in one] == [places.index(number) for number in places]


def test_rules_have_a_value():
    assert Rules() == rules_of() == rules_of([], [])
    assert rules_of(["$.a"]) != Rules()


def test_the_ids_of_a_page_are_drawn_anew_in_each_run():
    """The AI SDK's chat, message and call ids are 16 letters and digits of which nothing tells that they are ids."""

    def asked(chat: str, message: str, call: str) -> bytes:
        parts = [{"type": "tool-f", "toolCallId": call, "state": "input-available", "input": {"id": "kept"}}]
        messages = [{"id": message, "role": "assistant", "parts": parts}]
        return json.dumps({"id": chat, "trigger": "submit-message", "messages": messages}).encode()

    one = normalised(asked("aB3dE5fG7hI9jK1l", "mN3oP5qR7sT9uV1w", "xY3zA5bC7dE9fG1h"))
    other = normalised(asked("1111111111111111", "2222222222222222", "3333333333333333"))
    assert one == other
    assert one["messages"][0]["parts"][0]["input"] == {"id": "kept"}
