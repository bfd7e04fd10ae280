"""What requests want, read in each dialect's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.synth.asked import JSON, Tool, Wishes, wishes

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
CHAT = "/v1/chat/completions"
GEMINI = "/v1beta/models/gemini-x:streamGenerateContent"
USER = [{"role": "user", "content": "hi"}]
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}


def asked(dialect: str, **body: Any) -> Wishes:
    path = {"gemini": GEMINI}.get(dialect, CHAT)
    said: dict[str, Any] = {
        "openai-responses": {"input": "hi"},
        "gemini": {"contents": [{"parts": [{"text": "hi"}]}]},
    }.get(dialect, {"messages": USER})
    return wishes(dialect, path, {"model": "m", **said, **body})


ALL = [
    (
        "openai-chat",
        {
            "tools": [FUNCTION],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}},
            "max_completion_tokens": 7,
            "n": 3,
        },
        3,
    ),
    (
        "openai-responses",
        {
            "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}, {"type": "web_search"}],
            "tool_choice": {"type": "function", "name": "f"},
            "text": {"format": {"type": "json_schema", "schema": SCHEMA}},
            "max_output_tokens": 7,
        },
        1,
    ),
    (
        "anthropic",
        {
            "tools": [{"name": "f", "input_schema": SCHEMA}],
            "tool_choice": {"type": "tool", "name": "f"},
            "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
            "max_tokens": 7,
        },
        1,
    ),
    (
        "gemini",
        {
            "tools": [{"functionDeclarations": [{"name": "f", "parameters": SCHEMA}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseSchema": SCHEMA,
                "maxOutputTokens": 7,
                "candidateCount": 3,
            },
        },
        3,
    ),
]


@pytest.mark.parametrize(("dialect", "body", "choices"), ALL)
def test_every_dialect_asks_in_its_own_words(dialect: str, body: dict[str, Any], choices: int) -> None:
    found = asked(dialect, **body)
    assert (found.prompt, found.model) == ("hi", "gemini-x" if dialect == "gemini" else "m")
    assert found.tools == (Tool("f", SCHEMA),)
    assert (found.must_call, found.form, found.most_tokens, found.choices) == ("f", SCHEMA, 7, choices)


@pytest.mark.parametrize("dialect", [dialect for dialect, _, _ in ALL])
def test_who_asks_for_nothing_wants_nothing(dialect: str) -> None:
    found = asked(dialect)
    assert (found.tools, found.must_call, found.form, found.most_tokens, found.choices) == ((), None, None, None, 1)
    assert found.results == ()


@pytest.mark.parametrize(
    ("dialect", "body", "field", "value"),
    [
        ("openai-chat", {"tool_choice": "required"}, "must_call", ""),
        ("openai-chat", {"tool_choice": "auto"}, "must_call", None),
        ("anthropic", {"tool_choice": {"type": "any"}}, "must_call", ""),
        ("gemini", {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "must_call", ""),
        ("openai-chat", {"response_format": {"type": "json_object"}}, "form", JSON),
        ("openai-chat", {"response_format": {"type": "text"}}, "form", None),
        ("gemini", {"generationConfig": {"responseMimeType": "application/json"}}, "form", JSON),
        ("openai-chat", {"stream_options": {"include_usage": True}}, "include_usage", True),
        ("openai-chat", {}, "include_usage", False),
        ("openai-responses", {"stream_options": {"include_obfuscation": False}}, "obfuscated", False),
        ("openai-chat", {"max_tokens": True}, "most_tokens", None),
    ],
)
def test_shorter_ways_of_asking(dialect: str, body: dict[str, Any], field: str, value: object) -> None:
    assert getattr(asked(dialect, **body), field) == value


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        (
            "openai-chat",
            {"messages": [*USER, {"role": "assistant", "tool_calls": []}, {"role": "tool", "content": "21 C"}]},
        ),
        (
            "openai-responses",
            {"input": [{"role": "user", "content": "hi"}, {"type": "function_call_output", "output": "21 C"}]},
        ),
        (
            "anthropic",
            {"messages": [*USER, {"role": "user", "content": [{"type": "tool_result", "content": "21 C"}]}]},
        ),
        (
            "gemini",
            {"contents": [{"role": "user", "parts": [{"functionResponse": {"name": "f", "response": "21 C"}}]}]},
        ),
    ],
)
def test_what_tools_have_said_last_is_known(dialect: str, body: dict[str, Any]) -> None:
    assert asked(dialect, **body).results == ("21 C",)


def test_a_tool_is_found_by_name() -> None:
    found = asked("openai-chat", tools=[FUNCTION])
    assert found.tool("f") == found.tool("") == Tool("f", SCHEMA)
    assert found.tool("g") is None


@given(
    st.sampled_from([dialect for dialect, _, _ in ALL]),
    st.dictionaries(
        st.sampled_from(
            [
                "messages",
                "tools",
                "tool_choice",
                "n",
                "input",
                "contents",
                "generationConfig",
                "text",
                "response_format",
            ]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3),
            lambda one: st.lists(one, max_size=2) | st.dictionaries(st.text(max_size=4), one, max_size=2),
            max_leaves=5,
        ),
    ),
)
def test_whatever_is_sent_is_no_error(dialect: str, body: dict[str, Any]) -> None:
    assert isinstance(wishes(dialect, CHAT, body), Wishes)


def test_ollama_and_cohere_have_words_of_their_own() -> None:
    ollama = asked("ollama", tools=[FUNCTION], format=SCHEMA, options={"num_predict": 7})
    assert (ollama.tools, ollama.form, ollama.most_tokens) == ((Tool("f", SCHEMA),), SCHEMA, 7)
    assert (asked("ollama", format="json").form, asked("ollama").form) == (JSON, None)
    form = {"type": "json_object", "json_schema": SCHEMA}
    cohere = asked("cohere", tools=[FUNCTION], tool_choice="REQUIRED", response_format=form, max_tokens=7)
    assert (cohere.must_call, cohere.form, cohere.most_tokens) == ("", SCHEMA, 7)
    assert asked("cohere", response_format={"type": "json_object"}).form == JSON
    run = asked("ag-ui", tools=[{"name": "f", "description": "", "parameters": SCHEMA}])
    assert (run.tools, run.prompt) == ((Tool("f", SCHEMA),), "hi")
