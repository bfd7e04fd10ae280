"""Timing options on timelines: the data stay, the order stays, the times do what the option says."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.model import Ending, Frame, Head, Informational, Timeline
from cassettes.timing import AS_RECORDED, Pace, at_speed, paced, with_jitter, with_max_gap, with_tps, with_ttft


def timeline(*offsets, head=10.0, end=None, ending="eof", size=1, early=()):
    return Timeline(
        head=Head(),
        head_at_ms=head,
        frames=tuple(Frame(at, bytes([65 + number % 26]) * size) for number, at in enumerate(offsets)),
        end=Ending(type=ending, missing=3),
        end_at_ms=offsets[-1] if end is None else end,
        informational=early,
    )


def times(moved):
    return [moved.head_at_ms, *(frame.at_ms for frame in moved.frames), moved.end_at_ms]


def never(_event):
    return False


def test_speed_divides_every_offset():
    moved = at_speed(timeline(20.0, 50.0, end=60.0, early=(Informational(4.0, 103, ""),)), 4.0)
    assert times(moved) == [2.5, 5.0, 12.5, 15.0]
    assert moved.informational[0].at_ms == 1.0


@pytest.mark.parametrize(
    ("ending", "played"), [("timeout", "cut"), ("client_closed", "cut"), ("reset", "reset"), ("eof", "eof")]
)
def test_speed_max_waits_for_nothing_and_stalls_never(ending, played):
    moved = at_speed(timeline(20.0, 50.0, end=60.0, ending=ending), math.inf)
    assert times(moved) == [0.0, 0.0, 0.0, 0.0]
    assert (moved.end.type, moved.end.missing) == (played, 3)


def test_a_finite_speed_keeps_the_ending():
    assert at_speed(timeline(20.0, ending="timeout"), 1000.0).end.type == "timeout"


def test_max_gap_shortens_long_waits_only():
    moved = with_max_gap(timeline(20.0, 25.0, 125.0, head=90.0 - 80.0, end=400.0), 8.0)
    assert times(moved) == [8.0, 16.0, 21.0, 29.0, 37.0]


def test_max_gap_keeps_a_1xx_before_its_head():
    moved = with_max_gap(timeline(300.0, head=200.0, early=(Informational(150.0, 103, ""),)), 50.0)
    assert (moved.informational[0].at_ms, moved.head_at_ms) == (50.0, 50.0)


@pytest.mark.parametrize(("ttft", "expected"), [(5.0, [5.0, 5.0, 35.0, 45.0]), (300.0, [10.0, 300.0, 330.0, 340.0])])
def test_ttft_moves_the_first_body_byte_and_keeps_the_gaps(ttft, expected):
    assert times(with_ttft(timeline(20.0, 50.0, end=60.0), ttft)) == expected


def test_ttft_of_no_body_is_nothing():
    empty = timeline(end=30.0)
    assert with_ttft(empty, 5.0) is empty


def test_tps_spaces_events_that_carry_text():
    # Events: A (no text), B, C, D (no text), E; two of them, B and C, come in one frame.
    body = [b"A", b"BC", b"D", b"E"]
    tape = Timeline(
        head=Head(),
        head_at_ms=10.0,
        frames=tuple(Frame(20.0 + 7 * number, data) for number, data in enumerate(body)),
        end=Ending(),
        end_at_ms=50.0,
    )
    moved = with_tps(tape, 100.0, [1, 2, 3, 4, 5], lambda event: event in {b"B", b"C", b"E"})
    # A and the first text keep their gaps, D keeps its gap, E waits 10 ms after D.
    assert times(moved) == pytest.approx([10.0, 20.0, 27.0, 34.0, 44.0, 53.0])


def test_tps_of_an_event_counts_from_the_frame_that_ends_it():
    tape = timeline(20.0, 21.0, 22.0, 23.0, end=23.0, head=10.0)
    moved = with_tps(tape, 10.0, [2, 4], lambda _: True)
    assert times(moved) == pytest.approx([10.0, 20.0, 21.0, 22.0, 122.0, 122.0])


def test_tps_of_a_frame_with_many_events_waits_for_them_all():
    tape = timeline(20.0, 21.0, head=10.0, size=3)
    moved = with_tps(tape, 1000.0, [3, 4, 5, 6], lambda _: True)
    assert times(moved) == pytest.approx([10.0, 20.0, 23.0, 23.0])


def test_jitter_stays_within_its_bound_and_in_order():
    tape = timeline(*(10.0 + 2 * number for number in range(500)), head=10.0)
    moved = with_jitter(tape, 30.0, Random(7))
    assert times(moved) == sorted(times(moved))
    assert times(moved)[0] >= 0
    assert all(abs(a - b) <= 30.0 for a, b in zip(times(moved), times(tape), strict=True))
    assert len({round(a - b, 3) for a, b in zip(times(moved), times(tape), strict=True)}) > 50


def test_the_same_seed_gives_the_same_jitter():
    tape = timeline(20.0, 50.0)
    assert with_jitter(tape, 5.0, Random(3)) == with_jitter(tape, 5.0, Random(3))
    assert with_jitter(tape, 5.0, Random(3)) != with_jitter(tape, 5.0, Random(4))


def play(tape, **pace):
    return times(paced(tape, Pace(**pace), Random(0), [1, 2], lambda _: True))


def test_as_recorded_changes_nothing():
    tape = timeline(20.0, 50.0)
    assert paced(tape, AS_RECORDED, Random(0), [], never) is tape


def test_what_is_given_in_ms_is_real_time_at_any_speed():
    tape = timeline(1000.0, 3000.0, head=500.0)
    assert play(tape, speed=10.0, ttft_ms=300.0) == pytest.approx([50.0, 300.0, 500.0, 500.0])
    assert play(tape, speed=0.5, max_gap_ms=100.0) == pytest.approx([100.0, 200.0, 300.0, 300.0])
    assert play(tape, speed=10.0, tps=4.0) == pytest.approx([50.0, 100.0, 350.0, 350.0])


def test_speed_max_leaves_the_waits_that_are_asked_for():
    tape = timeline(1000.0, 3000.0, head=500.0)
    assert play(tape, speed=math.inf) == [0.0, 0.0, 0.0, 0.0]
    assert play(tape, speed=math.inf, ttft_ms=40.0, tps=100.0) == pytest.approx([0.0, 40.0, 50.0, 50.0])
    assert play(tape, speed=math.inf, jitter_ms=50.0) == [0.0, 0.0, 0.0, 0.0]


OFFSETS = st.floats(0, 1e6)


@st.composite
def timelines(draw):
    offsets = sorted(draw(st.lists(OFFSETS, max_size=20)))
    head = draw(st.floats(0, offsets[0] if offsets else 1e6))
    end = draw(st.floats(offsets[-1] if offsets else head, 2e6))
    early = tuple(Informational(at, 103, "") for at in sorted(draw(st.lists(st.floats(0, head), max_size=2))))
    frames = tuple(Frame(at, draw(st.binary(min_size=1, max_size=4)), draw(st.booleans())) for at in offsets)
    ending = Ending(type=draw(st.sampled_from(["eof", "cut", "timeout"])))
    return Timeline(head=Head(), head_at_ms=head, frames=frames, end=ending, end_at_ms=end, informational=early)


PACES = st.builds(
    Pace,
    speed=st.floats(1e-3, 1e6) | st.just(math.inf),
    ttft_ms=st.none() | OFFSETS,
    tps=st.none() | st.floats(1e-3, 1e6),
    max_gap_ms=st.none() | OFFSETS,
    jitter_ms=st.just(0.0) | OFFSETS,
)


@given(timelines(), PACES, st.integers(), st.data())
def test_no_pace_reorders_or_touches_the_data(tape, pace, seed, data):
    size = sum(len(frame.data) for frame in tape.frames)
    ends = sorted(data.draw(st.sets(st.integers(1, max(size, 1)), max_size=10))) if size else []
    moved = paced(tape, pace, Random(seed), ends, lambda event: len(event) % 2 == 1)
    assert [(frame.data, frame.more) for frame in moved.frames] == [(frame.data, frame.more) for frame in tape.frames]
    assert times(moved) == sorted(times(moved))
    assert times(moved)[0] >= 0
    assert all(math.isfinite(at) for at in times(moved))
    early = [one.at_ms for one in moved.informational]
    assert [*early, moved.head_at_ms] == sorted([*early, moved.head_at_ms])
    assert (moved.head, moved.framing, moved.trailers) == (tape.head, tape.framing, tape.trailers)


@given(timelines(), st.floats(1e-3, 1e6))
def test_speed_scales_every_offset_alike(tape, factor):
    moved = at_speed(tape, factor)
    assert times(moved) == pytest.approx([at / factor for at in times(tape)])
    assert moved.end == tape.end


@given(timelines(), st.floats(0, 1e6))
def test_no_wait_is_longer_than_max_gap(tape, longest):
    found = times(with_max_gap(tape, longest))
    for later, earlier in zip(found, [0.0, *found], strict=False):
        assert later - earlier <= longest + 1e-6
