"""Where the interactions of a cassette stand in its file, so that one goes or changes and all else stays as it is.

Block style only, as vcrpy and we write it; of any other layout nothing is known. Pure: bytes in, bytes out. Imports
`model`, `yamlio`, `yamlparse`, `yamltree`, `yamlwrite`.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from cassettes.model import Cassette, CassetteError, Interaction, Request
from cassettes.yamlio import load
from cassettes.yamlparse import inflated, parse
from cassettes.yamltree import Items, Node, Pairs
from cassettes.yamlwrite import canonical, request_text

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line to YAML 1.1, and so counts in its places (5.4)."""


class Span(NamedTuple):
    """An interaction's offsets in the text of the file, and those of its request, from the dash or key of each to what
    comes next."""

    start: int
    stop: int
    request: tuple[int, int]


class Layout(NamedTuple):
    """The text of a file and the span of each interaction; `head`: what stood before the text (a BOM)."""

    head: str
    text: str
    spans: tuple[Span, ...]


def layout(data: bytes, place: str) -> Layout | None:
    """Where the interactions in `data` stand; None for a layout that is not known (flow style, JSON, anchors). Raises
    CassetteError for what is no cassette."""
    load(data, place)
    whole = inflated(data, place).decode()
    text = whole.removeprefix("\ufeff")
    root = parse(data, place)
    keys = root.pairs if isinstance(root, Pairs) else []
    at = next((number for number, (key, _) in enumerate(keys) if key.text == "interactions"), None)
    if at is None or not isinstance(held := keys[at][1], Items):
        return None
    lines = [0, *(found.end() for found in _BREAK.finditer(text))]
    after = lines[keys[at + 1][0].spot.line] if at + 1 < len(keys) else len(text)
    spans = _spans(text, lines, held.items, after)
    return None if spans is None else Layout(whole[: len(whole) - len(text)], text, spans)


def _spans(text: str, lines: list[int], items: list[Node], after: int) -> tuple[Span, ...] | None:
    starts: list[int] = []
    for item in items:
        spot = item.spot
        start = lines[spot.line]
        if text[start : start + spot.column].strip() != "-" or not isinstance(item, Pairs):
            return None
        starts.append(start)
    spans = []
    for item, start, stop in zip(items, starts, [*starts[1:], after], strict=True):
        request = _request(lines, item, stop)
        if request is None or stop <= start:  # aliases stand where their anchor does
            return None
        spans.append(Span(start, stop, request))
    return tuple(spans)


def _request(lines: list[int], item: Node, stop: int) -> tuple[int, int] | None:
    """From the column of the key `request` to that of the next key."""
    pairs = item.pairs if isinstance(item, Pairs) else []
    at = next((number for number, (key, _) in enumerate(pairs) if key.text == "request"), None)
    if at is None:
        return None
    key = pairs[at][0].spot
    start = lines[key.line] + key.column
    return (start, lines[pairs[at + 1][0].spot.line] + pairs[at + 1][0].spot.column if at + 1 < len(pairs) else stop)


def without(data: bytes, place: str, dropped: Collection[int]) -> bytes | None:
    """The file without the interactions of those numbers (from 1); None where its layout is not known. Raises
    CassetteError."""
    found = layout(data, place)
    if found is None:
        return None
    text = found.text
    for number in sorted(dropped, reverse=True):
        span = found.spans[number - 1]
        text = text[: span.start] + text[span.stop :]
    held = load(data, place).interactions
    return _packed(found.head + text, data, place, [one for n, one in enumerate(held, 1) if n not in dropped])


def asked_with(data: bytes, place: str, requests: Mapping[int, Request]) -> bytes | None:
    """The file with other requests for the interactions of those numbers, answers as they are; None where its layout is
    not known. Raises CassetteError."""
    found = layout(data, place)
    if found is None:
        return None
    text = found.text
    for number in sorted(requests, reverse=True):
        start, stop = found.spans[number - 1].request
        column = start - max([0, *(one.end() for one in _BREAK.finditer(text, 0, start))])
        text = text[:start] + request_text(requests[number], column) + " " * column + text[stop:]
    held = load(data, place).interactions
    wanted = [replace(one, request=requests.get(n, one.request)) for n, one in enumerate(held, 1)]
    return _packed(found.head + text, data, place, canonical(Cassette(tuple(wanted))).interactions)


def _packed(text: str, data: bytes, place: str, wanted: Sequence[Interaction]) -> bytes | None:
    """As a file of the same kind, if that says what is `wanted`; else None: the layout was another than it seemed."""
    new = text.encode()
    try:
        if canonical(load(new, place)).interactions != canonical(Cassette(tuple(wanted))).interactions:
            return None
    except CassetteError:
        return None
    return gzip.compress(new, mtime=0) if inflated(data, place) is not data else new
