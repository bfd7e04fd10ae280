"""Google Gemini."""

import json

import pytest

from cassettes import dialects

GEMINI = dialects.get("gemini")


@pytest.mark.parametrize(
    ("method", "path", "operation", "prefix", "model"),
    [
        ("POST", "/v1beta/models/gemini-2.5-flash:streamGenerateContent", "generate", "/v1beta", "gemini-2.5-flash"),
        ("POST", "/v1/models/gemini-2.5-flash:generateContent", "generate", "/v1", "gemini-2.5-flash"),
        ("POST", "/v1alpha/models/m:countTokens", "count_tokens", "/v1alpha", "m"),
        ("POST", "/v1beta/models/a%2Fb:streamGenerateContent", "generate", "/v1beta", "a/b"),
        ("POST", "/v1beta/models/a/models/b:generateContent", "generate", "/v1beta", "a/models/b"),
        ("POST", "/v1beta/models/a:b:generateContent", "generate", "/v1beta", "a:b"),
        ("POST", "/v1beta/tunedModels/t:generateContent", "generate", "/v1beta", "t"),
        (
            "POST",
            "/v1beta1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent",
            "generate",
            "/v1beta1/projects/p/locations/l/publishers/google",
            "m",
        ),
        ("GET", "/v1beta/models", "models", "/v1beta", None),
        ("GET", "/v1beta/models/m", "model", "/v1beta", "m"),
        ("POST", "/v1beta/models/:generateContent", None, None, None),
        ("POST", "/v1beta/models/m:embedContent", None, None, "m"),
        ("POST", "/v1beta/models/m%3AgenerateContent", None, None, "m:generateContent"),
        ("GET", "/v1beta/models/m:generateContent", "model", "/v1beta", "m"),
        ("POST", ":generateContent", None, None, None),
    ],
)
def test_operations_and_models(
    method: str, path: str, operation: str | None, prefix: str | None, model: str | None
) -> None:
    assert GEMINI.operation(method, path) == operation
    assert (GEMINI.split(method, path) or (None, None))[1] == prefix
    assert GEMINI.model(path, None) == model


def test_a_hostile_path_costs_no_more_than_its_length() -> None:
    # Quadratic matching of this path would take minutes; it runs under the suite's timeout.
    assert GEMINI.operation("POST", "/models/" * 500_000) is None


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([{"text": "Mo"}, {"text": "ss"}], "Moss"),
        ([{"text": "hm", "thought": True}, {"text": "Moss"}], "Moss"),
        ([{"functionCall": {"name": "f", "args": {}}}], ""),
        ([{"text": "", "thoughtSignature": "x"}], ""),
        ("parts", ""),
    ],
)
def test_the_text_of_an_event(parts: object, text: str, eol: str) -> None:
    data = json.dumps({"candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0}]})
    assert GEMINI.text(f"data: {data}{eol}{eol}".encode()) == text
    for element in (f"[{data}", f"{data},{eol}", f"{data}{eol}]{eol}"):  # without alt=sse: one JSON array
        assert GEMINI.text(element.encode()) == text


def test_the_prompt_is_the_last_content_of_the_user() -> None:
    assert GEMINI.prompt({"contents": [{"parts": [{"text": "Explain how AI works"}]}]}) == "Explain how AI works"
    assert GEMINI.prompt({"contents": {"role": "user", "parts": [{"text": "one"}]}}) == "one"
    turns = [{"role": "user", "parts": [{"text": "a"}]}, {"role": "model", "parts": [{"text": "b"}]}]
    assert GEMINI.prompt({"contents": turns}) == "a"


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "INVALID_ARGUMENT"),
        (404, "NOT_FOUND"),
        (422, "INVALID_ARGUMENT"),
        (429, "RESOURCE_EXHAUSTED"),
        (502, "INTERNAL"),
    ],
)
def test_errors_are_a_google_rpc_status(status: int, name: str) -> None:
    _, body = GEMINI.error(status, "no", "tokentape_no_match")
    error = json.loads(body)["error"]
    assert (error["code"], error["message"], error["status"]) == (status, "no", name)
    assert error["details"][0]["reason"] == "tokentape_no_match"
    assert b"details" not in GEMINI.error(status, "no")[1]
    assert body.startswith(b'{"error":')  # google-genai wants it first


def test_the_request_carries_the_model_in_its_path() -> None:
    assert GEMINI.request("models/gemini-2.5-flash", "hi")[0] == (
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    )
    assert GEMINI.request("a/b c", "hi", stream=False)[0] == "/v1beta/models/a%2Fb%20c:generateContent"
    assert GEMINI.auth("k") == {"x-goog-api-key": "k"}
