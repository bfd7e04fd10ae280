"""What a verdict is: which requests earned it, what was found, what was expected and who says so. Pure values.

The rules are in the files beside it; each yields `Finding`s. Imports `exchange` and the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from mockserver.verdicts.exchange import Exchange

Fact = str | int | float | bool | None
"""One fact of the evidence: a time in ms, a number of bytes, the value of a header."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is still right. Times in ms.

    `accepted`: the texts that the test's client took for whole answers. `patience`: silence after which a client
    should have left a stream that has stopped. `least_wait`: the shortest wait before another attempt where the answer
    does not say how long; no SDK waits less than 100 ms (providers.md 2.3). `tries`: requests after which a client may
    give up; `most_tries`: after which it must, five being the most that an official SDK sends (providers.md 2.3).
    `slack`: how much too early a timer may fire; `date_slack`: the same for a Retry-After that is a date, of whole
    seconds.
    """

    accepted: tuple[str, ...] = ()
    patience: float = 1000.0
    least_wait: float = 100.0
    tries: int = 2
    most_tries: int = 5
    slack: float = 10.0
    date_slack: float = 1000.0


class Finding(NamedTuple):
    """That a rule was broken by `requests` (numbers of the journal, oldest first), in a sentence, and by what facts."""

    requests: tuple[int, ...]
    found: str
    evidence: Mapping[str, Fact]


class Rule(NamedTuple):
    """A verdict by its name: what is expected of a client, the clause or page that says so, and what finds those that
    do otherwise among the exchanges of one deck."""

    name: str
    expected: str
    source: str
    judge: Callable[[Sequence[Exchange], Terms], Iterator[Finding]]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that the client of a deck broke."""

    name: str
    deck: str | None
    requests: tuple[int, ...]
    found: str
    expected: str
    source: str
    evidence: dict[str, Fact]

    def __str__(self) -> str:
        return f"{self.name}: {self.found}; expected: {self.expected} ({self.source})"


RETRYABLE: Final = frozenset({408, 409, 425, 429})
"""Statuses below 500 after which the SDKs try again (providers.md 2.3), and 425 (RFC 8470 5.2)."""


def retryable(one: Exchange) -> bool:
    """Whether the answer allows another attempt: `x-should-retry` says so, or else the status does, or the connection
    broke before there was any."""
    if one.broken:
        return True
    if (said := one.field("x-should-retry")) in {"true", "false"}:
        return said == "true"
    return one.status in RETRYABLE or one.status >= 500


def failed(one: Exchange) -> bool:
    """Whether its client has no answer of it: an error status, or a connection that broke before any."""
    return one.broken or one.status >= 400


def chains(deck: Sequence[Exchange]) -> Iterator[list[Exchange]]:
    """Equal requests one after the other, a list for each key. Those that take up a stream go their own way."""
    found: dict[tuple[str, str], list[Exchange]] = {}
    for one in deck:
        if one.resumed is None:
            found.setdefault((one.method, one.key), []).append(one)
    yield from found.values()
