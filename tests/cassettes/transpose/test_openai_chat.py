"""A request of OpenAI's Chat Completions, read and written."""

from cassettes.transpose.openai_chat import read, write
from cassettes.transpose.talk import Choice, Form, Losses, Part, Talk, Tool, Turn

BODY = {
    "model": "m",
    "max_completion_tokens": 5,
    "temperature": 0,
    "stop": "x",
    "user": "u",
    "stream_options": {"include_usage": True},
    "parallel_tool_calls": False,
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": 1}, "strict": True}},
    "tools": [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"b": 2}, "strict": True}},
        {"type": "custom", "custom": {"name": "c"}},
    ],
    "messages": [
        {"role": "developer", "content": [{"type": "text", "text": "be"}, {"type": "text", "text": ""}]},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                {"type": "image_url", "image_url": "https://h/i.png"},
                {"type": "input_audio", "input_audio": {}},
            ],
        },
        {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": "{"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": [{"text": "so"}]}, "yes"], "name": "n"},
        {"role": "assistant", "function_call": {"name": "g", "arguments": "{}"}},
    ],
}  # fmt: skip


def test_read() -> None:
    losses = Losses()
    talk = read(BODY, losses)
    assert talk.model == "m"
    assert talk.turns == (
        Turn("system", (Part("text", "be"),)),
        Turn("user", (Part("image", "aGk=", media="image/png"), Part("image", "https://h/i.png"), Part("other", "input_audio"))),
        Turn("assistant", (Part("reasoning", "hm"), Part("call", id="c1", name="f", value="{"))),
        Turn("tool", (Part("result", "42", "c1", "f"),)),
        Turn("assistant", (Part("reasoning", "so"), Part("text", "yes"))),
        Turn("assistant", (Part("call", id="call_2", name="g", value={}),)),
    )  # fmt: skip
    assert talk.tools == (Tool("f", "d", {"b": 2}),)
    assert talk.settings == {"max_tokens": 5, "temperature": 0, "stop": ["x"], "parallel": False}
    assert (talk.choice, talk.form) == (Choice("tool", "f"), Form({"a": 1}, "n", strict=True))
    assert [loss.what for loss in losses.all()] == [
        "request.user",
        "request.messages[4].name",
        "request.tools[0].function.strict",
        "request.tools[1] (custom)",
    ]


def test_written_again() -> None:
    losses = Losses()
    body = write(read(BODY, Losses()), losses)
    assert body["messages"][1]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        {"type": "image_url", "image_url": {"url": "https://h/i.png"}},
    ]
    assert body["messages"][2] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{"}}],
    }
    assert body["messages"][3] == {"role": "tool", "tool_call_id": "c1", "content": "42"}
    assert (body["response_format"], body["tool_choice"]) == (BODY["response_format"], BODY["tool_choice"])
    assert (body["max_tokens"], body["stream"]) == (5, True)
    assert [loss.what for loss in losses.all()] == [
        "request turn 2 (input_audio)",
        "request turn 3 (reasoning)",
        "request turn 5 (reasoning)",
    ]


def test_plain_json_and_a_word_for_the_choice() -> None:
    talk = read({"response_format": {"type": "json_object"}, "tool_choice": "required"}, Losses())
    assert (talk.form, talk.choice) == (Form(), Choice("required"))
    body = write(Talk(form=Form(), choice=Choice("none")), Losses())
    assert (body["response_format"], body["tool_choice"]) == ({"type": "json_object"}, "none")
    assert read({"response_format": {"type": "text"}, "tool_choice": {}}, Losses()).form is None
