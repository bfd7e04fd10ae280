"""Requests of a tape replaced by those that a client sends now, its answers as they are; and the diff of that. Pure.

For clients whose requests have changed on purpose: another SDK, another prompt. Imports `framing`, `matching`, `model`,
`redact`, `spans`, `yamlio` and the standard library.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from difflib import unified_diff

from msgspec.structs import replace

from cassettes.framing import HOP_BY_HOP
from cassettes.matching import Asked, Entry
from cassettes.model import Cassette, Request, header
from cassettes.printable import escape
from cassettes.redact import Redactor
from cassettes.secrets import secrets_from_request
from cassettes.spans import asked_with
from cassettes.yamlio import dump, load
from cassettes.yamlparse import inflated

MARK = "x-tokentape"
"""What our own headers begin with."""


def request_of(asked: Asked, entry: Entry, redactor: Redactor) -> Request:
    """What was asked, as a tape keeps it: masked, at the upstream of `entry`, whose host it was not sent to."""
    sent, old = asked.request, entry.interaction.request
    redactor = redactor.with_secrets(secrets_from_request(sent.headers, sent.uri))
    origin = old.uri.partition("?")[0].removesuffix(entry.path)
    query = f"?{asked.route.query}" if asked.route.query else ""
    path = asked.route.path if asked.route.path.startswith("/") else entry.path
    host = header(old.headers, "host")
    headers = tuple(
        (name, host or "" if name.lower() == "host" else value)
        for name, value in sent.headers
        if name.lower() not in HOP_BY_HOP
        and not name.lower().startswith(MARK)
        and (name.lower() != "host" or host is not None)
    )
    if asked.inflated:
        headers = tuple(pair for pair in headers if pair[0].lower() != "content-encoding")
    # An upstream at a path of its own has that in front of what the client asks for.
    base = entry.path.removesuffix(path) if entry.path.endswith(path) else ""
    uri = old.uri if (base + path, asked.route.query) == (entry.path, entry.query) else f"{origin}{base}{path}{query}"
    masked = redactor.request(Request(sent.method, uri, headers))
    return replace(masked, body=asked.body)


def accepted(data: bytes, place: str, requests: Mapping[int, Request]) -> bytes:
    """The file with those requests, by number; where its layout is not known, written anew. Raises CassetteError."""
    new = asked_with(data, place, requests)
    if new is not None:
        return new
    held = load(data, place).interactions
    changed = (replace(one, request=requests.get(number, one.request)) for number, one in enumerate(held, 1))
    return dump(Cassette(tuple(changed)), compress=inflated(data, place) is not data)


def diff(old: bytes, new: bytes, name: str) -> Iterator[str]:
    """The lines that differ, escaped: what a tape says is nobody's to act on a terminal."""
    before, after = (_plain(data).splitlines() for data in (old, new))
    yield from (escape(line, keep="\t") for line in unified_diff(before, after, name, name, lineterm="", n=2))


def _plain(data: bytes) -> str:
    return (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode("utf-8", "replace")
