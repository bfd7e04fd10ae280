"""A request of OpenAI's Responses, read and written."""

from cassettes.transpose.openai_responses import read, write
from cassettes.transpose.talk import Choice, Form, Losses, Part, Talk, Tool, Turn

BODY = {
    "model": "m",
    "instructions": "be",
    "max_output_tokens": 5,
    "previous_response_id": "resp_1",
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"a": 1}, "strict": False}, "verbosity": "low"},
    "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"b": 2}}, {"type": "web_search"}],
    "tool_choice": {"type": "function", "name": "f"},
    "input": [
        "Hi",
        {"role": "user", "content": [{"type": "input_image", "image_url": "https://h/i.png"}, {"type": "input_file"}]},
        {"type": "reasoning", "summary": [{"text": "so"}], "encrypted_content": "x"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hm"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a": 1}'},
        {"type": "function_call_output", "call_id": "c", "output": "42"},
        {"type": "reasoning", "summary": []},
        {"type": "item_reference", "id": "x"},
        {"role": "developer", "content": "and"},
    ],
}


def test_read() -> None:
    losses = Losses()
    talk = read(BODY, losses)
    assert talk.turns == (
        Turn("system", (Part("text", "be"),)),
        Turn("user", (Part("text", "Hi"),)),
        Turn("user", (Part("image", "https://h/i.png"), Part("other", "input_file"))),
        Turn(
            "assistant", (Part("reasoning", "so"), Part("text", "hm"), Part("call", id="c", name="f", value={"a": 1}))
        ),
        Turn("tool", (Part("result", "42", "c", "f"),)),
        Turn("system", (Part("text", "and"),)),
    )
    assert talk.tools == (Tool("f", "d", {"b": 2}),)
    assert (talk.choice, talk.form) == (Choice("tool", "f"), Form({"a": 1}, "n", strict=False))
    assert [loss.what for loss in losses.all()] == [
        "request.previous_response_id",
        "request.text.verbosity",
        "request.input[2].encrypted_content",
        "request.input[7] (item_reference)",
        "request.tools[1] (web_search)",
    ]


def test_written_again() -> None:
    losses = Losses()
    body = write(read(BODY, Losses()), losses)
    assert body["instructions"] == "be"
    assert body["input"][0] == {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    assert [item["type"] for item in body["input"]] == [
        *("message", "message", "message", "function_call", "function_call_output", "message"),
    ]
    assert body["text"] == {"format": BODY["text"]["format"]}
    assert (body["tool_choice"], body["max_output_tokens"], body["stream"]) == (BODY["tool_choice"], 5, True)
    assert [loss.what for loss in losses.all()] == ["request turn 3 (input_file)", "request turn 4 (reasoning)"]


def test_plain_json_and_a_text_alone() -> None:
    assert read({"input": "Hi"}, Losses()).turns == (Turn("user", (Part("text", "Hi"),)),)
    assert read({"text": {"format": {"type": "json_object"}}, "tool_choice": "auto"}, Losses()).form == Form()
    body = write(Talk(form=Form(), choice=Choice("auto")), Losses())
    assert (body["text"], body["tool_choice"]) == ({"format": {"type": "json_object"}}, "auto")
