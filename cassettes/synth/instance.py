"""A value that a JSON Schema allows, always the same one: for structured answers and the arguments of tools.

Drafts 7 to 2020-12 as providers take them, and Gemini's dialect of them (types in capitals, `nullable`). Every property
is filled, required or not, but where a schema holds itself: there it stops as soon as it may. Pure: what cannot be read
allows anything. Imports `regex` and the standard library.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Final
from urllib.parse import unquote

from cassettes.synth.regex import example_of

_DEEPEST: Final = 40
_FULL: Final = 3
"""Times that a schema may hold itself before what need not be there is left out."""
_MOST_ITEMS: Final = 1000
_MOST_CHARACTERS: Final = 100_000
_FORMATS: Final = {
    "date-time": "2026-11-20T09:30:00Z",
    "date": "2026-11-20",
    "time": "09:30:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-a000-000000000000",
}
_WORDS: Final = "a synthetic text of as many characters as there have to be "


def instance_of(schema: object) -> object:
    """A value that `schema` allows."""
    return _Maker(schema).value(schema, {}, 0)


class _Maker:
    """Makes values of one root schema. `seen`: how often each reference was followed on the way."""

    def __init__(self, root: object) -> None:
        self._root = root

    def value(self, schema: object, seen: Mapping[str, int], depth: int) -> object:
        """A value of `schema`."""
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return None if depth > _DEEPEST else "text"
        schema, seen = self._resolved(schema, seen)
        if "const" in schema:
            return schema["const"]
        enum = schema.get("enum")
        if isinstance(enum, list) and enum:
            return enum[0]
        if "default" in schema and _plainly(schema["default"], schema):
            return schema["default"]
        for key in ("anyOf", "oneOf"):
            options = schema.get(key)
            if isinstance(options, list) and options:
                rest = {name: one for name, one in schema.items() if name != key}
                return self.value(self._merged(rest, self._shallow(options, seen)), seen, depth + 1)
        kind = _type(schema)
        if kind == "object":
            return self._object(schema, seen, depth)
        if kind == "array":
            return self._array(schema, seen, depth)
        if kind in ("integer", "number"):
            return _number(schema, whole=kind == "integer")
        return {"boolean": True, "null": None}[kind] if kind in ("boolean", "null") else _text(schema)

    def _resolved(
        self, schema: Mapping[str, object], seen: Mapping[str, int]
    ) -> tuple[dict[str, object], dict[str, int]]:
        """`schema` with what it refers to and all that it demands at once laid over each other."""
        found, counted = dict(schema), dict(seen)
        for _ in range(_DEEPEST):
            reference = found.pop("$ref", None)
            if isinstance(reference, str):
                counted[reference] = counted.get(reference, 0) + 1
                target = self._at(reference)
                found = self._merged(found, target) if isinstance(target, Mapping) else found
                continue
            both = found.pop("allOf", None)
            if not isinstance(both, list):
                break
            for one in both:
                found = self._merged(found, one)
        return found, counted

    def _at(self, reference: str) -> object:
        value = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def _merged(self, one: Mapping[str, object], other: object) -> dict[str, object]:
        """Both schemas as one: properties and demands add up, of the rest what `one` says wins."""
        if not isinstance(other, Mapping):
            return dict(one)
        merged = {**other, **one}
        for key in ("properties", "$defs", "definitions"):
            ours, theirs = one.get(key), other.get(key)
            if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
                merged[key] = {**theirs, **ours}
        ours, theirs = one.get("required"), other.get("required")
        if isinstance(ours, list) and isinstance(theirs, list):
            merged["required"] = [*theirs, *(name for name in ours if name not in theirs)]
        return merged

    def _shallow(self, options: list[object], seen: Mapping[str, int]) -> object:
        """The option to take: the first, but where that has been gone round already one that does not go on."""

        def weight(option: object) -> int:
            reference = option.get("$ref") if isinstance(option, Mapping) else None
            return seen.get(reference, 0) if isinstance(reference, str) else 0

        if weight(options[0]) < _FULL:
            return options[0]
        return min(options, key=lambda option: (weight(option), _type(option) not in ("null", "string")))

    def _object(self, schema: Mapping[str, object], seen: Mapping[str, int], depth: int) -> object:
        given, required = schema.get("properties"), schema.get("required")
        properties = dict(given) if isinstance(given, Mapping) else {}
        demanded = [name for name in (required if isinstance(required, list) else []) if isinstance(name, str)]
        full = max(seen.values(), default=0) < _FULL
        extra = schema.get("additionalProperties")
        made: dict[str, object] = {}
        most = _count(schema, "maxProperties", _MOST_ITEMS)
        room = len(properties) if most is None else most - len(demanded)
        for name, one in properties.items():
            if name in demanded or (full and one is not False and room > 0):
                room -= name not in demanded
                made[name] = self.value(one, seen, depth + 1)
        for name in demanded:
            if name not in made:
                made[name] = self.value(extra if isinstance(extra, Mapping) else True, seen, depth + 1)
        fewest = _count(schema, "minProperties", _MOST_ITEMS) or 0
        while len(made) < fewest:
            made[f"key{len(made) + 1}"] = self.value(extra if isinstance(extra, Mapping) else True, seen, depth + 1)
        return made

    def _array(self, schema: Mapping[str, object], seen: Mapping[str, int], depth: int) -> object:
        first = schema.get("prefixItems")
        items = list(first) if isinstance(first, list) else []
        rest, most = schema.get("items"), _count(schema, "maxItems", _MOST_ITEMS)
        wanted = _count(schema, "minItems", _MOST_ITEMS) or 0
        if max(seen.values(), default=0) < _FULL and rest is not False and (not items or isinstance(rest, Mapping)):
            wanted = max(wanted, len(items) + (rest is not None and not items))
        if most is not None:
            wanted = min(wanted, most)
        made = [self.value(one, seen, depth + 1) for one in items[: wanted or len(items)]]
        while len(made) < wanted:
            made.append(self.value(rest if isinstance(rest, Mapping) else True, seen, depth + 1))
        return _told_apart(made) if schema.get("uniqueItems") is True else made


def _type(schema: object) -> str:
    """The type to make: the first that is not null, or what the other keys are about."""
    if not isinstance(schema, Mapping):
        return "string"
    stated = schema.get("type")
    kinds = [kind.lower() for kind in (stated if isinstance(stated, list) else [stated]) if isinstance(kind, str)]
    if kinds:
        return next((kind for kind in kinds if kind != "null"), "null")
    if "properties" in schema or "additionalProperties" in schema or "required" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return "number" if {"minimum", "maximum", "multipleOf"} & schema.keys() else "string"


def _plainly(value: object, schema: Mapping[str, object]) -> bool:
    """Whether a default is of the type that it is the default of: schemas of models say null where none is allowed."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "array": list,
        "object": dict,
        "null": type(None),
    }
    simple = not {"anyOf", "oneOf", "items", "properties", "pattern", "minLength", "minimum"} & schema.keys()
    return (
        simple
        and isinstance(value, kinds.get(_type(schema), ()))
        and not (isinstance(value, bool) and _type(schema) != "boolean")
    )


def _text(schema: Mapping[str, object]) -> str:
    fewest, most = _count(schema, "minLength", _MOST_CHARACTERS) or 0, _count(schema, "maxLength", _MOST_CHARACTERS)
    pattern = schema.get("pattern")
    text = example_of(pattern) if isinstance(pattern, str) else None
    if text is None:
        name = schema.get("format")
        text = _FORMATS.get(name, "text") if isinstance(name, str) else "text"
    if len(text) < fewest:
        filling = text[-1:] * fewest if isinstance(pattern, str) else (_WORDS * (fewest // len(_WORDS) + 1))
        text = (text + filling)[:fewest]
    return text if most is None else text[:most]


def _number(schema: Mapping[str, object], *, whole: bool) -> int | float:
    """The number nearest to 1 that is allowed."""
    low, above = _limit(schema, "minimum", "exclusiveMinimum")
    high, below = _limit(schema, "maximum", "exclusiveMaximum")
    step = schema.get("multipleOf")
    unit = Fraction(str(step)) if _is_number(step) and isinstance(step, (int, float)) and step > 0 else None
    if unit is None and whole:
        unit = Fraction(1)
    value = Fraction(1)
    if unit is not None:
        least = math.ceil(low / unit) + (above and low % unit == 0) if low is not None else None
        largest = math.floor(high / unit) - (below and high % unit == 0) if high is not None else None
        count = max(1 if least is None else least, math.ceil(value / unit) if least is None else least)
        count = count if largest is None else min(count, largest)
        value = count * unit
    elif low is not None and (value < low or (above and value == low)):
        value = low if not above else (low + high) / 2 if high is not None else low + 1
    elif high is not None and (value > high or (below and value == high)):
        value = high if not below else (low + high) / 2 if low is not None else high - 1
    return int(value) if value.denominator == 1 else float(value)


def _limit(schema: Mapping[str, object], closed: str, opened: str) -> tuple[Fraction | None, bool]:
    """A limit, and whether it is itself out (draft 4 says so with true beside it)."""
    one, other = schema.get(closed), schema.get(opened)
    if _is_number(other):
        return Fraction(str(other)), True
    return (Fraction(str(one)), other is True) if _is_number(one) else (None, False)


def _count(schema: Mapping[str, object], key: str, most: int) -> int | None:
    """A count in a schema, but never a huge one: what is demanded there is not to be made."""
    found = schema.get(key)
    return min(max(0, found), most) if isinstance(found, int) and not isinstance(found, bool) else None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _told_apart(values: list[object]) -> list[object]:
    """Equal items with a number behind them, where that is possible."""
    made: list[object] = []
    for value in values:
        one = value
        while one in made:
            if isinstance(value, str):
                one = f"{value}{len(made) + 1}"
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                one = value + len(made)
            else:
                break
        made.append(one)
    return made
