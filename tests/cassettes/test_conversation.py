"""What is said in a request, by dialect."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.conversation import frame, last_user, turns

ARGUMENTS = {"a": 1, "b": [2]}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"b": [2], "a": 1}'}}
EXPECTED = [
    ("system", "text", "be"),
    ("user", "text", "one\ntwo"),
    ("user", "image"),
    ("assistant", "text", "hm"),
    ("assistant", "call", "f", ARGUMENTS),
    ("tool", "result", "42"),
    ("user", "text", "and?"),
]
CHAT = {
    "messages": [
        {"role": "system", "content": "be"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}, {"type": "image"}],
        },
        {"role": "assistant", "content": "hm", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "42"}]},
        {"role": "user", "content": "and?"},
    ]
}
RESPONSES = {
    "instructions": "be",
    "input": [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "one"},
                {"type": "input_text", "text": "two"},
                {"type": "image"},
            ],
        },
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "x"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hm"}]},
        {"type": "function_call", "name": "f", "call_id": "c", "arguments": '{"a":1,"b":[2]}'},
        {"type": "function_call_output", "call_id": "c", "output": "42"},
        {"role": "user", "content": "and?"},
    ],
}
ANTHROPIC = {
    "system": [{"type": "text", "text": "be", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}, {"type": "image"}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": "y"}, {"type": "text", "text": "hm"},
                                          {"type": "tool_use", "id": "t", "name": "f", "input": ARGUMENTS}]},
        {"role": "tool", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "42"}]}]},
        {"role": "user", "content": "and?"},
    ],
}  # fmt: skip
GEMINI = {
    "systemInstruction": {"parts": [{"text": "be"}]},
    "contents": [
        {"role": "user", "parts": [{"text": "one"}, {"text": "two"}, {"inlineData": {}}]},
        {"role": "assistant", "parts": [{"text": "deep", "thought": True}, {"text": "hm"}, {"functionCall": {"name": "f", "args": ARGUMENTS}}]},
        {"role": "tool", "parts": [{"functionResponse": {"name": "f", "response": 42}}]},
        {"parts": [{"text": "and?"}]},
    ],
}  # fmt: skip
OLLAMA = {
    "messages": [
        {"role": "system", "content": "be"},
        {"role": "user", "content": "one\ntwo", "images": ["aGk="]},
        {"role": "assistant", "content": "hm", "tool_calls": [{"function": {"name": "f", "arguments": ARGUMENTS}}]},
        {"role": "tool", "tool_name": "f", "content": "42"},
        {"role": "user", "content": "and?"},
    ]
}
REQUESTS = {
    "openai-chat": CHAT,
    "openai-responses": RESPONSES,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "ollama": OLLAMA,
    "cohere": CHAT,
}


@pytest.mark.parametrize("dialect", REQUESTS)
def test_one_conversation_in_every_grammar(dialect):
    expected = [("user", "file") if dialect == "gemini" and turn == ("user", "image") else turn for turn in EXPECTED]
    assert turns(dialect, REQUESTS[dialect]) == expected
    assert last_user(dialect, REQUESTS[dialect]) == "and?"


def test_other_spellings_of_the_same():
    assert turns("openai-responses", {"input": "hi"}) == [("user", "text", "hi")]
    assert turns("openai-responses", {"input": ["hi"], "previous_response_id": "r"}) == [
        ("assistant", "response", "r"),
        ("user", "text", "hi"),
    ]
    custom = [
        {"type": "custom_tool_call", "name": "f", "input": "x{"},
        {"type": "web_search_call"},
        {"type": "item_reference"},
    ]
    assert turns("openai-responses", {"input": custom}) == [
        ("assistant", "call", "f", "x{"),
        ("assistant", "web_search_call"),
    ]
    old = {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}
    assert turns("openai-chat", {"messages": [old, {"role": "function", "content": {"b": 1, "a": 2}}]}) == [
        ("assistant", "call", "f", {}),
        ("function", "result", '{"a": 2, "b": 1}'),
    ]
    assert turns("gemini", {"contents": "hi", "system_instruction": {"parts": ["be"]}}) == [
        ("system", "text", "be"),
        ("user", "text", "hi"),
    ]
    snake = {"contents": [{"parts": [{"function_call": {"name": "f"}}, {"function_response": {}}]}]}
    assert turns("gemini", snake) == [("user", "call", "f", None), ("user", "result", "")]


def test_the_frame():
    assert frame("openai-chat", "/", {"model": "m", "tools": [1], "response_format": 2}) == ("m", [[1], None], [2])
    assert frame("gemini", "/v1beta/models/g:generateContent", {"generationConfig": {"responseSchema": 3}})[0] == "g"
    assert 3 in frame("gemini", "/", {"generationConfig": {"responseSchema": 3, "temperature": 4}})[2]
    assert frame("raw", "/", b"") == (None, [None, None], [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "messages",
                    "input",
                    "contents",
                    "role",
                    "content",
                    "parts",
                    "text",
                    "type",
                    "tool_calls",
                    "function",
                    "arguments",
                    "functionCall",
                    "output",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from([*REQUESTS, "raw"]), JSON | st.binary(max_size=5))
def test_nothing_that_is_sent_is_an_error(dialect, value):
    found = turns(dialect, value)
    assert found is None or (found and json.dumps(found))
    assert isinstance(last_user(dialect, value), str)
    assert json.dumps(frame(dialect, "/x", value))


def test_one_prompt_of_ollama():
    asked = {"model": "m", "system": "be", "prompt": "and?", "images": ["aGk="]}
    assert turns("ollama", asked) == [("system", "text", "be"), ("user", "text", "and?"), ("user", "image")]
    assert last_user("ollama", asked) == "and?"
