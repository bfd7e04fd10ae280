"""Every rule of the grammar of Anthropic's Messages finds a stream that breaks it, and a clean one breaks none."""

from __future__ import annotations

import pytest
from broken import OF_BYTES, OF_FILES, Break, Event, both, clean, drop, findings, later, put, rules, twice

from cassettes.grammar.anthropic import GRAMMAR

DELTA = "content_block_delta"
BREAKS: dict[str, list[Break]] = {
    "message-order": [
        drop("message_start"),
        drop("message_delta"),
        later("message_start"),
        later("message_stop", -1),
        twice("message_start"),
        twice("message_stop"),
        lambda events: [*events, Event("ping", {"type": "ping"})],
    ],
    "message-end": [drop("message_stop"), lambda events: events[:-2], lambda events: events[:4]],
    "block-order": [
        drop("content_block_start"),
        later(DELTA, 4),
        twice("content_block_start"),
        twice("content_block_stop"),
        later("content_block_stop", -5),
        later(DELTA, 1, 1),  # a thought behind the signature
        put(DELTA, "index", 7),
        put("content_block_start", "index", 0, 1),
    ],
    "block-end": [drop("content_block_stop", 3)],
    "block-alone": [drop("content_block_stop"), later("content_block_stop", 3)],
    "block-count": [put("content_block_start", "index", 3), put("content_block_start", "index", 2, 1)],
    "block-json": [drop(DELTA, 7), put(DELTA, "delta.partial_json", "}", 9)],
    "block-fit": [
        put(DELTA, "delta", {"type": "input_json_delta", "partial_json": "{}"}),
        put(DELTA, "delta", {"type": "text_delta", "text": "in a call"}, 7),
    ],
    "message-id": [both(twice("message_start"), put("message_start", "message.id", "msg_other", 1))],
}


def test_a_clean_stream_breaks_no_rule() -> None:
    assert findings("anthropic", clean("anthropic")) == ()


def test_every_rule_is_broken_here() -> None:
    assert set(BREAKS) == set(GRAMMAR.rules) - OF_BYTES - OF_FILES


@pytest.mark.parametrize(("rule", "broken"), [(rule, one) for rule, breaks in BREAKS.items() for one in breaks])
def test_a_break_is_found(rule: str, broken: Break) -> None:
    assert rule in rules(findings("anthropic", broken(clean("anthropic"))))


def test_a_finding_names_event_place_and_what_may_come() -> None:
    (found,) = findings("anthropic", drop("content_block_stop", 3)(clean("anthropic")))
    assert found.text == (
        f"event {found.place.event} (byte {found.place.offset}, message_delta): content block 3 is not finished (open) "
        "at message_delta, expected delta or signature or content_block_stop [anthropic/block-end]"
    )
    assert found.place.event == len(clean("anthropic")) - 2
    assert found.rule.source


@pytest.mark.parametrize(
    "legal",
    [
        drop("ping"),
        twice("ping"),
        later("ping", 3),
        twice("message_delta"),
        drop("content_block_delta"),
        put("message_start", "message.usage", {"input_tokens": 1, "output_tokens": 1, "more": []}),
        lambda events: [
            *events[:5],
            Event("error", {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}),
        ],
        both(drop("content_block_delta", 9), put("message_delta", "delta.stop_reason", "max_tokens")),
    ],
)
def test_what_is_allowed_is_not_found(legal: Break) -> None:
    assert findings("anthropic", legal(clean("anthropic"))) == ()


def test_what_comes_whole_takes_no_deltas() -> None:
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "web_search_tool_result"}}
    broken = put("content_block_start", "content_block", start["content_block"])(clean("anthropic"))
    assert rules(findings("anthropic", broken))[0] == "block-fit"
