"""Paths to fields of a body."""

import json

import pytest

from cassettes import jsonpath
from cassettes.jsonpath import EVERY
from cassettes.model import TokentapeError


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$.a", ("a",)),
        ("$.a.b-c._d", ("a", "b-c", "_d")),
        ("$.messages[0].content[-1]", ("messages", 0, "content", -1)),
        ("$.a[*].b.*", ("a", EVERY, "b", EVERY)),
        ('$["a b"][\'c"d\']["e\\n"]', ("a b", 'c"d', "e\n")),
        ("$.메모", ("메모",)),
    ],
)
def test_paths(text, steps):
    assert jsonpath.parse(text) == steps


@pytest.mark.parametrize(
    ("text", "column"),
    [("", 1), ("a", 1), ("$", 2), ("$a", 2), ("$.", 2), ("$.a..b", 4), ("$.a[x]", 4), ("$.a[1", 4), ('$["a]', 2), ("$.a b", 4)],
)  # fmt: skip
def test_what_is_no_path_is_pointed_at(text, column):
    with pytest.raises(TokentapeError, match=rf"\(column {column}\)"):
        jsonpath.parse(text)


def test_a_name_with_a_wrong_escape():
    with pytest.raises(TokentapeError, match=r"column 2.*as JSON spells it"):
        jsonpath.parse('$["\\x"]')


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("$.a", {"b": [{"c": 1, "d": 2}, {"c": 3}, 4]}),
        ("$.b[0].c", {"a": 1, "b": [{"d": 2}, {"c": 3}, 4]}),
        ("$.b[*].c", {"a": 1, "b": [{"d": 2}, {}, 4]}),
        ("$.b[-1]", {"a": 1, "b": [{"c": 1, "d": 2}, {"c": 3}]}),
        ("$.b[*]", {"a": 1, "b": []}),
        ("$.*", {}),
        ("$.*[0].d", {"a": 1, "b": [{"c": 1}, {"c": 3}, 4]}),
        ("$.x", None),
        ("$.a.x", None),
        ("$.b[9].c", None),
        ("$.b[9]", None),
        ("$[0]", None),
        ("$.b.c", None),
    ],
)
def test_removing(path, left):
    value = {"a": 1, "b": [{"c": 1, "d": 2}, {"c": 3}, 4]}
    expected = json.loads(json.dumps(value)) if left is None else left
    jsonpath.remove(value, jsonpath.parse(path))
    assert value == expected
