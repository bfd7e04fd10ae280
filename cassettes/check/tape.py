"""A tape's file as a whole: its answers, secrets that are still on it, its age. Pure: the
caller hands over the bytes, the redactor and the time.

Imports the files beside it and `redact`, `secrets`, `model`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cassettes.check.answer import check_answer
from cassettes.check.finding import Finding, Place
from cassettes.check.lines import Lines
from cassettes.grammar import AGE, SECRET, UNDATED
from cassettes.model import Cassette, CassetteError, Headers, Interaction
from cassettes.redact import Redactor
from cassettes.secrets import header_rule, secrets_from_request
from cassettes.yamlparse import inflated

_PLACEHOLDER = re.compile(rb"<[^<>]*>|\[[^\[\]]*\]|\{+[^{}]*\}+|[A-Z]+(?:[-_ ][A-Z]+)*")
"""What other tools leave where they took a credential out: <AUTH_TOKEN>, [REDACTED:x-api-key], X-API-KEY-XXX."""


class Checked(NamedTuple):
    """What was found on one tape. `unchecked`: number of an interaction, from 1, and why its grammar could not be
    asked."""

    findings: tuple[Finding, ...] = ()
    unchecked: tuple[tuple[int, str], ...] = ()


class Terms(NamedTuple):
    """What tapes are held to besides the grammar: `redactor` knows the environment's credentials; `oldest` is the
    earliest time at which a recording may have been made, None for any."""

    redactor: Redactor
    oldest: datetime | None = None


def terms(redactor: Redactor, now: datetime, max_age_days: float | None) -> Terms:
    """The terms at the time `now`."""
    return Terms(redactor, None if max_age_days is None else now - timedelta(days=max_age_days))


def check_tape(data: bytes, place: str, cassette: Cassette, held_to: Terms) -> Checked:
    """What is wrong with the file `data` called `place`, which was read as `cassette`."""
    lines = Lines(data, place)
    unchecked: list[tuple[int, str]] = []
    findings = list(_keys_in(data, place, held_to.redactor))
    known = {one.found for one in findings}
    for number, interaction in enumerate(cassette.interactions, 1):
        answer = check_answer(interaction)
        if answer.unchecked:
            unchecked.append((number, answer.unchecked))
        later = [
            *answer.findings,
            *_credentials(interaction, held_to.redactor),
            *_hidden(interaction, held_to.redactor, known),
        ]
        later += _aged(interaction, held_to.oldest)
        body = interaction.response.body
        for one in later:
            line = one.line or lines.of(number, one.place.offset, body)
            findings.append(one._replace(interaction=number, line=line))
    return Checked(tuple(findings), tuple(unchecked))


def _keys_in(data: bytes, place: str, redactor: Redactor) -> Iterator[Finding]:
    """Secrets in the text of the file, each with its line."""
    try:
        text = inflated(data, place)
    except CassetteError:
        text = data
    for one in redactor.find(text):
        line = text.count(b"\n", 0, one.start) + 1
        yield Finding(SECRET, _secret(one.kind, one.end - one.start), "stars", line=line)


def _credentials(interaction: Interaction, redactor: Redactor) -> Iterator[Finding]:
    """Credentials where they belong, in headers, cookies and the query, that are not told by their shape already."""
    request, response = interaction.request, interaction.response
    for side, headers in (("request", request.headers), ("response", response.headers)):
        for pair in headers:
            if header_rule(pair[0]) not in {None, "organisation"}:
                for value in _unshaped(secrets_from_request((pair,), ""), redactor):
                    found = f"the {side} header {pair[0][:60]} holds a credential of {len(value)} bytes"
                    yield Finding(SECRET, found, "stars")
    for value in _unshaped(secrets_from_request((), request.uri), redactor):
        yield Finding(SECRET, f"the uri holds a credential of {len(value)} bytes", "stars")


def _unshaped(found: Iterable[bytes], redactor: Redactor) -> list[bytes]:
    return [value for value in found if not redactor.find(value) and not _PLACEHOLDER.fullmatch(value)]


def _hidden(interaction: Interaction, redactor: Redactor, known: Iterable[str]) -> Iterator[Finding]:
    """Secrets that the text of the file does not show: in `!!binary`, folded or escaped."""
    request, response = interaction.request, interaction.response
    parts = {
        "request body": request.body,
        "response body": response.body,
        "request headers": _joined(request.headers),
        "response headers": _joined(response.headers),
    }
    for name, part in parts.items():
        for one in redactor.find(part):
            found = _secret(one.kind, one.end - one.start)
            if found not in known:
                at = Place(0, one.start) if name == "response body" else Place()
                yield Finding(SECRET, f"{found} in the {name}", "stars", at)


def _joined(headers: Headers) -> bytes:
    return "\n".join(f"{name}: {value}" for name, value in headers).encode("utf-8", "surrogateescape")


def _secret(kind: str, length: int) -> str:
    return f"a secret of {length} bytes ({kind})"


def _aged(interaction: Interaction, oldest: datetime | None) -> Iterator[Finding]:
    """A recording that is too old, or may be. What nobody recorded has no age."""
    stream = interaction.response.stream
    if oldest is None or stream.source == "synthetic":
        return
    made = _time(stream.recorded_at)
    if made is None:
        yield Finding(UNDATED, "there is no recorded_at", "one, as --max-age asks for it")
    elif made < oldest:
        yield Finding(AGE, f"it was recorded {made:%Y-%m-%d}", f"{oldest:%Y-%m-%d} or later; record it again")


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
