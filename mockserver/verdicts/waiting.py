"""Verdicts on how long a client waits before another attempt, and on how many it makes. Imports `verdict`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Final, NamedTuple

from cassettes.printable import count
from mockserver.verdicts.exchange import Exchange
from mockserver.verdicts.verdict import Fact, Finding, Rule, Terms, chains, failed, retryable


class Asked(NamedTuple):
    """The wait that an answer asks for: `ms` from when it was there, by the header `name` with that `value`."""

    name: str
    value: str
    ms: float
    dated: bool = False


def asked_wait(one: Exchange) -> Asked | None:
    """The wait after `one`: `retry-after-ms`, which the openai and anthropic SDKs know, before `retry-after` in seconds
    or as a date; None where there is neither, or what is there cannot be read."""
    if (value := one.field("retry-after-ms")) is not None and (ms := _number(value)) is not None:
        return Asked("retry-after-ms", value, ms)
    value = one.field("retry-after")
    if value is None:
        return None
    if (seconds := _number(value)) is not None:
        return Asked("retry-after", value, seconds * 1000)
    try:
        then = parsedate_to_datetime(value).timestamp()
    except ValueError:
        return None
    return Asked("retry-after", value, (then - one.wall) * 1000 - (one.end or one.start), dated=True)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1e12 else None


class Retried(NamedTuple):
    """A request that failed, the equal one that came next, and how long (ms) after the failure was there."""

    one: Exchange
    following: Exchange
    waited: float


def _retries(deck: Sequence[Exchange]) -> Iterator[Retried]:
    for chain in chains(deck):
        for one, following in pairwise(chain):
            over = one.over_by(following.start)
            if failed(one) and over is not None:
                yield Retried(one, following, following.start - over)


def _retry_after_ignored(deck: Sequence[Exchange], terms: Terms) -> Iterator[Finding]:
    for one, following, waited in _retries(deck):
        asked = asked_wait(one)
        if asked is None or waited >= asked.ms - (terms.date_slack if asked.dated else terms.slack):
            continue
        found = (
            f"request {following.n} came {waited:.0f} ms after request {one.n} was answered with {one.status} and"
            f" {asked.name}: {asked.value}"
        )
        evidence: dict[str, Fact] = {
            "status": one.status,
            asked.name: asked.value,
            "asked_ms": round(asked.ms, 1),
            "waited_ms": round(waited, 1),
        }
        yield Finding((one.n, following.n), found, evidence)


def _no_backoff(deck: Sequence[Exchange], terms: Terms) -> Iterator[Finding]:
    for one, following, waited in _retries(deck):
        if retryable(one) and asked_wait(one) is None and waited < terms.least_wait:
            how = f"was answered with {one.status}" if one.status else "broke before any answer"
            found = f"request {following.n} came {waited:.0f} ms after request {one.n} {how}"
            evidence: dict[str, Fact] = {"status": one.status, "waited_ms": round(waited, 1)}
            yield Finding((one.n, following.n), found, {**evidence, "least_wait_ms": terms.least_wait})


def _retry_storm(deck: Sequence[Exchange], terms: Terms) -> Iterator[Finding]:
    for chain in chains(deck):
        run: list[Exchange] = []
        for one in (*chain, None):
            if one is not None:
                run.append(one)
            if one is None or not failed(one):
                if len(run) > terms.most_tries:
                    yield _storm(run, terms)
                run = []


def _storm(run: Sequence[Exchange], terms: Terms) -> Finding:
    span = run[-1].start - run[0].start
    statuses = ", ".join(dict.fromkeys(str(one.status or "none") for one in run))
    found = f"{count(len(run), 'equal request')} came within {span:.0f} ms, statuses {statuses}"
    evidence: dict[str, Fact] = {"requests": len(run), "most": terms.most_tries, "span_ms": round(span, 1)}
    return Finding(tuple(one.n for one in run), found, evidence)


RULES: Final = (
    Rule(
        "retry_after_ignored",
        "the next attempt comes no sooner than Retry-After asks for",
        "RFC 9110 10.2.3",
        _retry_after_ignored,
    ),
    Rule(
        "no_backoff",
        "without a Retry-After the client waits by itself before the next attempt",
        "RFC 6585 4; the SDKs' shortest waits: docs/guide/verdicts.md",
        _no_backoff,
    ),
    Rule(
        "retry_storm",
        "a client gives up after a handful of attempts",
        "RFC 9110 9.2.2; the SDKs send 3 to 5: docs/guide/verdicts.md",
        _retry_storm,
    ),
)
