"""go-vcr cassettes, versions 1 to 4: `url`, a status line, a code and a duration.

Fact (its pkg/recorder/recorder.go): `duration` is the time RoundTrip took, which returns when the head is there, so
it is `headers_ms`. The body was read afterwards and its time is lost. Go takes Transfer-Encoding out of the headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cassettes.convert import values
from cassettes.convert.draft import Draft
from cassettes.convert.exchange import begun, exchanges, first, has

NAME = "go-vcr"

_DURATION = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|μs|ms|s|m|h)")
_UNIT_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}


def fits(value: object) -> bool:
    """Whether `value` has interactions with a request `url` and a response `code`."""
    entry = first(value, "interactions")
    return has(entry, "request", "url") and has(entry, "response", "code")


def drafts(value: object, name: str) -> Iterator[Draft]:
    """A draft an interaction."""
    for one in exchanges(values.mapping(value, "a cassette", name)["interactions"], "interactions", name):
        made = begun(one, message="status")
        made.code = values.status(one.response.get("code"), one.place)
        if made.message is not None:
            made.message = made.message.removeprefix(str(made.code)).strip()  # `status: 200 OK`
        made.pieces = [values.body(one.response.get("body"), one.place)]
        made.headers_ms = duration_ms(one.response.get("duration"))
        made.http = "1.0" if one.response.get("proto") == "HTTP/1.0" else "1.1"
        made.trailers = values.headers(one.response.get("trailer"), one.place)
        yield made


def duration_ms(value: object) -> float:
    """A Go duration (`1m2.5s`, `859.5µs`) in ms; a bare number is nanoseconds; 0.0 for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value * 1e-6 if 0 <= value < values.MAX_MS * 1e6 else 0.0
    if not isinstance(value, str):
        return 0.0
    duration = sum(float(number) * _UNIT_MS[unit] for number, unit in _DURATION.findall(value[:64]))
    return duration if duration < values.MAX_MS else 0.0
