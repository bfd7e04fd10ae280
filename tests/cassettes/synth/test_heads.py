"""Heads of responses in the providers' style."""

from __future__ import annotations

import pytest

from cassettes.dialects.speech import Voice
from cassettes.model import header
from cassettes.synth.heads import head_of


@pytest.mark.parametrize(
    ("provider", "kind", "name"),
    [
        ("openai", "text/event-stream; charset=utf-8", "openai-processing-ms"),
        ("anthropic", "text/event-stream; charset=utf-8", "request-id"),
        ("google", "text/event-stream", "server-timing"),
        ("openrouter", "text/event-stream", "x-generation-id"),
        ("infron", "text/event-stream; charset=utf-8", "date"),
    ],
)
def test_each_provider_has_its_own(provider: str, kind: str, name: str) -> None:
    found = head_of(Voice(provider), "text/event-stream; charset=utf-8", 195.6)
    assert header(found, "content-type") == kind
    assert header(found, name)
    assert header(found, "transfer-encoding") == "chunked"
    assert not any("$" in value for _, value in found)


def test_the_time_to_the_head_is_what_the_provider_says_it_took() -> None:
    assert header(head_of(Voice("openai"), "x", 195.6), "openai-processing-ms") == "196"
    assert header(head_of(Voice("google"), "text/event-stream", 31.0), "server-timing") == "gfet4t7; dur=31"


def test_what_is_no_event_stream_is_of_its_own_type() -> None:
    assert header(head_of(Voice("google"), "application/x-ndjson", 0), "content-type") == "application/x-ndjson"


def test_ids_follow_the_seed() -> None:
    assert head_of(Voice("openai", seed="1"), "x", 0) == head_of(Voice("openai", seed="1"), "x", 0)
    assert head_of(Voice("openai", seed="1"), "x", 0) != head_of(Voice("openai", seed="2"), "x", 0)
