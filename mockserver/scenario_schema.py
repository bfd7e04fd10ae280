"""The JSON Schema (draft 2020-12) of a scenario file, for editors: completion, hover texts, red underlines.

A description of what `scenario_file` accepts, not what it checks with: whether a fault is known and fits a tape is
beyond a schema. Imports `scenario`, `scenario_file` and `faults`.
"""

from __future__ import annotations

from typing import Any, get_args

from mockserver.faults.table import FAMILIES
from mockserver.scenario import Count, ResetAfter
from mockserver.scenario_file import LONGEST_GLOB, MOST_ATTEMPTS, MOST_CHANCES, MOST_GLOBS, MOST_RULES

_NAMES = ", ".join(name for names in FAMILIES.values() for name in names)
_GLOB = {"type": ["string", "number"], "maxLength": LONGEST_GLOB}


def scenario_schema() -> dict[str, Any]:
    """A new schema, ready for `json.dumps`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "tokentape-scenario.json",
        "title": "tokentape scenario",
        "description": "Which requests get which tapes and faults on which attempt.",
        "type": "object",
        "required": ["rules"],
        "additionalProperties": False,
        "properties": {
            "seed": _none_or(
                type="integer",
                minimum=0,
                description="Of all that is random; --seed wins. The same seed, the same faults.",
            ),
            "count": _count(),
            "reset_after": _reset_after(),
            "rules": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_RULES,
                "description": "The first one that fits a request decides what it gets.",
                "items": {"$ref": "#/$defs/rule"},
            },
        },
        "$defs": {
            "rule": _rule(),
            "when": _when(),
            "globs": _globs(),
            "attempt": _attempt(),
            "fault": _fault(),
            "faults": _faults(),
        },
    }


def _none_or(**schema: Any) -> dict[str, Any]:
    """What is null is not there."""
    kind = schema.pop("type", None)
    return {**({"type": [kind, "null"]} if kind else {}), **schema}


def _choice(kinds: object, description: str) -> dict[str, Any]:
    return {"enum": [*get_args(kinds), None], "description": description}


def _count() -> dict[str, Any]:
    return _choice(Count, "What attempts count: requests that ask the same (the default), or all of the deck.")


def _reset_after() -> dict[str, Any]:
    return _choice(
        ResetAfter, "success (the default): counting restarts after an attempt without fault was delivered whole."
    )


def _rule() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "What the requests of `when` get.",
        "additionalProperties": False,
        "properties": {
            "when": {"anyOf": [{"$ref": "#/$defs/when"}, {"type": "null"}]},
            "tape": _none_or(
                type="string", description="A loaded tape, or NAME#n for one interaction. Without: whichever matches."
            ),
            "attempts": _none_or(
                type="array",
                minItems=1,
                maxItems=MOST_ATTEMPTS,
                description="The faults of the first attempt, of the second, …; the last repeats. [] has none.",
                items={"$ref": "#/$defs/attempt"},
            ),
            "chance": _none_or(
                type="object",
                minProperties=1,
                maxProperties=MOST_CHANCES,
                description="Faults, and the share of requests, 0 to 1, that they act on: independent draws, in order.",
                propertyNames={"$ref": "#/$defs/faults"},
                additionalProperties={"type": "number", "minimum": 0, "maximum": 1},
            ),
            "count": _count(),
            "reset_after": _reset_after(),
        },
    }


def _when() -> dict[str, Any]:
    what = {
        "provider": "The provider that is meant: openai, anthropic, google, …",
        "dialect": "The wire grammar: openai-chat, openai-responses, anthropic, gemini, …",
        "model": "The model that the request names.",
        "path": "The raw path behind deck, faults and mount, as /v1/chat/completions.",
        "deck": "The deck's name; '' for requests that name none.",
    }
    globs = {key: {"$ref": "#/$defs/globs", "description": text} for key, text in what.items()}
    header = _none_or(
        type="object",
        description="Headers that the request has, with their values; '*' for any value.",
        additionalProperties={"$ref": "#/$defs/globs"},
    )
    stream = _none_or(type="boolean", description="Whether a stream is asked for.")
    return {
        "type": "object",
        "description": "Which requests: all that is given must fit. {} is for every request.",
        "additionalProperties": False,
        "properties": {**globs, "header": header, "stream": stream},
    }


def _globs() -> dict[str, Any]:
    many = {"type": "array", "minItems": 1, "maxItems": MOST_GLOBS, "items": _GLOB}
    return {
        "description": "A pattern, or several of which one must fit: * any text, ? a character, [ab] one of them.",
        "anyOf": [_GLOB, many, {"type": "null"}],
    }


def _attempt() -> dict[str, Any]:
    return {
        "description": "The faults of one attempt.",
        "anyOf": [{"$ref": "#/$defs/fault"}, {"type": "array", "items": {"$ref": "#/$defs/fault"}}, {"type": "null"}],
    }


def _faults() -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": r"^ *[A-Za-z][A-Za-z0-9_-]*\??(@|#|:|;| *$)",
        "description": f"NAME[?][@WHERE][#ATTEMPTS][:ARGS], several with ';' between them. NAME: {_NAMES}, case.",
    }


def _fault() -> dict[str, Any]:
    mapping = {
        "type": "object",
        "description": "The fault's arguments are keys beside these.",
        "required": ["fault"],
        "properties": {
            "fault": {"type": "string", "description": f"One of {_NAMES}, case."},
            "at": {
                "type": ["string", "number"],
                "description": "request, headers, end, 3e, 2c, 100b, 50%, 1500ms, =NAME",
            },
            "attempts": {"type": ["string", "integer"], "description": "1, 1-2 or 2+, counted for the deck's life."},
            "optional": {"type": "boolean", "description": "Left out where it cannot apply."},
        },
    }
    return {"anyOf": [{"$ref": "#/$defs/faults"}, mapping]}
