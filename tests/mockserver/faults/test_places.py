"""WHERE: every form read, and found on the tape; beyond the end it says how long the tape is."""

import pytest
from faulted import EVENTS, side, tape
from hypothesis import given
from hypothesis import strategies as st

from cassettes.model import Ending, Timeline
from mockserver.faults.grammar import FaultError
from mockserver.faults.places import Place, Where, find, where_of

A, B, C, D = map(len, EVENTS)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("request", Where("request")),
        ("headers", Where("headers")),
        ("end", Where("end")),
        ("3e", Where("e", 3)),
        ("0c", Where("c", 0)),
        ("12b", Where("b", 12)),
        ("7w", Where("w", 7)),
        ("50%", Where("%", 50)),
        ("33.3pct", Where("%", 33.3)),
        ("1500ms", Where("ms", 1500)),
        ("2s", Where("ms", 2000)),
        ("=message_stop", Where("=", name="message_stop")),
    ],
)
def test_forms(text, where):
    assert where_of(text) == where


@pytest.mark.parametrize("text", ["", "3", "e", "3x", "-1b", "101%", "=", "2h", "1e3", "3 e", "9" * 20 + "e", "٣e"])
def test_what_is_no_place(text):
    with pytest.raises(FaultError, match="expected"):
        where_of(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("request", Place("request")),
        ("headers", Place("headers")),
        ("0b", Place("body", 0)),
        ("end", Place("body", A + B + C + D)),
        ("1e", Place("body", A)),
        ("3c", Place("body", A + B + C)),
        ("4c", Place("body", A + B + C + D)),
        ("5e", Place("body", A + B + C + D)),
        ("50%", Place("body", (A + B + C + D) // 2)),
        ("5ms", Place("request", at_ms=5.0)),
        ("25ms", Place("body", A, at_ms=25.0)),
        ("30ms", Place("body", A + B, at_ms=30.0)),
        ("0w", Place("body", 0, 0)),
        ("4w", Place("body", 0, 4)),
        ("5w", Place("body", 1, 0)),
        (f"{A + 4}w", Place("body", A, 0)),
        (f"{A + 6}w", Place("body", A, 2)),
        (f"{A + 10}w", Place("body", A, 6)),
    ],
)
def test_places(text, place):
    assert find(where_of(text), side(tape())) == place


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("6e", "the tape has 5 events"),
        ("5c", "the tape has 4 chunks"),
        ("9999b", f"the body has {A + B + C + D} bytes"),
        ("9999w", f"{A + B + C + D + 28} wire bytes"),
        ("1s", "the tape takes 55 ms"),
        ("=nothing", "the events of this tape have no names"),
    ],
)
def test_beyond_the_end(text, said):
    with pytest.raises(FaultError) as caught:
        find(where_of(text), side(tape()))
    assert said in str(caught.value)


def test_names():
    named = side(tape(b"event: a\ndata: {}\n\n", b'data: {"type":"b"}\n\n', b"event: a\ndata: 2\n\n"))
    assert find(where_of("=a"), named) == Place("body", 0)
    assert find(where_of("=b"), named) == Place("body", 19)
    with pytest.raises(FaultError, match="the tape has a, b"):
        find(where_of("=c"), named)


def test_a_folded_answer_has_bytes_only():
    folded = side(tape(b'{"a":1}', framing="length"), "none", folded=True)
    for text in ("request", "headers", "end", "3b", "50%", "20ms"):
        assert find(where_of(text), folded).at <= 7
    for text in ("1e", "1c", "1w", "=x"):
        with pytest.raises(FaultError, match="asked for no stream"):
            find(where_of(text), folded)


def test_a_tape_without_a_head():
    broken = Timeline(head=None, head_at_ms=0, frames=(), end=Ending(type="reset", at="request"), end_at_ms=20)
    assert find(where_of("request"), side(broken)) == Place("request")
    assert find(where_of("7ms"), side(broken)) == Place("request", at_ms=7)
    with pytest.raises(FaultError, match="before its head"):
        find(where_of("0b"), side(broken))


@given(st.integers(0, 100), st.binary(min_size=1, max_size=300))
def test_percents_are_floors(percent, data):
    assert find(where_of(f"{percent}%"), side(tape(data))).at == percent * len(data) // 100
