"""A request of the AI SDK's UI, read and written."""

from cassettes.transpose.ai_sdk_ui import read, write
from cassettes.transpose.talk import Choice, Form, Losses, Part, Talk, Tool, Turn

BODY = {
    "id": "chat",
    "trigger": "submit-message",
    "model": "m",
    "webSearch": True,
    "messages": [
        {
            "id": "a",
            "role": "user",
            "metadata": {"x": 1},
            "parts": [
                {"type": "text", "text": "Hi"},
                {"type": "file", "mediaType": "image/png", "url": "data:image/png;base64,aGk="},
                {"type": "file", "mediaType": "application/pdf", "url": "https://h/x.pdf"},
            ],
        },
        {
            "id": "b",
            "role": "assistant",
            "parts": [
                {"type": "step-start"},
                {"type": "reasoning", "text": "so"},
                {"type": "tool-f", "toolCallId": "c", "state": "output-available", "input": {"a": 1}, "output": {"t": 42}},
                {"type": "dynamic-tool", "toolName": "g", "toolCallId": "d", "state": "output-error", "errorText": "no"},
                {"type": "text", "text": "hm"},
            ],
        },
    ],
}  # fmt: skip


def test_read() -> None:
    losses = Losses()
    talk = read(BODY, losses)
    assert talk.model == "m"
    assert talk.turns == (
        Turn("user", (Part("text", "Hi"), Part("image", "aGk=", media="image/png"), Part("other", "file"))),
        Turn(
            "assistant",
            (
                Part("reasoning", "so"),
                Part("call", id="c", name="f", value={"a": 1}),
                Part("call", id="d", name="g", value={}),
                Part("text", "hm"),
            ),
        ),
        Turn("tool", (Part("result", '{"t":42}', "c", "f"), Part("result", "no", "d", "g"))),
    )
    assert [loss.what for loss in losses.all()] == ["request.webSearch", "request.messages[0].metadata"]


def test_written_again() -> None:
    losses = Losses()
    body = write(read(BODY, Losses()), losses)
    assert (body["model"], body["trigger"]) == ("m", "submit-message")
    first, second = body["messages"]
    assert first["parts"] == BODY["messages"][0]["parts"][:2]
    assert [part["type"] for part in second["parts"]] == ["reasoning", "tool-f", "tool-g", "text"]
    assert second["parts"][1] == {
        "type": "tool-f",
        "toolCallId": "c",
        "state": "output-available",
        "input": {"a": 1},
        "output": '{"t":42}',
    }
    assert [loss.what for loss in losses.all()] == ["request turn 1 (file)"]


def test_what_is_the_apps_own() -> None:
    losses = Losses()
    call = Turn("assistant", (Part("call", id="c", name="f", value={}),))
    body = write(Talk("", (call,), (Tool("f"),), {"seed": 1}, Choice("auto"), Form()), losses)
    assert body["messages"][0]["parts"][0]["state"] == "input-available"
    assert "model" not in body
    assert [loss.what for loss in losses.all()] == [
        "request.tools",
        "request.tool_choice",
        "request.response_format",
        "request.seed",
    ]
