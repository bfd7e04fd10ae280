"""`chunk-zeros` and `split:framing`: framing that looks odd and means what it did."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.model import Ending, Frame, Head, Timeline
from mockserver.faults.breaking import broken
from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Scene
from mockserver.faults.table import read
from mockserver.faults.tapeside import TapeSide
from mockserver.plan import Asking

HEADERS = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))


def wire(faults: str, framing: str = "chunked") -> bytes:
    """The body of two chunks on the wire."""
    frames = (Frame(0.0, b"data: one\n\n"), Frame(1.0, b"data: two\n\n"))
    tape = Timeline(
        head=Head(headers=HEADERS),
        head_at_ms=0.0,
        frames=frames,
        end=Ending(),
        end_at_ms=1.0,
        framing=framing,  # type: ignore[arg-type]
    )
    side = TapeSide(tape, "sse", chunked=framing == "chunked")
    return broken(side, read(faults), Scene("raw"), Asking()).plan.wire.partition(b"\r\n\r\n")[2]


def test_zeros_stand_before_every_size() -> None:
    assert wire("chunk-zeros:3") == b"000b\r\ndata: one\n\n\r\n000b\r\ndata: two\n\n\r\n0000\r\n\r\n"
    assert wire("chunk-zeros:1;chunk-extension:a") == b"0b;a\r\ndata: one\n\n\r\n0b;a\r\ndata: two\n\n\r\n00;a\r\n\r\n"


@given(count=st.integers(1, 1000))
def test_without_its_zeros_it_is_what_it_was(count: int) -> None:
    assert wire(f"chunk-zeros:{count}").replace(b"0" * count + b"b\r\n", b"b\r\n").replace(
        b"0" * count + b"0\r\n", b"0\r\n"
    ) == wire("latency:1ms")


def test_where_it_cannot_act() -> None:
    with pytest.raises(FaultError, match="no HTTP chunks"):
        wire("chunk-zeros:3", "close")
    for many in ("0", "1001", "x"):
        with pytest.raises(FaultError, match="expected"):
            read(f"chunk-zeros:{many}")


def test_the_framing_of_a_chunk_comes_in_pieces_and_is_the_same() -> None:
    assert wire("split:framing") == wire("latency:1ms")
    assert wire("split:framing;split:5") == wire("split:5")
    with pytest.raises(FaultError, match="no HTTP chunks"):
        wire("split:framing", "close")
