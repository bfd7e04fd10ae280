"""The answer in each grammar: the project's own reading of that grammar finds it again, and so does its folding."""

from __future__ import annotations

import pytest

from cassettes import dialects
from cassettes.dialects.base import payload
from mockserver.cases.script import PIECES, script_of, whole

MODELS = ("openai-chat", "openai-responses", "anthropic", "gemini")


@pytest.mark.parametrize("dialect", MODELS)
def test_the_text_is_read_again(dialect: str) -> None:
    grammar = dialects.get(dialect)
    deltas = [grammar.delta(payload(data)) for data in whole(script_of(dialect)).chunks]
    assert "".join(delta.text for delta in deltas) == "".join(PIECES)
    assert any(delta.finish for delta in deltas)
    assert not any(delta.error for delta in deltas)


@pytest.mark.parametrize("dialect", MODELS)
def test_it_folds_to_a_whole_answer(dialect: str) -> None:
    found = dialects.get(dialect).fold(payload(data) for data in whole(script_of(dialect)).chunks)
    assert found is not None
    assert found.code == 200
    assert "".join(PIECES) in str(found.body)


@pytest.mark.parametrize("dialect", MODELS[:3])
def test_a_tool_call_is_read_again(dialect: str) -> None:
    script, grammar = script_of(dialect), dialects.get(dialect)
    events = script.tool_call(['{"a"', ":1}"])
    tools = [tool for event in events for tool in grammar.delta(payload(script.block(event))).tools]
    assert "weather" in {tool.name for tool in tools}
    assert "".join(tool.arguments for tool in tools).startswith('{"a":1}')


@pytest.mark.parametrize("dialect", [*MODELS, "raw"])
def test_the_unknown_event_adds_nothing(dialect: str) -> None:
    script = script_of(dialect)
    delta = dialects.get(dialect).delta(payload(script.block(script.unknown())))
    assert (delta.text, delta.finish, delta.error) == ("", "", "")


def test_responses_are_numbered() -> None:
    script = script_of("openai-responses")
    for events in (script.answer(), script.tool_call(["{", "}"])):
        assert [event.data["sequence_number"] for event in events] == list(range(len(events)))


def test_a_response_says_its_text_again_at_its_end() -> None:
    *_, done, part, item, completed = (event.data for event in script_of("openai-responses").answer())
    text = "".join(PIECES)
    assert (done["text"], part["part"]["text"], item["item"]["content"][0]["text"]) == (text, text, text)
    assert completed["response"]["output"] == [item["item"]]
