"""Clean streams of each dialect, and ways to break them one event at a time.

Streams are those of `sdk.answers`, which knows nothing of tokentape; a break maps the list of events of a stream.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sdk.answers import ANSWERS, Answer, chat, generate, messages, responses

from cassettes.check import Finding, check_stream
from cassettes.grammar import GRAMMARS

NATIVE = {"openai-chat": "openai", "openai-responses": "openai", "anthropic": "anthropic", "gemini": "google"}
STREAMS = {"openai-chat": chat, "openai-responses": responses, "anthropic": messages, "gemini": generate}
FULL = Answer(("하나", ", two", " 🎉"), ("First ", "think."), ANSWERS["tools"].calls)
"""An answer with everything in it; OpenAI's own chat has no reasoning."""
OF_FILES = {"stream", "envelope"}
"""Rules that judge an answer which is no stream."""
OF_BYTES = {"utf-8", "bom", "json", "tail", "event-name", "keys", "type", "variant", "key", "empty"}
"""Rules that every grammar has."""


class Event(NamedTuple):
    """One event: its SSE name, and its data as JSON or as a line."""

    name: str
    data: Any

    @property
    def kind(self) -> str:
        """Its type; for dialects whose events have none, its line or ""."""
        return self.data.get("type", "") if isinstance(self.data, dict) else self.data


Events = list[Event]
Break = Callable[[Events], Events]


def clean(dialect: str, answer: Answer | None = None) -> Events:
    """The events of an answer."""
    answer = answer or (FULL._replace(reasoning=()) if dialect == "openai-chat" else FULL)
    return [_event(block) for block in STREAMS[dialect](answer)]


def _event(block: bytes) -> Event:
    fields = dict(line.split(": ", 1) for line in block.decode().replace("\r\n", "\n").split("\n") if line)
    line = fields["data"]
    return Event(fields.get("event", ""), json.loads(line) if line.startswith("{") else line)


def body_of(events: Iterable[Event]) -> bytes:
    """The events as a body."""
    found = b""
    for event in events:
        line = event.data if isinstance(event.data, str) else json.dumps(event.data)
        found += (f"event: {event.name}\n" if event.name else "").encode() + f"data: {line}\n\n".encode()
    return found


def findings(dialect: str, events: Iterable[Event], provider: str = "", **how: Any) -> tuple[Finding, ...]:
    """What is wrong with a stream of that dialect, by default of its own provider."""
    return check_stream(GRAMMARS[dialect], body_of(events), provider=provider or NATIVE[dialect], **how)


def rules(found: Sequence[Finding]) -> list[str]:
    """The names of the rules that were broken, in order."""
    return [one.rule.id.partition("/")[2] for one in found]


def where(events: Events, kind: str, number: int = 0) -> int:
    """The index of the `number`-th event of a kind."""
    return [index for index, event in enumerate(events) if event.kind == kind][number]


def drop(kind: str, number: int = 0) -> Break:
    """Leaves an event out."""

    def broken(events: Events) -> Events:
        at = where(events, kind, number)
        return [*events[:at], *events[at + 1 :]]

    return broken


def twice(kind: str, number: int = 0) -> Break:
    """Sends an event two times."""

    def broken(events: Events) -> Events:
        at = where(events, kind, number)
        return [*events[: at + 1], *events[at:]]

    return broken


def later(kind: str, by: int = 1, number: int = 0) -> Break:
    """Sends an event `by` places later, or earlier."""

    def broken(events: Events) -> Events:
        at = where(events, kind, number)
        rest = [*events[:at], *events[at + 1 :]]
        return [*rest[: at + by], events[at], *rest[at + by :]]

    return broken


def put(kind: str, place: str, value: object, number: int = 0) -> Break:
    """Another value at a place (`delta.type`, `choices.0.index`) of an event; `...` takes the key away."""

    def broken(events: Events) -> Events:
        at = where(events, kind, number)
        data = copy.deepcopy(events[at].data)
        inside: Any = data
        *way, last = place.split(".")
        for step in way:
            inside = inside[int(step) if step.isdigit() else step]
        if value is ...:
            del inside[last]
        else:
            inside[int(last) if last.isdigit() else last] = value
        return [*events[:at], Event(events[at].name, data), *events[at + 1 :]]

    return broken


def both(*breaks: Break) -> Break:
    """One break after the other."""

    def broken(events: Events) -> Events:
        for one in breaks:
            events = one(events)
        return events

    return broken


def numbered(events: Events) -> Events:
    """The events of OpenAI's responses with their numbers made to follow one another again."""
    found, number = [], 0
    for event in events:
        data = event.data
        if isinstance(data, dict):
            data = {**data, "sequence_number": number}
            number += 1
        found.append(Event(event.name, data))
    return found
