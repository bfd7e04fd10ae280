"""What all dialects share: places of endpoints, payloads of events, error bodies, texts of messages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes import dialects
from cassettes.dialects.base import at, content_text, error_response, json_bytes, last_user_text, payload
from cassettes.dialects.delta import Delta

GRAMMARS = [dialects.get(name) for name in ("openai-chat", "openai-responses", "anthropic", "gemini", "raw")]
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["messages", "input", "contents", "role", "content", "parts", "text", "type", "delta"])
            | st.sampled_from(["choices", "candidates", "index", "model", "user", "prompt"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("event", "value"),
    [
        (b'data: {"a":1}\n\n', {"a": 1}),
        (b'data:{"a":1}\n\n', {"a": 1}),
        (b'\xef\xbb\xbf\n\ndata: {"a":1}\r\n\r\n', {"a": 1}),
        (b'event: x\ndata: {"a":\ndata: 1}\n\n', {"a": 1}),
        (b'data: {"a":1}\nevent: x\n\n', {"a": 1}),
        (b'{"a":1}\n', {"a": 1}),
        (b'[{"a":1}', {"a": 1}),
        (b'[{"a":1},\r\n', {"a": 1}),
        (b'{"a":[1]}]\n', {"a": [1]}),
        (b"data: [DONE]\n\n", None),
        (b": OPENROUTER PROCESSING\n\n", None),
        (b"retry: 3000\n\n", None),
        (b'data: {"a":\n\n', None),
        (b'{"a":', None),
        (b'data: {"a":1}', None),  # no blank line: no client dispatches it
        (b"data: " + b"[" * 100_000 + b"\n\n", None),
        (b'data: {"a":"\xff"}\n\n', {"a": "�"}),
        (b"", None),
    ],
)
def test_the_payload_of_an_event(event: bytes, value: object) -> None:
    assert payload(event) == value


def test_messages_without_user_text_are_passed_over() -> None:
    messages = [
        {"role": "user", "content": "first"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "one"}, {"type": "image"}, {"type": "text", "text": "two"}],
        },
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": [{"type": "tool_result", "text": "not the user's", "content": "42"}]},
    ]
    assert last_user_text(messages) == "one\ntwo"
    assert last_user_text(messages[:1]) == "first"
    assert last_user_text("messages") == ""
    assert content_text(["a", {"text": "b"}], between="") == "ab"


def test_at_takes_what_is_there_and_nothing_else() -> None:
    value = {"a": [{"b": 1}], "c": "text"}
    assert at(value, "a", 0, "b") == 1
    assert [at(value, *place) for place in (("a", 1), ("a", "b"), ("c", 0), (0,), ("a", 0, "b", "d"))] == [None] * 5


def test_error_bodies_are_json_whatever_the_path_was() -> None:
    headers, body = error_response({"error": "경로 \udcff"}, retry=False)
    assert headers == (("content-type", "application/json; charset=utf-8"), ("x-should-retry", "false"))
    assert json.loads(body) == {"error": "경로 \udcff"}
    assert "경로".encode() in body
    assert error_response({})[0] == (("content-type", "application/json; charset=utf-8"),)
    assert error_response({}, retry=True)[0][1] == ("x-should-retry", "true")


def test_a_providers_own_headers_stand_beside_ours() -> None:
    own = (("Content-Type", "application/json"), ("x-request-id", "req_1"))
    assert error_response({}, headers=own)[0] == own
    assert error_response({}, retry=False, headers=own[1:])[0] == (
        ("content-type", "application/json; charset=utf-8"),
        ("x-request-id", "req_1"),
        ("x-should-retry", "false"),
    )


@pytest.mark.parametrize("dialect", GRAMMARS, ids=lambda dialect: dialect.name)
@given(body=JSON)
def test_no_json_is_an_error(dialect: dialects.Dialect, body: object) -> None:
    assert isinstance(dialect.prompt(body), str)
    assert isinstance(dialect.delta(body), Delta)
    assert dialect.model("/v1/x", body) is None or isinstance(dialect.model("/v1/x", body), str)
    assert dialect.text(b"data: " + json_bytes(body) + b"\n\n") == dialect.delta(json.loads(json_bytes(body))).text


@pytest.mark.parametrize("dialect", GRAMMARS, ids=lambda dialect: dialect.name)
@given(event=st.binary(max_size=80) | st.binary(max_size=80).map(lambda noise: b'data: {"' + noise + b"\n\n"))
def test_no_bytes_are_an_error(dialect: dialects.Dialect, event: bytes) -> None:
    assert isinstance(dialect.text(event), str)


@pytest.mark.parametrize("dialect", GRAMMARS[:-1], ids=lambda dialect: dialect.name)
def test_a_dialects_own_request_is_understood_by_it(dialect: dialects.Dialect) -> None:
    for stream in (True, False):
        path, headers, body = dialect.request("some/model", "Why is moss green?\n둘", stream)
        path = path.partition("?")[0]
        found = dialect.split("POST", dialect.sdk_path + path)
        assert found is not None
        assert found[1] in [dialect.sdk_path + prefix for prefix in dialect.prefixes]
        assert dialect.model(path, json.loads(body)) == "some/model"
        assert dialect.prompt(json.loads(body)) == "Why is moss green?\n둘"
        assert headers["content-type"] == "application/json"
        assert not {"authorization", "x-api-key", "x-goog-api-key"} & headers.keys()


@pytest.mark.parametrize("dialect", GRAMMARS[:-1], ids=lambda dialect: dialect.name)
@given(prefix=st.lists(st.text(st.characters(exclude_characters="/?#:"), min_size=1, max_size=8), max_size=4))
def test_any_prefix_will_do(dialect: dialects.Dialect, prefix: list[str]) -> None:
    before = "".join(f"/{segment}" for segment in prefix if segment not in ("models", "tunedModels"))
    tail = dialect.request("m", "")[0].partition("?")[0]
    assert dialect.operation("POST", before + tail) == dialect.operation("POST", tail)
    assert dialect.operation("PUT", before + tail) is None
    assert dialect.operation("POST", before + tail + "/") is None
    assert dialect.operation("POST", (before + tail)[1:] if not before else "") is None
