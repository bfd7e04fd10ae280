import math

import pytest

from cassettes.model import CassetteError
from cassettes.yamlparse import parse
from cassettes.yamltree import items, mapping, near, nearest, number, plain, scalar, shown, whole, word


def value(text):
    return plain(parse(f"k: {text}\n".encode(), "f.yaml"))["k"]


def node(text):
    return mapping(parse(f"k: {text}\n".encode(), "f.yaml"), "top").fields()["k"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("12", 12), ("-3", -3), ("0o17", 15), ("0x1F", 31),
        ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("-.inf", -math.inf), ("!!float 1", 1.0), ("!!int '7'", 7), ("!!null 'x'", None),
        ("yes", "yes"), ("off", "off"), ("2026-11-20", "2026-11-20"), ("2026-11-20T09:30:00Z", "2026-11-20T09:30:00Z"), ("1_000", "1_000"),
        ("1:30", "1:30"), ("'12'", "12"), ("!!str 12", "12"), ("! 12", "12"), ("!!python/unicode 'x'", "x"), ("!!binary aGk=", b"hi"), ("!binary |\n  aG\n  k=", b"hi"),
        ("[1, !!python/tuple [a]]", [1, ["a"]]), ("{a: {b: 1}}", {"a": {"b": 1}}), ("|2-\n   x", " x"),
    ],
)  # fmt: skip
def test_values_are_those_of_yaml_1_2(text, expected):
    assert value(text) == expected
    assert type(value(text)) is type(expected) or text == "!!float 1"


def test_not_a_number():
    assert math.isnan(value(".nan"))


def test_integers_of_any_length_are_cheap():
    assert value("9" * 300) == int("9" * 300)
    assert value("9" * 5000) == "9" * 5000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("!!int x", "found 'x', expected a value of the type !!int"),
        ("!!binary 'a'", "found a !!binary that is not base64"),
        ("!!binary 'é'", "found characters that cannot be read as bytes, expected base64"),
        ("!!bool 1", "type !!bool"),
    ],
)
def test_tags_that_do_not_fit_their_text(text, told):
    with pytest.raises(CassetteError, match=told) as caught:
        value(text)
    assert caught.value.place == "f.yaml:1:4"


def test_a_key_that_stands_twice():
    with pytest.raises(CassetteError, match=r"^f.yaml:3:1: found the key 'a' twice"):
        plain(parse(b"a: 1\nb: 2\na: 3\n", "f.yaml"))


def test_asking_for_shapes_and_types():
    assert word(node("chunked"), "framing", ["chunked", "close"]) == "chunked"
    assert (number(node("'1.5'"), "gap"), whole(node("200"), "code"), scalar(node("x"), "x").text) == (1.5, 200, "x")
    assert [scalar(item, "i").text for item in items(node("[a, b]"), "list")] == ["a", "b"]


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (
            lambda: word(node("chunkd"), "framing", ["chunked", "close"]),
            "framing: found 'chunkd', did you mean chunked?",
        ),
        (lambda: word(node("zzz"), "framing", ["chunked", "close"]), "found 'zzz', expected one of chunked, close"),
        (lambda: number(node("-1"), "gap"), "gap: found '-1', expected a number from 0"),
        (lambda: number(node(".nan"), "gap"), "found '.nan'"),
        (lambda: number(node("1e999999999"), "gap"), "expected a number"),
        (lambda: number(node("[1]"), "gap"), "gap: found a list, expected text"),
        (lambda: whole(node("1.5"), "code"), "expected a whole number from 0 to"),
        (lambda: whole(node("99"), "code", 100, 999), "code: found '99', expected a whole number from 100 to 999"),
        (lambda: whole(node("0x10"), "code"), "found '0x10'"),
        (lambda: mapping(node("x"), "end"), "end: found text, expected a mapping"),
        (lambda: items(node("{a: 1}"), "trailers"), "trailers: found a mapping, expected a list"),
        (lambda: scalar(node("~"), "uri"), "uri: found null, expected text"),
    ],
)
def test_wrong_shapes_and_types_say_what_was_expected(ask, told):
    with pytest.raises(CassetteError) as caught:
        ask()
    assert str(caught.value).startswith("f.yaml:1:4: ")
    assert told in str(caught.value)


def test_nearest_names():
    assert near("chunk", ("chunks", "end")) == "chunks"
    assert near("zzz", ("chunks", "end")) is None
    assert nearest("hedaers", ("headers", "body")) == "did you mean headers?"
    assert nearest("zzz", ("headers", "body")) == "expected one of headers, body"
    assert near("x" * 10_000_000, ("chunks",)) is None


def test_what_is_shown_is_one_short_line():
    assert shown("a\nb\x1b") == "'a\\nb\\x1b'"
    assert len(shown("x" * 1000)) < 60
