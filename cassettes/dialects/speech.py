"""Saying an answer: how pieces of it (`delta.Delta`) become the events of a stream, the inverse of `Dialect.delta`.

The values that every speaker takes and gives, and what all of them need: bytes of an event, ids that a seed decides,
the pieces of one call kept together. Each grammar's speaker is a file of its own (`openai_chat_speak` …). Pure: all
chance is `Voice.chance`, which a seed decides. Imports the deltas and the standard library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from random import Random
from typing import Final, NamedTuple

from cassettes.dialects.delta import Delta, ToolPart

CREATED: Final = 1795167000
"""2026-11-20 09:30 UTC: when a synthetic answer was made, if nobody says another time."""
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_HEX: Final = "0123456789abcdef"
# JSON may hold these as they are, and an event stream too; clients that cut lines with `splitlines` break at them.
_LINE_ENDS: Final = re.compile("[\u0085\u2028\u2029]")


@dataclass(frozen=True)
class Voice:
    """What a stream has of its own, beside what it says.

    `provider` is a row's name, by which speakers know its wire style, `quirks` that row's; an unknown or empty one has
    the plain style of the dialect. `seed` decides ids, padding and obfuscation. `created`: s since 1970.
    `include_usage`, `obfuscated`, `choices` (n) are what the request asked for where the dialect lets it ask; `asked`
    is that request's decoded JSON, for grammars that repeat it in the answer.
    """

    provider: str = ""
    model: str = ""
    seed: str = "0"
    created: int = CREATED
    include_usage: bool = True
    obfuscated: bool = True
    choices: int = 1
    quirks: frozenset[str] = frozenset()
    asked: Mapping[str, object] = field(default_factory=dict)

    def chance(self, name: str) -> Random:
        """A source of chance for one purpose: the same seed and name give the same, whoever else draws."""
        return Random(f"{self.seed}\0{name}")

    def token(self, name: str, length: int, alphabet: str = LETTERS) -> str:
        """`length` random characters for the id called `name`."""
        return "".join(self.chance(name).choices(alphabet, k=length))

    def hexes(self, name: str, length: int) -> str:
        """As `token`, of hexadecimal digits."""
        return self.token(name, length, _HEX)

    def uuid(self, name: str) -> str:
        """A random UUID (RFC 9562 5.4)."""
        digits = self.hexes(name, 32)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


class Spoken(NamedTuple):
    """One event as it goes on the wire, and the index of the piece at whose time it goes: never falling. What opens a
    stream goes with the first piece, what closes it with the last."""

    data: bytes
    said: int = 0


class Unsaid(NamedTuple):
    """Something that a dialect has no place for: the index of the piece it was in, what (`reasoning`,
    `usage.cost`…), and why."""

    said: int
    what: str
    why: str

    @property
    def line(self) -> str:
        """It in words."""
        return f"{self.what} is left out: {self.why}"


class Speech(NamedTuple):
    """A stream that says an answer, and what of it the dialect could not say (each thing once)."""

    events: tuple[Spoken, ...]
    unsaid: tuple[Unsaid, ...] = ()

    @property
    def body(self) -> bytes:
        """All bytes of it."""
        return b"".join(event.data for event in self.events)


class Saying:
    """A speech while it is made. `now` is the piece whose events are being said."""

    def __init__(self) -> None:
        self.now = 0
        self._events: list[Spoken] = []
        self._unsaid: dict[tuple[str, str], Unsaid] = {}

    def __len__(self) -> int:
        return len(self._events)

    def add(self, data: bytes) -> None:
        """An event goes with the piece of now."""
        self._events.append(Spoken(data, self.now))

    def leave_out(self, what: str, why: str) -> None:
        """What of the piece of now the dialect cannot say."""
        self._unsaid.setdefault((what, why), Unsaid(self.now, what, why))

    def speech(self) -> Speech:
        """The whole of it."""
        return Speech(tuple(self._events), tuple(self._unsaid.values()))


def dumps(value: object, *, spaced: bool = False) -> str:
    """JSON in one line, nothing escaped that need not be; `spaced`: a space after every colon, as Google writes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ": " if spaced else ":"))
    return _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def encoded(text: str) -> bytes:
    """UTF-8; half a surrogate pair, which a tape's event may have in a JSON string, becomes its JSON escape."""
    return text.encode("utf-8", "backslashreplace")


def sse(data: str, name: str = "", eol: str = "\n") -> bytes:
    """One event block with its blank line; `data` is one line."""
    head = f"event: {name}{eol}" if name else ""
    return encoded(f"{head}data: {data}{eol}{eol}")


def gathered_usage(said: Iterable[Delta]) -> Mapping[str, object] | None:
    """The usage of the whole answer: what comes later replaces, key by key. None if nothing is said of it."""
    found: dict[str, object] = {}
    for delta in said:
        found |= delta.usage or {}
    return found or None


def last_finish(said: Iterable[Delta]) -> tuple[int, str]:
    """Where the answer ends, and with which word; (-1, "") where none is said."""
    return max(((at, delta.finish) for at, delta in enumerate(said) if delta.finish), default=(-1, ""))


class Piece(NamedTuple):
    """One thing that a delta says: `kind` is text, reasoning, refusal or tool; `at` the index of the delta."""

    at: int
    kind: str
    text: str = ""
    tool: ToolPart = ToolPart(0)


def pieces(said: Sequence[Delta]) -> Iterator[Piece]:
    """The pieces of an answer in their order: what one delta holds of several kinds, one after another. Its calls are
    numbered from 0 as they begin: Gemini numbers those of one event, Anthropic the blocks of a message."""
    calls = _Calls()
    for at, delta in enumerate(said):
        for kind in ("reasoning", "text", "refusal"):
            if text := getattr(delta, kind):
                yield Piece(at, kind, text)
        yield from (Piece(at, "tool", tool=calls.numbered(part)) for part in delta.tools)


class _Calls:
    """The calls of an answer: the number and id under which each goes on."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, str]] = {}
        self._count = 0

    def numbered(self, part: ToolPart) -> ToolPart:
        """A part with a name under a known number is of a call of its own, unless it repeats the id of the known one,
        or has none where that has one: some gateways send the name with every part."""
        known = self._known.get(part.number)
        if known is None or (part.name and (part.id != known[1] if part.id else not known[1])):
            known = self._known[part.number] = (self._count, part.id)
            self._count += 1
        return part._replace(number=known[0])


def in_turn(said: Sequence[Delta]) -> Iterator[Piece]:
    """As `pieces`, for grammars in which nothing stands inside a call: each goes on to its end from where it began, and
    what came between waits for that."""
    begun: dict[int, int] = {}
    placed = [
        (begun.setdefault(piece.tool.number, place) if piece.kind == "tool" else place, piece)
        for place, piece in enumerate(pieces(said))
    ]
    at = 0
    for _, piece in sorted(placed, key=lambda one: one[0]):
        at = max(at, piece.at)
        yield piece._replace(at=at)


def whole_calls(parts: Iterable[Piece]) -> list[Piece]:
    """Each call, whose parts stand next to each other (`in_turn`), as one piece at the time of its last."""
    joined: list[Piece] = []
    for number, run in groupby(parts, lambda piece: piece.tool.number if piece.kind == "tool" else None):
        if number is None:
            joined.extend(run)
            continue
        call = list(run)
        tools = [piece.tool for piece in call]
        ident, name = (next(filter(None, texts), "") for texts in ((t.id for t in tools), (t.name for t in tools)))
        whole = ToolPart(number, ident, name, "".join(tool.arguments for tool in tools))
        joined.append(call[-1]._replace(tool=whole))
    return joined


def before_error(said: Sequence[Delta]) -> tuple[Sequence[Delta], tuple[int, str] | None]:
    """What is said before an answer fails, and where and with which message it does; None if it does not."""
    at = next((at for at, delta in enumerate(said) if delta.error), None)
    return (said, None) if at is None else (said[:at], (at, said[at].error))
