"""An exchange: one request beside its response in a foreign recording, and the draft begun from its request.

The part that nearly all formats spell alike. May import its siblings `draft` and `values`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cassettes.convert import values
from cassettes.convert.draft import Draft, absolute


class Exchange(NamedTuple):
    """The plain values of one exchange. `place` is `file#N`, from 1, and goes into errors."""

    place: str
    whole: Mapping[str, object]
    request: Mapping[str, object]
    response: Mapping[str, object]


def exchanges(found: object, what: str, name: str) -> Iterator[Exchange]:
    """The exchanges of the list `found`, which the file calls `what`."""
    for number, entry in enumerate(values.items(found, what, name), 1):
        yield exchange(entry, f"{name}#{number}")


def exchange(entry: object, place: str) -> Exchange:
    """The exchange that the mapping `entry` holds. Raises CassetteError if its parts are no mappings."""
    whole = values.mapping(entry, "an interaction", place)
    request = values.mapping(whole.get("request"), "request", place)
    return Exchange(place, whole, request, values.mapping(whole.get("response"), "response", place))


def begun(one: Exchange, *, uri: str = "url", message: str | None = None, body: object = None) -> Draft:
    """A draft with the request and the headers of the response filled in.

    `uri` and `message` name the fields of the request's URL and of the response's reason phrase. `body` is the
    request's, if it is not simply under `body`.
    """
    place, request, response = one.place, one.request, one.response
    asked = values.headers(request.get("headers"), place)
    phrase = response.get(message) if message else None
    return Draft(
        place=place,
        method=values.line(request.get("method") or "POST", "method", place),
        uri=absolute(values.line(request.get(uri) or "", uri, place), place),
        request_headers=asked,
        request_body=values.body(body if body is not None else request.get("body"), place, asked),
        message=None if phrase is None else values.line(phrase, "status message", place),
        headers=values.headers(response.get("headers"), place),
    )


def first(value: object, key: str) -> Mapping[str, object] | None:
    """The first entry of the list under `key`, if that is an exchange: what a format is recognised by."""
    found = value.get(key) if isinstance(value, dict) else None
    entry = found[0] if isinstance(found, list) and found else None
    return entry if isinstance(entry, dict) and has(entry, "request") and has(entry, "response") else None


def has(entry: object, key: str, *fields: str) -> bool:
    """Whether `entry` has a mapping under `key`, with all of `fields`."""
    inner = entry.get(key) if isinstance(entry, dict) else None
    return isinstance(inner, dict) and all(field in inner for field in fields)
