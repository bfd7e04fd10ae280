"""Where a request goes and with which headers."""

from __future__ import annotations

import pytest

from cassettes.matching import Asked
from cassettes.model import Headers, Request
from cassettes.providers import ProviderError
from cassettes.routes import parse
from recorder.outgoing import forwarded_headers, provider_of, upstreams_of, url_for
from recorder.upstream import UpstreamError


def asked(target: str, method: str = "POST", headers: Headers = (), body: bytes = b"") -> Asked:
    return Asked(Request(method, target), parse(method, target, headers, ("bot",), body), b"")


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("/openai/v1/chat/completions?a=b", "https://api.openai.com/v1/chat/completions?a=b"),
        ("/openai/v1", "https://api.openai.com/v1"),
        ("/openai/elsewhere", "https://api.openai.com/elsewhere"),
        ("/v1/messages", "https://api.anthropic.com/v1/messages"),
        ("/v1beta/models/m:generateContent", "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent"),
        ("/~deck/openai/v1/models", "https://api.openai.com/v1/models"),
        ("/xai/v1/chat/completions", "http://gw.example/x/chat/completions"),
        ("/runyourai/v1/responses", "https://api.runyour.ai/v1/responses"),
        ("/openrouter/api/v1/messages", "https://openrouter.ai/api/v1/messages"),
        ("/groq/openai/v1/chat/completions", "https://api.groq.com/openai/v1/chat/completions"),
        ("/openai/deployments/d/chat/completions?api-version=1", "https://r.example/openai/deployments/d/chat/completions?api-version=1"),
        ("/bot", "http://h:1/api"),
        ("/bot/rest?q=%2F", "http://h:1/api/rest?q=%2F"),
    ],
)  # fmt: skip
def test_urls(target: str, url: str) -> None:
    upstreams = {"bot": "http://h:1/api/", "xai": "http://gw.example/x", "azure": "https://r.example"}
    assert url_for(asked(target), upstreams) == url


@pytest.mark.parametrize(
    ("headers", "model", "upstreams", "host"),
    [
        ((), b"gpt-5.1", {}, "api.openai.com"),
        ((("authorization", "Bearer gsk_a"),), b"gpt-5.1", {}, "api.groq.com"),  # nobody else can use that key
        ((("user-agent", "mistral-client/1"),), b"m", {}, "api.mistral.ai"),
        ((("x-tokentape-provider", "xai"),), b"m", {}, "api.x.ai"),
        ((), b"meta-llama/llama", {"openai": "http://own.example/v1"}, "own.example"),  # not to a stranger
        ((), b"meta-llama/llama", {"openrouter": "http://or.example/v1"}, "or.example"),
        ((), b"grok-4", {}, "api.openai.com"),
    ],
)
def test_where_a_path_without_mount_goes(headers: Headers, model: bytes, upstreams: dict[str, str], host: str) -> None:
    request = asked("/v1/chat/completions", headers=headers, body=b'{"model":"%s"}' % model)
    assert url_for(request, upstreams).split("/")[2] == host


@pytest.mark.parametrize("target", ["/gateway/v1/messages", "/azure/openai/v1/responses"])
def test_an_upstream_without_an_address_says_how_to_give_one(target: str) -> None:
    with pytest.raises(UpstreamError, match=r"has no address of its own; give --upstream \w+=URL"):
        url_for(asked(target), {})


@pytest.mark.parametrize(("target", "words"), [("/x/y", "--upstream NAME=URL"), ("/bot/x", "--upstream bot=URL")])
def test_a_path_without_upstream_says_how_to_give_one(target: str, words: str) -> None:
    with pytest.raises(UpstreamError, match=words):
        url_for(asked(target), {})


def test_headers_of_the_connection_and_ours_stay_behind() -> None:
    given = (
        ("Host", "127.0.0.1:7358"),
        ("Authorization", "Bearer k"),
        ("Connection", "keep-alive, X-Hop"),
        ("x-hop", "1"),
        ("TE", "trailers"),
        ("Transfer-Encoding", "chunked"),
        ("Expect", "100-continue"),
        ("Proxy-Authorization", "Basic x"),
        ("X-Tokentape-Deck", "a"),
        ("accept-encoding", "gzip, br"),
        ("X-Stainless-Lang", "python"),
        ("content-length", "3"),
    )
    kept = (("Authorization", "Bearer k"), ("X-Stainless-Lang", "python"))
    request = Request("POST", "/", given, b"abc")
    assert forwarded_headers(request, keep_encoding=False) == (
        *kept,
        ("Accept-Encoding", "identity"),
        ("Content-Length", "3"),
    )
    assert ("accept-encoding", "gzip, br") in forwarded_headers(request, keep_encoding=True)


@pytest.mark.parametrize(
    ("method", "body", "length"), [("GET", b"", None), ("DELETE", b"", None), ("POST", b"", "0"), ("GET", b"ab", "2")]
)
def test_a_length_where_there_is_a_body_or_could_be(method: str, body: bytes, length: str | None) -> None:
    assert dict(forwarded_headers(Request(method, "/", (), body), keep_encoding=True)).get("Content-Length") == length


def test_identity_is_asked_for_even_where_the_client_says_nothing() -> None:
    """No Accept-Encoding is any encoding (RFC 9110 12.5.3)."""
    assert forwarded_headers(Request("GET", "/"), keep_encoding=False) == (("Accept-Encoding", "identity"),)
    assert forwarded_headers(Request("GET", "/"), keep_encoding=True) == ()


def test_variables_that_are_set_become_upstreams() -> None:
    environ = {
        "OPENAI_BASE_URL": "http://gw/v1",
        "OPENAI_API_BASE": "http://second/v1",
        "ANTHROPIC_BASE_URL": " ",
        "XAI_API_BASE": "http://x/v1",
        "HOME": "/",
    }
    assert upstreams_of((), environ) == {"openai": "http://gw/v1", "xai": "http://x/v1"}
    assert upstreams_of(["grok=http://mine"], environ) == {"openai": "http://gw/v1", "xai": "http://mine"}
    assert upstreams_of(["grok=http://mine"]) == {"xai": "http://mine"}


def test_a_mapped_variable_is_its_providers() -> None:
    environ = {"OPENAI_BASE_URL": "http://gw/v1", "MY_URL": "http://mine"}
    mapped = {"OPENAI_BASE_URL": "xai", "MY_URL": "google"}
    assert upstreams_of((), environ, mapped) == {"xai": "http://gw/v1", "google": "http://mine"}
    environ = {"ANTHROPIC_BASE_URL": "http://gw/"}
    assert upstreams_of((), environ, {"ANTHROPIC_BASE_URL": "gateway"}) == {"gateway": "http://gw/v1"}


def test_a_variable_that_is_no_url_is_named_without_its_value() -> None:
    with pytest.raises(ProviderError, match=r"^OPENAI_BASE_URL is set.*no scheme.*unset it$") as caught:
        upstreams_of((), {"OPENAI_BASE_URL": "hunter2"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "dialect", "url", "provider"),
    [
        ("bot", "raw", "http://h/", "bot"),
        (None, "openai-chat", "https://api.x.ai/v1/chat/completions", "xai"),
        (None, "anthropic", "http://gateway/v1/messages", "anthropic"),
        (None, "raw", "http://h/", "unknown"),
    ],
)
def test_the_provider_of_a_recording(name: str | None, dialect: str, url: str, provider: str) -> None:
    assert provider_of(name, dialect, url) == provider
