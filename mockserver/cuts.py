"""Where a tape can be cut: places between its events, chunks or bytes, all or a seeded sample; where nothing is lost.

Pure; imports `cassettes` and the standard library.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from random import Random
from typing import Final, Literal, NamedTuple, get_args

from cassettes import sse
from cassettes.dialects.base import at as inside
from cassettes.dialects.base import payload
from cassettes.events import event_ends, event_kind
from cassettes.model import EventKind, Interaction

Every = Literal["event", "chunk", "byte"]
Kind = Literal["cut", "reset", "end-early"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_LAST: Final = frozenset({"message_stop", "response.completed", "response.incomplete", "response.failed"})
"""Types of events after which SDKs read no further, as after `[DONE]` (providers.md 2.5)."""


class Cut(NamedTuple):
    """A place to cut at: behind body byte `at - 1`, which is behind `events` whole events and perhaps `inside` the
    next. `over`: all that means anything has come by then, so that a client may rightly take the answer for whole."""

    at: int
    events: int
    inside: bool
    over: bool


class Cuts:
    """The places on one interaction, as a fault of that kind can reach them."""

    def __init__(self, interaction: Interaction, kind: Kind) -> None:
        response = interaction.response
        self.body = response.body
        self._chunks = response.stream.chunks
        self._events: EventKind = event_kind(response.headers, response.code, response.body, response.stream.events)
        # A clean end where the tape itself ends loses nothing; a FIN there is still no last chunk.
        self._last = len(self.body) - (kind == "end-early")

    @cached_property
    def ends(self) -> list[int]:
        """Where each whole event ends."""
        return event_ends(self.body, self._events)

    @cached_property
    def over(self) -> int:
        """Behind the last byte that means anything: of the first event that ends an answer, else of the last that is
        no comment. The line ends behind it are not counted: who reads by the line has it all."""
        start = 0
        for end in self.ends:
            if ends_answer(self.body[start:end]):
                return start + len(self.body[start:end].rstrip())
            start = end
        if self.body[start:].strip():  # a tail, or a body that has no events
            return len(self.body.rstrip())
        starts = [0, *self.ends]
        for number in range(len(self.ends) - 1, -1, -1):
            event = self.body[starts[number] : starts[number + 1]]
            if self._events != "sse" or _says_something(event):
                return starts[number] + len(event.rstrip())
        return 0

    def places(self, every: Every, sample: int | None = None, seed: int = 0) -> list[Cut]:
        """The places in rising order, or `sample` of them: the same for the same seed."""
        offsets = self._offsets(every)
        if sample is not None and sample < len(offsets):
            offsets = sorted(Random(seed).sample(offsets, sample))
        return [self.cut(offset) for offset in offsets]

    def cut(self, at: int) -> Cut:
        """The place behind body byte `at - 1`."""
        number = bisect_left(self.ends, at)
        whole = number + (number < len(self.ends) and self.ends[number] == at)
        edge = at == (self.ends[whole - 1] if whole else 0)
        return Cut(at, whole, not edge, at >= self.over)

    def _offsets(self, every: Every) -> Sequence[int]:
        if every == "byte":
            return range(self._last + 1)
        edges = self.ends if every == "event" else list(accumulate(chunk.size for chunk in self._chunks))
        return [edge for edge in dict.fromkeys((0, *edges, len(self.body))) if edge <= self._last]


def ends_answer(event: bytes) -> bool:
    """Whether SDKs read no further after that event."""
    if b"[DONE]" in event:
        message = _message(event)
        return message is not None and message.startswith("[DONE]")
    return any(name.encode() in event for name in _LAST) and inside(payload(event), "type") in _LAST


def _says_something(event: bytes) -> bool:
    return bool(_message(event)) and inside(payload(event), "type") != "ping"


def _message(event: bytes) -> str | None:
    blocks, _ = sse.parse(event)
    return blocks[0].message.data if blocks and blocks[0].message else None
