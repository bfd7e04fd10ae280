"""A request of AG-UI, read and written."""

from cassettes.transpose.ag_ui import read, write
from cassettes.transpose.talk import Choice, Form, Losses, Part, Talk, Tool, Turn

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
BODY = {
    "threadId": "t",
    "runId": "r",
    "state": {"x": 1},
    "tools": [{"name": "f", "description": "d", "parameters": {"b": 2}}],
    "messages": [
        {"id": "1", "role": "system", "content": "be"},
        {"id": "2", "role": "user", "content": [{"type": "text", "text": "Hi"}]},
        {"id": "3", "role": "reasoning", "content": "so"},
        {"id": "4", "role": "assistant", "content": "hm", "toolCalls": [CALL]},
        {"id": "5", "role": "tool", "toolCallId": "c", "content": "42"},
        {"id": "6", "role": "activity", "content": {}},
    ],
}


def test_read() -> None:
    losses = Losses()
    talk = read(BODY, losses)
    assert talk.turns == (
        Turn("system", (Part("text", "be"),)),
        Turn("user", (Part("text", "Hi"),)),
        Turn(
            "assistant", (Part("reasoning", "so"), Part("text", "hm"), Part("call", id="c", name="f", value={"a": 1}))
        ),
        Turn("tool", (Part("result", "42", "c", "f"),)),
    )
    assert talk.tools == (Tool("f", "d", {"b": 2}),)
    assert [loss.what for loss in losses.all()] == ["request.state", "request.messages[5] (activity)"]


def test_written_again() -> None:
    losses = Losses()
    body = write(read(BODY, Losses()), losses)
    assert [(one["role"], one["content"]) for one in body["messages"]] == [
        ("system", "be"),
        ("user", "Hi"),
        ("reasoning", "so"),
        ("assistant", "hm"),
        ("tool", "42"),
    ]
    assert body["messages"][3]["toolCalls"] == [CALL]
    assert body["messages"][4]["toolCallId"] == "c"
    assert (body["tools"], body["forwardedProps"]) == (BODY["tools"], {})
    assert not losses.all()


def test_what_is_the_agents_own() -> None:
    losses = Losses()
    turn = Turn("user", (Part("text", "a"), Part("text", "b")))
    body = write(Talk("m", (turn,), (), {"seed": 1}, Choice("auto"), Form()), losses)
    assert (body["messages"][0]["content"], body["forwardedProps"]) == ("a\nb", {"model": "m"})
    told = ["request.tool_choice", "request.response_format", "request.seed"]
    assert [loss.what for loss in losses.all()] == told
