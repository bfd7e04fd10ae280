"""Cases of TCP as a raw client sees them."""

from __future__ import annotations

import pytest
from cased import DIALECTS, HALF, TEXT, dispatched, plan_of, read, show, tape_whole, written
from wires import Tool

pytestmark = pytest.mark.xdist_group("cases")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_many_events_are_one_chunk(dialect: str, served: Tool) -> None:
    shown = show(served, "many-events-one-write", dialect)
    assert len(shown.chunks) == 1
    assert shown.whole
    assert len(dispatched(shown.body)) >= 3000
    got = read(shown.body, dialect)
    assert (got.text, got.over) == ("".join(f"{number} " for number in range(3000)), True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_byte_is_a_chunk(dialect: str, served: Tool) -> None:
    shown = show(served, "byte-per-segment", dialect)
    assert {len(data) for data in shown.chunks} == {1}
    writes = [data for _, data in written(plan_of("byte-per-segment", dialect))]
    assert len(writes) == len(shown.chunks)  # the first goes out with the head
    assert max(len(data) for data in writes[1:-1]) == len(b"1\r\nx\r\n")
    assert read(shown.body, dialect)[:2] == ("Hello, 세계 🌍", True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_resets_before_and_in_the_head(dialect: str, served: Tool) -> None:
    for attempt in (1, 2):
        seen = show(served, "rst-before-headers", dialect, attempt=attempt).seen
        assert (seen.raw, seen.ended) == (b"", "reset")
    first = show(served, "rst-once-then-ok", dialect).seen
    assert (first.raw, first.ended) == (b"", "reset")
    assert tape_whole(show(served, "rst-once-then-ok", dialect, attempt=2))
    inside = show(served, "rst-mid-headers", dialect).seen
    assert (inside.raw, inside.ended) == (b"HTTP/1.1 200 OK\r\n", "reset")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_reset_inside_a_line_comes_after_half_of_the_text(dialect: str, served: Tool) -> None:
    shown = show(served, "rst-mid-chunk", dialect)
    assert shown.seen.ended == "reset"
    size, _, partial = shown.tail.partition(b"\r\n")
    assert partial.count(b"\n") <= 1
    assert partial.startswith((b"data: {", b"event: "))
    assert 0 < len(partial) < int(size, 16)
    assert read(shown.body, dialect)[:2] == (HALF, False)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("case", "ended"), [("rst-between-events", "reset"), ("fin-mid-stream", "eof")])
def test_breaks_between_events(case: str, ended: str, dialect: str, served: Tool) -> None:
    shown = show(served, case, dialect)
    assert (shown.tail, shown.seen.ended) == (b"", ended)
    assert read(shown.body, dialect)[:2] == (HALF, False)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_reset_in_place_of_the_last_chunk(dialect: str, served: Tool) -> None:
    shown = show(served, "rst-after-last-event", dialect)
    assert (shown.tail, shown.seen.ended) == (b"", "reset")
    assert read(shown.body, dialect)[:2] == (TEXT, True)
