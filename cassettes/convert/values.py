"""Fields of a foreign recording read from plain values: headers in their three forms, bodies, status codes, dates.

Every function says what it found and what it expected, with the place it was given. No format is named here.
May import `cassettes.model`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from cassettes.model import CassetteError, Headers, header

MAX_MS = 1e9
"""Eleven days: no recording has a longer gap."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_COMPACT = (",", ":")
_SPACED = (", ", ": ")
# Separators and whether to escape what is not ASCII, in the order tried; backwards for responses.
_SPELLINGS = ((_COMPACT, False), (_COMPACT, True), (_SPACED, False), (_SPACED, True))
_HTTP_DATE = re.compile(r"\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d:\d\d:\d\d) GMT", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FORBIDDEN = re.compile(r"[\x00\r\n]")


def kind_of(value: object) -> str:
    """What `value` is, in words of JSON and YAML, for an error."""
    names = {dict: "a mapping", list: "a list", str: "text", bytes: "binary", bool: "true or false", type(None): "none"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)


def mapping(value: object, what: str, place: str) -> Mapping[str, object]:
    """`value` if it is a mapping; None counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CassetteError(f"{what} should be a mapping, found {kind_of(value)}", place)
    return value


def items(value: object, what: str, place: str) -> list[object]:
    """`value` if it is a list; None counts as an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise CassetteError(f"{what} should be a list, found {kind_of(value)}", place)
    return value


def encoded(text: str) -> bytes:
    """UTF-8. A lone surrogate, which JSON can escape, becomes its three bytes instead of an exception."""
    return text.encode("utf-8", "surrogatepass")


def text(value: object, what: str, place: str) -> str:
    """Header text, URL or method as text that encodes to UTF-8 with surrogateescape, as `cassettes.model` wants it."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        return encoded(value).decode("utf-8", "surrogateescape")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CassetteError(f"{what} should be text, found {kind_of(value)}", place)
    return str(value)


def line(value: object, what: str, place: str) -> str:
    """Text for one line of a head: a method, a URL, a reason phrase."""
    found = text(value, what, place)
    if _FORBIDDEN.search(found):
        raise CassetteError(f"{what} holds a line break or a NUL: {found[:60]!r}", place)
    return found


def headers(value: object, place: str) -> Headers:
    """Headers from a mapping of texts, a mapping of lists, a list of pairs or a list of {name, value}.

    A value with line breaks is what fetch-like recorders make of several headers of one name: one header a line.
    HTTP/2 pseudo headers (":status") are left out. Raises CassetteError for a name that is no token (RFC 9110 5.1).
    """
    found: list[tuple[str, str]] = []
    for name, entry in _pairs(value, place):
        if name.startswith(":"):
            continue
        if not _TOKEN.fullmatch(name):
            raise CassetteError(f"header name {name[:60]!r} is not a token", place)
        for one in _LINE_END.split(text(entry, f"header {name}", place)):
            if "\0" in one:
                raise CassetteError(f"header {name} holds a NUL", place)
            found.append((name, one.strip(" \t")))
    return tuple(found)


def _pairs(value: object, place: str) -> Iterable[tuple[str, object]]:
    if isinstance(value, dict):
        for key, entry in value.items():
            name = text(key, "a header name", place)
            for one in entry if isinstance(entry, list) else [entry]:
                yield name, "" if one is None else one
        return
    for entry in items(value, "headers", place):
        if isinstance(entry, dict) and "name" in entry:
            yield text(entry["name"], "a header name", place), entry.get("value") or ""
        elif isinstance(entry, list | tuple) and len(entry) == 2:
            yield text(entry[0], "a header name", place), entry[1]
        else:
            raise CassetteError(f"a header should be [name, value], found {kind_of(entry)}", place)


def body(value: object, place: str, of: Headers = (), *, spaced: bool = False) -> bytes:
    """The bytes of a body: text as UTF-8, binary as it is, none as nothing, and any JSON value written out again.

    The original spelling of a parsed value is lost. It is written compact and in UTF-8, as SDKs write requests, or
    `spaced` and in ASCII, as json.dumps does; another spelling wins if only it has the Content-Length that the headers
    `of` state.
    """
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return encoded(value)
    state = value.get("state") if isinstance(value, dict) and set(value) == {"state"} else None
    if isinstance(state, list | tuple) and state and isinstance(state[0], bytes):
        return state[0]  # vcrpy's io.BytesIO: [content, position, attributes]
    stated = header(of, "content-length")
    spellings = _SPELLINGS[::-1] if spaced else _SPELLINGS
    if stated is None:
        return _written(value, *spellings[0], place)
    written = (_written(value, *spelling, place) for spelling in spellings)
    usual = next(written)
    return usual if stated == str(len(usual)) else next((one for one in written if stated == str(len(one))), usual)


def _written(value: object, separators: tuple[str, str], escaped: bool, place: str) -> bytes:
    try:
        return encoded(json.dumps(value, ensure_ascii=escaped, separators=separators))
    except (TypeError, ValueError, RecursionError) as error:
        raise CassetteError(f"a body that is not JSON: {error}", place) from None


def texts(value: object, what: str, place: str) -> list[bytes]:
    """The chunks of a body that a client decoded to text, as bytes."""
    found = []
    for index, one in enumerate(items(value, what, place)):
        if not isinstance(one, str):
            raise CassetteError(f"{what}[{index}] should be text, found {kind_of(one)}", place)
        found.append(encoded(one))
    return found


def unbase64(value: object, what: str, place: str) -> bytes:
    """Base64 text, white space allowed."""
    if not isinstance(value, str):
        raise CassetteError(f"{what} should be base64 text, found {kind_of(value)}", place)
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CassetteError(f"{what} is not base64: {error}", place) from None


def status(value: object, place: str) -> int:
    """A status code, 200 where the recording has none."""
    if value is None:
        return 200
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 100 <= value <= 599:
        raise CassetteError(f"status should be a number from 100 to 599, found {str(value)[:40]!r}", place)
    return value


def milliseconds(value: object, what: str, place: str) -> float:
    """A gap in ms: a number that is not negative and below MAX_MS."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < MAX_MS:
        raise CassetteError(f"{what} should be milliseconds, found {str(value)[:40]!r}", place)
    return float(value)


def moment(value: object) -> str | None:
    """A date (ISO 8601, RFC 9110 5.6.7, or ms since 1970) as `2026-11-20T09:30:00.000Z`; None for others."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            date = datetime.fromtimestamp(value / 1000, UTC)
        elif isinstance(value, str):
            # The standard parser of HTTP dates brings the socket module in; strptime goes by the user's locale.
            http = _HTTP_DATE.fullmatch(value)
            iso = f"{http[3]}-{_MONTHS.index(http[2]) + 1:02d}-{http[1]}T{http[4]}+00:00" if http else value
            date = datetime.fromisoformat(iso)
        else:
            return None
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        date = date.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{date:%Y-%m-%dT%H:%M:%S}.{date.microsecond // 1000:03d}Z"
