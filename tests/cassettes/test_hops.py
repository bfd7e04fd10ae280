"""Gemini's hops: whose turn it is, and one stream made into two that say the same."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes import dialects, hops
from cassettes.folding import payloads
from cassettes.matching import Entry, entry_of
from cassettes.model import Chunk, Framing, Interaction, Request, Response, Stream, TokentapeError
from cassettes.resume import Rest
from cassettes.store import shipped_root
from cassettes.timeline import to_timeline
from cassettes.yamlio import load_file

URI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
GEMINI = dialects.get("gemini")
T1, T2, T3 = (base64.b64encode(name).decode() for name in (b"\xfb\xff one", b"two", b"three"))


def chunk(text: str, token: str = "", finish: str = "") -> bytes:
    candidate: dict[str, object] = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    candidate |= {"continuationToken": token} if token else {}
    candidate |= {"finishReason": finish} if finish else {}
    return b"data: " + json.dumps({"candidates": [candidate], "responseId": "r"}).encode() + b"\r\n\r\n"


def interaction(*events: bytes, token: str = "", framing: Framing = "chunked") -> Interaction:
    asked: dict[str, object] = {"contents": [{"parts": [{"text": "hi"}], "role": "user"}]}
    asked |= {"continuationToken": token, "generationConfig": {}} if token else {}
    chunks = tuple(Chunk(5.0, len(event)) for event in events)
    stream = Stream(provider="google", dialect="gemini", chunks=chunks, framing=framing)
    response = Response(200, "OK", (("Content-Type", "text/event-stream"),), b"".join(events), stream)
    return Interaction(Request("POST", URI, (), json.dumps(asked).encode()), response)


def entries(*interactions: Interaction) -> tuple[Entry, ...]:
    return tuple(entry_of("tape", number, one) for number, one in enumerate(interactions, 1))


def said(*interactions: Interaction) -> str:
    return "".join(GEMINI.delta(event).text for one in interactions for event in payloads(one.response))


THREE = entries(
    interaction(chunk("a", T1), chunk("b", T2)),
    interaction(chunk("c"), chunk("d", T3, "CONTINUATION"), token=T2),
    interaction(chunk("e", finish="STOP"), token="bWFza2Vk"),
)


@pytest.mark.parametrize(
    ("token", "numbers"),
    [
        (None, [1]),
        (hops.plain(T2), [2]),
        (hops.plain(T1), [1]),
        (hops.plain(T3), [3]),
        ("bWFza2Vk", [3]),
        ("dW5rbm93bg", [2, 3]),
        (hops.plain(hops.made_token(1)), [1]),
    ],
    ids=["none", "recorded for it", "sent on the way", "sent last", "masked", "unknown", "made"],
)
def test_which_interactions_answer_a_hop(token: str | None, numbers: list[int]) -> None:
    assert [entry.number for entry in hops.answering(token, THREE)] == numbers


def test_a_tape_that_begins_with_a_hop_answers_a_beginning_all_the_same() -> None:
    assert hops.answering(None, THREE[1:]) == THREE[1:]
    assert hops.answering("dW5rbm93bg", THREE[:1]) == ()


def test_the_rest_of_an_interaction() -> None:
    first, second, _ = THREE
    assert hops.rest(hops.plain(T1), first) == Rest(len(chunk("a", T1)))
    assert hops.rest(hops.plain(T2), second) == Rest(0)
    assert hops.rest(hops.plain(T1), second) is None
    assert hops.rest(hops.plain(hops.made_token(1)), first) == Rest(len(chunk("a", T1)))
    assert hops.rest(hops.plain(hops.made_token(9)), first) is None
    assert hops.rest(hops.plain(hops.made_token(1)), second) is None


def test_both_alphabets_of_base64_are_one_token() -> None:
    body = json.dumps({"continuationToken": T1.replace("+", "-").replace("/", "_").rstrip("=")}).encode()
    assert "+" in T1
    assert hops.token_of(body) == hops.plain(T1)


@pytest.mark.parametrize(
    "body", [b"", b"continuationToken", b'{"continuationToken": 3}', b'{"a":{"continuationToken":"x"}}', b"[" * 9999]
)
def test_bodies_without_a_token(body: bytes) -> None:
    assert hops.token_of(body) is None
    assert hops.had(body) is None


def test_a_whole_answer_has_its_token_at_its_end() -> None:
    body = json.dumps({"candidates": [{"continuationToken": T1, "finishReason": "CONTINUATION"}]}).encode()
    stream = Stream(provider="google", dialect="gemini", chunks=(Chunk(1.0, len(body)),), framing="length")
    response = Response(200, "OK", (("Content-Type", "application/json"),), body, stream)
    assert hops.tokens_sent(response) == [(hops.plain(T1), 0)]


@given(st.text(max_size=40))
def test_no_other_token_is_taken_for_ours(token: str) -> None:
    assert hops.event_of(token) is None


@given(st.integers(0, 10**8))
def test_made_tokens_say_their_event(number: int) -> None:
    assert hops.event_of(hops.plain(hops.made_token(number))) == number
    assert hops.event_of(hops.made_token(number)) == number


@pytest.mark.parametrize("framing", ["chunked", "length"])
@pytest.mark.parametrize("end", ["cut", "CONTINUATION"])
def test_a_stream_is_split_into_two_hops_that_say_the_same(end: hops.HopEnd, framing: Framing) -> None:
    whole = interaction(chunk("ein"), chunk("s, "), chunk("둘"), chunk("!", finish="STOP"), framing=framing)
    first, second = hops.split(whole, 2, end)
    assert said(first, second) == said(whole)
    assert first.response.body.startswith(chunk("ein"))
    assert second.response.body == chunk("둘") + chunk("!", finish="STOP")
    assert hops.tokens_sent(first.response) == [(hops.plain(hops.made_token(2)), 2)]
    assert hops.token_of(second.request.body) == hops.plain(hops.made_token(2))
    assert first.response.stream.end.type == ("cut" if end == "cut" else "eof")
    assert (first.response.stream.end.missing > 0) == (end == "cut" and framing == "length")
    assert (b"CONTINUATION" in first.response.body) == (end == "CONTINUATION")
    assert {one.response.stream.source for one in (first, second)} == {"edited"}
    assert hops.split(whole, 2, end) == (first, second)
    one, two = entries(first, second)
    assert hops.answering(hops.token_of(two.body), (one, two)) == (two,)


def test_every_place_of_a_shipped_tape_can_be_a_hop() -> None:
    (whole,) = load_file(shipped_root() / "google" / "hello.yaml").interactions
    count = len(list(payloads(whole.response)))
    for number in range(1, count):
        first, second = hops.split(whole, number)
        assert said(first, second) == said(whole)
        offsets = [frame.at_ms for frame in hops.forced(to_timeline(whole), whole.response, number).frames]
        assert offsets == sorted(offsets)
    with pytest.raises(TokentapeError, match=f"expected 1 to {count - 1}: one must be behind it"):
        hops.split(whole, count)


def test_what_cannot_be_split_says_why() -> None:
    bad = interaction(b": comment\n\n", chunk("a"))
    with pytest.raises(TokentapeError, match="event 1 has no candidate"):
        hops.split(bad, 1)
    alien = Interaction(Request("POST", URI, (), b"text"), interaction(chunk("a"), chunk("b")).response)
    with pytest.raises(TokentapeError, match="no JSON object"):
        hops.split(alien, 1)
