"""Timelines as strips on one scale."""

from hypothesis import given
from hypothesis import strategies as st

from cassettes.axis import axis
from cassettes.model import Ending, Frame, Head, Timeline
from cassettes.printable import Page, columns


def timeline(frames, end_at_ms, head=Head(), head_at_ms=0.0):  # noqa: B008 - a frozen value
    return Timeline(
        head=head, head_at_ms=head_at_ms, frames=tuple(Frame(*f) for f in frames), end=Ending(), end_at_ms=end_at_ms
    )


def test_one_strip():
    line = timeline([(50.0, b"x" * 100), (51.0, b"x" * 300), (80.0, b"x")], 100.0, head_at_ms=20.0)
    assert axis([("", line)], Page(width=42)) == [
        "  ________h___________█___________▁______|",
        "  0                   50 ms",
    ]


def test_two_strips_share_the_scale_and_the_height():
    tape = timeline([(100.0, b"x" * 64)], 200.0)
    replay = timeline([(100.0, b"x" * 16)], 100.0)
    assert axis([("tape", tape), ("replay", replay)], Page(width=49, ascii_only=True)) == [
        "  tape   h___________________#__________________|",
        "  replay h___________________+",
        "         0                   100 ms",
    ]


def test_a_response_without_body_or_head():
    assert axis([("", timeline([], 40.0, head=None))], Page(width=12)) == ["  _________|", "  0 ms"]


@given(
    st.lists(st.tuples(st.floats(0, 1e7), st.integers(1, 99).map(bytes)), max_size=20),
    st.floats(0, 1e7),
    st.integers(20, 160),
)
def test_a_strip_never_leaves_the_page(frames, end, width):
    frames = sorted(frames)
    line = timeline(frames, max([end, *(at_ms for at_ms, _ in frames)]))
    assert all(columns(drawn) <= width for drawn in axis([("name", line), ("", line)], Page(width=width)))
