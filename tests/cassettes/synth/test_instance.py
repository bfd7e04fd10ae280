"""Values of JSON Schemas: valid by jsonschema's own judgement, the same every time."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.synth.instance import instance_of

ADDRESS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TREE: dict[str, Any] = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": "integer"},
                "left": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["value", "left"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/node",
}
SCHEMAS: list[Any] = [
    {},
    {"type": "object"},
    ADDRESS,
    TREE,
    {"type": ["null", "string"], "minLength": 70},
    {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "maxLength": 2},
    {"enum": ["b", "a"]},
    {"const": {"x": 1}},
    {"type": "integer", "minimum": 7, "multipleOf": 5},
    {"type": "integer", "exclusiveMinimum": 10, "exclusiveMaximum": 12},
    {"type": "integer", "maximum": -3},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5},
    {"type": "number", "minimum": 2.5, "multipleOf": 0.5},
    {"type": "number", "exclusiveMaximum": -1},
    {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"type": "integer"}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False},
    {"type": "array", "maxItems": 0, "items": {"type": "string"}},
    {
        "allOf": [
            ADDRESS | {"additionalProperties": True},
            {"properties": {"zip": {"type": "integer"}}, "required": ["zip"]},
        ]
    },
    {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    {"oneOf": [{"type": "boolean"}, {"type": "null"}]},
    {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}}},
    {"type": "object", "required": ["x", "y"], "additionalProperties": {"type": "integer"}},
    {"type": "object", "minProperties": 2, "additionalProperties": {"type": "boolean"}},
    {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "maxProperties": 1},
    {"properties": {"a": {"type": "string", "default": "given"}}},
    {
        "type": "object",
        "properties": {"a": {"$ref": "#/definitions/x~1y"}},
        "definitions": {"x/y": {"type": "boolean"}},
    },
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: str(schema)[:50])
def test_a_value_is_allowed(schema: Any) -> None:
    value = instance_of(schema)
    jsonschema.Draft202012Validator(schema).validate(value)
    assert instance_of(schema) == value


def test_what_may_be_there_is_there() -> None:
    assert instance_of(
        {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {}}}}
    ) == {
        "a": 1,
        "b": ["text"],
    }


def test_gemini_writes_types_in_capitals() -> None:
    schema = {"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}, "s": {"type": "STRING", "nullable": True}}}
    assert instance_of(schema) == {"n": 1, "s": "text"}


def test_a_schema_that_holds_itself_ends() -> None:
    value: Any = instance_of(TREE)
    assert set(value) == {"value", "left", "children"}
    assert instance_of({"$ref": "#"}) == "text"


def simple() -> st.SearchStrategy[Any]:
    leaf = st.one_of(
        st.just({"type": "boolean"}),
        st.just({"type": "null"}),
        st.builds(
            lambda low, span: {"type": "integer", "minimum": low, "maximum": low + span},
            st.integers(-9, 9),
            st.integers(0, 9),
        ),
        st.builds(
            lambda low, span: {"type": "string", "minLength": low, "maxLength": low + span},
            st.integers(0, 90),
            st.integers(0, 9),
        ),
        st.builds(
            lambda values: {"enum": values}, st.lists(st.integers() | st.text(max_size=3), min_size=1, max_size=3)
        ),
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(
                lambda properties: {
                    "type": "object",
                    "properties": properties,
                    "required": sorted(properties)[:2],
                    "additionalProperties": False,
                },
                st.dictionaries(st.text(max_size=3), inner, max_size=3),
            ),
            st.builds(lambda one, low: {"type": "array", "items": one, "minItems": low}, inner, st.integers(0, 3)),
            st.builds(lambda one, other: {"anyOf": [one, other]}, inner, inner),
        ),
        max_leaves=6,
    )


@given(simple())
def test_any_schema_that_providers_take_is_met(schema: Any) -> None:
    jsonschema.Draft202012Validator(schema).validate(instance_of(schema))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda one: (
            st.lists(one, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "properties",
                        "items",
                        "$ref",
                        "anyOf",
                        "enum",
                        "minimum",
                        "minItems",
                        "minLength",
                        "pattern",
                        "required",
                        "allOf",
                    ]
                ),
                one,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_what_is_no_schema_is_no_error(schema: Any) -> None:
    instance_of(schema)
