"""Recordings of pi_agent_rust: interactions with pairs as headers and `body_chunks`.

The chunks are the client's reads: real boundaries, no time. The file has one date for all of its interactions.
"""

from __future__ import annotations

from collections.abc import Iterator

from cassettes.convert import values
from cassettes.convert.draft import Draft
from cassettes.convert.exchange import begun, exchanges, first, has

NAME = "pi-vcr"


def fits(value: object) -> bool:
    """Whether `value` has interactions whose responses have `body_chunks`."""
    return has(first(value, "interactions"), "response", "body_chunks")


def drafts(value: object, name: str) -> Iterator[Draft]:
    """A draft an interaction."""
    whole = values.mapping(value, "a cassette", name)
    for one in exchanges(whole["interactions"], "interactions", name):
        made = begun(one)
        made.code = values.status(one.response.get("status"), one.place)
        made.pieces = values.texts(one.response.get("body_chunks"), "body_chunks", one.place)
        made.bounded = True
        made.recorded_at = values.moment(whole.get("recorded_at"))
        yield made
