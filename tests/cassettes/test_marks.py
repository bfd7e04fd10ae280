"""Marks over bytes made into frames: HTTP chunks put together, pauses inside them kept, nothing lost or invented."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.marks import SAME_CHUNK_MS, Mark, frames_of
from cassettes.model import Frame

Seen = list[tuple[float, bytes, bool]]


def frames(*marks: tuple[float, int, int], body: bytes = b"abcdefgh", chunked: bool = True) -> Seen:
    return [tuple(one) for one in frames_of((Mark(*mark) for mark in marks), body, chunked=chunked)]


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([(1.0, 8, 0)], [(1.0, b"abcdefgh", False)]),
        ([(1.0, 4, 0), (1.0, 4, 0)], [(1.0, b"abcd", False), (1.0, b"efgh", False)]),
        # The pieces of one chunk: stamped at the last byte.
        ([(1.0, 4, 4), (1.5, 3, 1), (2.5, 1, 0)], [(2.5, b"abcdefgh", False)]),
        # A pause of more than a millisecond inside a chunk: the run goes on.
        ([(1.0, 4, 4), (2.1, 4, 0)], [(1.0, b"abcd", True), (2.1, b"efgh", False)]),
        ([(1.0, 2, 6), (9.0, 2, 4), (9.5, 2, 2), (20.0, 2, 0)],
         [(1.0, b"ab", True), (9.5, b"cdef", True), (20.0, b"gh", False)]),
        # A pause between two chunks is just their gap.
        ([(1.0, 4, 0), (99.0, 4, 0)], [(1.0, b"abcd", False), (99.0, b"efgh", False)]),
        # The last chunk never became whole.
        ([(1.0, 4, 0), (2.0, 4, 9)], [(1.0, b"abcd", False), (2.0, b"efgh", True)]),
        ([], []),
    ],
)  # fmt: skip
def test_chunks_and_their_pauses(marks: list[tuple[float, int, int]], expected: Seen) -> None:
    assert frames(*marks) == expected


def test_a_pause_of_just_a_millisecond_is_none() -> None:
    assert frames((1.0, 4, 4), (1.0 + SAME_CHUNK_MS, 4, 0)) == [(2.0, b"abcdefgh", False)]


def test_in_other_framings_each_read_is_a_frame() -> None:
    assert frames((1.0, 4, 96), (1.1, 4, 92), chunked=False) == [(1.0, b"abcd", False), (1.1, b"efgh", False)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"abcdef", [(1.0, b"abcd", False), (2.0, b"ef", False)]),
        (b"abcd", [(1.0, b"abcd", False)]),
        (b"", []),
    ],
)
def test_marks_beyond_the_bytes_have_no_frame(body: bytes, expected: Seen) -> None:
    assert frames((1.0, 4, 0), (2.0, 4, 0), (3.0, 4, 0), body=body) == expected


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Mark], bytes, list[int]]:
    """Marks as a reader makes them of chunks that come in pieces, their bytes, the sizes of the chunks."""
    marks: list[Mark] = []
    sizes = draw(st.lists(st.integers(1, 40), max_size=12))
    at = 0.0
    for size in sizes:
        left = size
        while left:
            piece = draw(st.integers(1, left))
            left -= piece
            at += draw(st.sampled_from([0.0, 0.4, 1.0, 1.2, 30.0]))
            marks.append(Mark(at, piece, left))
    return marks, bytes(n % 251 for n in range(sum(sizes))), sizes


@given(streams())
def test_no_byte_or_boundary_is_lost(stream: tuple[list[Mark], bytes, list[int]]) -> None:
    marks, body, sizes = stream
    made = frames_of(marks, body, chunked=True)
    assert b"".join(frame.data for frame in made) == body
    assert all(one.at_ms <= two.at_ms for one, two in pairwise(made))
    assert all(frame.data for frame in made)
    runs = [0]
    for frame in made:
        runs[-1] += len(frame.data)
        runs += [] if frame.more else [0]
    assert runs == [*sizes, 0]


@given(streams())
def test_a_frame_holds_no_pause(stream: tuple[list[Mark], bytes, list[int]]) -> None:
    marks, body, _ = stream
    stamps = {frame.at_ms for frame in frames_of(marks, body, chunked=True)}
    for one, two in pairwise(marks):
        if one.left and two.at_ms - one.at_ms > SAME_CHUNK_MS:
            assert one.at_ms in stamps


@given(streams())
def test_other_framings_keep_every_read(stream: tuple[list[Mark], bytes, list[int]]) -> None:
    marks, body, _ = stream
    made = frames_of(marks, body, chunked=False)
    assert [(frame.at_ms, len(frame.data), frame.more) for frame in made] == [
        (at, size, False) for at, size, _ in marks
    ]


def test_frames_are_the_models() -> None:
    assert frames_of([Mark(1.0, 1, 0)], b"a", chunked=True) == (Frame(1.0, b"a", False),)
