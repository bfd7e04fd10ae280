"""Fields of foreign recordings: headers, bodies, codes, gaps, dates."""

from __future__ import annotations

import pytest

from cassettes.convert import values
from cassettes.model import CassetteError, Headers


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ()),
        ({"A": "1"}, (("A", "1"),)),
        ({"A": ["1", "2"], "b": 3}, (("A", "1"), ("A", "2"), ("b", "3"))),
        ([["A", "1"], ("b", "2")], (("A", "1"), ("b", "2"))),
        ([{"name": "A", "value": "1"}, {"name": "b"}], (("A", "1"), ("b", ""))),
        ({b"A": b"\xff"}, (("A", "\udcff"),)),
        ({"A": " x\t"}, (("A", "x"),)),
        ({"A": None, "B": [None]}, (("A", ""), ("B", ""))),
        ({"set-cookie": "a\r\nb\nc"}, (("set-cookie", "a"), ("set-cookie", "b"), ("set-cookie", "c"))),
        ({":status": "200", "A": "\u0085\u00a0"}, (("A", "\u0085\u00a0"),)),
        ({"A": "\ud800"}, (("A", "\udced\udca0\udc80"),)),
    ],
)
def test_headers(value: object, expected: Headers) -> None:
    found = values.headers(value, "a")
    assert found == expected
    for name, text in found:
        (name + text).encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    "value", [{"a b": "1"}, {"": "1"}, {"A": "\0"}, ["A"], [["A"]], "A: 1", {"A": {}}, {"A": True}]
)
def test_headers_that_are_none(value: object) -> None:
    with pytest.raises(CassetteError, match=r"^a: "):
        values.headers(value, "a")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, b""),
        ("é", "é".encode()),
        (b"\xff", b"\xff"),
        ({"a": ["é", 1.0, None]}, '{"a":["é",1.0,null]}'.encode()),
        ([1, 2], b"[1,2]"),
        ("\ud800", b"\xed\xa0\x80"),
        ({"state": [b"x", 0, None]}, b"x"),
        ({"state": ["x"]}, b'{"state":["x"]}'),
    ],
)
def test_bodies(value: object, expected: bytes) -> None:
    assert values.body(value, "a") == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (None, b'{"a": "\\u00e9"}'),
        ("11", '{"a": "é"}'.encode()),
        ("10", '{"a":"é"}'.encode()),
        ("7", b'{"a": "\\u00e9"}'),
    ],
)
def test_the_spelling_follows_the_content_length(length: str | None, expected: bytes) -> None:
    headers = (("Content-Length", length),) if length else ()
    assert values.body({"a": "é"}, "a", headers, spaced=True) == expected


def test_a_body_that_is_no_json() -> None:
    with pytest.raises(CassetteError, match="a: a body that is not JSON"):
        values.body({"a": b"x"}, "a")


@pytest.mark.parametrize(("value", "expected"), [(None, 200), (404, 404), ("503", 503)])
def test_codes(value: object, expected: int) -> None:
    assert values.status(value, "a") == expected


@pytest.mark.parametrize("value", [0, 99, 600, "2", "abc", "²00", True, 200.0, [200]])
def test_codes_that_are_none(value: object) -> None:
    with pytest.raises(CassetteError, match="a: status should be a number from 100 to 599"):
        values.status(value, "a")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-20T09:30:00Z", "2026-11-20T09:30:00.000Z"),
        ("2026-11-20T09:30:00.1239+02:00", "2026-11-20T07:30:00.123Z"),
        ("2026-11-20 09:30:00", "2026-11-20T09:30:00.000Z"),
        ("Wed, 19 Aug 2026 14:34:20 GMT", "2026-08-19T14:34:20.000Z"),
        (1773399301033, "2026-03-13T10:55:01.033Z"),
        (None, None),
        ("yesterday", None),
        ("2026-99-99", None),
        ("Wed, 19 Foo 2026 14:34:20 GMT", None),
        ("Wed, 39 Aug 2026 14:34:20 GMT", None),
        (1e300, None),
        (float("nan"), None),
        (True, None),
        ({}, None),
    ],
)
def test_moments(value: object, expected: str | None) -> None:
    assert values.moment(value) == expected


def test_base64_with_line_ends() -> None:
    assert values.unbase64("aGVs\nbG8=\n", "x", "a") == b"hello"


@pytest.mark.parametrize("value", ["a", "é", "a-_=", None, 1])
def test_base64_that_is_none(value: object) -> None:
    with pytest.raises(CassetteError, match="a: x "):
        values.unbase64(value, "x", "a")
