"""Verdicts on connections that a client holds on to: where nothing comes any more, or which it has given up. Imports
`verdict`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mockserver.verdicts.exchange import Exchange
from mockserver.verdicts.verdict import Fact, Finding, Rule, Terms


def _no_read_timeout(deck: Sequence[Exchange], terms: Terms) -> Iterator[Finding]:
    for one in deck:
        stalled = one.open or one.by == "fault"
        if not stalled or one.by == "client" or one.silence < terms.patience or _moved_on(one, deck, terms):
            continue
        what = "is still waiting" if one.in_flight else "waited until the server ended it"
        found = f"nothing came on request {one.n} for {one.silence:.0f} ms, and its client {what}"
        evidence: dict[str, Fact] = {"silent_ms": round(one.silence, 1), "patience_ms": terms.patience}
        yield Finding((one.n,), found, {**evidence, "last_byte_ms": one.last, "in_flight": one.in_flight})


def _connection_leaked(deck: Sequence[Exchange], terms: Terms) -> Iterator[Finding]:
    for one in deck:
        kept = one.in_flight or (one.by == "shutdown" and one.open)
        if not kept or not _moved_on(one, deck, terms):
            continue
        since = one.last if one.last is not None else one.start
        later = next((other.n for other in deck if other.start > since and other.key == one.key), None)
        how = f"request {later} came meanwhile" if later is not None else "its client is done"
        found = f"request {one.n} is neither read to its end nor closed, although {how}"
        evidence: dict[str, Fact] = {"held_ms": round(one.silence, 1), "last_byte_ms": one.last, "later": later}
        yield Finding((one.n,) if later is None else (one.n, later), found, evidence)


def _moved_on(one: Exchange, deck: Sequence[Exchange], terms: Terms) -> bool:
    """Whether the client of a stream that is not over has given it up: an equal request came after the last byte of
    this one, or the test has the client's answer."""
    if not one.in_flight and one.by != "shutdown":
        return False
    since = one.last if one.last is not None else one.start
    return bool(terms.accepted) or any(other.start > since and other.key == one.key for other in deck)


RULES: Final = (
    Rule(
        "no_read_timeout",
        "a client leaves a stream on which nothing comes any more",
        "docs/cases.md#timing; what the SDKs do: docs/guide/verdicts.md",
        _no_read_timeout,
    ),
    Rule(
        "connection_leaked",
        "a client that stops reading a stream closes its connection",
        "RFC 9112 9.6",
        _connection_leaked,
    ),
)
