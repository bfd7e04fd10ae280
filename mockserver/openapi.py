"""The control API as an OpenAPI 3.1 document, made of the table that the router goes by (`operations`).

Written here besides are the schemas of what is sent and answered. Imports `operations` and the standard library.
"""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mockserver.operations import OPERATIONS, PREFIX, Operation

_COMMON = {401: "off loopback, without the token", 403: "from another site, or by a name that is not this server's"}
"""Answers of the guard, which every operation has but `health` (401 there is none)."""


def _object(_required: str = "", _closed: bool = False, **properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    required = list(properties) if _required == "all" else _required.split()
    if required:
        schema["required"] = required
    return {**schema, "additionalProperties": False} if _closed else schema


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


TEXT: dict[str, Any] = {"type": "string"}
MAYBE: dict[str, Any] = {"type": ["string", "null"]}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
MAYBE_COUNT: dict[str, Any] = {"type": ["integer", "null"], "minimum": 0}
MAYBE_MS: dict[str, Any] = {"type": ["number", "null"], "minimum": 0}
FLAG: dict[str, Any] = {"type": "boolean"}
WRITTEN_RATE: dict[str, Any] = {"type": ["string", "number", "null"]}

TAPE_NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}

BODY = _object("all", bytes=COUNT, sha256=MAYBE, text=MAYBE, base64=MAYBE, whole=FLAG)
ENDINGS = {"enum": ["kept-alive", "fin", "reset", "client-left", "aborted", "none"]}
BY = {"enum": ["tape", "upstream", "server", "client", "shutdown", "control", "fault", None]}
INTERACTION = _object(
    "all", n=COUNT, method=TEXT, path=TEXT, provider=MAYBE, dialect=TEXT, status=COUNT, events=COUNT, ending=TEXT
)

SCHEMAS: dict[str, dict[str, Any]] = {
    "Error": _object("error", error=_object("message code", message=TEXT, code=TEXT)),
    "Health": _object("all", status={"const": "ok"}, tapes=COUNT),
    "Document": {"type": "object", "required": ["openapi", "paths"]},
    "Tapes": _object("all", tapes=_list(_object("all", name=TEXT, interactions=_list(INTERACTION)))),
    "Removed": _object("all", removed=COUNT),
    "Decks": _object("all", decks=_list(_ref("Deck"))),
    "Deck": _object(
        "all",
        name=MAYBE,
        own=FLAG,
        tapes={"type": ["array", "null"], "items": TEXT},
        faults=_list(TEXT),
        requests=COUNT,
        misses=COUNT,
        live=COUNT,
        idle_s={"type": "number", "minimum": 0},
        places=_list(_object("all", first=TEXT, delivered=COUNT, of=COUNT)),
        attempts=_list(_object("all", key=TEXT, count=COUNT)),
    ),
    "Setup": _object(
        "",
        True,
        tapes={
            "type": ["array", "null"],
            "maxItems": 100,
            "items": {"oneOf": [TEXT, _object("all", True, name=TAPE_NAME, text=TEXT)]},
        },
        match={"enum": ["exact", "normalized", "conversation", "last-user", "route", "order", None]},
        after_last={"enum": ["repeat", "error", None]},
        speed=WRITTEN_RATE,
        ttft=MAYBE,
        tps=WRITTEN_RATE,
        max_gap=MAYBE,
        jitter=MAYBE,
        seed={"type": ["integer", "null"]},
        faults=_list({"type": ["string", "object"]}),
        scenario={"type": ["string", "object", "null"]},
    ),
    "Requests": _object("all", total=COUNT, dropped=COUNT, last=COUNT, requests=_list(_ref("Request"))),
    "Request": _object(
        "all",
        n=COUNT,
        at=TEXT,
        deck=MAYBE,
        method=TEXT,
        path=TEXT,
        headers=_list({"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2}),
        body=BODY,
        provider=MAYBE,
        dialect=TEXT,
        operation=MAYBE,
        model=MAYBE,
        key=MAYBE,
        attempt=MAYBE_COUNT,
        tape=MAYBE,
        level=MAYBE,
        faults=_list(TEXT),
        seed={"type": ["integer", "null"]},
        notes=_list(TEXT),
        status=COUNT,
        bytes=COUNT,
        of=MAYBE_COUNT,
        first_byte_ms=MAYBE_MS,
        last_byte_ms=MAYBE_MS,
        end_ms=MAYBE_MS,
        in_flight=FLAG,
        ending=ENDINGS,
        ended_by=BY,
    ),
    "Misses": _object(
        "all",
        total=COUNT,
        dropped=COUNT,
        misses=_list(
            _object(
                "all",
                method=TEXT,
                path=TEXT,
                provider=MAYBE,
                dialect=TEXT,
                deck=MAYBE,
                nearest=MAYBE,
                differs=_list(TEXT),
                rule=MAYBE,
                matches=MAYBE,
                message=TEXT,
                count=COUNT,
            )
        ),
    ),
    "Verdicts": _object("all", verdicts=_list(_ref("Verdict"))),
    "Verdict": _object(
        "all",
        name=TEXT,
        deck=MAYBE,
        requests=_list(COUNT),
        found=TEXT,
        expected=TEXT,
        source=TEXT,
        evidence={"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
    ),
    "Streams": _object("all", streams=_list(_ref("Stream"))),
    "Stream": _object(
        "all",
        n=COUNT,
        deck=MAYBE,
        tape=MAYBE,
        kind={"enum": ["played", "relayed"]},
        paused=FLAG,
        bytes=COUNT,
        of=MAYBE_COUNT,
        next_ms=MAYBE_MS,
        events=MAYBE_COUNT,
        of_events=MAYBE_COUNT,
    ),
    "Nothing": _object("", True),
    "Injection": {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            "text": {**TEXT, "minLength": 1, "maxLength": 65536},
            "base64": {**TEXT, "minLength": 1, "maxLength": 87384, "contentEncoding": "base64"},
        },
    },
}


@cache
def document() -> dict[str, Any]:
    """The document. One and the same each time: it depends on nothing but this version."""
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(f"{PREFIX}/{one.path}", {})[one.method.lower()] = _described(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tokentape control API",
            "version": _version(),
            "description": "What a running server has, does and did. See docs/control-api.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "Needed off loopback."}},
        },
    }


def _described(one: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": one.id, "summary": one.about, "responses": _responses(one)}
    if one.parameters:
        described["parameters"] = [
            {
                "name": parameter.name,
                "in": parameter.place,
                "required": parameter.place == "path",
                "description": parameter.about,
                "schema": parameter.schema,
                "example": parameter.example,
            }
            for parameter in one.parameters
        ]
    if one.body:
        content = {"application/json": {"schema": _ref(one.body), "example": one.example}}
        described["requestBody"] = {"required": one.body == "Injection", "content": content}
    return described


def _responses(one: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, name in sorted({**one.answers, **dict.fromkeys(_COMMON, "Error")}.items()):
        told = _COMMON.get(status) or HTTPStatus(status).phrase
        schema = _ref(name) if name else {"type": "string"}
        kind = "application/json" if name else one.kind
        found[str(status)] = {"description": told, "content": {kind: {"schema": schema}}}
    return found


def _version() -> str:
    try:
        return version("tokentape")
    except PackageNotFoundError:  # a checkout that is not installed
        return "0"
