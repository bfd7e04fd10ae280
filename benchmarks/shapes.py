"""What a stream looks like to someone who knows only shape: framing, order of events, keys and their order, ids, sizes.

Two sets of streams are compared as a discriminator would: what is in one and never in the other, and how far apart two
distributions are. Nothing of what is said is looked at. Pure.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from cassettes import dialects
from cassettes.dialects.base import at, payload
from cassettes.events import event_ends, event_kind
from cassettes.model import Interaction, header

CATEGORIES = ("framing", "order", "keys", "ids")
KEPT = ("ms before a chunk", "events a chunk", "bytes around what the commonest event says", "characters of padding")
"""Numbers that not every recording has: time was not always kept, arrays are indented in many ways, and there was a
time before padding."""
_FREE = frozenset(
    {"parameters", "schema", "args", "input", "metadata", "tools", "instructions", "output_schema", "format"}
)
"""Keys of which the content is the user's, not the provider's."""
_ASKED = {
    ".response": frozenset(
        {"instructions", "max_output_tokens", "tool_choice", "previous_response_id", "prompt_cache_key", "user"}
    ),
    ".response.reasoning": frozenset({"effort", "summary", "context"}),
}
"""Keys that repeat the request, by place: that they are there is the provider's, what is in them the user's."""
_IDS = re.compile(r"(?:.*_)?ids?|responseId|system_fingerprint")
_WHOLE_IDS = frozenset({"responseId"})
"""Ids in base64 for URLs, where `-` and `_` separate nothing."""
_RUN = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9+/=]{6,}|(?<![a-z])[0-9][0-9a-f]{3,5}\b|(?<=-)[0-9]{3}\b"
)
_COLON, _COMMA = re.compile(r'^\{"\w+": '), re.compile(r'^\{"\w+":\s*("[^"]*"|[0-9]+|\[\]), ')
_WHOLE = (b"\n\n", b"\r\n\r\n", b"]", b"]\n")
_PAD = re.compile(r"( +)\}$")


class Look(NamedTuple):
    """One stream: marks by category, and numbers by name."""

    name: str
    marks: Mapping[str, frozenset[str]]
    numbers: Mapping[str, tuple[float, ...]]


class Difference(NamedTuple):
    """One category over two sets of streams. `told`: the share of the second set that has a mark which no stream of the
    first has; `odd`: the share of the first with a mark that no other of the first has, which is what chance does.
    `strange`: marks of the second alone, `missing`: marks of most of the first that the second never has. `unmatched`:
    the names of the streams of the first that have such a mark, or any other that the second never has."""

    category: str
    told: float
    odd: float
    strange: tuple[tuple[str, int], ...]
    missing: tuple[tuple[str, int], ...]
    unmatched: frozenset[str]


class Distance(NamedTuple):
    """A number over two sets: Kolmogorov and Smirnov's distance, what chance explains of it (95 %), how many values
    there are of each, the medians."""

    name: str
    distance: float
    chance: float
    counts: tuple[int, int]
    medians: tuple[float, float]


def look(name: str, interaction: Interaction) -> Look:
    """What one recorded or synthetic answer looks like."""
    response = interaction.response
    kind = event_kind(response.headers, response.code, response.body, response.stream.events)
    edges = [0, *event_ends(response.body, kind)]
    events = [response.body[start:end] for start, end in pairwise(edges)]
    values = [payload(event) for event in events]
    labels = [label(value, event) for value, event in zip(values, events, strict=True)]
    said = [value for value in values if value is not None]
    marks = {
        "framing": frozenset(_framing(interaction, events)),
        "order": frozenset(f"{one} > {other}" for one, other in pairwise(["^", *_runs(labels), "$"])),
        "keys": frozenset(f"{label(value)} {mark}" for value in said for mark in keys(value)),
        "ids": frozenset(mark for value in said for mark in _ids(value)),
    }
    return Look(name, marks, {key: tuple(found) for key, found in _numbers(interaction, events, values, edges).items()})


def label(value: object, event: bytes = b"") -> str:
    """What kind of event it is, by its type or by what is filled in it."""
    if not isinstance(value, dict):
        return "[DONE]" if b"[DONE]" in event else "comment" if event.lstrip().startswith(b":") else "other"
    if isinstance(value.get("type"), str):
        inner = (at(value, key, "type") for key in ("delta", "item", "part", "content_block"))
        return "/".join([value["type"], *(one for one in inner if isinstance(one, str))])
    if "error" in value:
        return "error"
    if isinstance(value.get("candidates"), list):
        parts = at(value, "candidates", 0, "content", "parts")
        names = sorted({key for part in parts for key in part}) if isinstance(parts, list) else []
        return "+".join([*names, *(["finish"] if at(value, "candidates", 0, "finishReason") else [])]) or "candidate"
    delta = at(value, "choices", 0, "delta")
    filled = sorted(key for key, one in delta.items() if one not in (None, [])) if isinstance(delta, dict) else []
    finish = ["finish"] if at(value, "choices", 0, "finish_reason") else []
    return "+".join([*filled, *finish, *(["usage"] if value.get("usage") else [])]) or "empty"


def keys(value: object, place: str = "") -> Iterator[str]:
    """The keys of every object in decoded JSON, in their order, with the types of what is under them."""
    if isinstance(value, dict):
        asked = _ASKED.get(place, frozenset())
        typed = (key if key in asked else f"{key}{_type(one)}" for key, one in value.items())
        yield f"{place or '.'} {{{', '.join(typed)}}}"
        for key, one in value.items():
            if key not in _FREE and key not in asked:
                yield from keys(one, f"{place}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from keys(one, f"{place}[]")


def _type(value: object) -> str:
    return {dict: ":{}", list: ":[]", bool: ":bool", type(None): ":null", str: ""}.get(type(value), ":number")


def _runs(labels: Iterable[str]) -> Iterator[str]:
    """Labels without immediate repeats: how often a piece repeats is what was said, not how."""
    last = ""
    for one in labels:
        if one != last:
            yield one
        last = one


def _framing(interaction: Interaction, events: Sequence[bytes]) -> Iterator[str]:
    response = interaction.response
    yield f"content-type: {header(response.headers, 'content-type')}"
    for event in events:
        yield "line end " + ("CRLF" if b"\r\n" in event else "CR" if b"\r" in event else "LF")
        lines = event.decode("utf-8", "replace").splitlines()
        yield "fields " + ",".join(line.partition(":")[0] or "comment" for line in lines if line)
        for line in lines:
            field, colon, rest = line.partition(":")
            if not field and colon:
                yield f"comment {rest[:40]}"
            elif field == "data":
                yield f"blank after the colon: {rest.startswith(' ')}"
                yield from _spelling(rest.removeprefix(" "))
    yield f"tail: {not response.body.endswith(_WHOLE)}"


def _spelling(line: str) -> Iterator[str]:
    if not line.startswith("{"):
        yield f"data {line[:12]}"
        return
    yield f"blank behind colons: {bool(_COLON.search(line))}, behind commas: {bool(_COMMA.search(line))}"
    if not line.isascii():
        yield "characters beyond ASCII as they are"
    if re.search(r"\\u(?!00[01])[0-9a-f]{4}", line):
        yield "characters beyond ASCII escaped"
    yield f"padded: {bool(_PAD.search(line))}"


def _ids(value: object, key: str = "") -> Iterator[str]:
    """The form of every id: `chatcmpl-<29>`."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name not in _FREE:
                yield from _ids(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _ids(one, key)
    elif isinstance(value, str) and value and _IDS.fullmatch(key):
        form = f"<{len(value)}>" if key in _WHOLE_IDS else _RUN.sub(lambda run: f"<{len(run[0])}>", value)[:60]
        yield f"{key}: {form}"


def _numbers(
    interaction: Interaction, events: Sequence[bytes], values: Sequence[object], edges: Sequence[int]
) -> dict[str, list[float]]:
    dialect = dialects.get(interaction.response.stream.dialect)
    found: dict[str, list[float]] = defaultdict(list)
    around: Counter[int] = Counter()
    for event, value in zip(events, values, strict=True):
        delta = dialect.delta(value)
        for name, text in (("text", delta.text), ("reasoning", delta.reasoning)):
            if text:
                found[f"characters of {name} a piece"].append(len(text))
        pieces = [part.arguments for part in delta.tools if part.arguments]
        found["characters of arguments a piece"] += [len(piece) for piece in pieces]
        pads = [len(pad) for key in ("obfuscation", "p") if isinstance(pad := at(value, key), str)]
        if pads:
            found["characters of padding"] += pads
        if (line := event.rstrip().partition(b"data: ")[2]) and (pad := _PAD.search(line.decode("utf-8", "replace"))):
            found["blanks before the last brace"].append(len(pad[1]))
            pads.append(len(pad[1]))
        if isinstance(value, dict) and event.lstrip().startswith((b"data:", b"event:")):
            said = [delta.text, delta.reasoning, delta.refusal, *pieces]
            told = sum(
                len(json.dumps(one, ensure_ascii=event.isascii()).encode("utf-8", "replace")) - 2 for one in said
            )
            around[len(event) - told - sum(pads)] += 1
    if around:
        # One of a stream: else a long one, with the length of its model's name and ids, counts for many.
        found["bytes around what the commonest event says"].append(around.most_common(1)[0][0])
    stream = interaction.response.stream
    if stream.pacing == "recorded" or stream.source == "synthetic":
        ends, place = [], 0
        for chunk in stream.chunks:
            place += chunk.size
            ends.append(place)
        counts = Counter(next((n for n, end in enumerate(ends) if end >= edge), 0) for edge in edges[1:])
        found["ms before a chunk"] += [chunk.gap_ms for chunk in stream.chunks[1:]]
        found["events a chunk"] += [counts[n] for n in range(len(ends))] if len(ends) > 1 else []
    return found


def compare(first: Sequence[Look], second: Sequence[Look]) -> tuple[tuple[Difference, ...], tuple[Distance, ...]]:
    """How the streams of the second set differ from those of the first."""
    differences = tuple(_difference(category, first, second) for category in CATEGORIES)
    names = dict.fromkeys(name for one in (*first, *second) for name in one.numbers)
    distances = (_distance(name, first, second) for name in names)
    return differences, tuple(one for one in distances if one)


def _difference(category: str, first: Sequence[Look], second: Sequence[Look]) -> Difference:
    seen = Counter(mark for one in first for mark in one.marks[category])
    made = Counter(mark for one in second for mark in one.marks[category])
    told = [one for one in second if any(mark not in seen for mark in one.marks[category])]
    odd = [one for one in first if any(seen[mark] == 1 for mark in one.marks[category])]
    return Difference(
        category,
        len(told) / len(second) if second else 0.0,
        len(odd) / len(first) if first else 0.0,
        tuple((mark, count) for mark, count in _ranked(made) if mark not in seen),
        tuple((mark, count) for mark, count in _ranked(seen) if count > len(first) / 2 and mark not in made),
        frozenset(one.name for one in first if any(mark not in made for mark in one.marks[category])),
    )


def _ranked(marks: Counter[str]) -> list[tuple[str, int]]:
    return sorted(marks.items(), key=lambda one: (-one[1], one[0]))


def _distance(name: str, first: Sequence[Look], second: Sequence[Look]) -> Distance | None:
    ones, others = (sorted(n for one in looks for n in one.numbers.get(name, ())) for looks in (first, second))
    if not ones or not others:
        return None
    distance = max(abs(_below(ones, x) - _below(others, x)) for x in {*ones, *others})
    chance = 1.36 * math.sqrt((len(ones) + len(others)) / (len(ones) * len(others)))
    middle = ones[len(ones) // 2], others[len(others) // 2]
    return Distance(name, distance, chance, (len(ones), len(others)), middle)


def _below(values: Sequence[float], limit: float) -> float:
    return bisect_right(values, limit) / len(values)
