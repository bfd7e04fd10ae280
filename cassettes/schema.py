"""The JSON Schema (draft 2020-12) of a cassette file, for editors: completion, hover texts, red underlines.

A description of what `cassettes.yamlread` and `cassettes.yamlstream` accept, not what they check with: sums of sizes
are beyond a schema, and where vcrpy allows keys of others, so does it.
May import `cassettes.model` and `cassettes.yamlstream`, whose words it lists.
"""

from __future__ import annotations

from typing import Any, get_args

from cassettes.model import EndingPlace, EndingType, EventKind, Framing, Source
from cassettes.yamlstream import FORMAT, TOKEN, Http, Pacing

_CHUNK_LINE = r"[ \t]*([0-9]+(\.[0-9]+)?[ \t]+([0-9]+[eb]|\*)\+?)?[ \t]*(#[^\n]*)?"
_TEXT = {"type": ["string", "null"]}
_HEADER_VALUE = {"type": ["string", "number", "boolean"]}


def cassette_schema() -> dict[str, Any]:
    """A new schema, ready for `json.dumps`; `!!binary` text counts as a string."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "tokentape-cassette.json",
        "title": "tokentape cassette",
        "description": "Recorded HTTP exchanges: vcrpy's cassette version 1 with one mapping more, response.stream.",
        "type": "object",
        "required": ["interactions"],
        "properties": {
            "version": {"const": 1, "description": "The version of vcrpy's format."},
            "interactions": {
                "type": "array",
                "description": "Played in this order; #1 is the first.",
                "items": {
                    "type": "object",
                    "required": ["request", "response"],
                    "properties": {"request": {"$ref": "#/$defs/request"}, "response": {"$ref": "#/$defs/response"}},
                },
            },
        },
        "$defs": {
            "request": _request(),
            "response": _response(),
            "headers": _headers(),
            "stream": _stream(),
            "end": _end(),
            "pairs": _pairs(),
        },
    }


def _choice(kinds: object, description: str) -> dict[str, Any]:
    return {"enum": [*get_args(kinds)], "description": description}


def _time(description: str) -> dict[str, Any]:
    return {"type": "number", "minimum": 0, "description": description}


def _request() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "What was asked, redacted. vcrpy allows exactly these four keys.",
        "required": ["method", "uri"],
        "additionalProperties": False,
        "properties": {
            "method": {"type": "string", "pattern": f"^{TOKEN.pattern}$"},
            "uri": {"type": "string", "description": "The absolute URL of the upstream."},
            "headers": {"$ref": "#/$defs/headers"},
            "body": {
                "type": ["string", "null", "object", "array"],
                "description": "The bytes sent, as text or !!binary; a mapping or list stands for its compact JSON.",
            },
        },
    }


def _response() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {
                "type": "object",
                "required": ["code"],
                "properties": {"code": {"type": "integer", "minimum": 100, "maximum": 999}, "message": _TEXT},
            },
            "headers": {"$ref": "#/$defs/headers"},
            "body": {
                "type": ["object", "null"],
                "description": "The body, stored once: de-chunked, its content coding kept.",
                "properties": {
                    "string": _TEXT | {"description": "The bytes as text, or as !!binary when they are not UTF-8."},
                    "base64_string": {"type": "string", "contentEncoding": "base64"},
                },
                "anyOf": [{"required": ["string"]}, {"required": ["base64_string"]}, {"type": "null"}],
            },
            "stream": {"$ref": "#/$defs/stream"},
        },
    }


def _headers() -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "description": "Name -> list of values, as received; order and case are kept per name.",
        "propertyNames": {"pattern": f"^{TOKEN.pattern}$"},
        "additionalProperties": {"anyOf": [{"type": "array", "items": _HEADER_VALUE}, _HEADER_VALUE]},
    }


def _pairs() -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": _HEADER_VALUE},
        "description": "A list of [name, value].",
    }


def _stream() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "How the response came: timing, framing, ending. Without it, a tape plays at a synthetic pace.",
        "required": ["v"],
        "additionalProperties": False,
        "properties": {
            "v": {"const": FORMAT, "description": "The version of this mapping."},
            "provider": {"type": "string", "description": "Who answered: openai, anthropic, google, xai, …"},
            "dialect": {"type": "string", "description": "The wire grammar: openai-chat, anthropic, gemini, …, raw."},
            "source": _choice(Source, "Where the timing is from. Change it to edited when you edit a recording."),
            "pacing": _choice(Pacing, "synthetic: the gaps were made up, not measured."),
            "recorded_at": {"type": "string", "description": 'When, e.g. "2026-11-20T09:30:00.000Z".'},
            "http": _choice(Http, "The HTTP version of the response, in quotes."),
            "framing": _choice(Framing, "chunked: a line of chunks is an HTTP chunk. length, close: it is one read."),
            "headers_ms": _time("Last request byte read -> response head complete, in ms."),
            "events": _choice(EventKind, "How the body divides into events, where its content type does not say it."),
            "chunks": {
                "type": "string",
                "pattern": f"^({_CHUNK_LINE}\n)*{_CHUNK_LINE}$",
                "description": '"<gap_ms> <size>[+]" a line. Sizes: 2e = two whole events, 151b = bytes, * = the rest;'
                " together they are the body. +: the HTTP chunk goes on in the next line. #: a comment.",
            },
            "end": {"$ref": "#/$defs/end"},
            "head": {"type": "string", "description": "The bytes of a head that never completed (with end.at: head)."},
            "trailers": {"$ref": "#/$defs/pairs", "description": "Trailer fields: a list of [name, value]."},
            "informational": {"type": "array", "description": "1xx responses before the head.", "items": _early()},
        },
    }


def _early() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["at_ms", "code"],
        "additionalProperties": False,
        "properties": {
            "at_ms": _time("When, in ms after the last request byte."),
            "code": {"type": "integer", "minimum": 100, "maximum": 199},
            "message": _TEXT,
            "headers": {"$ref": "#/$defs/pairs"},
        },
    }


def _end() -> dict[str, Any]:
    types = _choice(
        EndingType,
        "eof: whole. cut: FIN inside the framing. reset: RST. timeout, client_closed: nothing more came."
        " interrupted: the recorder stopped.",
    )
    return {
        "description": "How the response ended; a word alone is its type.",
        "anyOf": [
            types,
            {
                "type": "object",
                "required": ["type"],
                "additionalProperties": False,
                "properties": {
                    "type": types,
                    "at": _choice(EndingPlace, "request: before any head byte. head: inside the head. body: after it."),
                    "gap_ms": _time("Since the last body byte, else the end of the head, else the last request byte."),
                    "missing": {
                        "type": "integer",
                        "minimum": 0,
                        "description": "Bytes of the open HTTP chunk or Content-Length that never came.",
                    },
                    "client_left_ms": _time("When the recording's client left, if the upstream went on to its end."),
                },
            },
        ],
    }
