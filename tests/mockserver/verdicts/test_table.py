"""The table of verdicts: every name once, decks apart, nothing secret told."""

from __future__ import annotations

import re

from cassettes.redact import Redactor
from mockserver.verdicts.table import NAMES, RULES, verdicts
from mockserver.verdicts.verdict import Terms

KEY = "sk-proj-" + "a1B2c3D4" * 6


def test_every_verdict_of_the_issue_is_there_once():
    assert sorted(NAMES) == [
        "connection_leaked",
        "duplicate_request",
        "gave_up",
        "no_backoff",
        "no_read_timeout",
        "resumed_from_wrong_place",
        "retried_non_retryable",
        "retry_after_ignored",
        "retry_storm",
        "truncated_stream_accepted",
    ]
    for rule in RULES:
        assert rule.expected
        assert re.match(r"RFC \d+|WHATWG|docs/", rule.source), rule


def test_decks_are_judged_apart(seen):
    deck = [seen(503, at, at, deck=name) for at, name in enumerate("abab")]
    found = verdicts(deck, Terms(), Redactor())
    assert [(one.name, one.deck, one.requests) for one in found] == [
        ("no_backoff", "a", (1, 3)),
        ("no_backoff", "b", (2, 4)),
    ]
    assert verdicts([], Terms(), Redactor()) == []


def test_what_is_told_is_redacted(seen):
    text = b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % KEY.encode()
    cut = seen(end=5.0, body=text, framed=False, by="fault")
    (one,) = verdicts([cut], Terms(accepted=(KEY,)), Redactor())
    assert KEY not in repr(one)
    assert one.evidence["accepted"] == one.evidence["sent"] == "*" * len(KEY)
