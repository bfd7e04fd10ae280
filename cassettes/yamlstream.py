"""The mapping `response.stream` of a cassette: nodes -> Stream (DESIGN 4), and the rules for text of heads.

Format policy: `stream.v` counts the versions of this mapping. Version N is read by every tokentape whose major number
is at least N (0.x counts as 1) and stays readable in all later ones; a newer file is refused, never guessed at. Keys
are only ever added together with a new version, so an unknown key is a mistake.
May import `cassettes.model` and `cassettes.yamltree`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal, get_args

from cassettes.model import (
    Ending,
    EndingPlace,
    EndingType,
    EventKind,
    Framing,
    Headers,
    Informational,
    Source,
    Stream,
)
from cassettes.yamltree import Items, Node, Pairs, Scalar, items, mapping, nearest, number, scalar, shown, whole, word

FORMAT = 1
"""The newest `stream.v` that is read here, and the one that is written."""
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
Pacing = Literal["recorded", "synthetic"]
Http = Literal["1.0", "1.1"]
_BREAK = re.compile(r"[\r\n\0]")
_NAME = re.compile(r"[\w.-]{1,64}")


def line_of_head(node: Node, what: str) -> str:
    """Text of a head, where no CR, LF or NUL can stand (RFC 9110 5.5). Raises CassetteError."""
    text = scalar(node, what).decoded()
    if _BREAK.search(text):
        raise node.error(f"{what}: found a line break or NUL in {shown(text)}, expected one line")
    return text


def headers_of(node: Node | None, what: str) -> Headers:
    """vcrpy's headers: name -> list of values; a lone value counts as a list of one. Raises CassetteError."""
    if node is None or node.is_null:
        return ()
    found: list[tuple[str, str]] = []
    for name, values in mapping(node, what).fields().items():
        if not TOKEN.fullmatch(name):
            raise values.error(f"{what}: found the name {shown(name)}, expected a token such as content-type")
        each = values.items if isinstance(values, Items) else [values]
        found.extend((name, line_of_head(value, f"{what}: {name}")) for value in each)
    return tuple(found)


def stream_fields(node: Node) -> dict[str, Node]:
    """The keys of `response.stream` that are not null, if its version can be read. Raises CassetteError."""
    pairs = mapping(node, "stream")
    version = next((value for key, value in pairs.pairs if key.text == "v"), None)
    if version is None:
        raise node.error(f"stream: found no v, expected v: {FORMAT}")
    newest = whole(version, "stream.v", 1)
    if newest > FORMAT:
        raise version.error(
            f"stream.v: found {newest}, expected {FORMAT} at most; tokentape {newest}.0 or newer reads this tape:"
            " `pip install -U tokentape`"
        )
    return _known(pairs, "stream", Stream.__struct_fields__)


def _known(pairs: Pairs, what: str, known: tuple[str, ...]) -> dict[str, Node]:
    """The fields of a mapping of ours without those that are null; any unknown key is an error."""
    for key in pairs.others(known):
        raise key.error(f"{what}: found the unknown key {shown(key.text)}, {nearest(key.text, known)}")
    return {name: value for name, value in pairs.fields().items() if not value.is_null}


def stream_of(given: dict[str, Node]) -> Stream:
    """Everything but the chunks, from `stream_fields`. A source that is not given is not claimed to be a recording."""

    def choice(name: str, kinds: object, default: Any) -> Any:
        return word(given[name], f"stream.{name}", get_args(kinds)) if name in given else default

    end = _end(given["end"]) if "end" in given else Ending()
    if "head" in given and end.at != "head":
        raise given["head"].error("stream.head: found a head that never completed, expected end: {…, at: head} with it")
    informational = items(given["informational"], "informational") if "informational" in given else []
    return Stream(
        provider=_name(given, "provider", "unknown"),
        dialect=_name(given, "dialect", "raw"),
        source=choice("source", Source, "edited"),
        pacing=choice("pacing", Pacing, "recorded"),
        recorded_at=_moment(given.get("recorded_at")),
        http=choice("http", Http, "1.1"),
        framing=choice("framing", Framing, "chunked"),
        headers_ms=number(given["headers_ms"], "headers_ms") if "headers_ms" in given else 0.0,
        end=end,
        head=scalar(given["head"], "head").encoded() if "head" in given else None,
        trailers=_pairs(given["trailers"], "trailers") if "trailers" in given else (),
        informational=tuple(_informational(item) for item in informational),
        events=choice("events", EventKind, None),
    )


def _name(given: dict[str, Node], key: str, default: str) -> str:
    if key not in given:
        return default
    text = scalar(given[key], f"stream.{key}").text
    if not _NAME.fullmatch(text):
        raise given[key].error(f"stream.{key}: found {shown(text)}, expected a name such as openai-chat")
    return text


def _moment(node: Node | None) -> str | None:
    """`recorded_at`, kept as it is written once it is known to be a date and time (ISO 8601)."""
    if node is None:
        return None
    text = scalar(node, "recorded_at").text
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise node.error(f'recorded_at: found {shown(text)}, expected one such as "2026-11-20T09:30:00.000Z"') from None
    return text


def _end(node: Node) -> Ending:
    """`end`, a mapping or (where nothing else is to be said) the word of its type."""
    if isinstance(node, Scalar):
        return Ending(type=word(node, "end", get_args(EndingType)))  # type: ignore[arg-type]  # word() checked it
    given = _known(mapping(node, "end"), "end", Ending.__struct_fields__)
    if "type" not in given:
        raise node.error(f"end: found no type, expected one of {', '.join(get_args(EndingType))}")
    return Ending(
        type=word(given["type"], "end.type", get_args(EndingType)),  # type: ignore[arg-type]  # word() checked it
        at=word(given["at"], "end.at", get_args(EndingPlace)) if "at" in given else "body",  # type: ignore[arg-type]
        gap_ms=number(given["gap_ms"], "end.gap_ms") if "gap_ms" in given else 0.0,
        missing=whole(given["missing"], "end.missing") if "missing" in given else 0,
        client_left_ms=number(given["client_left_ms"], "end.client_left_ms") if "client_left_ms" in given else None,
    )


def _pairs(node: Node, what: str) -> Headers:
    """A list of [name, value], which keeps its order when vcrpy saves the file (mappings are sorted)."""
    return tuple(_pair(item, what) for item in items(node, what))


def _pair(node: Node, what: str) -> tuple[str, str]:
    pair = items(node, what)
    if len(pair) != 2 or not TOKEN.fullmatch(name := scalar(pair[0], what).text):
        raise node.error(f"{what}: expected each to be [name, value], the name a token")
    return name, line_of_head(pair[1], f"{what}: {name}")


def _informational(node: Node) -> Informational:
    given = _known(mapping(node, "informational"), "informational", Informational.__struct_fields__)
    for name in ("at_ms", "code"):
        if name not in given:
            raise node.error(f"informational: found no {name}, expected {{at_ms: 12.5, code: 103}}")
    return Informational(
        at_ms=number(given["at_ms"], "informational.at_ms"),
        code=whole(given["code"], "informational.code", 100, 199),
        message=line_of_head(given["message"], "informational.message") if "message" in given else "",
        headers=_pairs(given["headers"], "informational.headers") if "headers" in given else (),
    )
