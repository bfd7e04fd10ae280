"""Cassettes of Ruby's VCR: `http_interactions`, bodies with their encoding, `!binary` strings.

Fact (its lib/vcr/structs.rb): the text in the YAML is the bytes of the body read as UTF-8 whatever `encoding` says
(VCR forces that encoding onto them when it loads); `base64_string` replaces `string` where so configured.
"""

from __future__ import annotations

from collections.abc import Iterator

from cassettes.convert import values
from cassettes.convert.draft import Draft
from cassettes.convert.exchange import begun, exchanges

NAME = "ruby-vcr"


def fits(value: object) -> bool:
    """Whether `value` is a mapping with `http_interactions`."""
    return isinstance(value, dict) and isinstance(value.get("http_interactions"), list)


def drafts(value: object, name: str) -> Iterator[Draft]:
    """A draft an interaction."""
    found = values.mapping(value, "a cassette", name)["http_interactions"]
    for one in exchanges(found, "http_interactions", name):
        status = values.mapping(one.response.get("status"), "status", one.place)
        message = status.get("message")
        made = begun(one, uri="uri", body=_body(one.request.get("body"), one.place))
        made.method = made.method.lstrip(":")  # Psych writes a symbol as `:post`
        made.code = values.status(status.get("code"), one.place)
        made.message = None if message is None else values.line(message, "status message", one.place)
        made.pieces = [_body(one.response.get("body"), one.place)]
        made.recorded_at = values.moment(one.whole.get("recorded_at"))
        made.http = "1.0" if str(one.response.get("http_version")) == "1.0" else "1.1"
        yield made


def _body(value: object, place: str) -> bytes:
    if isinstance(value, dict) and "base64_string" in value:
        return values.unbase64(value["base64_string"], "base64_string", place)
    return values.body(value.get("string") if isinstance(value, dict) else value, place)
