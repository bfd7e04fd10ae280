"""Machines under way: where an event leads, what it leaves open, and that one slip is told once."""

from __future__ import annotations

import time

from broken import clean, drop, findings, rules

from cassettes.check.walk import Walk
from cassettes.grammar import GRAMMARS
from cassettes.grammar.table import Quirk

ANTHROPIC = GRAMMARS["anthropic"]


def take(walk: Walk, kind: str, **event: object) -> list[str]:
    return [one.rule for one in walk.take(ANTHROPIC.by_name[kind], {"type": kind, **event})]


def begun() -> Walk:
    walk = Walk(ANTHROPIC, ())
    assert take(walk, "message_start") == []
    return walk


def test_after_a_slip_the_walk_goes_on_where_the_event_leads() -> None:
    walk = begun()
    delta = {"type": "text_delta", "text": "a"}
    assert take(walk, "content_block_delta", index=0, delta=delta) == ["block-order"]
    assert take(walk, "content_block_delta", index=0, delta=delta) == []
    assert take(walk, "content_block_stop", index=0) == []
    assert take(walk, "message_delta") == []


def test_a_missing_event_is_told_once() -> None:
    for kind in ("message_start", "content_block_start", "content_block_stop", "message_delta"):
        assert len(rules(findings("anthropic", drop(kind)(clean("anthropic"))))) <= 2, kind


def test_what_is_told_as_open_is_not_told_again() -> None:
    walk = begun()
    assert take(walk, "content_block_start", index=0, content_block={"type": "text"}) == []
    assert take(walk, "message_delta") == ["block-end"]
    assert take(walk, "message_stop") == []
    assert list(walk.finish(cut=False)) == []


def test_of_a_stream_without_its_end_only_that_is_told() -> None:
    walk = begun()
    take(walk, "content_block_start", index=0, content_block={"type": "text"})
    assert [one.rule for one in walk.finish(cut=False)] == ["message-end"]


def test_a_number_that_is_none_is_taken_for_0() -> None:
    walk = begun()
    assert take(walk, "content_block_start", index="0", content_block={"type": "text"}) == []
    assert take(walk, "content_block_stop", index=None) == []


def test_a_quirk_is_a_step_more() -> None:
    again = Quirk(("p",), "seen", steps=("message:stopped:ping:stopped",))
    for quirks, found in (((), ["message-order"]), ((again,), [])):
        walk = Walk(ANTHROPIC, quirks)
        for kind in ("message_start", "message_delta", "message_stop"):
            assert take(walk, kind) == []
        assert take(walk, "ping") == found


def test_after_an_event_that_could_not_be_read_sums_are_not_asked() -> None:
    responses = GRAMMARS["openai-responses"]
    for lost in (False, True):
        walk = Walk(responses, ())
        found = []
        for event in clean("openai-responses"):
            if event.kind == "response.output_text.delta" and lost:
                walk.lose()
                continue
            if event.kind == "response.output_text.delta" and not found and not lost:
                found.append("left out")
                continue
            found += [one.rule for one in walk.take(responses.by_name[event.kind], event.data)]
        assert found == ([] if lost else ["left out", "part-sum"])


def test_arguments_that_are_cut_short_are_told_unless_the_answer_says_so() -> None:
    for cut in (False, True):
        walk = begun()
        take(walk, "content_block_start", index=0, content_block={"type": "tool_use"})
        take(walk, "content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": '{"a'})
        take(walk, "content_block_stop", index=0)
        take(walk, "message_delta")
        take(walk, "message_stop")
        assert [one.rule for one in walk.finish(cut=cut)] == ([] if cut else ["block-json"])


def test_halves_of_a_character_add_up() -> None:
    events = clean("openai-responses")
    at = next(n for n, one in enumerate(events) if one.kind == "response.output_text.done")
    halves = ("\ud83c", "\udf89")
    texts = iter([events[at - 3].data["delta"], events[at - 2].data["delta"] + " " + halves[0], halves[1]])
    for one in events[at - 3 : at]:
        one.data["delta"] = next(texts)
    assert findings("openai-responses", events) == ()


def test_a_body_of_very_many_parts_takes_as_many_steps() -> None:
    """Of a hostile stream every event opens a part; what is asked of the others must not grow with their number."""
    walk = begun()
    before = time.perf_counter()
    for number in range(5_000):
        walk.take(ANTHROPIC.by_name["content_block_start"], {"index": number, "content_block": {"type": "text"}})
        walk.take(ANTHROPIC.by_name["message_delta"], {})
    assert time.perf_counter() - before < 10  # it takes a half
