"""A request of Cohere's chat, read and written."""

from cassettes.transpose.cohere import read, write
from cassettes.transpose.talk import Choice, Form, Losses, Part, Talk, Turn

BODY = {
    "model": "m",
    "p": 0.5,
    "k": 3,
    "stop_sequences": ["x"],
    "documents": ["d"],
    "tool_choice": "REQUIRED",
    "response_format": {"type": "json_object", "json_schema": {"a": 1}},
    "messages": [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "tool_plan": "so",
            "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "42"},
    ],
}


def test_read() -> None:
    losses = Losses()
    talk = read(BODY, losses)
    assert talk.turns == (
        Turn("user", (Part("text", "Hi"),)),
        Turn("assistant", (Part("reasoning", "so"), Part("call", id="c", name="f", value={}))),
        Turn("tool", (Part("result", "42", "c", "f"),)),
    )
    assert talk.settings == {"top_p": 0.5, "top_k": 3, "stop": ["x"]}
    assert (talk.choice, talk.form) == (Choice("required"), Form({"a": 1}))
    assert [loss.what for loss in losses.all()] == ["request.documents"]


def test_written_again() -> None:
    losses = Losses()
    body = write(read(BODY, Losses()), losses)
    assert (body["p"], body["k"], body["tool_choice"]) == (0.5, 3, "REQUIRED")
    assert body["response_format"] == BODY["response_format"]
    assert body["messages"][1]["content"] == [{"type": "thinking", "thinking": "so"}]
    assert not losses.all()


def test_what_has_no_place() -> None:
    losses = Losses()
    body = write(Talk("m", choice=Choice("tool", "f"), form=Form(), settings={"parallel": False}), losses)
    assert body["response_format"] == {"type": "json_object"}
    assert "tool_choice" not in body
    assert [loss.what for loss in losses.all()] == ["request.tool_choice", "request.parallel"]
    assert read({"response_format": {"type": "text"}}, Losses()).form is None
    assert "tool_choice" not in write(Talk("m", choice=Choice("auto")), Losses())
