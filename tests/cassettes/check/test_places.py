"""Places in decoded JSON, as tables write them."""

from __future__ import annotations

import pytest

from cassettes.check.places import elements, filled, holds, is_of, type_of, value_at, values
from cassettes.grammar.table import When

CHUNK = {
    "id": "x",
    "usage": None,
    "choices": [
        {"index": 0, "delta": {"tool_calls": [{"index": 0}, {"index": 1}]}},
        {"index": 1, "delta": {"tool_calls": [{"index": 0}], "content": ""}},
        "no object",
    ],
}


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("id", ["x"]),
        ("usage", [None]),
        ("choices[].index", [0, 1]),
        ("choices[].delta.tool_calls[].index", [0, 1, 0]),
        ("missing", []),
        ("id.below", []),
        ("id[]", []),
        ("", [CHUNK]),
    ],
)
def test_everything_at_a_place(place: str, found: list[object]) -> None:
    assert list(values(CHUNK, place)) == found
    assert value_at(CHUNK, place) == (found[0] if found else None)


def test_elements_come_behind_those_they_are_in() -> None:
    chains = list(elements(CHUNK, "choices[].delta.tool_calls[]"))
    assert [[one["index"] for one in chain] for chain in chains] == [[0, 0], [0, 1], [1, 0]]
    assert list(elements(CHUNK, "")) == [(CHUNK,)]
    assert [chain[-1] for chain in elements(CHUNK, "choices[]")] == CHUNK["choices"]


def test_filled_is_neither_null_nor_empty() -> None:
    assert filled(CHUNK, "id")
    assert filled({"n": 0}, "n")
    assert not any(filled(CHUNK, place) for place in ("usage", "missing", "choices[].delta.content"))


@pytest.mark.parametrize(
    ("when", "held"),
    [
        (When(), True),
        (When(filled=("usage", "id")), True),
        (When(filled=("usage",)), False),
        (When(empty=("usage", "missing")), True),
        (When(empty=("id",)), False),
        (When(at="id", values=("x",)), True),
        (When(at="id", values=("y",)), False),
        (When(at="missing", values=("y",)), True),
    ],
)
def test_conditions(when: When, held: bool) -> None:
    assert holds(when, CHUNK) == held


def test_types_are_those_of_json() -> None:
    named = {"a": "string", 1: "integer", 1.5: "number", None: "null"}
    assert {value: type_of(value) for value in named} == named
    assert (type_of(True), type_of([]), type_of({})) == ("boolean", "list", "object")
    assert is_of(1, "number")
    assert is_of(None, "string|null")
    assert is_of([], "any")
    assert not is_of(True, "integer|number")
