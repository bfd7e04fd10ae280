"""Untrusted text into plain values, and finding the place of an error again."""

from __future__ import annotations

import pytest

from cassettes.convert.plain import placed, plain
from cassettes.model import CassetteError


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b'{"a": [1, "\\ud83d\\ude00"]}', "a.json", {"a": [1, "\U0001f600"]}),
        (b"\xef\xbb\xbf [1]", "a.json", [1]),
        (b"{a: [1, x]}", "a.yaml", {"a": [1, "x"]}),
        (b"a: 2026-01-02\nb: !!binary AA==\n", "a", {"a": "2026-01-02", "b": b"\0"}),
    ],
)
def test_values(data: bytes, name: str, expected: object) -> None:
    assert plain(data, name) == expected


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'{"a":\n}', "a.json:2:1"),
        (b'{"a": "\xff"}', "a.json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a.json"),
        (b"[" * 10_000, "a.json"),
    ],
)
def test_broken_json(data: bytes, place: str) -> None:
    with pytest.raises(CassetteError, match="JSON") as caught:
        plain(data, "a.json")
    assert caught.value.place == place


def test_the_place_of_an_entry_is_looked_up() -> None:
    data = b'{"log": {"version": "1.2", "entries": [\n  {"a": 1},\n  {"a": 2}]}}'
    found = placed(CassetteError("wrong", "x.har#2"), data, "x.har")
    assert (str(found), found.place) == ("x.har:3:3: #2: wrong", "x.har:3:3")


@pytest.mark.parametrize("place", ["x.har#3", "x.har", "x.har:1:1", "x.har#b", "y#1"])
def test_a_place_that_is_no_entry_stays(place: str) -> None:
    error = CassetteError("wrong", place)
    assert placed(error, b"entries: [1, 2]", "x.har") is error


def test_text_that_is_not_yaml_keeps_its_place() -> None:
    error = CassetteError("wrong", "x#1")
    assert placed(error, b"[[\t\0", "x") is error
