"""Verdicts on what a client tries again, and what not. Imports `verdict`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from mockserver.verdicts.exchange import Exchange
from mockserver.verdicts.verdict import Fact, Finding, Rule, Terms, chains, failed, retryable
from mockserver.verdicts.waiting import asked_wait

LONGEST_ASKED: Final = 120_000.0
"""A Retry-After (ms) beyond which giving up at once is what OpenAI's SDK does (providers.md 2.3)."""
_AUTH: Final = frozenset({401, 403, 407})
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def _retried_non_retryable(deck: Sequence[Exchange], _terms: Terms) -> Iterator[Finding]:
    for chain in chains(deck):
        for one, following in pairwise(chain):
            over = one.over_by(following.start)
            if over is None or not failed(one) or retryable(one):
                continue
            if one.status in _AUTH and one.credential != following.credential:
                continue  # it has found another key
            said = one.field("x-should-retry")
            how = f"{one.status}" + (f" and x-should-retry: {said}" if said else "")
            found = f"request {following.n} repeats request {one.n}, which was answered with {how}"
            evidence: dict[str, Fact] = {"status": one.status, "x-should-retry": said}
            waited = round(following.start - over, 1)
            yield Finding((one.n, following.n), found, {**evidence, "waited_ms": waited})


def _gave_up(deck: Sequence[Exchange], terms: Terms) -> Iterator[Finding]:
    for chain in chains(deck):
        last = chain[-1]
        if last.in_flight or not failed(last) or not retryable(last):
            continue
        tries = 1
        for one in reversed(chain[:-1]):
            if not failed(one):
                break
            tries += 1
        asked = asked_wait(last)
        if tries >= terms.tries or (asked is not None and asked.ms > LONGEST_ASKED):
            continue
        how = f"was answered with {last.status}" if last.status else "broke before any answer"
        found = f"no request followed request {last.n}, which {how}"
        evidence: dict[str, Fact] = {"status": last.status, "requests": tries, "least": terms.tries}
        if asked is not None:
            evidence[asked.name] = asked.value
        yield Finding((last.n,), found, evidence)


def _duplicate_request(deck: Sequence[Exchange], _terms: Terms) -> Iterator[Finding]:
    for chain in chains(deck):
        for one, following in pairwise(chain):
            if one.method in SAFE:
                continue
            over = one.over_by(following.start)
            if over is not None and one.whole:
                found = f"request {following.n} repeats request {one.n}, which was answered whole"
            elif over is None:
                found = f"request {following.n} repeats request {one.n}, which was still being answered"
            else:
                continue
            evidence: dict[str, Fact] = {
                "status": one.status,
                "first_at_ms": round(one.start, 1),
                "again_at_ms": round(following.start, 1),
                "answered_at_ms": None if one.end is None else round(one.end, 1),
            }
            yield Finding((one.n, following.n), found, evidence)


RULES: Final = (
    Rule(
        "retried_non_retryable",
        "what the server refuses for good is not sent again unchanged",
        "RFC 9110 15.5; what the SDKs retry: docs/guide/verdicts.md",
        _retried_non_retryable,
    ),
    Rule(
        "gave_up",
        "a failure that may pass is tried again at least once",
        "RFC 9110 15.6.4; the SDKs try 3 times: docs/guide/verdicts.md",
        _gave_up,
    ),
    Rule(
        "duplicate_request",
        "a POST that is being answered, or was answered whole, is not sent again",
        "RFC 9110 9.2.2",
        _duplicate_request,
    ),
)
