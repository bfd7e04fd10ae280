"""Verdicts on what a client believes of a stream that broke: that it is whole, or how much of it has come. Imports
`verdict`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mockserver.verdicts.exchange import Exchange
from mockserver.verdicts.verdict import Fact, Finding, Rule, Terms


def _truncated_stream_accepted(deck: Sequence[Exchange], terms: Terms) -> Iterator[Finding]:
    whole = {_plain(one.answer.text) for one in deck if one.answer is not None and one.whole}
    cut = [one for one in deck if one.truncated and one.answer is not None]
    last = deck[-1] if deck else None
    for accepted in terms.accepted:
        if _plain(accepted) in whole:
            continue
        equal = [one for one in cut if one.answer is not None and _plain(one.answer.text) == _plain(accepted)]
        # A text that is nobody's was made of the last answer.
        one = equal[-1] if equal else last if last in cut else None
        if one is None or one.answer is None:
            continue
        how = {"reset": "was reset", "fin": "was cut off"}.get(one.ending, "ended early")
        how = "fell silent" if one.open else how
        found = f"request {one.n} {how} before its end, and the client took what it had for the answer"
        evidence: dict[str, Fact] = {
            "accepted": accepted,
            "sent": one.answer.text,
            "events": len(one.answer.events),
            "body_bytes": len(one.answer.body),
            "framing_ended": one.answer.framed,
            "answer_ended": False,
        }
        yield Finding((one.n,), found, evidence)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _resumed_from_wrong_place(deck: Sequence[Exchange], _terms: Terms) -> Iterator[Finding]:
    for at, one in enumerate(deck):
        if one.resumed is None:
            continue
        before = [other for other in deck[:at] if other.answer is not None and _same_stream(one, other)]
        had = [(other, place) for other in before for place in (other.answer.places if other.answer else ())]
        if not had:
            continue
        last, place = had[-1]
        sent = {name for _, name in had}
        left = last.by == "client"
        if one.resumed.value == place or (left and one.resumed.value in sent):
            continue
        which = "a place it was never sent" if one.resumed.value not in sent else "a place before the last it was sent"
        field, value = one.resumed
        found = f"request {one.n} goes on from {field} {value}, {which}; request {last.n} was sent {place} last"
        yield Finding((last.n, one.n), found, {"said": value, "last_sent": place, "field": field})


def _same_stream(one: Exchange, other: Exchange) -> bool:
    """Whether `one` may take up the stream of `other`: equal requests, or the response whose id it asks for."""
    if one.operation != "response":
        return other.key == one.key
    name = one.path.rpartition("/")[2].encode()
    return other.answer is not None and b'"%b"' % name in other.answer.body


RULES: Final = (
    Rule(
        "truncated_stream_accepted",
        "an answer counts only when the event that ends it, or the end of its framing, has come",
        "RFC 9112 8; providers' last events: docs/guide/verdicts.md",
        _truncated_stream_accepted,
    ),
    Rule(
        "resumed_from_wrong_place",
        "a stream is taken up from the last place that was received",
        "WHATWG HTML 9.2.4; docs/resume.md",
        _resumed_from_wrong_place,
    ),
)
