"""Whole answers as the pieces of a stream: what each grammar folds a stream to says what the stream said."""

from __future__ import annotations

from typing import Any

import pytest

from cassettes import dialects
from cassettes.dialects.base import payload
from cassettes.dialects.counts import counts
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.speech import Voice, gathered_usage, in_turn, last_finish, whole_calls
from cassettes.transpose.whole import deltas

SAID = [
    Delta(reasoning="Hm, "),
    Delta(reasoning="so."),
    Delta("Hello "),
    Delta("세계"),
    Delta(tools=(ToolPart(0, "c", "f", '{"a":1}'),)),
    Delta(tools=(ToolPart(1, "d", "g", "{}"),)),
    Delta(finish="tool_calls"),
    Delta(usage={"prompt_tokens": 9, "completion_tokens": 12}),
]


def told(said: list[Delta]) -> dict[str, Any]:
    calls = [piece.tool for piece in whole_calls(in_turn(said)) if piece.kind == "tool"]
    return {
        "text": "".join(delta.text for delta in said),
        "reasoning": "".join(delta.reasoning for delta in said),
        "calls": [(call.id, call.name, call.arguments.replace(" ", "")) for call in calls],
        "usage": counts(gathered_usage(said) or {})[:2],
        "finish": bool(last_finish(said)[1]),
    }


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama", "cohere"])
def test_a_folded_stream_says_what_the_stream_said(name: str) -> None:
    dialect = dialects.get(name)
    folded = dialect.fold(payload(event.data) for event in dialect.speak(SAID, Voice("deepseek", "m")).events)
    assert folded is not None
    assert told(deltas(name, folded.body)) == told(SAID)


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("openai-chat", {"choices": [{"message": {"refusal": "no"}, "finish_reason": "stop"}]}, Delta(refusal="no", finish="stop")),
        ("anthropic", {"content": [], "stop_reason": "refusal", "stop_details": {"explanation": "no"}}, Delta(refusal="no", finish="refusal")),
        (
            "openai-responses",
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            Delta(finish="max_output_tokens"),
        ),
        ("cohere", {"message": {"tool_plan": "so"}}, Delta(reasoning="so")),
    ],
)  # fmt: skip
def test_ends_and_refusals(name: str, body: object, said: Delta) -> None:
    assert deltas(name, body) == [said]


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama", "cohere"])
def test_what_is_no_answer_says_nothing(name: str) -> None:
    assert deltas(name, {}) == []
    assert deltas(name, b"no JSON") == []
