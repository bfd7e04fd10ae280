"""A request of Ollama's own API, read and written."""

from cassettes.transpose.ollama import read, write
from cassettes.transpose.talk import Choice, Form, Losses, Part, Talk, Tool, Turn

BODY = {
    "model": "m",
    "keep_alive": "5m",
    "format": {"type": "object"},
    "options": {"num_predict": 5, "temperature": 0.5, "num_ctx": 9},
    "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"b": 2}}}],
    "messages": [
        {"role": "system", "content": "be"},
        {"role": "user", "content": "Hi", "images": ["aGk="]},
        {"role": "assistant", "content": "", "thinking": "so", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
        {"role": "tool", "content": "42", "tool_name": "f"},
    ],
}  # fmt: skip


def test_read() -> None:
    losses = Losses()
    talk = read(BODY, losses)
    assert talk.turns == (
        Turn("system", (Part("text", "be"),)),
        Turn("user", (Part("text", "Hi"), Part("image", "aGk=", media="image/png"))),
        Turn("assistant", (Part("reasoning", "so"), Part("call", id="call_1", name="f", value={"a": 1}))),
        Turn("tool", (Part("result", "42", "call_1", "f"),)),
    )
    assert talk.tools == (Tool("f", "d", {"b": 2}),)
    assert (talk.settings, talk.form) == ({"max_tokens": 5, "temperature": 0.5}, Form({"type": "object"}))
    assert [loss.what for loss in losses.all()] == ["request.keep_alive", "request.options.num_ctx"]


def test_written_again() -> None:
    losses = Losses()
    body = write(read(BODY, Losses()), losses)
    assert body["messages"][1] == BODY["messages"][1]
    assert body["messages"][2]["thinking"] == "so"
    assert body["messages"][2]["tool_calls"][0]["function"] == {"name": "f", "arguments": {"a": 1}}
    assert body["messages"][3] == {"role": "tool", "content": "42", "tool_name": "f", "tool_call_id": "call_1"}
    assert (body["options"], body["format"], body["stream"]) == (
        {"num_predict": 5, "temperature": 0.5},
        {"type": "object"},
        True,
    )
    assert not losses.all()


def test_one_prompt() -> None:
    talk = read({"model": "m", "prompt": "Hi", "system": "be", "format": "json"}, Losses())
    assert talk.turns == (Turn("system", (Part("text", "be"),)), Turn("user", (Part("text", "Hi"),)))
    assert talk.form == Form()
    assert read({"prompt": "Hi"}, Losses()).turns == (Turn("user", (Part("text", "Hi"),)),)


def test_what_has_no_place() -> None:
    losses = Losses()
    turn = Turn("user", (Part("text", "a"), Part("text", "b"), Part("image", "https://h/i.png")))
    body = write(Talk("m", (turn,), choice=Choice("required"), form=Form()), losses)
    assert body["messages"] == [{"role": "user", "content": "a\nb"}]
    assert body["format"] == "json"
    assert [loss.what for loss in losses.all()] == ["request turn 1 (image)", "request.tool_choice"]
