"""Message events: blocks one after another, the ping, the padding, the end."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cassettes.dialects.anthropic import DIALECT
from cassettes.dialects.base import at, payload
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.speech import Speech, Voice

SAID = [
    Delta(reasoning="Hm."),
    Delta("Hel"),
    Delta("lo 세계"),
    Delta(tools=(ToolPart(0, name="weather"),)),
    Delta(tools=(ToolPart(0, arguments='{"a":1}'),)),
    Delta(finish="tool_calls", usage={"prompt_tokens": 9, "completion_tokens": 12, "cost": 1}),
]


def speech(said: list[Delta] = SAID, **fields: Any) -> Speech:
    return DIALECT.speak(said, Voice("anthropic", "m", **fields))


def events(made: Speech) -> list[Any]:
    return [payload(event.data) for event in made.events]


def test_blocks_follow_each_other_with_all_of_their_events() -> None:
    kinds = [(event["type"], event.get("index")) for event in events(speech())]
    assert kinds == [
        ("message_start", None),
        ("content_block_start", 0),
        ("ping", None),
        *[("content_block_delta", 0)] * 2,
        ("content_block_stop", 0),
        ("content_block_start", 1),
        *[("content_block_delta", 1)] * 2,
        ("content_block_stop", 1),
        ("content_block_start", 2),
        *[("content_block_delta", 2)] * 2,
        ("content_block_stop", 2),
        ("message_delta", None),
        ("message_stop", None),
    ]


def test_what_is_said_comes_back() -> None:
    folded = DIALECT.fold(events(speech()))
    assert folded is not None
    content: Any = at(folded.body, "content")
    assert [block["type"] for block in content] == ["thinking", "text", "tool_use"]
    assert (content[0]["thinking"], content[1]["text"], content[2]["input"]) == ("Hm.", "Hello 세계", {"a": 1})
    assert content[0]["signature"]
    assert at(folded.body, "stop_reason") == "tool_use"
    assert (at(folded.body, "usage", "input_tokens"), at(folded.body, "usage", "output_tokens")) == (9, 12)
    assert [one.what for one in speech().unsaid] == ["usage.cost"]


def test_blanks_stand_before_the_last_brace_but_in_pings() -> None:
    made = speech([*[Delta("word ")] * 200, Delta(finish="stop")])
    blanks = [len(found[1]) for event in made.events if (found := re.search(rb"( *)\}\n\n$", event.data))]
    assert set(blanks) == set(range(16))
    assert b'data: {"type": "ping"}\n\n' in made.body


def test_two_calls_that_come_together_become_two_blocks() -> None:
    def part(number: int, name: str = "", arguments: str = "") -> Delta:
        return Delta(tools=(ToolPart(number, name, name, arguments),))

    said = [part(1, "a"), part(2, "b"), part(1, arguments="[1"), part(2, arguments="[2]"), part(1, arguments="]")]
    folded = DIALECT.fold(events(speech([*said, Delta(finish="stop")])))
    assert folded is not None
    calls: Any = at(folded.body, "content")
    assert [(call["id"], call["input"]) for call in calls] == [("a", [1]), ("b", [2])]
    assert at(folded.body, "stop_reason") == "tool_use"


def test_a_refusal_in_words_stands_at_the_end() -> None:
    made = events(speech([Delta("a"), Delta(refusal="I "), Delta(refusal="won't."), Delta(finish="stop")]))
    assert DIALECT.delta(made[-2]).refusal == "I won't."
    assert at(made[-2], "delta", "stop_reason") == "refusal"


def test_a_cut_stream_has_no_end_and_its_refusal_is_told() -> None:
    made = speech([Delta("a"), Delta(refusal="no")])
    assert events(made)[-1]["type"] == "content_block_delta"
    assert [one.what for one in made.unsaid] == ["refusal"]


def test_counts_of_its_own_form_are_kept() -> None:
    usage: dict[str, object] = {
        "input_tokens": 5,
        "cache_read_input_tokens": 3,
        "output_tokens": 2,
        "server_tool_use": {},
    }
    made = events(speech([Delta("a", usage=usage), Delta(finish="end_turn")]))
    assert made[-2]["usage"] == {**usage, "cache_creation_input_tokens": 0}
    assert made[0]["message"]["usage"]["input_tokens"] == 5


@pytest.mark.parametrize(("word", "own"), [("length", "max_tokens"), ("SAFETY", "refusal"), ("pause_turn",) * 2])
def test_a_finish_is_said_in_its_own_words(word: str, own: str) -> None:
    assert at(events(speech([Delta("a", finish=word)]))[-2], "delta", "stop_reason") == own


def test_an_unknown_finish_is_told() -> None:
    assert [one.what for one in speech([Delta("a", finish="steered")]).unsaid] == ["finish steered"]


def test_an_error_ends_the_stream() -> None:
    made = events(speech([Delta("a"), Delta(error="over"), Delta("b")]))
    assert DIALECT.delta(made[-1]).error == "over"


@pytest.mark.parametrize(
    ("provider", "before", "prefix"),
    [
        ("anthropic", "content_block_start", "msg_01"),
        ("azure", "content_block_delta", "msg_01"),
        ("vertex", "message_start", "msg_vrtx_01"),
    ],
)
def test_clouds_have_their_ping_and_ids_elsewhere(provider: str, before: str, prefix: str) -> None:
    made = events(DIALECT.speak(SAID, Voice(provider, "m")))
    kinds = [event["type"] for event in made]
    assert kinds[kinds.index("ping") - 1] == before
    assert made[0]["message"]["id"].startswith(prefix)
    assert ("stop_details" in made[0]["message"]) == (provider == "anthropic")
