"""Events, their bytes, and the streams that are made of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassettes.events import event_ends
from mockserver.cases.script import DIALECTS, Event, Stream, script_of, whole


def test_an_event_is_a_block() -> None:
    script = script_of("anthropic")
    assert script.block(Event({"a": "안"}, "x")) == 'event: x\ndata: {"a":"안"}\n\n'.encode()
    assert script.block(Event("[DONE]")) == b"data: [DONE]\n\n"
    assert script_of("gemini").block(Event({})) == b"data: {}\r\n\r\n"
    assert script.block(Event({"a": "\ud83c"})) == b'data: {"a":"\\ud83c"}\n\n'


@pytest.mark.parametrize("dialect", DIALECTS)
def test_half_is_behind_half_of_the_text(dialect: str) -> None:
    script = script_of(dialect)
    stream = whole(script)
    assert b"".join(stream.chunks[: stream.half]) == b"".join(map(script.block, script.head()))
    start = sum(map(len, stream.chunks[: stream.half]))
    assert start < stream.mid < start + len(stream.chunks[stream.half])


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=25)
@given(pieces=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6))
def test_each_chunk_is_one_event(dialect: str, pieces: list[str]) -> None:
    stream = script_of(dialect).stream(script_of(dialect).answer(pieces))
    body = b"".join(stream.chunks)
    assert len(list(event_ends(body, "sse"))) == len(stream.chunks)
    assert stream.text == "".join(pieces)


def test_what_is_behind_an_id() -> None:
    stream = Stream((b"a", b"b", b"c"), "abc", 1, ids=("1", "2", "3"))
    assert stream.behind("2").chunks == (b"c",)
    assert stream.behind("3") == Stream((), "abc", 0, ids=(), over=True)
    assert stream.behind("other") == stream._replace(half=0)


def test_half_pairs_make_one_character() -> None:
    script = script_of("raw")
    assert script.stream(script.answer(("\ud83c", "\udf0d"))).text == "🌍"


def test_who_sends_no_pieces_of_arguments_says_so() -> None:
    with pytest.raises(NotImplementedError, match="gemini"):
        script_of("gemini").tool_call(["{}"])
    assert script_of("elsewhere").dialect == "raw"
