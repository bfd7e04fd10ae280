"""Figures of one interaction, and of a replay held against its tape."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.measures import Event, Percentiles, compare, measure, percentiles
from cassettes.model import Chunk, Ending, Frame, Head, Interaction, Request, Response, Stream, Timeline

SSE = (("Content-Type", "text/event-stream"),)


def interaction(body, chunks, headers=SSE, **stream):
    return Interaction(
        Request("POST", "https://api.example.com/v1"),
        Response(200, "OK", headers, body, Stream(headers_ms=100.0, chunks=tuple(Chunk(*c) for c in chunks), **stream)),
    )


def texts(event):
    return event.decode().strip().removeprefix("data: ") if event.startswith(b"data") else ""


def timeline(*frames, end=None, head_at_ms=0.0):
    frames = tuple(Frame(*frame) for frame in frames)
    last = frames[-1].at_ms if frames else head_at_ms
    return Timeline(head=Head(), head_at_ms=head_at_ms, frames=frames, end=end or Ending(), end_at_ms=last)


def test_percentiles_are_nearest_rank():
    assert percentiles([]) is None
    assert percentiles([7.0]) == Percentiles(7.0, 7.0, 7.0, 7.0)
    assert percentiles([3.0, 1.0, 2.0, 4.0]) == Percentiles(2.0, 4.0, 4.0, 4.0)
    assert percentiles(range(1, 101)) == Percentiles(50, 90, 99, 100)


def test_measures_of_a_stream():
    body = b": hi\n\ndata: one\n\ndata: two\n\ndata: ha"
    figures = measure(interaction(body, [(50.0, 6), (20.0, 8), (10.0, 14, True), (30.0, 10)]), texts)
    assert figures.kind == "sse"
    assert figures.events[1] == Event(180.0, 6, 17, "one")
    assert [(event.at_ms, event.text) for event in figures.events] == [(150.0, ""), (180.0, "one"), (180.0, "two")]
    assert b"".join(body[event.start : event.end] for event in figures.events) == body[:-8]
    assert (figures.tail_bytes, figures.body_bytes, figures.http_chunks) == (8, 36, 3)
    assert (figures.first_byte_ms, figures.first_text_ms) == (150.0, 180.0)
    assert figures.gaps == Percentiles(20.0, 30.0, 30.0, 30.0)
    assert figures.text == "onetwo"


def test_an_open_chunk_at_the_end_counts_as_one():
    assert measure(interaction(b"data", [(1.0, 2), (1.0, 1, True), (1.0, 1, True)])).http_chunks == 2


def test_measures_without_a_body():
    figures = measure(interaction(b"", [], end=Ending(type="cut")), texts)
    assert (figures.events, figures.gaps, figures.first_byte_ms, figures.first_text_ms, figures.text) == (
        (),
        None,
        None,
        None,
        "",
    )


def test_measures_without_a_head():
    figures = measure(interaction(b"", [], end=Ending(type="reset", at="request", gap_ms=5.0)), texts)
    assert figures.timeline.head is None
    assert figures.body_bytes == 0


def test_equal_timelines():
    line = timeline((10.0, b"ab"), (30.0, b"c", True))
    held = compare(line, line)
    assert (held.same_bytes, held.same_chunks, held.same_ending) == (True, True, True)
    assert held.gap_errors == held.offset_errors == Percentiles(0.0, 0.0, 0.0, 0.0)
    assert (held.drift_ms, held.head_error_ms) == (0.0, 0.0)


def test_late_chunks_are_gap_errors_and_drift():
    held = compare(
        timeline((10.0, b"a"), (20.0, b"b"), (30.0, b"c")),
        timeline((11.0, b"a"), (21.0, b"b"), (35.0, b"c"), head_at_ms=1.0),
    )
    assert held.gap_errors.max == 4.0
    assert held.gap_errors.p50 == 0.0
    assert held.offset_errors.max == 5.0
    assert (held.drift_ms, held.head_error_ms) == (4.0, 1.0)


def test_merged_reads_are_compared_at_the_edges_of_the_tape():
    held = compare(timeline((10.0, b"ab"), (20.0, b"cd")), timeline((10.0, b"a"), (20.5, b"bcd")))
    assert held.same_bytes
    assert not held.same_chunks
    assert held.offset_errors == Percentiles(0.5, 10.5, 10.5, 10.5)


def test_parts_of_an_http_chunk_are_no_boundaries():
    one, parts = timeline((10.0, b"abc"), (20.0, b"d")), timeline((10.0, b"a", True), (12.0, b"bc"), (20.0, b"d"))
    assert compare(one, parts).same_chunks
    assert compare(parts, one).same_chunks
    assert not compare(timeline((10.0, b"abc", True)), timeline((10.0, b"abc"))).same_chunks


@pytest.mark.parametrize(("got", "first"), [(b"abXd", 2), (b"ab", 2), (b"abcde", 4), (b"", 0), (b"abcd", None)])
def test_the_first_byte_that_differs(got, first):
    held = compare(timeline((1.0, b"abcd")), timeline((1.0, got)) if got else timeline())
    assert held.first_difference == first
    assert (held.bytes_wanted, held.bytes_got) == (4, len(got))


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_the_first_difference_is_the_first(wanted, got):
    expected = next(
        (n for n, (a, b) in enumerate(zip(wanted, got, strict=False)) if a != b), min(len(wanted), len(got))
    )
    lines = [timeline((1.0, body)) if body else timeline() for body in (wanted, got)]
    assert compare(*lines).first_difference == (None if wanted == got else expected)


def test_endings_and_missing_heads():
    line = timeline((1.0, b"a"))
    cut = msgspec.structs.replace(line, end=Ending(type="cut", gap_ms=9.0))
    assert not compare(line, cut).same_ending
    headless = Timeline(head=None, head_at_ms=0.0, frames=(), end=Ending(type="reset", at="request"), end_at_ms=1.0)
    held = compare(headless, headless)
    assert held.same_ending
    assert (held.gap_errors, held.drift_ms, held.head_error_ms) == (None, None, None)
