"""The events of a body with their places: numbers count every block, offsets are those of the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.check.blocks import Block, blocks
from cassettes.check.finding import Place
from cassettes.events import event_ends


def test_comments_count_and_say_nothing() -> None:
    body = b': OPENROUTER PROCESSING\n\nevent: ping\ndata: {"type": "ping"}\n\nretry: 5\n\ndata: [DONE]\n\n'
    assert list(blocks(body, "sse")) == [
        Block(Place(2, 25), "ping", '{"type": "ping"}'),
        Block(Place(4, 71), "", "[DONE]"),
    ]


def test_what_the_end_of_the_body_interrupts_is_open() -> None:
    first, last = blocks(b"data: 1\n\ndata: 2", "sse")
    assert (first.open, last.open) == (False, True)
    assert last.place == Place(2, 9)
    assert list(blocks(b"data: 1\n\n: comment", "sse")) == [first]


def test_bytes_that_are_not_utf8_are_told() -> None:
    (one,) = blocks(b"data: \xff\n\n", "sse")
    assert one.flaw
    assert one.data == "\ufffd"


def test_elements_of_an_array_and_lines() -> None:
    assert [(one.place, one.data) for one in blocks(b'[{"a": 1},\r\n{"b": [2]}]\n', "json-array")] == [
        (Place(1, 0), '{"a": 1}'),
        (Place(2, 12), '{"b": [2]}'),
    ]
    assert [one.value() for one in blocks(b'{"a": 1}\n{"b": 2}\n', "ndjson")] == [{"a": 1}, {"b": 2}]
    assert list(blocks(b"anything", "none")) == []


def test_nesting_without_end_is_no_json() -> None:
    (one,) = blocks(b"data: " + b"[" * 100_000 + b"\n\n", "sse")
    with pytest.raises(ValueError, match="nested"):
        one.value()


@given(st.lists(st.sampled_from([b"data: {}\n\n", b": c\r\n\r\n", b"\n", b"event: x\rdata: 1\r\r", b"id: 4\n\n"])))
def test_every_place_is_where_an_event_begins(parts: list[bytes]) -> None:
    body = b"".join(parts)
    starts = [0, *event_ends(body, "sse")]
    for one in blocks(body, "sse"):
        assert starts[one.place.event - 1] == one.place.offset
