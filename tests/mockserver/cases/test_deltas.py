"""Cases of what events say, as a raw client sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cased import DIALECTS, MODELS, TEXT, dispatched, read, show
from wires import Tool

pytestmark = pytest.mark.xdist_group("cases")
CHAT = "openai-chat"


def values(served: Tool, case: str, dialect: str = CHAT) -> list[Any]:
    """The JSON of all events, which are those of a whole answer."""
    shown = show(served, case, dialect)
    got = read(shown.body, dialect)
    assert (got.over, got.flaws, shown.whole) == (True, [], True)
    return got.values


@pytest.mark.parametrize("dialect", DIALECTS)
def test_half_a_pair_in_each_of_two_deltas(dialect: str, served: Tool) -> None:
    shown = show(served, "lone-surrogates", dialect)
    events = shown.chunks
    at = next(number for number, data in enumerate(events) if rb"\ud83c" in data)
    assert rb"\udf0d" not in events[at]
    assert rb"\udf0d" in events[at + 1]
    assert read(shown.body, dialect)[:2] == ("Hello 🌍!", True)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("case", "found"),
    [("unknown-event-type", "surprise"), ("event-ping", "ping"), ("data-keepalive-json", "keepalive")],
)
def test_events_to_pass_over(case: str, found: str, dialect: str, served: Tool) -> None:
    shown = show(served, case, dialect)
    assert sum(found in event.data for event in dispatched(shown.body)) == 1
    assert read(shown.body, dialect)[:3] == (TEXT, True, [])


def test_chunks_without_a_choice(served: Tool) -> None:
    assert values(served, "usage-empty-choices")[-1].items() >= {"choices": []}.items()
    assert values(served, "usage-empty-choices")[-1]["usage"]["total_tokens"] > 0
    assert "choices" not in values(served, "choices-missing")[-1]
    assert [value["id"] for value in values(served, "null-choices") if value["choices"] is None]


def test_fields_without_a_value(served: Tool) -> None:
    nulls = values(served, "null-fields")
    assert all(value["usage"] is None and value["choices"][0]["logprobs"] is None for value in nulls)
    assert nulls[1]["choices"][0]["delta"].items() >= {"role": None, "tool_calls": None, "refusal": None}.items()
    bare = values(served, "no-role-no-index")
    assert {key for value in bare for key in value} == {"id", "choices"}
    assert all(set(value["choices"][0]) <= {"delta", "finish_reason"} for value in bare)
    empty = values(served, "finish-empty-string")
    assert [value["choices"][0]["finish_reason"] for value in empty] == [""] * (len(empty) - 1) + ["stop"]
    usage = [value["usage"]["completion_tokens"] for value in values(served, "usage-every-chunk")[1:]]
    assert usage == sorted(usage)
    assert len(usage) >= 8
    for case in ("null-fields", "no-role-no-index", "finish-empty-string", "usage-every-chunk"):
        assert read(show(served, case, CHAT).body, CHAT).text == TEXT


@pytest.mark.parametrize("dialect", ["openai-chat", "openai-responses", "anthropic"])
def test_arguments_are_cut_inside_an_escape(dialect: str, served: Tool) -> None:
    pieces: list[str] = []
    for value in values(served, "tool-args-split", dialect):
        if dialect == CHAT:
            calls = value["choices"][0]["delta"].get("tool_calls", [])
            pieces += [call["function"]["arguments"] for call in calls if call["function"]["arguments"]]
        elif dialect == "anthropic" and "partial_json" in value.get("delta", {}):
            pieces.append(value["delta"]["partial_json"])
        elif value.get("type") == "response.function_call_arguments.delta":
            pieces.append(value["delta"])
    assert len(pieces) == 3
    assert pieces[0].endswith(r"\u00")
    assert json.loads("".join(pieces)) == {"city": "Århus 서울"}


def test_two_calls_with_one_index(served: Tool) -> None:
    calls = [
        call
        for value in values(served, "tool-same-index")
        for call in value["choices"][0]["delta"].get("tool_calls", [])
    ]
    assert [(call["index"], call["id"]) for call in calls] == [(0, "call_one"), (0, "call_two")]


@pytest.mark.parametrize("dialect", MODELS)
def test_the_same_delta_again(dialect: str, served: Tool) -> None:
    shown = show(served, "same-delta-200x", dialect)
    assert read(shown.body, dialect)[:2] == ("again " * 200, True)
