"""Places to cut a tape at: between events, chunks and bytes; sampled by seed; where nothing is lost any more."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.events import event_ends
from cassettes.model import Chunk, Headers, Interaction, Request, Response, Stream
from mockserver.cuts import KINDS, Cut, Cuts, Every

CHAT = (b'data: {"a": 1}\n\n', b": working\n\n", b'data: {"b": "[DONE]"}\n\n', b"data: [DONE]\n\n", b": bye\n\n")
SSE = "text/event-stream"


def interaction(*pieces: bytes, media: str = SSE) -> Interaction:
    headers: Headers = (("Content-Type", media),)
    stream = Stream(chunks=tuple(Chunk(0.0, len(piece)) for piece in pieces))
    return Interaction(Request("POST", "http://h/v1/x"), Response(200, "OK", headers, b"".join(pieces), stream))


def cuts(*pieces: bytes, media: str = SSE) -> Cuts:
    return Cuts(interaction(*pieces, media=media), "cut")


def test_events_are_cut_before_and_after_each() -> None:
    found = cuts(*CHAT).places("event")
    assert [cut.at for cut in found] == [0, *accumulate(map(len, CHAT))]
    assert [cut.events for cut in found] == [0, 1, 2, 3, 4, 5]
    assert not any(cut.inside for cut in found)


def test_chunks_are_the_tapes() -> None:
    body = b"".join(CHAT)
    found = cuts(body[:10], body[10:40], body[40:]).places("chunk")
    assert [cut.at for cut in found] == [0, 10, 40, len(body)]
    assert [(cut.events, cut.inside) for cut in found] == [(0, False), (0, True), (2, True), (5, False)]


def test_bytes_are_all_of_them() -> None:
    assert [cut.at for cut in cuts(b"data: 1\n\n").places("byte")] == list(range(10))


def test_a_clean_end_where_the_tape_ends_is_no_cut() -> None:
    ends = {kind: Cuts(interaction(*CHAT), kind).places("event")[-1].at for kind in KINDS}
    size = sum(map(len, CHAT))
    assert ends == {"cut": size, "reset": size, "end-early": size - len(CHAT[-1])}


@pytest.mark.parametrize(
    ("pieces", "over"),
    [
        # The first [DONE] that is one, not the words in a text; comments behind it lose nothing.
        (CHAT, sum(map(len, CHAT[:3])) + len(b"data: [DONE]")),
        # Responses end with their own event, whatever a gateway sends behind it.
        (
            (b'event: response.completed\ndata: {"type":"response.completed"}\n\n', b"data: [DONE]\n\n"),
            len(b'event: response.completed\ndata: {"type":"response.completed"}'),
        ),
        ((b'data: {"type":"message_stop"}\n\n', b'data: {"type":"ping"}\n\n'), len(b'data: {"type":"message_stop"}')),
        # Talking of message_stop is not one.
        ((b'data: {"text":"message_stop"}\n\n', b"data: 2\n\n"), len(b'data: {"text":"message_stop"}\n\ndata: 2')),
        # No terminator, as Gemini: the last event that says something.
        ((b"data: 1\r\n\r\n", b"data: 2\r\n\r\n", b": ping\r\n\r\n"), len(b"data: 1\r\n\r\ndata: 2")),
        ((b"data: 1\n\n", b'event: ping\ndata: {"type": "ping"}\n\n'), len(b"data: 1")),
        # A tail without its blank line is the last that came.
        ((b"data: 1\n\n", b"data: 2\n"), len(b"data: 1\n\ndata: 2")),
        ((b": nothing\n\n",), 0),
        ((b"\n\n",), 0),
    ],
)
def test_the_end_is_behind_the_last_byte_that_means_anything(pieces: tuple[bytes, ...], over: int) -> None:
    assert cuts(*pieces).over == over


@pytest.mark.parametrize(
    ("body", "media", "over"),
    [
        (b'{"a": 1}\n{"done": true}\n', "application/x-ndjson", 23),
        (b'[{"a": 1},\n{"b": 2}\n]\n', "application/json", 21),
        (b'{"whole": 1}\n', "application/json", 12),
    ],
)
def test_other_bodies_end_with_their_last_character(body: bytes, media: str, over: int) -> None:
    assert cuts(body, media=media).over == over


def test_places_from_the_end_on_are_over() -> None:
    where = cuts(*CHAT)
    assert [cut.over for cut in where.places("event")] == [False] * 4 + [True] * 2
    assert not where.cut(where.over - 1).over
    assert where.cut(where.over) == Cut(where.over, 3, inside=True, over=True)


def test_a_body_without_events_is_cut_at_its_ends() -> None:
    assert [cut.at for cut in cuts(b'{"a": 1}', media="application/json").places("event")] == [0, 8]


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    where = cuts(*CHAT)
    first, again, other = (where.places("byte", 7, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == 7
    assert where.places("event", 100, 1) == where.places("event")
    # Written down: a seed in a report means the same places on any machine.
    assert [cut.at for cut in first] == [8, 15, 17, 32, 57, 60, 63]


BLOCKS = st.sampled_from([*CHAT, b"data: x\r\n\r\n", b"\n", b"id: 1\n", b"\xef\xbb\xbf"])


@given(
    st.lists(BLOCKS, min_size=1),
    st.sampled_from(["event", "chunk", "byte"]),
    st.none() | st.integers(1, 9),
    st.integers(0, 9),
)
def test_places_rise_and_know_where_they_are(pieces: list[bytes], every: Every, sample: int | None, seed: int) -> None:
    where = cuts(*pieces)
    body = b"".join(pieces)
    ends = event_ends(body, "sse")
    found = where.places(every, sample, seed)
    assert [cut.at for cut in found] == sorted({cut.at for cut in found})
    for cut in found:
        assert 0 <= cut.at <= len(body)
        assert cut.events == sum(end <= cut.at for end in ends)
        assert cut.inside == (cut.at not in {0, *ends})
        assert cut.over == (cut.at >= where.over)
    assert set(found) <= set(where.places("byte"))
