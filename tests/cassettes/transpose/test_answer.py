"""A taped answer in another grammar: errors, whole answers, broken ones, what is not held."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cassettes import dialects, folding
from cassettes.check import check_answer
from cassettes.dialects.base import payload
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.speech import Voice
from cassettes.model import (
    Cassette,
    Chunk,
    Ending,
    Informational,
    Interaction,
    Request,
    Response,
    Stream,
    TokentapeError,
)
from cassettes.transpose import Transposed, transposed, wanted
from cassettes.yamlio import dump, load

CHAT = Request("POST", "https://api.openai.com/v1/chat/completions", (), b'{"model": "gpt-5.1", "stream": true}')
JSON = (("content-type", "application/json"),)
SSE = (("content-type", "text/event-stream"),)
SAID = [Delta("Mo"), Delta("ss"), Delta(finish="stop")]


def stream_of(said: list[Delta], *extra: bytes, dialect: str = "openai-chat", **fields: Any) -> Interaction:
    events = [event.data for event in dialects.get(dialect).speak(said, Voice("openai", "gpt-5.1")).events]
    events = [*extra, *events]
    stream = Stream(provider="openai", dialect=dialect, chunks=tuple(Chunk(10.0, len(one)) for one in events), **fields)
    return Interaction(CHAT, Response(200, "OK", SSE, b"".join(events), stream))


def alone(
    code: int,
    body: bytes,
    headers: tuple[tuple[str, str], ...] = JSON,
    request: Request = CHAT,
    dialect: str = "openai-chat",
) -> Interaction:
    stream = Stream(
        provider="openai", dialect=dialect, headers_ms=5.0, framing="length", chunks=(Chunk(7.0, len(body)),)
    )
    return Interaction(request, Response(code, "Message", headers, body, stream))


def made(interaction: Interaction, to: str) -> tuple[Interaction, Transposed]:
    found = transposed(interaction, wanted(to))
    assert found.interaction is not None
    # It is a tape: what is written is read again.
    assert load(dump(Cassette((found.interaction,))), "t").interactions == (found.interaction,)
    return found.interaction, found


def whats(found: Transposed) -> list[str]:
    return [loss.what for loss in found.losses]


@pytest.mark.parametrize(
    ("to", "place"),
    [
        ("anthropic", ("error", "message")),
        ("gemini", ("error", "message")),
        ("ollama", ("error",)),
        ("cohere", ("message",)),
        ("xai", ("error",)),
    ],
)
def test_an_error_is_the_other_providers_error(to: str, place: tuple[str, ...]) -> None:
    error = {"error": {"message": "slow down", "type": "x", "param": None, "code": None}}
    one, _ = made(alone(429, json.dumps(error).encode(), (*JSON, ("Retry-After", "7"))), to if to != "xai" else "xai")
    value: Any = json.loads(one.response.body)
    for step in place:
        value = value[step]
    assert (one.response.code, value) == (429, "slow down")
    assert [pair for pair in one.response.headers if pair[0].lower() == "retry-after"] == [("Retry-After", "7")]
    assert (one.response.stream.headers_ms, [chunk.gap_ms for chunk in one.response.stream.chunks]) == (5.0, [7.0])


def test_an_error_that_is_told_as_an_event_is_an_error() -> None:
    one, _ = made(alone(404, b'data: {"error": {"message": "no such model"}}\n\n', SSE), "anthropic")
    assert (one.response.code, json.loads(one.response.body)["error"]["message"]) == (404, "no such model")


def test_an_error_without_words_has_its_status() -> None:
    assert b"Message" in made(alone(502, b"<html>"), "anthropic")[0].response.body


@pytest.mark.parametrize("to", ["anthropic", "gemini", "openai-responses", "ollama", "cohere"])
def test_a_whole_answer_stays_whole(to: str) -> None:
    message = {"role": "assistant", "content": "Moss", "annotations": [{"type": "url_citation"}]}
    body = {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }
    asked = Request("POST", CHAT.uri, (), b'{"model": "gpt-5.1", "stream": false}')
    one, found = made(alone(200, json.dumps(body).encode(), request=asked), to)
    assert dict(one.response.headers)["content-type"] == "application/json"
    value = json.loads(one.response.body)
    told = dialects.get(to).fold([value]) if to in {"gemini", "ollama"} else value
    assert told is not None
    assert "Moss" in one.response.body.decode()
    assert not folding.is_stream(one.response)
    assert "answer.choices[0].message.annotations" in whats(found)


@pytest.mark.parametrize("to", ["ai-sdk-ui", "ag-ui"])
def test_where_there_is_nothing_but_streams_a_whole_answer_becomes_one(to: str) -> None:
    body = {"choices": [{"index": 0, "message": {"content": "Moss"}, "finish_reason": "stop"}]}
    one, found = made(alone(200, json.dumps(body).encode()), to)
    assert folding.is_stream(one.response)
    assert "".join(dialects.get(to).delta(value).text for value in folding.payloads(one.response)) == "Moss"
    assert len(one.response.stream.chunks) == 1
    assert "stream: false" in whats(found)
    assert check_answer(one).findings == ()


def test_what_can_not_be_read_is_an_error() -> None:
    gzip = (*SSE, ("content-encoding", "gzip"))
    with pytest.raises(TokentapeError, match="the body is compressed"):
        transposed(alone(200, b"x", gzip), wanted("anthropic"))
    with pytest.raises(TokentapeError, match="neither a stream nor an answer of openai-chat"):
        transposed(alone(200, b'{"a": 1}'), wanted("anthropic"))


@pytest.mark.parametrize("to", ["anthropic", "gemini", "openai-responses", "ollama", "cohere"])
@pytest.mark.parametrize("end", ["cut", "reset", "timeout", "client_closed", "interrupted"])
def test_a_broken_stream_breaks_where_it_broke(to: str, end: Any) -> None:
    whole = stream_of(SAID[:2])
    stream = Stream(
        provider="openai",
        dialect="openai-chat",
        chunks=whole.response.stream.chunks,
        end=Ending(type=end, gap_ms=4.0, missing=9),
    )
    broken = Interaction(CHAT, Response(200, "OK", SSE, whole.response.body, stream))
    one, found = made(broken, to)
    dialect = dialects.get(to)
    values = [value for value in folding.payloads(one.response) if value is not None]
    assert "".join(dialect.delta(value).text for value in values) == "Moss"
    assert not any(dialect.delta(value).finish for value in values)
    assert (one.response.stream.end.type, one.response.stream.end.missing) == (end, 0)
    assert "end.missing 9" in whats(found)
    kinds = {value.get("type") for value in values if isinstance(value, dict)}
    assert not kinds & {
        "content_block_stop",
        "message_stop",
        "content-end",
        "message-end",
        "response.output_text.done",
        "response.completed",
    }


@pytest.mark.parametrize("piece", [Delta(reasoning="Hm"), Delta(tools=(ToolPart(0, "c", "f", '{"a'),))])
def test_a_thought_or_a_call_that_was_cut_is_not_ended(piece: Delta) -> None:
    source = stream_of([Delta("Mo"), piece], dialect="anthropic")
    stream = Stream(
        provider="anthropic", dialect="anthropic", chunks=source.response.stream.chunks, end=Ending(type="cut")
    )
    request = Request("POST", "https://api.anthropic.com/v1/messages", (), b"{}")
    one, _ = made(Interaction(request, Response(200, "OK", SSE, source.response.body, stream)), "cohere")
    kinds = [value["type"] for value in map(payload, folding.events(one.response)) if isinstance(value, dict)]
    assert kinds[-1] in {"content-delta", "tool-call-delta"}


def test_an_ending_before_the_head_stays() -> None:
    stream = Stream(
        provider="openai", dialect="openai-chat", chunks=(), end=Ending(type="reset", at="request", gap_ms=3.0)
    )
    one, _ = made(Interaction(CHAT, Response(502, "no response (tokentape)", (), b"", stream)), "gemini")
    assert (one.response.stream.end, one.response.code) == (Ending(type="reset", at="request", gap_ms=3.0), 502)
    assert one.request.uri.startswith("https://generativelanguage.googleapis.com")


def test_an_error_inside_the_stream() -> None:
    one, found = made(stream_of([Delta("Mo"), Delta(error="gone")]), "anthropic")
    assert list(folding.payloads(one.response))[-1]["error"]["message"] == "gone"
    assert not [what for what in whats(found) if what.startswith("answer.")]


def test_what_is_on_the_wire_beside_the_answer_is_told() -> None:
    extra = (b": OPENROUTER PROCESSING\n\n", b": OPENROUTER PROCESSING\n\n")
    early = (Informational(1.0, 103, "Early Hints"),)
    one, found = made(stream_of(SAID, *extra, trailers=(("x", "y"),), informational=early), "anthropic")
    assert {"keepalives: 2 events", "response trailers"} <= set(whats(found))
    assert one.response.stream.informational == early
    assert [round(chunk.gap_ms) for chunk in one.response.stream.chunks] == [40, 10, 10]


def test_other_choices_and_signatures_are_told() -> None:
    chunk = {
        "id": "c",
        "choices": [{"index": place, "delta": {"content": "a"}, "finish_reason": None} for place in (0, 1)],
    }
    body = b"data: " + json.dumps(chunk).encode() + b"\n\n"
    stream = Stream(provider="openai", dialect="openai-chat", chunks=(Chunk(1.0, len(body)),))
    _, found = made(Interaction(CHAT, Response(200, "OK", SSE, body, stream)), "gemini")
    assert "answer.choices[1]" in whats(found)
    said = [Delta(reasoning="Hm"), Delta("Moss"), Delta(finish="end_turn")]
    signed = dialects.get("anthropic").speak(said, Voice("anthropic", "m", seed="another")).body
    request = Request("POST", "https://api.anthropic.com/v1/messages", (), b"{}")
    stream = Stream(provider="anthropic", dialect="anthropic", chunks=(Chunk(1.0, len(signed)),))
    found = transposed(Interaction(request, Response(200, "OK", SSE, signed, stream)), wanted("cohere"))
    assert "answer.content[0].signature" in whats(found)


def test_when_it_was_recorded_is_when_it_was_made() -> None:
    one, _ = made(stream_of(SAID, recorded_at="2026-01-02T03:04:05.000Z"), "ollama")
    assert b'"created_at":"2026-01-02T03:04:05.' in one.response.body
    assert one.response.stream.recorded_at == "2026-01-02T03:04:05.000Z"
