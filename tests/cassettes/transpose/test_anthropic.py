"""A request of Anthropic's Messages, read and written."""

from cassettes.transpose.anthropic import MOST_TOKENS, read, write
from cassettes.transpose.talk import Choice, Form, Losses, Part, Talk, Tool, Turn

BODY = {
    "model": "m",
    "max_tokens": 5,
    "stop_sequences": ["x"],
    "metadata": {"user_id": "u"},
    "system": [{"type": "text", "text": "be", "cache_control": {"type": "ephemeral"}}],
    "tools": [{"name": "f", "description": "d", "input_schema": {"b": 2}}, {"type": "bash_20250124", "name": "bash"}],
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    "output_config": {"format": {"type": "json_schema", "schema": {"a": 1}}},
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
                {"type": "image", "source": {"type": "url", "url": "https://h/i.png"}},
                {"type": "document", "source": {}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "so", "signature": "s"},
                {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"text": "42"}]}, {"type": "text", "text": "and?"}],
        },
    ],
}  # fmt: skip


def test_read() -> None:
    losses = Losses()
    talk = read(BODY, losses)
    assert talk.turns == (
        Turn("system", (Part("text", "be"),)),
        Turn("user", (Part("image", "aGk=", media="image/png"), Part("image", "https://h/i.png"), Part("other", "document"))),
        Turn("assistant", (Part("reasoning", "so"), Part("call", id="t", name="f", value={"a": 1}))),
        Turn("tool", (Part("result", "42", "t", "f"),)),
        Turn("user", (Part("text", "and?"),)),
    )  # fmt: skip
    assert talk.tools == (Tool("f", "d", {"b": 2}),)
    assert talk.settings == {"max_tokens": 5, "stop": ["x"], "parallel": False}
    assert (talk.choice, talk.form) == (Choice("tool", "f"), Form({"a": 1}))
    assert [loss.what for loss in losses.all()] == [
        "request.metadata",
        "request.system[0].cache_control",
        "request.messages[1].content[0].signature",
        "request.tools[1] (bash_20250124)",
    ]


def test_written_again() -> None:
    losses = Losses()
    body = write(read(BODY, Losses()), losses)
    assert (body["system"], body["max_tokens"], body["stop_sequences"]) == ("be", 5, ["x"])
    assert body["messages"][0]["content"] == BODY["messages"][0]["content"][:2]
    assert body["messages"][1]["content"] == BODY["messages"][1]["content"][1:]
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user", "user"]
    assert (body["tool_choice"], body["output_config"]) == (BODY["tool_choice"], BODY["output_config"])
    assert [loss.what for loss in losses.all()] == ["request turn 2 (document)", "request turn 3 (reasoning)"]


def test_what_the_api_demands() -> None:
    late = (Turn("user", (Part("text", "Hi"),)), Turn("system", (Part("text", "be"), Part("text", "kind"))))
    call = Turn("assistant", (Part("call", id="t", name="f", value="{"),))
    losses = Losses()
    talk = Talk("m", (*late, call, Turn("user", ())), form=Form(), settings={"seed": 1, "parallel": False})
    body = write(talk, losses)
    assert body["max_tokens"] == MOST_TOKENS
    assert body["system"] == [{"type": "text", "text": "be"}, {"type": "text", "text": "kind"}]
    assert body["messages"][1]["content"][0]["input"] == {"INVALID_JSON": "{"}
    assert len(body["messages"]) == 2  # an empty message is refused
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert [loss.what for loss in losses.all()] == [
        "request turn 2, its place",
        "request.seed",
        "request.response_format",
    ]
