"""A request of Gemini's generateContent, read and written."""

from cassettes.transpose.gemini import read, write
from cassettes.transpose.talk import Choice, Form, Losses, Part, Talk, Tool, Turn

BODY = {
    "system_instruction": {"parts": [{"text": "be"}]},
    "safetySettings": [{"category": "x"}],
    "generationConfig": {
        "maxOutputTokens": 5,
        "stopSequences": ["x"],
        "candidateCount": 2,
        "thinkingConfig": {"thinkingBudget": 1},
        "responseMimeType": "application/json",
        "responseSchema": {"type": "OBJECT", "required": ["a"], "properties": {"a": {"type": "STRING"}}},
    },
    "tools": [
        {"functionDeclarations": [{"name": "f", "description": "d", "parameters": {"type": "OBJECT"}}]},
        {"googleSearch": {"x": 1}},
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
    "contents": [
        {
            "role": "user",
            "parts": [{"text": "Hi"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}, {"fileData": {"fileUri": "gs://x"}}],
        },
        {
            "role": "model",
            "parts": [
                {"text": "so", "thought": True},
                {"text": ""},
                {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "s"},
            ],
        },
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"result": "42"}}}, "and?"]},
        {"role": "function", "parts": [{"function_response": {"name": "f", "response": {"a": 1}}}]},
    ],
}  # fmt: skip


def test_read() -> None:
    losses = Losses()
    talk = read(BODY, losses)
    assert talk.turns == (
        Turn("system", (Part("text", "be"),)),
        Turn("user", (Part("text", "Hi"), Part("image", "aGk=", media="image/png"), Part("other", "fileData"))),
        Turn("assistant", (Part("reasoning", "so"), Part("call", id="call_1", name="f", value={"a": 1}))),
        Turn("tool", (Part("result", "42", "call_1", "f"),)),
        Turn("user", (Part("text", "and?"),)),
        Turn("tool", (Part("result", '{"a": 1}', "", "f"),)),
    )
    assert talk.tools == (Tool("f", "d", {"type": "object"}),)
    assert talk.settings == {"max_tokens": 5, "stop": ["x"]}
    assert talk.choice == Choice("tool", "f")
    assert talk.form == Form({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}})
    assert [loss.what for loss in losses.all()] == [
        "request.safetySettings",
        "request.generationConfig.thinkingConfig",
        "request.generationConfig.candidateCount",
        "request.contents[1].parts[2].thoughtSignature",
        "request.tools[1].googleSearch",
    ]


def test_written_again() -> None:
    losses = Losses()
    body = write(read(BODY, Losses()), losses)
    assert body["systemInstruction"] == {"parts": [{"text": "be"}]}
    assert [content["role"] for content in body["contents"]] == ["user", "model", "user", "user", "user"]
    assert body["contents"][1]["parts"] == [{"functionCall": {"id": "call_1", "name": "f", "args": {"a": 1}}}]
    assert body["contents"][2]["parts"][0]["functionResponse"]["response"] == {"result": "42"}
    assert body["toolConfig"] == BODY["toolConfig"]
    assert body["generationConfig"]["responseMimeType"] == "application/json"
    assert "model" not in body
    assert [loss.what for loss in losses.all()] == ["request turn 2 (fileData)", "request turn 3 (reasoning)"]


def test_what_stands_elsewhere() -> None:
    losses = Losses()
    turns = (Turn("user", (Part("image", "https://h/i.png"),)), Turn("system", (Part("text", "be"),)))
    body = write(Talk("m", turns, form=Form(), choice=Choice("required"), settings={"parallel": False}), losses)
    assert body["contents"][0]["parts"] == [{"fileData": {"fileUri": "https://h/i.png"}}]
    assert body["generationConfig"] == {"responseMimeType": "application/json"}
    assert body["toolConfig"]["functionCallingConfig"] == {"mode": "ANY"}
    assert [loss.what for loss in losses.all()] == ["request turn 2, its place", "request.parallel"]
    assert read({"generationConfig": {"responseMimeType": "application/json"}}, Losses()).form == Form()
    assert read({"contents": "Hi"}, Losses()).turns == (Turn("user", (Part("text", "Hi"),)),)
