"""What the cases and faults break on purpose is what the checker finds in their streams, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from broken import NATIVE, rules
from cased import LAST, MODELS, plan_of
from wires import dechunked

from cassettes.check import Finding, check_stream
from cassettes.grammar import GRAMMARS
from mockserver.cases.table import table

BROKEN = {
    "bom-content-first": {"bom", "choice-order"},  # its first chunk has text, and no role
    "single-newline-events": {"json", "*-end"},
    "invalid-utf8": {"utf-8"},
    "no-final-blank-line": {"tail"},
    "no-final-newline": {"tail"},
    "empty-data": {"json"},
    "comment-as-data": {"json"},
    "truncated-clean-end": {"*-end"},
    "http10-close-truncated": {"*-end"},
    "no-terminal-event": {"*-end"},
    "empty-200": {"empty"},
    "done-twice": {"*-order"},
    "data-after-done": {"json"},
    "done-on-responses": {"*-order"},
    "error-event-text": {"json", "*-end"},
    "error-string": {"keys", "*-end"},
    "json-error-pretty-mid": {"*-end"},
    "json-cut-event": {"json"},
    "two-json-one-line": {"json"},
    "unknown-event-type": {"type", "sequence"},
    "event-ping": {"type"},
    "data-keepalive-json": {"type", "sequence"},
    "huge-event-8mb": {"key"},
    "choices-missing": {"keys"},
    "null-choices": {"keys"},
    "null-fields": {"usage"},
    "no-role-no-index": {"keys", "choice-order"},
    "finish-empty-string": {"variant"},
    "finish-reason-error": {"variant"},
    "tool-same-index": {"call-order"},
    "dup-events": {"*-order", "sequence", "*-sum", "block-json"},
    "seq-out-of-order": {"sequence", "*-sum"},
}
"""Case -> what may be found in its stream, `*` for any machine; something must be, but for `FINE`."""

FINE = {("event-ping", "anthropic")}
"""In Anthropic's own grammar a ping is nothing odd."""

LONG = {"huge-event-8mb", "line-8mb-no-newline"}


def streams(dialect: str) -> Iterator[tuple[str, bytes, bool]]:
    """Cases with a stream of their own in that dialect: id, body, and whether it ends as a whole one does."""
    for case in table().values():
        if case.unserved or dialect not in case.dialects or case.play(dialect).stream is None:
            continue
        if case.layer == "chunking" or "encode" in case.faults or case.id in LONG:
            continue  # what is broken is below events, or too long for a quick test
        plan = plan_of(case.id, dialect)
        head, _, wire = plan.wire.partition(b"\r\n\r\n")
        if b"chunked" not in head.lower():
            yield case.id, wire, True
            continue
        chunks, tail = dechunked(wire)
        yield case.id, b"".join(chunks), tail == LAST


def found_in(dialect: str, body: bytes, whole: bool) -> tuple[Finding, ...]:
    return check_stream(GRAMMARS[dialect], body, provider=NATIVE[dialect], whole=whole)


def is_among(rule: str, allowed: set[str]) -> bool:
    return rule in allowed or f"*-{rule.rpartition('-')[2]}" in allowed


@pytest.mark.parametrize("dialect", MODELS)
def test_what_a_case_breaks_is_found_and_nothing_else(dialect: str) -> None:
    seen = 0
    for case, body, whole in streams(dialect):
        seen += 1
        found = rules(found_in(dialect, body, whole))
        allowed = BROKEN.get(case, set())
        assert all(is_among(rule, allowed) for rule in found), (case, found)
        assert bool(found) == (case in BROKEN and (case, dialect) not in FINE), (case, found)
    assert seen > 40
