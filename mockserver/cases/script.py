"""What the streams of cases are made of: events as values, their bytes, and what each dialect says. Pure.

A case takes the events of a `Script`, changes what it is about, and makes a `Stream`. Imports the standard library and
`spoken`, where the grammars are.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

PIECES: Final = ("Hello", ", 세계", " 🌍", "! One", ", two", ", three", ", four", ".")
"""The answer of every stream that needs no other: text of one, three and four bytes a character."""
DIALECTS: Final = ("openai-chat", "openai-responses", "anthropic", "gemini", "raw")


class Event(NamedTuple):
    """One event before it has bytes: `data` is decoded JSON, or a line as it is; `text` what it adds to the answer."""

    data: Any
    name: str = ""
    text: str = ""

    @property
    def line(self) -> str:
        """Its data in one line."""
        return self.data if isinstance(self.data, str) else _json(self.data)


class Stream(NamedTuple):
    """The body of a case: HTTP chunks `gap_ms` apart, under 200 and text/event-stream.

    `text` is the whole answer. `half`: how many chunks hold its first half; `mid`: a byte in the middle of the next.
    `ids`: the SSE id of each chunk, where a client may ask for the rest by the last it has; `over`: it has all of them.
    """

    chunks: tuple[bytes, ...]
    text: str = ""
    half: int = 0
    gap_ms: float = 0.0
    ids: tuple[str, ...] = ()
    over: bool = False

    @property
    def mid(self) -> int:
        """A byte of the body in the middle of the chunk behind its half."""
        return sum(map(len, self.chunks[: self.half])) + len(self.chunks[self.half]) // 2

    def behind(self, ident: str) -> Stream:
        """What comes after the event with that id; all of it if none has it."""
        start = self.ids.index(ident) + 1 if ident in self.ids else 0
        over = bool(self.ids) and start == len(self.ids)
        return self._replace(chunks=self.chunks[start:], ids=self.ids[start:], half=0, over=over)


class Script(ABC):
    """How one dialect answers. `eol`: how its provider ends lines."""

    dialect: str
    eol = "\n"

    def opening(self) -> list[Event]:
        """What stands before the first text."""
        return []

    @abstractmethod
    def says(self, piece: str, number: int) -> Event:
        """The `number`-th piece of the text, from 0."""

    def closing(self, text: str, count: int) -> list[Event]:  # noqa: ARG002 - most need neither
        """What stands between the `count`-th piece and the terminal event."""
        return []

    @abstractmethod
    def terminal(self, text: str, count: int) -> list[Event]:
        """What says that the answer is over."""

    @abstractmethod
    def unknown(self) -> Event:
        """A well-formed event of a kind that no client knows."""

    def tool_call(self, arguments: Sequence[str]) -> list[Event]:
        """A whole answer that is one call of the tool `weather`, its arguments in these pieces."""
        raise NotImplementedError(f"{self.dialect} sends no arguments in pieces")

    def answer(self, pieces: Sequence[str] = PIECES) -> list[Event]:
        """A whole answer."""
        text, count = "".join(pieces), len(pieces)
        said = [self.says(piece, number) for number, piece in enumerate(pieces)]
        return [*self.opening(), *said, *self.closing(text, count), *self.terminal(text, count)]

    def head(self, pieces: Sequence[str] = PIECES) -> list[Event]:
        """The answer up to half of its text."""
        half = pieces[: len(pieces) // 2]
        return [*self.opening(), *(self.says(piece, number) for number, piece in enumerate(half))]

    def rest(self, pieces: Sequence[str] = PIECES) -> list[Event]:
        """The answer behind half of its text."""
        return self.answer(pieces)[len(self.head(pieces)) :]

    def block(self, event: Event) -> bytes:
        """An event as it goes onto the wire, with its blank line. Half a surrogate pair becomes its JSON escape."""
        name = f"event: {event.name}{self.eol}" if event.name else ""
        return f"{name}data: {event.line}{self.eol}{self.eol}".encode("utf-8", "backslashreplace")

    def stream(self, events: Iterable[Event], written: Callable[[Event], bytes] | None = None) -> Stream:
        """A chunk for each event, as `written` makes it."""
        return self.chunked([(event, (written or self.block)(event)) for event in events])

    def chunked(self, parts: Sequence[tuple[Event | None, bytes]], **fields: Any) -> Stream:
        """A chunk for each part; those that are no event stand with None. Half is counted in events with text."""
        texts = [event.text if event else "" for event, _ in parts]
        spoken = sum(map(bool, texts))
        half = next((n for n, seen in enumerate(accumulate(map(bool, texts)), 1) if seen >= spoken // 2), 0)
        chunks = tuple(data for _, data in parts)
        return Stream(chunks, _paired("".join(texts)), min(half, max(0, len(chunks) - 1)), **fields)

    def between(self, data: bytes, pieces: Sequence[str] = PIECES) -> Stream:
        """A whole answer with `data`, a chunk of its own, behind half of its text."""
        middle: list[tuple[Event | None, bytes]] = [(None, data)]
        return self.chunked([*self.parts(self.head(pieces)), *middle, *self.parts(self.rest(pieces))])

    def parts(self, events: Iterable[Event]) -> list[tuple[Event | None, bytes]]:
        """Events with their bytes, for `chunked`."""
        return [(event, self.block(event)) for event in events]


def whole(script: Script) -> Stream:
    """A whole answer, nothing odd about it."""
    return script.stream(script.answer())


def script_of(dialect: str) -> Script:
    """The script of a dialect; an event stream of nobody in particular for one that has none."""
    from mockserver.cases import spoken

    return spoken.SCRIPTS.get(dialect, spoken.SCRIPTS["raw"])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _paired(text: str) -> str:
    """`text` with the halves of surrogate pairs that stand together made one character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
