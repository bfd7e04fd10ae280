"""The description of the control API against the table, the page of documentation, and the answers of a server; and what
a server says to thousands of odd requests made from it: never a 500."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tapes import taped
from wires import Tool, ask, connected, event, post, tool

from cassettes.model import Ending
from mockserver.openapi import SCHEMAS, document
from mockserver.operations import OPERATIONS, PREFIX, Operation
from mockserver.setup import Setup

pytestmark = pytest.mark.xdist_group("openapi")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "control-api.md"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("openapi")
    taped(base / "tapes", "one", [event("one"), event("two")])
    taped(base / "tapes", "stall", [event("one")], end=Ending(type="timeout", gap_ms=1.0))
    with tool(base, "serve", str(base / "tapes")) as one, connected(one.url) as client:
        client.sendall(post("/~checkout-test/up/stall", b"{}"))
        client.recv(65536)
        yield one
        assert "Traceback" not in one.said()


def asked(server: Tool, method: str, path: str, body: bytes = b"", *fields: str) -> tuple[int, bytes, bytes]:
    """(status, head, body) of an answer of known length."""
    with connected(server.url) as client:
        client.sendall(post(path, body, "Connection: close", *fields, method=method))
        data = bytearray()
        while more := client.recv(65536):
            data += more
    head, _, rest = bytes(data).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 "), head[:100]
    return int(head[9:12]), head, rest


def schema(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}


def fits(name: str, value: object) -> None:
    jsonschema.Draft202012Validator(schema(name)).validate(value)


def test_the_served_document_is_that_of_the_table(served: Tool) -> None:
    status, _, body = asked(served, "GET", f"{PREFIX}/openapi.json")
    assert status == 200
    told = json.loads(body)
    assert told == json.loads(json.dumps(document()))
    assert told["openapi"].startswith("3.1.")
    listed = {(path, method.upper()) for path, methods in told["paths"].items() for method in methods}
    assert listed == {(f"{PREFIX}/{one.path}", one.method) for one in OPERATIONS}


def test_every_schema_is_one_and_is_used() -> None:
    text = json.dumps(document())
    for name, one in SCHEMAS.items():
        jsonschema.Draft202012Validator.check_schema(one)
        assert f'"#/components/schemas/{name}"' in text, name
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) == set(SCHEMAS)


def test_the_schema_of_a_setup_has_its_fields() -> None:
    assert set(SCHEMAS["Setup"]["properties"]) == set(Setup.__struct_fields__)


def test_the_page_names_every_path_and_method() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [f"{one.method} {one.path}" for one in OPERATIONS if f"`{one.method} {one.path}`" not in page]
    assert missing == []
    named = set(re.findall(r"^\| `([A-Z]+ [^`]+)`", page, re.MULTILINE))
    assert named == {f"{one.method} {one.path}" for one in OPERATIONS}


def test_the_page_names_every_field_of_what_is_answered() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in ("Request", "Deck", "Stream", "Setup"):
        missing = [field for field in SCHEMAS[name]["properties"] if f"`{field}`" not in page]
        assert missing == [], name


def filled(one: Operation) -> str:
    path = one.path
    for parameter in one.parameters:
        path = path.replace(f"{{{parameter.name}}}", str(1 if parameter.name == "n" else parameter.example))
    return f"{PREFIX}/{path}"


@pytest.mark.parametrize("one", [one for one in OPERATIONS if one.id != "drop"], ids=lambda one: one.id)
def test_examples_are_taken_and_answered_as_described(one: Operation, served: Tool) -> None:
    if one.id in {"getDeck", "removeDeck"}:
        asked(served, "PUT", f"{PREFIX}/decks/checkout-test", b"{}", "Content-Type: application/json")
    body = json.dumps(one.example).encode() if one.body else b""
    if one.body:
        fits(one.body, one.example)
    fields = ("Content-Type: application/json",) if one.body else ()
    status, head, told = asked(served, one.method, filled(one), body, *fields)
    # The stream is paused by then, and an event may be under way: 409 has its schema too.
    assert status in {code for code in one.answers if code < 300 or code == 409}, told
    if one.answers[status]:
        fits(one.answers[status], json.loads(told))
    else:
        assert f"Content-Type: {one.kind}".encode() in head


# What others ask

FORM = "Content-Type: application/x-www-form-urlencoded"
FOREIGN = [
    ("Origin: https://evil.example", "Content-Type: application/json"),
    ("Origin: null", "Content-Type: application/json"),
    ("Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", FORM),
    ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", FORM),
    ("Host: rebound.example:7357", "Origin: http://rebound.example:7357", "Content-Type: application/json"),
    ("Host: rebound.example", "Sec-Fetch-Site: same-origin", "Content-Type: application/json"),
]


@pytest.mark.parametrize("fields", FOREIGN, ids=lambda fields: fields[0])
def test_no_operation_tells_or_does_anything_for_others(fields: tuple[str, ...], served: Tool) -> None:
    """A foreign page, a form that it sends, and a name that was bound to this machine behind a browser's back."""
    looks = [f"{PREFIX}/{path}" for path in ("decks", "streams", "tapes", "misses", "requests", "health")]
    before = [asked(served, "GET", path)[2] for path in looks[:-1]]
    for one in OPERATIONS:
        body = json.dumps(one.example).encode() if one.body else b""
        path = filled(one).replace("checkout-test", "theirs") if one.method == "PUT" else filled(one)
        request = post(path, body, "Connection: close", *fields, method=one.method)
        if fields[0].startswith("Host"):
            request = request.replace(b"Host: 127.0.0.1\r\n", b"")
        seen = ask(served.url, request)
        assert seen.head[9:12] == b"403", (one.id, seen.raw)
        assert json.loads(seen.wire_body)["error"]["code"].startswith(("tokentape_foreign", "tokentape_cross_site"))
        assert seen.header("access-control-allow-origin") is None
        fits("Error", json.loads(seen.wire_body))
    for origin in ("https://evil.example", "null"):
        wish = (
            f"Origin: {origin}",
            "Access-Control-Request-Method: PUT",
            "Access-Control-Request-Headers: content-type",
        )
        status, head, _ = asked(served, "OPTIONS", f"{PREFIX}/decks/theirs", b"", *wish)
        assert (status, b"access-control-allow" in head.lower()) == (403, False)
    assert [_timeless(asked(served, "GET", path)[2]) for path in looks[:-1]] == [_timeless(one) for one in before]


def _timeless(told: bytes) -> bytes:
    return re.sub(rb'"(age_s|idle_s|next_ms|end_ms|[a-z_]*_ms|[a-z_]*_s|used)": ?[0-9.e-]+', b"", told)


# Odd requests

JUNK = st.sampled_from(
    ["", "a", "1", "0", "-1", "9" * 20, "%00", "%ff", "..", "%2e%2e%2f", "a b", "é", "~", "null", "{}"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | JUNK,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(SCHEMAS["Setup"]["properties"]) + sorted(SCHEMAS["Injection"]["properties"]) + ["name", "path"]
BODIES = (
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4).map(lambda value: json.dumps(value).encode())
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=30)
    | st.just(b"[" * 1_200)
    | st.sampled_from([{"tapes": ["one"]}, {"tapes": [{"name": "x", "text": "version: 1"}]}]).map(
        lambda value: json.dumps(value).encode()
    )
)
SEGMENTS = st.sampled_from(sorted({part for one in OPERATIONS for part in one.path.split("/")})) | JUNK
PATHS = st.lists(SEGMENTS, max_size=4).map("/".join) | st.sampled_from([one.path for one in OPERATIONS]).flatmap(
    lambda path: st.fixed_dictionaries({"name": JUNK, "n": JUNK}).map(lambda values: path.format(**values))
)
QUERIES = st.lists(st.tuples(st.sampled_from(["deck", "since", "limit", "x"]), JUNK), max_size=3).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)
METHODS = st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE"])
KINDS = st.sampled_from(["application/json", "text/plain", "application/json; charset=utf-8", "", "application/x+json"])
ANSWERED = {200, 201, 204, 400, 404, 405, 409, 413, 415, 422}


def odd_requests(examples: int) -> Any:
    wide = settings(max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture])
    return lambda test: wide(given(METHODS, PATHS, QUERIES, KINDS, BODIES)(test))


def check(served: Tool, method: str, path: str, query: str, kind: str, body: bytes) -> None:
    target = f"{PREFIX}/{quote(path, safe='/%~{}')}" + (f"?{quote(query, safe='=&%')}" if query else "")
    status, head, told = asked(served, method, target, body, *([f"Content-Type: {kind}"] if kind else []))
    assert status in ANSWERED, (method, target, body, told)
    if status >= 400 and method != "HEAD":
        fits("Error", json.loads(told))
    if status == 405:
        assert b"\r\nAllow: " in head


@odd_requests(150)
def test_odd_requests_get_no_500(served: Tool, method: str, path: str, query: str, kind: str, body: bytes) -> None:
    check(served, method, path, query, kind, body)


@pytest.mark.slow
@pytest.mark.timeout(900)
@odd_requests(5000)
def test_many_odd_requests_get_no_500(served: Tool, method: str, path: str, query: str, kind: str, body: bytes) -> None:
    check(served, method, path, query, kind, body)


def test_bodies_that_are_too_large(served: Tool) -> None:
    json_kind = "Content-Type: application/json"
    for method, path, size in (("PUT", "decks/a", 8 * 1024 * 1024), ("POST", "streams/1/inject", 128 * 1024)):
        status, _, told = asked(served, method, f"{PREFIX}/{path}", b" " * (size + 1), json_kind)
        assert (status, json.loads(told)["error"]["code"]) == (413, "tokentape_too_large")
