"""Cases of an event stream's fields as a raw client sees them: each delivers the whole text to who reads by the rules."""

from __future__ import annotations

import json
import re

import pytest
from cased import DIALECTS, TEXT, dispatched, read, show
from wires import Tool

pytestmark = pytest.mark.xdist_group("cases")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("case", "pattern", "least"),
    [
        ("multiline-data", rb"(?m)^data: \{\r?\ndata:   \"", 8),
        ("comments-between", rb"(?m)^: OPENROUTER PROCESSING\r?\n\r?\n(?:data|event)", 9),
        ("comment-inside", rb"(?m)^(?:data|event): [^\n]+\n: inside\r?\n", 9),
        ("comment-one-newline", rb"(?m)^: ping\r?\n(?:data|event)", 9),
        ("id-plus-comment", rb"(?m)^id: \d+\r?\n(?:data|event)", 9),
        ("retry-only-event", rb"\Aretry: 3000\r?\n\r?\n", 1),
        ("event-only-block", rb"\nevent: keepalive\r?\n\r?\n", 1),
        ("empty-data", rb"\n\r?\ndata:\r?\n\r?\n", 1),
        ("unknown-field", rb"(?m)^foo: bar\r?\nbaz\r?\n", 9),
    ],
)
def test_fields(case: str, pattern: bytes, least: int, dialect: str, served: Tool) -> None:
    shown = show(served, case, dialect)
    assert len(re.findall(pattern, shown.body)) >= least
    assert shown.whole
    got = read(shown.body, dialect)
    assert (got.text, got.over, got.flaws) == (TEXT, True, [])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_data_over_lines_is_one_value(dialect: str, served: Tool) -> None:
    events = dispatched(show(served, "multiline-data", dialect).body)
    assert all("\n" in event.data and json.loads(event.data) for event in events if event.data != "[DONE]")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ids_count_up(dialect: str, served: Tool) -> None:
    body = show(served, "id-plus-comment", dialect).body
    ids = [int(event.last_id) for event in dispatched(body)]
    assert ids == list(range(1, len(ids) + 1))
    assert body.count(b": keep-alive") == len(ids)
