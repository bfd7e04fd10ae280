"""vcrpy cassettes, YAML or JSON: version 1, the older httpx form, and pydantic-ai's `parsed_body`.

Facts: vcr/serialize.py and vcr/stubs of vcrpy 1 to 9. `body.string` is text or binary; the older httpx form has
`status_code` and `content` in their place; `parsed_body` is a JSON value in place of a body, on either side.
"""

from __future__ import annotations

from collections.abc import Iterator

from cassettes.convert import values
from cassettes.convert.draft import Draft
from cassettes.convert.exchange import Exchange, begun, exchange, exchanges, first, has
from cassettes.model import CassetteError

NAME = "vcrpy"


def fits(value: object) -> bool:
    """Whether `value` is a mapping whose interactions have a `uri`, as only vcrpy's do; it may be empty."""
    if isinstance(value, dict) and value.get("interactions") == []:
        return True
    return has(first(value, "interactions"), "request", "uri")


def drafts(value: object, name: str) -> Iterator[Draft]:
    """A draft an interaction. Raises CassetteError for a tape of our own: that is loaded, not imported."""
    for one in exchanges(values.mapping(value, "a cassette", name)["interactions"], "interactions", name):
        yield _draft(one)


def draft(entry: object, place: str) -> Draft:
    """One interaction of vcrpy, given as plain values; `place` goes into errors."""
    return _draft(exchange(entry, place))


def _draft(one: Exchange) -> Draft:
    place, response = one.place, one.response
    if isinstance(response.get("stream"), dict):
        raise CassetteError("a tokentape cassette already: play it as it is, there is nothing to import", place)
    made = begun(one, uri="uri", body=one.request.get("body", one.request.get("parsed_body")))
    made.recorded_at = values.moment(one.whole.get("recorded_at"))
    if "status_code" in response:
        made.code = values.status(response["status_code"], place)
        stored = response.get("content")
    else:
        status = values.mapping(response.get("status"), "status", place)
        made.code = values.status(status.get("code"), place)
        message = status.get("message")
        made.message = None if message is None else values.line(message, "status message", place)
        stored = response.get("body")
        if isinstance(stored, dict):
            if stored and "string" not in stored:
                raise CassetteError(f"body should have a string, found {', '.join(map(repr, stored))}", place)
            stored = stored.get("string")
        if stored is None:
            stored = response.get("parsed_body")
    made.pieces = [values.body(stored, place, made.headers, spaced=True)]
    made.reparsed = isinstance(stored, dict | list)
    return made
