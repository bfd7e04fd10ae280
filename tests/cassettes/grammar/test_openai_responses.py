"""Every rule of the grammar of OpenAI's responses finds a stream that breaks it, and a clean one breaks none."""

from __future__ import annotations

from typing import Any

import pytest
from broken import (
    OF_BYTES,
    OF_FILES,
    Break,
    Event,
    Events,
    both,
    clean,
    drop,
    findings,
    later,
    numbered,
    put,
    rules,
    twice,
)

from cassettes.grammar.openai_responses import GRAMMAR

R = "response."
SUMMARY = f"{R}reasoning_summary"


def event(kind: str, **fields: Any) -> Event:
    return Event(f"{R}{kind}", {"type": f"{R}{kind}", "sequence_number": 0, **fields})


def around(item: dict[str, Any], *inside: Event) -> Events:
    """A response of one item."""
    first, second, *_, last = clean("openai-responses")
    added = event("output_item.added", output_index=0, item=item)
    done = event("output_item.done", output_index=0, item=item)
    return numbered([first, second, added, *inside, done, last])


TOOL = {"item_id": "ws_1", "output_index": 0}
SEARCH = around(
    {"id": "ws_1", "type": "web_search_call", "status": "in_progress"},
    *(event(f"web_search_call.{stage}", **TOOL) for stage in ("in_progress", "searching", "completed")),
)
COMMAND = {"item_id": "sh_1", "output_index": 0, "command_index": 0}
SHELL = around(
    {"id": "sh_1", "type": "shell_call", "status": "in_progress"},
    event("shell_call_command.added", **COMMAND, command=""),
    event("shell_call_command.delta", **COMMAND, delta="ls"),
    event("shell_call_command.done", **COMMAND, command="ls"),
)

FULL, OF_SEARCH, OF_SHELL = clean("openai-responses"), SEARCH, SHELL
BREAKS: dict[str, list[tuple[Events, Break]]] = {
    "response-order": [
        (FULL, drop(f"{R}created")),
        (FULL, drop(f"{R}in_progress")),
        (FULL, twice(f"{R}completed")),
        (FULL, twice(f"{R}in_progress")),
        (FULL, lambda events: [*events, Event("", "[DONE]")]),
        (FULL, later(f"{R}created")),
        (FULL, later(f"{R}completed", -2)),
    ],
    "response-end": [(FULL, drop(f"{R}completed")), (FULL, lambda events: events[:5])],
    "item-order": [
        (FULL, drop(f"{R}output_item.added")),
        (FULL, twice(f"{R}output_item.added")),
        (FULL, twice(f"{R}output_item.done")),
        (FULL, later(f"{R}output_text.delta", 6)),
    ],
    "item-end": [(FULL, drop(f"{R}output_item.done", 3))],
    "item-count": [
        (FULL, put(f"{R}output_item.added", "output_index", 3)),
        (FULL, put(f"{R}output_item.added", "output_index", 2, 1)),
    ],
    "item-id": [
        (FULL, put(f"{R}output_text.delta", "item_id", "msg_other", 1)),
        (FULL, put(f"{R}output_item.done", "item.id", "rs_other")),
    ],
    "part-order": [
        (FULL, drop(f"{R}content_part.added")),
        (FULL, drop(f"{R}output_text.done")),
        (FULL, twice(f"{R}output_text.done")),
        (FULL, later(f"{R}output_text.done", -1)),
        (FULL, twice(f"{R}content_part.done")),
    ],
    "part-end": [(FULL, drop(f"{R}content_part.done"))],
    "part-count": [(FULL, put(f"{R}content_part.added", "content_index", 1))],
    "part-sum": [
        (FULL, drop(f"{R}output_text.delta", 1)),
        (FULL, put(f"{R}output_text.done", "text", "other")),
        (FULL, later(f"{R}output_text.delta")),
    ],
    "summary-order": [
        (FULL, drop(f"{SUMMARY}_part.added")),
        (FULL, drop(f"{SUMMARY}_text.done")),
        (FULL, later(f"{SUMMARY}_text.delta", 2, 1)),
    ],
    "summary-end": [(FULL, drop(f"{SUMMARY}_part.done"))],
    "summary-count": [(FULL, put(f"{SUMMARY}_part.added", "summary_index", 4))],
    "summary-sum": [(FULL, drop(f"{SUMMARY}_text.delta"))],
    "input-order": [
        (FULL, twice(f"{R}function_call_arguments.done")),
        (FULL, later(f"{R}function_call_arguments.delta", 4)),
    ],
    "input-end": [(FULL, drop(f"{R}function_call_arguments.done"))],
    "input-sum": [
        (FULL, drop(f"{R}function_call_arguments.delta")),
        (FULL, twice(f"{R}function_call_arguments.delta")),
    ],
    "tool-order": [
        (SEARCH, drop(f"{R}web_search_call.in_progress")),
        (SEARCH, later(f"{R}web_search_call.searching")),
        (SEARCH, twice(f"{R}web_search_call.completed")),
    ],
    "command-order": [(SHELL, drop(f"{R}shell_call_command.added")), (SHELL, twice(f"{R}shell_call_command.done"))],
    "command-end": [(SHELL, drop(f"{R}shell_call_command.done"))],
    "item-fit": [
        (FULL, put(f"{R}output_item.added", "item.type", "web_search_call", 1)),
        (SEARCH, put(f"{R}output_item.added", "item.type", "function_call")),
    ],
    "response-id": [(FULL, put(f"{R}completed", "response.id", "resp_other"))],
    "model": [(FULL, put(f"{R}completed", "response.model", "gpt-other"))],
}
NUMBERS: list[Break] = [
    drop(f"{R}output_text.delta"),
    twice(f"{R}output_text.delta"),
    later(f"{R}output_text.delta"),
    put(f"{R}created", "sequence_number", 1),
    put(f"{R}completed", "sequence_number", 9999),
    put(f"{R}output_text.done", "sequence_number", 0),
]


@pytest.mark.parametrize("events", [FULL, SEARCH, SHELL], ids=["everything", "search", "shell"])
def test_a_clean_stream_breaks_no_rule(events: Events) -> None:
    assert findings("openai-responses", events) == ()


def test_every_rule_is_broken_here() -> None:
    assert {*BREAKS, "sequence"} == set(GRAMMAR.rules) - OF_BYTES - OF_FILES


@pytest.mark.parametrize(
    ("rule", "events", "broken"), [(rule, *one) for rule, breaks in BREAKS.items() for one in breaks]
)
def test_a_break_is_found_though_the_numbers_are_right(rule: str, events: Events, broken: Break) -> None:
    assert rule in rules(findings("openai-responses", numbered(broken(events))))


@pytest.mark.parametrize("broken", NUMBERS)
def test_numbers_that_do_not_follow_one_another_are_found(broken: Break) -> None:
    assert "sequence" in rules(findings("openai-responses", broken(FULL)))


def failing(events: Events) -> Events:
    """The response fails in the middle of its text."""
    answer = {**events[-1].data["response"], "status": "failed", "error": {"code": "server_error", "message": "busy"}}
    return numbered([*events[:12], event("failed", response=answer)])


@pytest.mark.parametrize(
    "legal",
    [
        failing,
        lambda events: numbered([*events[:12], Event("error", {"type": "error", "error": {"message": "busy"}})]),
        lambda events: numbered([*events[:12], Event("error", {"type": "error", "code": "x", "message": "busy"})]),
        lambda events: numbered(
            [events[0], Event(f"{R}queued", {**events[1].data, "type": f"{R}queued"}), *events[1:]]
        ),
        both(put(f"{R}output_text.delta", "obfuscation", "aB3"), put(f"{R}output_text.done", "logprobs", [])),
        put(f"{R}completed", "response.anything", {"new": True}),
    ],
)
def test_what_is_allowed_is_not_found(legal: Break) -> None:
    assert findings("openai-responses", legal(FULL)) == ()


def test_items_may_overlap() -> None:
    first, second, *_, last = FULL
    ids = ["mcpl_1", "mcpl_2", "mcpl_3"]
    items = [{"id": one, "type": "mcp_list_tools"} for one in ids]
    opened = [event("output_item.added", output_index=n, item=item) for n, item in enumerate(items)]
    stages = [
        event(f"mcp_list_tools.{stage}", output_index=n, item_id=one)
        for stage in ("in_progress", "completed")
        for n, one in enumerate(ids)
    ]
    closed = [event("output_item.done", output_index=n, item=item) for n, item in enumerate(items)]
    assert findings("openai-responses", numbered([first, second, *opened, *stages, *closed, last])) == ()


def test_a_stream_that_is_taken_up_again_begins_where_the_other_broke_off() -> None:
    rest = FULL[14:]
    assert findings("openai-responses", rest, resumed=True) == ()
    assert "response-order" in rules(findings("openai-responses", rest))
    assert rules(findings("openai-responses", drop(f"{R}completed")(rest), resumed=True)) == ["response-end"]
    assert "sequence" in rules(findings("openai-responses", [rest[0], *rest[2:]], resumed=True))


def test_openrouter_has_no_names_and_a_done() -> None:
    events = [*(Event("", one.data) for one in FULL), Event("", "[DONE]")]
    assert findings("openai-responses", events, "openrouter") == ()
    assert set(rules(findings("openai-responses", events))) == {"event-name", "response-order"}
