"""A request and its answer as they went over the wire: what verdicts are judged from. Frozen; made of the journal.

What a client had of an answer is read out of the compiled plan up to the byte that was written, so that it holds
whatever a fault made of the tape. Answers that were relayed have their status and times only. Pure: the times come with
the records. Imports `cassettes`, `cuts`, `journal` and `resuming`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal, NamedTuple
from urllib.parse import parse_qs

from cassettes import dialects, hops, sse
from cassettes.dialects.base import at, payload
from cassettes.events import event_ends, event_kind
from cassettes.framing import FramingError, ResponseReader, octets
from cassettes.model import Headers, Response, Stream, header
from cassettes.normalise import decoded
from mockserver.cuts import ends_answer
from mockserver.journal import By, Ending, Record
from mockserver.plan import Plan
from mockserver.player import OPEN
from mockserver.resuming import had_of

_CREDENTIALS: Final = ("authorization", "x-api-key", "api-key", "x-goog-api-key")


NOTICED: Final = 50.0
"""Milliseconds by which the leaving of a client may be noticed later than what it does next on another connection."""


class Answer:
    """What a client was sent of an answer: `headers`, `body` without its framing, and whether the framing had its end
    (`framed`). Worked out once, when it is asked for."""

    def __init__(self, wire: bytes, method: str, *, closed: bool, dialect: str) -> None:
        self._dialect = dialects.get(dialect)
        self.headers: Headers = ()
        self.code = 0
        pieces: list[bytes] = []
        reader = ResponseReader(method)
        try:
            facts = reader.feed(wire)
        except FramingError as error:
            facts = list(error.facts)
        for fact in facts:
            if fact.kind == "head" and fact.head is not None:
                self.headers, self.code = fact.head.headers, fact.head.code
            pieces.append(fact.data)
        self.framed = reader.closed() if closed else reader.complete
        self.body = b"".join(pieces)

    @cached_property
    def events(self) -> tuple[bytes, ...]:
        """The whole events in it."""
        ends = event_ends(self.body, event_kind(self.headers, self.code, self.body))
        return tuple(self.body[start:end] for start, end in pairwise((0, *ends)))

    @property
    def streams(self) -> bool:
        """Whether it is a stream of events."""
        return event_kind(self.headers, self.code, self.body) != "none"

    @cached_property
    def terminated(self) -> bool:
        """Whether the event has come that ends an answer in its grammar: `[DONE]`, `message_stop`, a terminal response
        event, a finish reason of Gemini's and the like (providers.md 1); of what is no stream, whether it is JSON.
        """
        if not self.streams:
            return not isinstance(decoded(self.body), bytes)
        if self._dialect.finish_ends:
            return any(self._dialect.delta(payload(event)).finish for event in self.events)
        return any(map(ends_answer, self.events))

    @cached_property
    def text(self) -> str:
        """The text in its whole events; of an answer that is no stream, in its JSON."""
        return "".join(map(self._dialect.text, self.events or (self.body,)))

    @cached_property
    def places(self) -> tuple[str, ...]:
        """By what a client may name how far it has come: event ids, sequence numbers or tokens, as they came."""
        return (*self._ids(), *self._numbers(), *self._tokens())

    def _ids(self) -> Iterator[str]:
        if b"id" not in self.body:
            return
        for event in self.events:
            parser = sse.Parser()
            parser.feed(event, last=True)
            if parser.last_event_id:
                yield parser.last_event_id

    def _numbers(self) -> Iterator[str]:
        if b'"sequence_number"' in self.body:
            numbers = (at(payload(event), "sequence_number") for event in self.events)
            yield from (str(one) for one in numbers if isinstance(one, int))

    def _tokens(self) -> Iterator[str]:
        if hops.FIELD.encode() in self.body:
            response = Response(self.code, "", self.headers, self.body, Stream())
            yield from (token for token, _ in hops.tokens_sent(response))


class Resumed(NamedTuple):
    """Where a client says that it goes on: the `field` that says so and its value."""

    field: Literal["last-event-id", "starting_after", "continuationToken"]
    value: str


class Exchange(NamedTuple):
    """Times are in ms since the first request of the view; None where that did not happen.

    `key` tells equal requests; `credential` is a digest of what authorised it. `open`: the answer waits, all written,
    for the client to leave. `now` is when the view was made.
    """

    n: int
    deck: str
    method: str
    path: str
    operation: str | None
    key: str
    credential: str
    resumed: Resumed | None
    start: float
    first: float | None
    last: float | None
    end: float | None
    now: float
    wall: float
    status: int
    by: By | None
    ending: Ending
    open: bool
    answer: Answer | None

    @property
    def in_flight(self) -> bool:
        """Whether the answer is under way."""
        return self.by is None

    def over_by(self, then: float) -> float | None:
        """Since when its client had nothing more to wait for, seen from `then`: the answer was over, or all of it was
        written and its ending never comes. None while it was being answered."""
        noticed = NOTICED if self.by == "client" else 1.0
        if self.end is not None and self.end <= then + noticed:
            return min(self.end, then)
        silent = self.start if self.last is None else self.last
        return silent if self.open and silent <= then else None

    @property
    def silence(self) -> float:
        """For how long (ms) nothing came before the answer ended, or until now."""
        return (self.now if self.end is None else self.end) - (self.start if self.last is None else self.last)

    @property
    def succeeded(self) -> bool:
        """Whether its status is a 2xx."""
        return 200 <= self.status < 300

    @property
    def whole(self) -> bool:
        """Whether a successful answer came whole: up to the event that ends it, or, where its grammar has none, to the
        end of its framing. A tape without such an event that was played as it is counts as whole: it was recorded so.
        """
        if not self.succeeded or self.answer is None:
            return self.succeeded and self.by in {"upstream", "server"}
        return self.answer.terminated or (self.answer.framed and self.by == "tape")

    @property
    def truncated(self) -> bool:
        """Whether a successful answer ended, or fell silent for good, before it was whole. What its client left before
        that it cannot have taken for whole."""
        ended = self.by in {"tape", "fault", "control"} or self.open
        return ended and self.succeeded and self.answer is not None and not self.whole

    @property
    def is_known(self) -> bool:
        """Whether its headers are known. Of what was relayed they are not."""
        return self.answer is not None or self.by == "server"

    @property
    def broken(self) -> bool:
        """Whether the connection broke before any answer: no status came."""
        return not self.status and self.by in {"tape", "fault", "control"}

    def field(self, name: str) -> str | None:
        """A header of the answer; what the server says itself is not to be retried."""
        if self.answer is None:
            return "false" if name == "x-should-retry" and self.by == "server" and self.status >= 400 else None
        return header(self.answer.headers, name)


def exchanges(records: Iterable[Record], now: float, wall: float) -> tuple[Exchange, ...]:
    """The view of `records`, in their order. `now` is the hub's clock (s), `wall` what the wall clock shows (s) when
    that is 0."""
    kept = tuple(records)
    zero = min((one.start for one in kept), default=now)
    answers: dict[tuple[int, int, bool], Answer] = {}
    return tuple(_exchange(one, zero, now, wall, answers) for one in kept)


def _exchange(
    record: Record, zero: float, now: float, wall: float, answers: dict[tuple[int, int, bool], Answer]
) -> Exchange:
    asked = record.came.asked
    request, route = asked.request, asked.route
    player = record.player
    plan, size = (player.plan, player.bytes_written) if player else (record.plan, record.size)
    first, last = (player.first, player.last) if player else (record.first, record.last)
    if last is None and record.by == "server":
        first = last = record.end

    def since(then: float | None) -> float | None:
        return None if then is None else round((then - zero) * 1000, 3)

    return Exchange(
        n=record.n,
        deck=record.deck,
        method=request.method,
        path=route.path,
        operation=route.operation,
        key=record.key or asked.key,
        credential=_credential(request.headers),
        resumed=_resumed(record),
        start=since(record.start) or 0.0,
        first=since(first),
        last=since(last),
        end=since(record.end),
        now=since(now) or 0.0,
        wall=wall + zero,
        status=record.status,
        by=record.by,
        ending=record.ending,
        open=plan is not None and plan.action in OPEN,
        answer=None if plan is None else _answer(plan, size, request.method, record, answers),
    )


def _answer(plan: Plan, size: int, method: str, record: Record, answers: dict[tuple[int, int, bool], Answer]) -> Answer:
    """The same for all that were sent equally much of a plan."""
    closed = record.ending in {"fin", "kept-alive"}
    found = answers.get((id(plan), size, closed))
    if found is None:
        dialect = record.came.asked.route.dialect
        found = answers[id(plan), size, closed] = Answer(plan.wire[:size], method, closed=closed, dialect=dialect)
    return found


def _credential(headers: Headers) -> str:
    given = [value for name, value in headers if name.lower() in _CREDENTIALS]
    return hashlib.sha256(octets("\0".join(given))).hexdigest() if given else ""


def _resumed(record: Record) -> Resumed | None:
    asked = record.came.asked
    if (had := had_of(asked)) is not None:
        return Resumed("last-event-id" if had.kind == "id" else "continuationToken", had.value)
    if asked.route.operation == "response":
        after = parse_qs(asked.route.query).get("starting_after")
        return Resumed("starting_after", after[0]) if after else None
    return None
