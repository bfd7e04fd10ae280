"""A stream as the whole answer: when it comes, what its head says, what a break leaves of it."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from cassettes import dialects
from cassettes.folding import broken_event, folded, is_stream, payloads
from cassettes.model import Ending, EndingType, Timeline
from cassettes.store import shipped_root
from cassettes.timeline import to_timeline
from cassettes.yamlio import load_file

(HELLO,) = load_file(shipped_root() / "anthropic" / "hello.yaml").interactions
ANTHROPIC = dialects.get("anthropic")


def with_ending(ending: EndingType, *, finished: bool = True) -> Timeline | None:
    body = HELLO.response.body
    if not finished:
        body = body[: body.index(b"event: message_delta")]
    response = replace(HELLO.response, body=body)
    timeline = replace(to_timeline(HELLO), end=Ending(type=ending))
    return folded(response, timeline, ANTHROPIC)


def test_the_answer_comes_when_the_stream_has_ended() -> None:
    timeline = to_timeline(HELLO)
    whole = folded(HELLO.response, timeline, ANTHROPIC)
    assert whole is not None
    assert whole.head is not None
    (frame,) = whole.frames
    assert frame.at_ms == whole.head_at_ms == timeline.frames[-1].at_ms
    assert whole.framing == "length"
    message = json.loads(frame.data)
    assert message["type"] == "message"
    assert message["stop_reason"] == "end_turn"
    text = "".join(ANTHROPIC.delta(event).text for event in payloads(HELLO.response))
    assert text
    assert message["content"] == [{"type": "text", "text": text}]


def test_the_head_says_json_and_how_much() -> None:
    whole = folded(HELLO.response, to_timeline(HELLO), ANTHROPIC)
    assert whole is not None
    assert whole.head is not None
    names = [name.lower() for name, _ in whole.head.headers]
    assert ("content-type", "application/json") in [(name.lower(), value) for name, value in whole.head.headers]
    assert "transfer-encoding" not in names
    assert whole.head.headers[-1] == ("Content-Length", str(len(whole.frames[0].data)))
    theirs = [pair for pair in HELLO.response.headers if pair[0].lower() not in {"content-type", "transfer-encoding"}]
    assert [pair for pair in whole.head.headers if pair in theirs] == theirs


@pytest.mark.parametrize("ending", ["cut", "reset"])
def test_a_break_leaves_nothing_of_an_answer(ending: EndingType) -> None:
    broken = with_ending(ending)
    assert broken is not None
    assert (broken.head, broken.frames, broken.end.type) == (None, (), ending)
    assert broken.end_at_ms == to_timeline(HELLO).end_at_ms


@pytest.mark.parametrize("ending", ["timeout", "client_closed", "interrupted"])
def test_what_ends_after_the_answer_does_not_spoil_it(ending: EndingType) -> None:
    whole, part = with_ending(ending), with_ending(ending, finished=False)
    assert whole is not None
    assert part is not None
    assert whole.end == Ending()
    assert (part.head, part.end.type) == (None, ending)


def test_an_error_within_the_stream_is_an_error() -> None:
    body = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n'
    response = replace(HELLO.response, body=body)
    whole = folded(response, to_timeline(HELLO), ANTHROPIC)
    assert whole is not None
    assert whole.head is not None
    assert whole.head.code == 529
    assert json.loads(whole.frames[0].data)["error"]["type"] == "overloaded_error"


@pytest.mark.parametrize(
    "body", [b"", b'event: message_start\ndata: {"type": "mess\n\n', b"data: [1]\n\n", b": hi\n\n"]
)
def test_a_stream_that_cannot_be_read_is_an_error_in_the_providers_shape(body: bytes) -> None:
    whole = folded(replace(HELLO.response, body=body), to_timeline(HELLO), ANTHROPIC)
    assert whole is not None
    assert whole.head is not None
    error = json.loads(whole.frames[0].data)
    assert (whole.head.code, error["type"], error["error"]["details"]["error_code"]) == (
        422,
        "error",
        "tokentape_unreadable",
    )


def test_what_is_no_stream_is_left_alone() -> None:
    headers = (("Content-Type", "application/json"),)
    response = replace(HELLO.response, headers=headers, body=b'{"type":"message"}')
    assert not is_stream(response)
    assert folded(response, to_timeline(HELLO), ANTHROPIC) is None
    assert folded(HELLO.response, to_timeline(HELLO), dialects.get("raw")) is None


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (b'data: {"a": 1}\n\ndata: [DONE]\n\n', None),
        (b': ping\n\ndata: {"a": 1}\n\ndata: {"a":\n\n', 3),
        (b"data: plain words\n\ndata:\n\n", None),
        (b'data: {"a": 1}\n\ndata: {"a"', 2),  # a tail, as a broken connection leaves it
    ],
)
def test_an_event_that_is_broken_json_has_a_number(body: bytes, number: int | None) -> None:
    assert broken_event(replace(HELLO.response, body=body)) == number
