"""Google Gemini."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.base import at
from cassettes.dialects.delta import NOTHING, Delta, ToolPart
from cassettes.dialects.gemini import DIALECT as GEMINI


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
    assert body.startswith(b'{"error":')  # google-genai wants it first


def test_the_request_carries_the_model_in_its_path() -> None:
    assert GEMINI.request("models/gemini-2.5-flash", "hi")[0] == (
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    )
    assert GEMINI.request("a/b c", "hi", stream=False)[0] == "/v1beta/models/a%2Fb%20c:generateContent"
    assert GEMINI.auth("k") == {"x-goog-api-key": "k"}


def event(*parts: object, **fields: object) -> dict[str, object]:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, **fields}]}


CALL = {"functionCall": {"id": "c1", "name": "f", "args": {"city": "서울"}}}
USAGE = {"promptTokenCount": 2, "totalTokenCount": 3}
ERROR = {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}
DELTAS = [
    (event({"text": "Mo"}, {"text": "ss"}) | {"usageMetadata": USAGE}, Delta("Moss", usage=USAGE)),
    (event({"text": "hm", "thought": True}, {"text": "Moss"}), Delta("Moss", reasoning="hm")),
    (event({"text": ""}, finishReason="STOP", index=0), Delta(finish="STOP")),
    (event({"text": "a"}, CALL), Delta("a", tools=(ToolPart(1, "c1", "f", '{"city": "서울"}'),))),
    (event({"functionCall": {"name": "f", "willContinue": True}}), Delta(tools=(ToolPart(0, "", "f"),))),
    (event({"functionCall": {}}), NOTHING),
    (event(finishReason="SAFETY"), Delta(refusal="SAFETY", finish="SAFETY")),
    (event(finishReason="SAFETY", finishMessage="unsafe"), Delta(refusal="unsafe", finish="SAFETY")),
    (event(finishReason="MAX_TOKENS", finishMessage="long"), Delta(finish="MAX_TOKENS")),
    (event({"text": "second"}, index=1), NOTHING),
    ({"promptFeedback": {"blockReason": "OTHER"}}, Delta(refusal="OTHER")),
    ({"promptFeedback": {"blockReason": "OTHER", "blockReasonMessage": "not this"}}, Delta(refusal="not this")),
    ({"promptFeedback": {"safetyRatings": []}}, NOTHING),
    (ERROR, Delta(error="overloaded")),
    ([ERROR], Delta(error="overloaded")),
    ({"error": {"status": "UNAVAILABLE"}}, Delta(error="UNAVAILABLE")),
    ({"error": {}}, Delta(error="error")),
    (event(finishReason=1), NOTHING),  # protocol buffers' own number
    ([], NOTHING),
    (None, NOTHING),
]


@pytest.mark.parametrize(("payload", "delta"), DELTAS)
def test_what_an_event_adds(payload: object, delta: Delta) -> None:
    assert GEMINI.delta(payload) == delta


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["candidates", "content", "parts", "text", "functionCall", "args", "error"]), inner
        )
    ),
    max_leaves=10,
)


@given(_JSON)
def test_no_json_makes_it_raise(payload: object) -> None:
    assert isinstance(GEMINI.delta(payload), Delta)
    assert isinstance(at(GEMINI.count(payload), "totalTokens"), int)


def test_arguments_as_deep_as_the_parser_takes_them_do_not_make_it_raise() -> None:
    deep: object = "x"
    for _ in range(100_000):
        deep = [deep]
    assert GEMINI.delta(event({"functionCall": {"name": "f", "args": {"a": deep}}})).tools == (ToolPart(0, "", "f"),)


@pytest.mark.parametrize(
    ("path", "query", "streams"),
    [
        ("/v1beta/models/m:streamGenerateContent", "alt=sse", True),
        ("/v1beta/models/m:streamGenerateContent", "", True),
        ("/v1beta/models/m:generateContent", "alt=sse", False),
        ("/v1beta/models/m:countTokens", "", False),
        ("/v1beta/models", "", False),
    ],
)
def test_the_verb_says_whether_to_stream(path: str, query: str, streams: bool) -> None:
    assert GEMINI.streams(path, query, {"stream": not streams}) is streams


@pytest.mark.parametrize(
    ("verb", "query", "form"),
    [
        ("streamGenerateContent", "alt=sse", "sse"),
        ("streamGenerateContent", "key=k&alt=sse", "sse"),
        ("streamGenerateContent", "", "json-array"),
        ("streamGenerateContent", "alt=json", "json-array"),
        ("generateContent", "", None),
    ],
)
def test_without_sse_a_stream_is_one_array(verb: str, query: str, form: str | None) -> None:
    assert GEMINI.form(f"/v1beta/models/m:{verb}", query) == form


def test_models_are_listed_as_google_lists_them() -> None:
    assert GEMINI.models([]) == {"models": []}
    assert GEMINI.models(["demo", "models/other", "tunedModels/t"]) == {
        "models": [
            {
                "name": name,
                "version": "001",
                "displayName": shown,
                "supportedGenerationMethods": ["generateContent", "countTokens"],
            }
            for name, shown in (("models/demo", "demo"), ("models/other", "other"), ("tunedModels/t", "tunedModels/t"))
        ]
    }


def test_tokens_are_estimated() -> None:
    contents = [{"role": "user", "parts": [{"text": "x" * 8}]}]
    instruction = {"parts": [{"text": "y" * 4}]}
    assert GEMINI.count({"contents": contents, "systemInstruction": instruction}) == {"totalTokens": 3}
    assert GEMINI.count({"generateContentRequest": {"contents": contents}}) == {"totalTokens": 2}
    assert GEMINI.count(None) == {"totalTokens": 1}
