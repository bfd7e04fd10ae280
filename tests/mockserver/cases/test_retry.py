"""Cases of another attempt as a raw client sees them."""

from __future__ import annotations

import re
import time
from collections import Counter
from email.utils import parsedate_to_datetime
from itertools import pairwise

import pytest
from cased import DIALECTS, HALF, LAST, TAPE, TEXT, dispatched, read, show, tape_whole
from wires import Tool

pytestmark = pytest.mark.xdist_group("cases")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("case", "code", "headers"),
    [
        ("429-retry-after-s", 429, {"retry-after": "1"}),
        ("429-retry-after-ms", 429, {"retry-after": "30", "retry-after-ms": "300"}),
        ("429-no-header", 429, {"retry-after": None, "retry-after-ms": None}),
        ("503-then-ok", 503, {}),
        ("529-then-ok", 529, {"x-should-retry": "true"}),
        ("408-then-ok", 408, {"connection": "close"}),
    ],
)
def test_a_status_then_the_answer(
    case: str, code: int, headers: dict[str, str | None], dialect: str, served: Tool
) -> None:
    deck = f"{case}-{dialect}"
    first = show(served, case, dialect, deck=deck)
    assert first.code == code
    assert {name: first.seen.header(name) for name in headers} == headers
    assert b"error" in first.body
    assert tape_whole(show(served, case, dialect, deck=deck))


def test_a_408_closes_its_connection(served: Tool) -> None:
    assert show(served, "408-then-ok", "openai-chat", keep=True).seen.ended == "eof"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_date_is_two_seconds_ahead(dialect: str, served: Tool) -> None:
    asked = time.time()
    shown = show(served, "429-retry-after-date", dialect)
    ahead = parsedate_to_datetime(shown.seen.header("retry-after") or "").timestamp() - asked
    assert shown.code == 429
    assert 1.0 <= ahead < 60
    assert tape_whole(show(served, "429-retry-after-date", dialect, attempt=2))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_500_that_wants_no_other_attempt(dialect: str, served: Tool) -> None:
    for attempt in (1, 3):
        shown = show(served, "500-should-retry-false", dialect, attempt=attempt)
        assert (shown.code, shown.seen.header("x-should-retry")) == (500, "false")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_events_come_twice(dialect: str, served: Tool) -> None:
    shown = show(served, "dup-events", dialect)
    events = dispatched(shown.body)
    assert [one == other for one, other in zip(events[::2], events[1::2], strict=True)] == [True] * (len(events) // 2)
    assert shown.tail == LAST
    if dialect == "openai-responses":
        numbers = Counter(re.findall(r'"sequence_number":(\d+)', shown.body.decode()))
        assert set(numbers.values()) == {2}


def test_a_sequence_number_goes_back(served: Tool) -> None:
    shown = show(served, "seq-out-of-order", "openai-responses")
    numbers = [value["sequence_number"] for value in read(shown.body, "openai-responses").values]
    assert sorted(numbers) == list(range(len(numbers)))
    assert [number for number, later in pairwise(numbers) if later < number] == [9]


def test_the_rest_behind_the_last_event_id(served: Tool) -> None:
    deck = "last-event-id"
    first = show(served, deck, "raw", deck=deck)
    assert first.body.startswith(b"retry: 100\nid: 1\n")
    assert (first.tail, first.seen.ended) == (b"", "eof")
    had = dispatched(first.body)
    assert (read(first.body, "raw").text, had[-1].last_id) == (HALF, "4")
    rest = show(served, deck, "raw", "Last-Event-ID: 4", deck=deck)
    assert [event.last_id for event in dispatched(rest.body)] == ["5", "6", "7", "8", "9"]
    assert HALF + read(rest.body, "raw").text == TEXT
    assert rest.tail == LAST
    nothing = show(served, deck, "raw", "Last-Event-ID: 9", deck=deck)
    assert (nothing.code, nothing.seen.wire_body) == (204, b"")
    again = show(served, deck, "raw", deck=deck)
    assert read(again.body, "raw")[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_post_that_ends_cleanly(dialect: str, served: Tool) -> None:
    shown = show(served, "auto-reconnect-post", dialect)
    assert (shown.tail, read(shown.body, dialect)[:3]) == (LAST, (TEXT, True, []))


def test_half_of_a_response_that_is_stored(served: Tool) -> None:
    shown = show(served, "responses-starting-after", "openai-responses")
    size, _, partial = shown.tail.partition(b"\r\n")
    assert (int(size, 16), partial, shown.seen.ended) == (len(TAPE), TAPE[: len(TAPE) // 2], "eof")
    assert tape_whole(show(served, "responses-starting-after", "openai-responses", attempt=2))
