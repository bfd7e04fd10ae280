"""One interaction held against the grammar of its dialect: a stream, or the error that came in its place. Pure.

Imports the files beside it, the tables and what `cassettes` knows of dialects, codings and events.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qs

from cassettes import dialects, grammar
from cassettes.check.finding import Finding
from cassettes.check.places import is_of, value_at, values
from cassettes.check.stream import check_stream
from cassettes.convert.coding import Unreadable, undo
from cassettes.events import event_kind
from cassettes.grammar.table import Grammar
from cassettes.matching import Entry, entry_of
from cassettes.model import CassetteError, Headers, Interaction, header
from cassettes.normalise import decoded

_EVENTS = re.compile(rb"\s*(?:data|event|id|retry)?:")


class Answer(NamedTuple):
    """What was found in one. `unchecked`: why the grammar could not be asked, "" if it was."""

    findings: tuple[Finding, ...] = ()
    unchecked: str = ""


def check_answer(interaction: Interaction) -> Answer:
    """What in the response is against the grammar of its dialect."""
    entry = entry_of("", 1, interaction)
    table = grammar.get(entry.dialect)
    if table is None:
        return Answer(unchecked=f"there is no grammar of the dialect {entry.dialect}")
    response, provider = interaction.response, entry.provider or "unknown"
    if response.stream.end.at != "body":
        return Answer(unchecked="the answer ended before its head was whole")
    body = _identity(response.headers, response.body)
    if body is None:
        return Answer(unchecked=f"its content coding {header(response.headers, 'content-encoding')} cannot be undone")
    if response.code >= 400:
        return Answer(tuple(_envelope(table, provider, body)))
    plain = tuple((name, value) for name, value in response.headers if name.lower() != "content-encoding")
    kind = event_kind(plain, response.code, body, response.stream.events)
    stream, odd = response.stream, tuple(_no_stream(table, entry)) if kind == "none" else ()
    if kind == "none" and header(response.headers, "content-type") is None and _EVENTS.match(body):
        kind = "sse"  # a tool has left the headers out
    if kind == "none":
        return Answer(odd, "" if odd else "the answer is no stream")
    found = check_stream(
        table,
        body,
        kind,
        provider=provider,
        whole=stream.end.type == "eof",
        resumed=_resumed(entry),
        trimmed=stream.source == "imported",
    )
    return Answer((*odd, *found))


def _identity(headers: Headers, body: bytes) -> bytes | None:
    """The body without its content coding; None where that cannot be undone."""
    coding = (header(headers, "content-encoding") or "identity").strip().lower()
    if coding == "identity":
        return body
    try:
        pieces = undo([body], coding, "")
    except (Unreadable, CassetteError):
        return None
    return body if pieces is None else b"".join(pieces)


def _asks(entry: Entry) -> bool:
    """Whether the request is one for a stream."""
    return dialects.get(entry.dialect).streams(entry.path, entry.query, decoded(entry.interaction.request.body))


def _no_stream(table: Grammar, entry: Entry) -> Iterator[Finding]:
    code = entry.interaction.response.code
    if _asks(entry) and 200 <= code < 300 and entry.operation:
        kind = header(entry.interaction.response.headers, "content-type") or "no content-type"
        yield Finding(
            table.rules["stream"], f"{code} with {kind[:80]} for a request with stream: true", "text/event-stream"
        )


def _resumed(entry: Entry) -> bool:
    """Whether the request takes up a stream that broke off (docs/resume.md)."""
    names = parse_qs(entry.query)
    again = any(name.lower() == "last-event-id" for name, _ in entry.interaction.request.headers)
    return again or "starting_after" in names


def _envelope(table: Grammar, provider: str, body: bytes) -> Iterator[Finding]:
    if any("envelope" in quirk.waives for quirk in table.quirks_of(provider)):
        return
    rule = table.rules["envelope"]
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        yield Finding(rule, "the body is no JSON", "the provider's error")
        return
    # Without `alt=sse` Gemini wraps its errors in a list.
    value = value[0] if isinstance(value, list) and value else value
    for place, types in table.envelope.items():
        if not values(value, place):
            yield Finding(rule, f"no {place} in the error", types.replace("|", " or "))
        elif not is_of(value_at(value, place), f"{types}|null"):
            yield Finding(rule, f"{place} of the error has another type", types.replace("|", " or "))
