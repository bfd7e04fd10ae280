"""Which interaction answers a request: the key, the levels, the order of candidates."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.matching import LEVELS, Asked, Index, canonical_body, entry_of, operation_path, request_key
from cassettes.model import Interaction, Request, Response, Stream
from cassettes.redact import redact_body
from cassettes.routes import parse

CHAT = "https://api.openai.com/v1/chat/completions"
HELLO = b'{"model": "gpt-5.1", "messages": [{"role": "user", "content": "hello"}]}'
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash"


def tape(uri=CHAT, body=HELLO, method="POST", **stream):
    return Interaction(Request(method, uri, (), body), Response(200, "OK", (), b"", Stream(**stream)))


def asked(target="/openai/v1/chat/completions", body=HELLO, method="POST", extra=()):
    return Asked(Request(method, target, (), body), parse(method, target, (), extra), redact_body(body))


def index(*tapes):
    return Index(entry_of(name, 1, interaction) for name, interaction in tapes)


def found(level, request, *tapes):
    return [entry.place for entry in index(*tapes).find(level, request)]


def test_exact_wants_every_byte_of_the_body():
    same, spaced = ("a", tape()), ("b", tape(body=HELLO.replace(b": ", b":")))
    assert found("exact", asked(), same, spaced) == ["a#1"]


@pytest.mark.parametrize(
    ("target", "matches"),
    [
        ("?alt=sse&key=live-key-of-the-user", True),
        ("?key=other&alt=sse", True),
        ("?alt=sse", True),
        ("?alt=sse&access_token=live", True),
        ("?alt=json&key=x", False),
        ("", False),
        ("?alt=sse&alt=sse", False),
    ],
)
def test_exact_compares_the_query_without_its_secrets(target, matches):
    recorded = tape(f"{GEMINI}:streamGenerateContent?alt=sse&key=********")
    request = asked(f"/google/v1beta/models/gemini-2.5-flash:streamGenerateContent{target}")
    assert found("exact", request, ("g", recorded)) == (["g#1"] if matches else [])
    assert found("order", request, ("g", recorded)) == ["g#1"]


def test_a_method_is_compared_at_every_level():
    for level in LEVELS:
        assert found(level, asked(method="PUT"), ("a", tape())) == []


def test_order_wants_method_and_path_only():
    assert found("order", asked(body=b"other"), ("a", tape())) == ["a#1"]
    assert found("order", asked("/openai/v1/responses"), ("a", tape())) == []


def test_key_compares_values_and_not_whether_it_streams():
    streamed = b'{"messages":[{"content":"hello","role":"user"}],"stream":true,"model":"gpt-5.1"}'
    assert found("key", asked(body=streamed), ("a", tape())) == ["a#1"]
    assert found("key", asked(body=HELLO.replace(b"hello", b"bye")), ("a", tape())) == []


def test_key_takes_both_operations_of_gemini_for_one():
    recorded = tape(f"{GEMINI}:streamGenerateContent?alt=sse", b"{}")
    request = asked("/google/v1beta/models/gemini-2.5-flash:generateContent", b"{}")
    assert found("key", request, ("g", recorded)) == ["g#1"]
    assert found("order", request, ("g", recorded)) == []


def test_route_wants_dialect_and_operation_only():
    request = asked("/v1/chat/completions", b"anything")
    other_host = tape("https://llm.example/api/v1/chat/completions", b"")
    assert found("route", request, ("a", tape()), ("b", other_host)) == ["a#1", "b#1"]
    assert found("route", request, ("m", tape("https://api.anthropic.com/v1/messages"))) == []
    assert found("route", asked("/v1/messages"), ("a", tape())) == []


def test_route_of_no_grammar_is_its_path():
    recorded = ("r", tape("https://example.com/rerank/now"))
    assert found("route", asked("/rerank/now"), recorded) == ["r#1"]
    assert found("route", asked("/rerank/later"), recorded) == []


def test_a_mount_is_its_provider_and_a_bare_path_is_anybody():
    openai, xai = ("o", tape()), ("x", tape("https://api.x.ai/v1/chat/completions"))
    unknown = ("u", tape("https://llm.example/v1/chat/completions"))
    assert found("order", asked("/openai/v1/chat/completions"), openai, xai, unknown) == ["o#1", "u#1"]
    assert found("order", asked("/xai/v1/chat/completions"), openai, xai, unknown) == ["u#1", "x#1"]
    assert found("order", asked("/v1/chat/completions"), openai, xai, unknown) == ["o#1", "u#1", "x#1"]


def test_what_a_tape_states_wins_over_its_uri():
    entry = entry_of("t", 3, tape(provider="xai", dialect="openai-responses"))
    assert (entry.provider, entry.dialect, entry.place) == ("xai", "openai-responses", "t#3")
    entry = entry_of("t", 1, tape())
    assert (entry.provider, entry.dialect, entry.operation) == ("openai", "openai-chat", "chat")


def test_a_tape_of_a_get_is_found():
    # Its dialect was once worked out as if it were a POST, and then no request for models ever matched.
    recorded = ("m", tape("https://api.openai.com/v1/models?limit=2", b"", "GET"))
    for level in LEVELS:
        assert found(level, asked("/openai/v1/models?limit=2", b"", "GET"), recorded) == ["m#1"]
    assert found("exact", asked("/openai/v1/models", b"", "GET"), recorded) == []


@pytest.mark.parametrize("level", LEVELS)
def test_an_upstream_that_is_no_provider_of_ours_is_found_through_its_mount(level):
    # `--upstream bot=http://h/v1`: the tape says dialect raw, its path looks like OpenAI's.
    recorded = tape("http://127.0.0.1:9/v1/chat/completions", provider="bot", dialect="raw")
    request = asked("/bot/chat/completions", extra=("bot",))
    assert request.route.dialect == "raw"
    assert found(level, request, ("b", recorded)) == ["b#1"]
    assert found(level, asked("/bot/embeddings", extra=("bot",)), ("b", recorded)) == []
    # On the bare path it is what it looks like; on another's mount it is not that provider's.
    assert found(level, asked("/v1/chat/completions"), ("b", recorded)) == ["b#1"]
    assert found(level, asked("/openai/v1/chat/completions"), ("b", recorded)) == []


def test_gemini_behind_an_upstream_that_is_no_provider_of_ours():
    recorded = tape("http://127.0.0.1:9/v1beta/models/m:streamGenerateContent", b"{}", provider="bot", dialect="raw")
    request = asked("/bot/v1beta/models/m:streamGenerateContent", b"{}", extra=("bot",))
    assert found("key", request, ("b", recorded)) == ["b#1"]


def test_candidates_run_in_bytewise_order_of_names_then_numbers():
    names = ["b", "a/b", "a-b", "\u00e9", "Z", "a", "\udcff"]
    entries = [entry_of(name, number, tape()) for name in names for number in (2, 1)]
    places = [entry.place for entry in Index(entries).find("order", asked())]
    assert places == [
        f"{name}#{number}" for name in ["Z", "a", "a-b", "a/b", "b", "\u00e9", "\udcff"] for number in (1, 2)
    ]


def test_a_live_body_is_compared_by_the_base64_rule():
    image = base64.b64encode(bytes(range(256)) * 40).decode()
    body = json.dumps({"image": f"data:image/png;base64,{image}"}).encode()
    recorded = ("i", tape(body=redact_body(body)))
    assert b"sha256:" in recorded[1].request.body
    assert found("exact", asked(body=body), recorded) == ["i#1"]
    assert found("exact", asked(body=body.replace(b"AAEC", b"AAED")), recorded) == []


def test_a_tape_whose_body_holds_the_base64_itself_is_compared_by_the_same_rule():
    body = json.dumps({"image": base64.b64encode(bytes(5000)).decode()}).encode()
    assert found("exact", asked(body=body), ("i", tape(body=body))) == ["i#1"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 200_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    ],
)
def test_what_is_no_json_is_compared_as_it_is(body):
    assert canonical_body(body) == body


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": 1, "b": [1, 2]}', b'{"b":[1,2],"a":1}'),
        (b'{"a": 1, "stream": true}', b'{"a":1,"stream":false}'),
        (b'{"a": 1, "continuationToken": "x"}', b'{"a":1}'),
        (b'{"a": "\\u00e9"}', '{"a": "\u00e9"}'.encode()),
        (b' "x" ', b'"x"'),
    ],
)
def test_equal_values_are_equal(one, other):
    assert canonical_body(one) == canonical_body(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": [1, 2]}', b'{"a": [2, 1]}'),
        (b'{"a": "1"}', b'{"a": 1}'),
        (b'{"a": {"stream": true}}', b'{"a": {}}'),
        (b'{"a": null}', b"{}"),
    ],
)
def test_different_values_are_different(one, other):
    assert canonical_body(one) != canonical_body(other)


def test_the_request_key():
    key = request_key("openai-chat", "/v1/chat/completions", HELLO)
    assert len(key) == 64
    assert key == request_key("openai-chat", "/v1/chat/completions", HELLO[:-1] + b', "stream": true}')
    others = [
        request_key("openai-chat", "/v1/chat/completions", HELLO, deck="a"),
        request_key("raw", "/v1/chat/completions", HELLO),
        request_key("openai-chat", "/chat/completions", HELLO),
        request_key("openai-chat", "/v1/chat/completions", b"{}"),
    ]
    assert len({key, *others}) == 5
    assert asked().key == key
    assert request_key("gemini", "/m:streamGenerateContent", b"{}") == request_key(
        "gemini", "/m:generateContent", b"{}"
    )


def test_only_gemini_names_its_operation_in_the_path():
    assert operation_path("gemini", "/m:streamGenerateContent") == "/m:generateContent"
    assert operation_path("raw", "/m:streamGenerateContent") == "/m:streamGenerateContent"


def test_paths_that_are_not_utf8_have_a_key():
    assert request_key("raw", "/\udcff", b"") != request_key("raw", "/\udcfe", b"")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5), st.booleans(), st.sampled_from([None, 1]), st.randoms())
def test_spelling_and_streaming_never_change_the_key(value, ascii_only, indent, random):
    items = list(value.items())
    random.shuffle(items)
    respelled = json.dumps({**dict(items), "stream": True}, ensure_ascii=ascii_only, indent=indent)
    assert request_key("raw", "/", json.dumps(value).encode()) == request_key("raw", "/", respelled.encode())


@given(st.binary(max_size=40))
def test_any_body_has_a_canonical_form_that_is_stable(body):
    once = canonical_body(body)
    assert canonical_body(once) == once


def test_a_body_that_is_masked_late_is_masked_once_and_only_when_needed():
    calls = []

    def masked():
        calls.append(1)
        return HELLO

    live = asked()
    lazy = Asked(live.request, live.route, masked)
    tapes = index(("a", tape()))
    assert [entry.place for entry in tapes.find("order", lazy)] == ["a#1"]
    assert calls == []
    assert [entry.place for level in ("exact", "key") for entry in tapes.find(level, lazy)] == ["a#1", "a#1"]
    assert (lazy.body, lazy.key, calls) == (HELLO, live.key, [1])


def test_key_compares_the_query_but_for_how_it_streams():
    recorded = ("g", tape(f"{GEMINI}:streamGenerateContent?alt=sse&key=*&a=b", b"{}"))
    target = "/google/v1beta/models/gemini-2.5-flash:generateContent"
    assert found("key", asked(f"{target}?a=b", b"{}"), recorded) == ["g#1"]
    assert found("key", asked(target, b"{}"), recorded) == []
