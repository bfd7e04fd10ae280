"""Interaction <-> timeline: absolute offsets one way, rounded gaps the other, and nothing lost in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cassettes.model import (
    NO_RESPONSE,
    Chunk,
    Ending,
    Frame,
    Head,
    Informational,
    Interaction,
    Request,
    Response,
    Stream,
    Timeline,
)
from cassettes.timeline import arrivals, chunks_of, from_timeline, tenth, to_timeline

REQUEST = Request("POST", "https://api.openai.com/v1/chat/completions", (("a", "b"),), b"{}")


def interaction(body=b"", **stream):
    return Interaction(REQUEST, Response(200, "OK", (("content-type", "text/event-stream"),), body, Stream(**stream)))


def no_response(**stream):
    return Interaction(REQUEST, Response(*NO_RESPONSE, (), b"", Stream(**stream)))


def test_offsets_count_from_the_last_request_byte():
    timeline = to_timeline(
        interaction(
            b"abcdef",
            headers_ms=180.6,
            chunks=(Chunk(312.4, 1), Chunk(0.0, 3, True), Chunk(20.1, 2)),
            end=Ending(gap_ms=0.2),
            trailers=(("x", "y"),),
            informational=(Informational(12.5, 103, "Early Hints"),),
        )
    )
    assert timeline.head == Head(headers=(("content-type", "text/event-stream"),))
    assert timeline.head_at_ms == 180.6
    assert timeline.frames == (
        Frame(pytest.approx(493.0), b"a"),
        Frame(pytest.approx(493.0), b"bcd", True),
        Frame(pytest.approx(513.1), b"ef"),
    )
    assert timeline.end_at_ms == pytest.approx(513.3)
    assert (timeline.trailers, timeline.informational[0].at_ms) == ((("x", "y"),), 12.5)


def test_the_ending_counts_from_the_head_where_there_is_no_body():
    assert to_timeline(interaction(headers_ms=10.0, end=Ending(type="reset", gap_ms=5.0))).end_at_ms == 15.0


def test_a_head_that_never_completed():
    tape = no_response(headers_ms=80.0, head=b"HTTP/1.1 2", end=Ending(type="reset", at="head", gap_ms=20.0))
    timeline = to_timeline(tape)
    assert (timeline.head, timeline.partial_head, timeline.frames) == (None, b"HTTP/1.1 2", ())
    assert (timeline.head_at_ms, timeline.end_at_ms) == (80.0, 100.0)
    assert from_timeline(REQUEST, timeline) == tape


def test_no_byte_of_a_head():
    tape = no_response(end=Ending(type="timeout", at="request", gap_ms=3000.0))
    timeline = to_timeline(tape)
    assert (timeline.head, timeline.partial_head, timeline.head_at_ms, timeline.end_at_ms) == (None, b"", 0.0, 3000.0)
    assert from_timeline(REQUEST, timeline) == tape


def test_the_shape_of_no_response_is_what_vcrpy_can_play():
    timeline = Timeline(head=None, head_at_ms=7.0, frames=(), end=Ending(type="cut", at="request"), end_at_ms=9.0)
    response = from_timeline(REQUEST, timeline).response
    assert (response.code, response.message) == (502, "no response (tokentape)")
    assert (response.headers, response.body, response.stream.head) == ((), b"", None)
    assert (response.stream.headers_ms, response.stream.end.gap_ms) == (0.0, 9.0)


def test_rounding_never_adds_up():
    # 10,000 gaps of 0.04 ms: rounded one by one they would all be 0, and 400 ms of stream were lost.
    frames = tuple(Frame(0.04 * number, b"x") for number in range(1, 10_001))
    gaps = [chunk.gap_ms for chunk in chunks_of(frames, 0.0)]
    assert set(gaps) == {0.0, 0.1}
    assert sum(gaps) == pytest.approx(400.0)


def test_a_clock_that_went_back_gives_no_negative_gap():
    assert chunks_of((Frame(5.0, b"a"), Frame(4.0, b"b")), 6.0) == (Chunk(0.0, 1), Chunk(0.0, 1))


def test_every_time_of_a_timeline_is_rounded():
    timeline = Timeline(
        head=Head(),
        head_at_ms=1.26,
        frames=(Frame(2.349, b"a"),),
        end=Ending(client_left_ms=2.04),
        end_at_ms=3.05001,
        informational=(Informational(0.449, 103, ""),),
    )
    stream = from_timeline(REQUEST, timeline, provider="openai", dialect="openai-chat", source="edited").response.stream
    assert (stream.headers_ms, stream.chunks, stream.end.gap_ms) == (1.3, (Chunk(1.0, 1),), 0.8)
    assert (stream.end.client_left_ms, stream.informational[0].at_ms) == (2.0, 0.4)
    assert (stream.provider, stream.dialect, stream.source) == ("openai", "openai-chat", "edited")


TENTHS = st.integers(0, 10_000_000).map(lambda tenths: tenths / 10)
CHUNKS = st.lists(st.builds(Chunk, TENTHS, st.integers(1, 9), st.booleans()), max_size=30).map(tuple)
HTTP = st.sampled_from(["1.0", "1.1"])
EARLY = st.lists(st.builds(Informational, TENTHS, st.just(103), st.just("Early Hints")), max_size=2).map(tuple)
COMMON = {"provider": st.just("openai"), "recorded_at": st.none() | st.just("2026-11-20T09:30:00.000Z")}


@st.composite
def answers(draw):
    """Interactions as tapes hold them: times are whole tenths of a ms."""
    chunks = draw(CHUNKS)
    size = sum(chunk.size for chunk in chunks)
    end = Ending(
        type=draw(st.sampled_from(["eof", "cut", "reset", "timeout", "client_closed", "interrupted"])),
        gap_ms=draw(TENTHS),
        missing=draw(st.integers(0, 9)),
        client_left_ms=draw(st.none() | TENTHS),
    )
    stream = draw(
        st.builds(
            Stream,
            http=HTTP,
            framing=st.sampled_from(["chunked", "length", "close"]),
            headers_ms=TENTHS,
            chunks=st.just(chunks),
            end=st.just(end),
            trailers=st.just((("a", "b"),)),
            informational=EARLY,
            **COMMON,
        )
    )
    body = draw(st.binary(min_size=size, max_size=size))
    return Interaction(REQUEST, Response(draw(st.sampled_from([200, 429])), "OK", (("x", "y"),), body, stream))


@st.composite
def half_answers(draw):
    """Interactions that ended before their head was whole."""
    at = draw(st.sampled_from(["request", "head"]))
    end = Ending(type=draw(st.sampled_from(["cut", "reset", "timeout"])), at=at, gap_ms=draw(TENTHS))
    head = draw(st.binary(min_size=1, max_size=20)) if at == "head" else None
    early = draw(EARLY)
    fields = {name: draw(strategy) for name, strategy in COMMON.items()}
    headers_ms = draw(TENTHS) if at == "head" else 0.0
    return no_response(headers_ms=headers_ms, end=end, head=head, informational=early, **fields)


@given(answers() | half_answers())
def test_there_and_back(tape):
    stream = tape.response.stream
    fields = {"provider": stream.provider, "recorded_at": stream.recorded_at}
    assert from_timeline(tape.request, to_timeline(tape), **fields) == tape


@given(answers())
def test_offsets_never_decrease_and_frames_are_the_body(tape):
    timeline = to_timeline(tape)
    offsets = [timeline.head_at_ms, *(frame.at_ms for frame in timeline.frames), timeline.end_at_ms]
    assert offsets == sorted(offsets)
    assert b"".join(frame.data for frame in timeline.frames) == tape.response.body
    assert [len(frame.data) for frame in timeline.frames] == [chunk.size for chunk in tape.response.stream.chunks]


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=50))
def test_gaps_of_a_tape_sum_up_to_the_rounded_offset(offsets):
    offsets.sort()
    chunks = chunks_of(tuple(Frame(at, b"x") for at in offsets), 0.0)
    total = 0.0
    for chunk, at in zip(chunks, offsets, strict=True):
        total += chunk.gap_ms
        assert abs(total - tenth(at)) < 1e-3
        assert chunk.gap_ms == tenth(chunk.gap_ms) >= 0


def test_when_a_stretch_had_come() -> None:
    made = Timeline(
        head=Head(), head_at_ms=5.0, frames=(Frame(10.0, b"abc"), Frame(20.0, b"d")), end=Ending(), end_at_ms=20.0
    )
    assert arrivals(made, [1, 2, 1, 9]) == [10.0, 10.0, 20.0, 20.0]
    assert arrivals(replace(made, frames=()), [1]) == [5.0]
