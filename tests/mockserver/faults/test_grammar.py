"""The grammar of faults: text to values and back, the mapping form, errors that point at the character."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.routes import parse as route_of
from mockserver.faults.grammar import (
    ALWAYS,
    MOST,
    Arg,
    Attempts,
    Fault,
    FaultError,
    from_value,
    parse,
    text_of,
    url_segment,
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("reset", Fault("reset")),
        ("reset@3e", Fault("reset", "3e")),
        ("reset?@3e#1", Fault("reset", "3e", True, Attempts(1, 1))),
        ("End_Early@50%#1-2", Fault("end-early", "50%", attempts=Attempts(1, 2))),
        ("stall@=message_stop#2+:30s", Fault("stall", "=message_stop", attempts=Attempts(2), args=(Arg("", "30s"),))),
        ("status:429,retry-after=1", Fault("status", args=(Arg("", "429"), Arg("retry-after", "1")))),
        ("status:429,retry-after=date:9", Fault("status", args=(Arg("", "429"), Arg("retry-after", "date:9")))),
        (r'insert@0b:"a;b,\"c\"\n#?é"', Fault("insert", "0b", args=(Arg("", 'a;b,"c"\n#?é'),))),
        ('header:x-a="1, 2"', Fault("header", args=(Arg("x-a", "1, 2"),))),
        ("comment@0e:text=", Fault("comment", "0e", args=(Arg("text", ""),))),
        ("content-length:+7", Fault("content-length", args=(Arg("", "+7"),))),
        ("  reset  ;", Fault("reset")),
    ],
)
def test_faults_are_read(text, fault):
    assert parse(text) == (fault,)
    assert parse(text_of([fault])) == (fault,)


def test_lists():
    assert [fault.name for fault in parse("a@1e;b; c:1,2 ;")] == ["a", "b", "c"]
    assert text_of(parse("a@1e;b; c:1,2 ;")) == "a@1e;b;c:1,2"
    assert len(parse(";".join(["x"] * MOST))) == MOST


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("", 1, "expected the name of a fault"),
        ("@3e", 1, "expected the name of a fault"),
        ("a;;b", 3, "expected the name of a fault"),
        ("a b", 3, "found 'b'"),
        ("reset@", 7, "expected a place after '@'"),
        ("reset@3e#", 10, "expected attempts after '#'"),
        ("reset#0", 7, "expected attempts after '#'"),
        ("reset#3-2", 10, "expected #2-3"),
        ("status:429#2", 11, "attempts stand before the arguments"),
        ("a:", 3, "expected an argument"),
        ("a:1,", 5, "expected an argument"),
        ('a:"x', 3, "JSON string"),
        ('a:"x"y', 6, "found 'y'"),
        ("a?@1e?", 6, "found '?'"),
        (";".join(["x"] * 65), 129, "more than 64"),
    ],
)
def test_errors_point_at_the_character(text, at, said):
    with pytest.raises(FaultError, match=f"character {at} ") as caught:
        parse(text)
    assert said in str(caught.value)
    assert caught.value.exit_code == 2
    shown = str(caught.value).partition(" (")[2].partition("): ")[0]
    assert shown.replace("▸", "").strip("…") in text


def test_endless_texts_are_refused():
    with pytest.raises(FaultError, match="characters; expected"):
        parse("a:" + "x" * (1 << 20))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            {"fault": "status", "at": "request", "attempts": 1, "code": 429, "retry_after": 1},
            "status@request#1:code=429,retry_after=1",
        ),
        ({"fault": "end_early", "at": "50%"}, "end-early@50%"),
        ({"fault": "reset", "optional": True, "attempts": "2+"}, "reset?#2+"),
        ({"fault": "insert", "at": "0b", "args": "a b"}, 'insert@0b:"a b"'),
        ({"fault": "header", "args": [], "x-a": True}, "header:x-a=true"),
        (["reset@1e", {"fault": "bom"}, ["eol:cr"]], "reset@1e;bom;eol:cr"),
    ],
)
def test_mappings_say_the_same(value, text):
    assert text_of(from_value(value)) == text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (3, "is no fault"),
        (None, "is no fault"),
        ({"at": "3e"}, "expected the key 'fault'"),
        ({"fault": "a b"}, "expected the key 'fault'"),
        ({"fault": "reset", "attempts": "x"}, "attempts is 'x'"),
        ({"fault": "reset", "optional": "yes"}, "optional is 'yes'"),
        ({"fault": "reset", "at": "3 e"}, "at is '3 e'"),
        ({"fault": "status", "code": [1]}, "code is [1]"),
    ],
)
def test_mappings_that_say_nothing(value, said):
    with pytest.raises(FaultError) as caught:
        from_value(value)
    assert said in str(caught.value)


words = st.text(st.sampled_from("abcxyz019-_"), min_size=1, max_size=6).filter(lambda word: word[0].isalpha())
faults = st.builds(
    Fault,
    words.map(lambda word: word.replace("_", "-")),
    st.sampled_from(["", "3e", "50%", "=a.b", "end", "10ms"]),
    st.booleans(),
    st.sampled_from([ALWAYS, Attempts(1, 1), Attempts(2, 5), Attempts(3)]),
    st.lists(st.builds(Arg, st.one_of(st.just(""), words), st.text(max_size=8)), max_size=3).map(tuple),
)


@given(st.lists(faults, min_size=1, max_size=4).map(tuple))
def test_what_is_written_is_read(listed):
    text = text_of(listed)
    assert parse(text) == listed
    route = route_of("POST", f"/!{url_segment(text)}/openai/v1/chat/completions", (), ())
    assert route.faults == text


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        read = parse(text)
    except FaultError:
        return
    assert parse(text_of(read)) == read


def test_a_lone_percent_is_literal():
    assert route_of("POST", "/!reset@50%/openai/v1", (), ()).faults == "reset@50%"
    assert url_segment("reset@3e#1;x@50%") == "reset@3e%231;x@50%25"
    assert json.loads(json.dumps(text_of(parse("a")))) == "a"
