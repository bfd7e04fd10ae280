"""One response as a JSON mapping of status, headers and body: the least that a recorder writes. No request is told."""

from __future__ import annotations

from collections.abc import Iterator

from cassettes.convert import values
from cassettes.convert.draft import Draft

NAME = "json-response"


def fits(value: object) -> bool:
    """Whether `value` is a mapping with a numeric `status`, `headers` and a `body`."""
    return isinstance(value, dict) and isinstance(value.get("status"), int) and {"headers", "body"} <= set(value)


def drafts(value: object, name: str) -> Iterator[Draft]:
    """The one draft of the file."""
    place = f"{name}#1"
    found = values.mapping(value, "a response", place)
    headers = values.headers(found["headers"], place)
    yield Draft(
        place=place,
        code=values.status(found["status"], place),
        headers=headers,
        pieces=[values.body(found["body"], place, headers, spaced=True)],
        reparsed=isinstance(found["body"], dict | list),
    )
