"""Chunks of imported bodies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.convert import pace
from cassettes.model import Chunk

_PIECES = st.lists(st.tuples(st.binary(max_size=5), st.floats(0, 1e5)), max_size=30)


@given(_PIECES)
def test_no_byte_and_no_time_is_lost(timed: list[tuple[bytes, float]]) -> None:
    pieces, gaps = [one for one, _ in timed], [gap for _, gap in timed]
    chunks, rest = pace.timed(pieces, gaps)
    assert sum(chunk.size for chunk in chunks) == sum(map(len, pieces))
    assert all(chunk.size > 0 and chunk.gap_ms >= 0 for chunk in chunks)
    assert sum(chunk.gap_ms for chunk in chunks) + rest == pytest.approx(sum(gaps), abs=0.11)


def test_rounding_does_not_add_up() -> None:
    chunks, rest = pace.timed([b"x"] * 1000, [0.04] * 1000)
    assert sum(chunk.gap_ms for chunk in chunks) + rest == pytest.approx(40.0)


def test_pieces_without_time() -> None:
    assert pace.bounded([b"ab", b"", b"c"]) == (Chunk(20.0, 2), Chunk(20.0, 1))


def test_events_and_their_tail() -> None:
    assert pace.paced(b"data: a\n\nda", "sse") == (Chunk(20.0, 9), Chunk(20.0, 2))
    assert pace.paced(b"[1,2]", "json-array") == (Chunk(20.0, 3), Chunk(20.0, 2))
    assert pace.paced(b"{}", "none") == (Chunk(20.0, 2),)
    assert pace.paced(b"", "sse") == ()
