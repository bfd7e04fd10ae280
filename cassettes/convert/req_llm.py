"""Recordings of Elixir's ReqLLM: one request and response a file, the body as base64 chunks.

The chunks are what the HTTP client handed on, so their boundaries are real; no time was kept. A response that did not
stream has no `chunks` but a `body`, as a JSON value.
"""

from __future__ import annotations

from collections.abc import Iterator

from cassettes.convert import values
from cassettes.convert.draft import Draft
from cassettes.convert.exchange import begun, exchange, has

NAME = "req_llm"


def fits(value: object) -> bool:
    """Whether `value` is one request with a `url` and one response, beside each other."""
    return has(value, "request", "url") and has(value, "response", "status")


def drafts(value: object, name: str) -> Iterator[Draft]:
    """The one draft of the file."""
    one = exchange(value, f"{name}#1")
    asked = one.request.get("body")
    if asked is None:
        asked = one.request.get("canonical_json")
    made = begun(one, body=_unwrapped(asked, "request.body", one.place))
    made.code = values.status(one.response.get("status"), one.place)
    made.recorded_at = values.moment(one.whole.get("captured_at"))
    chunks = values.items(one.whole.get("chunks"), "chunks", one.place)
    if chunks:
        stored = [_unwrapped(chunk, f"chunks[{index}]", one.place) for index, chunk in enumerate(chunks)]
        made.pieces = [values.body(chunk, one.place) for chunk in stored]
        made.bounded = True
    else:
        body = _unwrapped(one.response.get("body"), "response.body", one.place)
        made.pieces = [values.body(body, one.place, made.headers, spaced=True)]
        made.reparsed = isinstance(body, dict | list)
    yield made


def _unwrapped(value: object, what: str, place: str) -> object:
    """The bytes of {b64: …}; anything else as it is."""
    if isinstance(value, dict) and isinstance(value.get("b64"), str):
        return values.unbase64(value["b64"], f"{what}.b64", place)
    return value
