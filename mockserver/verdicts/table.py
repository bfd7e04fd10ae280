"""All verdicts by name, and the judging of a journal: deck by deck, in the order of the table. Imports the rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from cassettes.printable import clip, escape
from cassettes.redact import Redactor
from mockserver.verdicts import believing, holding, trying, waiting
from mockserver.verdicts.exchange import Exchange
from mockserver.verdicts.verdict import Rule, Terms, Verdict

RULES: Final[tuple[Rule, ...]] = (*waiting.RULES, *trying.RULES, *holding.RULES, *believing.RULES)
LONGEST: Final = 300
"""Columns of the sentence that says what was found."""
SHOWN: Final = 60
"""Columns of a header value or a text in the evidence."""
NAMES: Final = tuple(rule.name for rule in RULES)


def verdicts(seen: Iterable[Exchange], terms: Terms, redactor: Redactor) -> list[Verdict]:
    """What the clients of those exchanges did wrong under `terms`. What it tells is redacted."""
    decks: dict[str, list[Exchange]] = {}
    for one in seen:
        decks.setdefault(one.deck, []).append(one)
    return [verdict for deck in decks.values() for verdict in _of_deck(deck, terms, redactor)]


def _of_deck(deck: Sequence[Exchange], terms: Terms, redactor: Redactor) -> Iterable[Verdict]:
    for rule in RULES:
        for found in rule.judge(deck, terms):
            yield Verdict(
                name=rule.name,
                deck=deck[0].deck or None,
                requests=found.requests,
                found=_told(found.found, redactor, LONGEST),
                expected=rule.expected,
                source=rule.source,
                evidence={
                    name: _told(fact, redactor, SHOWN) if isinstance(fact, str) else fact
                    for name, fact in found.evidence.items()
                },
            )


def _told(text: str, redactor: Redactor, width: int) -> str:
    """Redacted before it is cut: half a secret has no shape."""
    return clip(escape(redactor.text(text)), width)
