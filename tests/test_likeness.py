"""The discriminator of `benchmarks.shapes` tells what is otherwise in a stream and nothing else; its report over the
recordings, where they are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from sdk.answers import ANSWERS, chat, generate, messages
from sdk.recordings import TAPES, needs_recordings

from benchmarks.likeness import Likeness, likeness, made_on, main, report, said_again, values
from benchmarks.likeness_page import page, synthetic_times, unexplained
from benchmarks.rhythm import sent_by
from benchmarks.shapes import CATEGORIES, Difference, compare, label, look
from cassettes.model import Chunk, Headers, Interaction, Request, Response, Stream
from cassettes.synth.rhythm import measured

PAGE = Path(__file__).parents[1] / "docs/likeness.md"
SSE: Headers = (("Content-Type", "text/event-stream"),)
Change = Callable[[bytes], bytes]


def interaction(
    body: bytes, dialect: str = "anthropic", provider: str = "anthropic", headers: Headers = SSE
) -> Interaction:
    stream = Stream(provider=provider, dialect=dialect, source="synthetic", chunks=(Chunk(0.0, len(body)),))
    return Interaction(
        Request("POST", "https://api.anthropic.com/v1/messages"), Response(200, "OK", headers, body, stream)
    )


BODIES = [b"".join(messages(answer)) for answer in ANSWERS.values()]


def told(change: Change) -> dict[str, Difference]:
    """The categories in which changed streams differ from the others."""
    first = [look(str(n), interaction(body)) for n, body in enumerate(BODIES)]
    second = [look(str(n), interaction(change(body))) for n, body in enumerate(BODIES)]
    return {one.category: one for one in compare(first, second)[0] if one.told > 0}


def test_the_same_streams_are_not_told_apart() -> None:
    looks = [look(str(n), interaction(body)) for n, body in enumerate(BODIES)]
    differences, distances = compare(looks, looks)
    assert {one.told for one in differences} == {0.0}
    assert all(not one.strange and not one.missing for one in differences)
    assert {one.distance for one in distances} == {0.0}


def test_what_is_said_does_not_matter() -> None:
    assert told(lambda body: body.replace(b"three", b"seven")) == {}


@pytest.mark.parametrize(
    ("change", "category"),
    [
        (lambda body: body.replace(b"\n", b"\r\n"), "framing"),
        (lambda body: body.replace(b"data: ", b"data:"), "framing"),
        (lambda body: re.sub(rb"(event: [^\n]*)\n(data: [^\n]*)\n", rb"\2\n\1\n", body), "framing"),
        (lambda body: body.replace(b"}\n", b"   }\n"), "framing"),
        (lambda body: body.replace(b'":', b'": '), "framing"),
        (lambda body: b": hello\n\n" + body, "order"),
        (lambda body: body.replace(b'event: ping\ndata: {"type":"ping"}\n\n', b""), "order"),
        (lambda body: re.sub(rb'"index":(\d),"content_block":(\{.*\})\}', rb'"content_block":\2,"index":\1}', body), "keys"),
        (lambda body: body.replace(b'"stop_sequence":null', b'"stop_sequence":""'), "keys"),
        (lambda body: body.replace(b'"type":"ping"', b'"type":"ping","new":{}'), "keys"),
        (lambda body: body.replace(b'"msg_T1"', b'"msg_0123456789"'), "ids"),
    ],
)  # fmt: skip
def test_what_is_otherwise_is_told_and_where(change: Change, category: str) -> None:
    found = told(change)
    assert category in found
    assert found[category].told == 1.0
    assert found[category].strange or found[category].missing


def test_what_only_one_set_has_is_named() -> None:
    found = told(lambda body: body.replace(b'"type":"ping"', b'"type":"ping","new":{}'))["keys"]
    assert found.strange == (("ping . {type, new:{}}", 3), ("ping .new {}", 3))
    assert found.missing == (("ping . {type}", 3),)


def test_sizes_are_compared_as_distributions() -> None:
    small, large = ([b"".join(messages(ANSWERS["text"]._replace(text=(piece,) * 40)))] for piece in ("ab", "abcdefgh"))
    looks = [[look("x", interaction(body)) for body in bodies] for bodies in (small, large)]
    (text,) = [one for one in compare(*looks)[1] if one.name == "characters of text a piece"]
    assert (text.distance, text.counts, text.medians) == (1.0, (40, 40), (2, 8))
    assert text.chance < 0.5


def test_kinds_of_events_are_told_by_what_is_in_them() -> None:
    chunks = [json.loads(block[6:]) for block in chat(ANSWERS["tools"]) if b"[DONE]" not in block]
    assert [label(one) for one in (chunks[0], chunks[1], chunks[3], chunks[-2], chunks[-1])] == [
        "content+role",
        "content",
        "tool_calls",
        "finish",
        "usage",
    ]
    assert [label(json.loads(block[6:])) for block in generate(ANSWERS["tools"])][1:] == [
        "text",
        "functionCall",
        "functionCall+finish",
    ]
    assert [label(None, b"data: [DONE]\n\n"), label(None, b": c\n\n"), label({"error": {}})] == [
        "[DONE]",
        "comment",
        "error",
    ]


def test_an_answer_is_said_again_unless_it_broke_off() -> None:
    recorded = interaction(BODIES[1])
    again = said_again("x", recorded)
    assert again
    assert again.response.stream.source == "synthetic"
    assert "".join(re.findall(r'"partial_json":"((?:[^"\\]|\\.)*)"', again.response.body.decode())) == "".join(
        re.findall(r'"partial_json":"((?:[^"\\]|\\.)*)"', recorded.response.body.decode())
    )
    assert said_again("x", interaction(BODIES[1].partition(b"event: message_delta")[0])) is None


@cache
def results() -> list[Likeness]:
    return likeness(TAPES, ("anthropic", "xai", "mistral", "deepseek", "ollama"))


@needs_recordings
def test_anthropic_s_streams_cannot_be_told_from_recorded_ones() -> None:
    one = results()[0]
    assert one.group == ("anthropic", "anthropic")
    assert one.count > 40
    assert not told_of(one)
    assert one.ungrammatical == ()


def told_of(one: Likeness) -> set[str]:
    """By what the synthetic streams of a provider are told."""
    found = {difference.category for difference in one.differences if difference.told > difference.odd}
    return found | {distance.name for distance in one.distances if distance.distance > distance.chance}


@needs_recordings
def test_neither_can_others_by_shape() -> None:
    assert len(results()) >= 7
    for one in results():
        assert not {mark for mark in told_of(one) if mark in CATEGORIES}
        assert one.ungrammatical == ()


@pytest.mark.slow
@needs_recordings
def test_what_is_told_of_all_is_on_the_page_with_its_reason() -> None:
    found = likeness(TAPES)
    assert len(found) > 15
    assert unexplained(found) == []
    told = {(*one.group, mark) for one in found for mark in told_of(one) if mark in CATEGORIES}
    assert told == {("openrouter", "openai-chat", "order"), ("vertex", "gemini", "order")}
    assert not any(one.ungrammatical for one in found)
    assert PAGE.read_text("utf-8") == page(found), (
        "run `python -m benchmarks.likeness ../shared/tapes --page > docs/likeness.md`"
    )


def test_synthetic_streams_are_timed_as_was_measured() -> None:
    for provider, found in synthetic_times(streams=12).items():
        wanted = measured()[provider].said_ms
        if wanted:
            values = sorted(found["said_ms"])
            for step in (5, 10, 15):
                # Chance is given one step of the table on either side.
                value = values[len(values) * step // 20]
                assert wanted[step - 2] - 0.1 <= value <= wanted[step + 2] + 0.1, (provider, step)


def test_the_newest_are_those_of_the_last_half_year() -> None:
    made = {"a": "2026-08-19", "b": "2026-02-20", "c": "2026-02-10", "d": ""}
    one = Likeness(("p", "d"), made, (), (), ())
    assert one.newest == {"a", "b"}
    assert Likeness(("p", "d"), {"d": ""}, (), (), ()).newest == set()
    difference = Difference("keys", 0.0, 0.0, (), (), frozenset({"a", "c"}))
    assert one.unmatched(difference, one.newest) == 0.5
    assert one.unmatched(difference, ()) == 0.0


@pytest.mark.parametrize(
    ("body", "headers", "day"),
    [
        (b'data: {"created": 1787150178, "choices": []}\n\n', SSE, "2026-08-19"),
        (b'data: {"created": 0}\n\ndata: {"createTime": "2025-12-19T23:45:33Z"}\n\n', SSE, "2025-12-19"),
        (b"data: {}\n\n", (*SSE, ("Date", "Mon, 03 Jun 2024 10:00:00 GMT")), "2024-06-03"),
        (b"data: {}\n\n", SSE, ""),
    ],
)
def test_a_recording_says_when_it_was_made(body: bytes, headers: Headers, day: str) -> None:
    assert made_on(interaction(body, "openai-chat", "openai", headers)) == day


def test_a_router_s_stream_is_known_by_whom_it_asked() -> None:
    assert sent_by("openai", [{"provider": "Novita", "choices": [{}]}]) == "openrouter"
    assert sent_by("openai", [{"choices": [{}]}, None]) == "openai"


@needs_recordings
def test_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    lines = list(report(results()))
    assert lines[0].startswith("== anthropic anthropic: ")
    assert any(line.startswith("alike  keys: told 0%") for line in lines)
    assert json.loads(json.dumps(values(results())))[0]["provider"] == "anthropic"
    assert main([str(TAPES), "--provider", "nobody"]) == 0
    assert capsys.readouterr().out == ""
