"""Who is meant where the path names nobody: every collision of providers.md 9.3 told apart."""

import json

import pytest

from cassettes import providers, routes
from cassettes.evidence import Evidence, evidence, of_client
from cassettes.model import Headers
from cassettes.routes import Route, RouteError

CHAT = "/v1/chat/completions"
NEW_OPENAI = ("user-agent", "OpenAI/Python 3.51.0")


def key(value: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {value}"


def asked(target: str, headers: Headers = (), model: str | None = None, method: str = "POST") -> Route:
    body = b"" if model is None else json.dumps({"model": model}).encode()
    return routes.parse(method, target, headers, ("bot",), body)


@pytest.mark.parametrize(
    ("target", "headers", "model", "likely", "by"),
    [
        (CHAT, (), None, None, None),
        (CHAT, (), "gpt-5.1", None, None),
        (CHAT, (NEW_OPENAI, key("sk-abc")), "gpt-5.1", None, None),
        # a header of ours
        (CHAT, (("X-Tokentape-Provider", "grok"),), "mistral-small", "xai", "header"),
        (CHAT, (("x-tokentape-provider", "bot"),), None, "bot", "header"),
        ("/v1/embeddings", (("x-tokentape-provider", "mistral"),), None, "mistral", "header"),
        # the host: through a proxy, or by a hosts file
        (CHAT, (("Host", "api.x.ai"),), "gpt-5.1", "xai", "host"),
        ("http://api.groq.com/v1/chat/completions", (("host", "127.0.0.1:7357"),), None, "groq", "host"),
        (CHAT, (("host", "127.0.0.1:7357"),), None, None, None),
        (CHAT, (("host", "generativelanguage.googleapis.com"),), None, None, None),  # no chat there
        # a prefix that is one provider's
        ("/api/v1/chat/completions", (), None, "openrouter", "path"),
        ("/api/v1/messages", (), None, "openrouter", "path"),
        ("/v1beta1/projects/p/locations/l/publishers/google/models/m:generateContent", (), None, "vertex", "path"),
        # the model
        (CHAT, (), "grok-4", "xai", "model"),
        (CHAT, (), "mistral-small-latest", "mistral", "model"),
        (CHAT, (), "deepseek-chat", "deepseek", "model"),
        (CHAT, (), "google/gemini-2.5-flash", "openrouter", "model"),
        (CHAT, (key("xai-abc"),), "deepseek-chat", "deepseek", "model"),
        # of several that could have it, the one whose key it is
        (CHAT, (NEW_OPENAI, key("runyour-v1-abc")), "openai/gpt-5.2", "runyourai", "key"),
        (CHAT, (key("gsk_abc"),), "openai/gpt-oss-120b", "groq", "key"),
        (CHAT, (("user-agent", "Together/Python 3.1.1"),), "openai/gpt-oss-20b", "together", "agent"),
        ("/v1/responses", (key("runyour-v1-abc"),), "openai/gpt-5", "runyourai", "key"),
        ("/v1/responses", (), "grok-4", "xai", "model"),
        # the user agent
        (CHAT, (("User-Agent", "mistral-client-python/3.7.0"),), None, "mistral", "agent"),
        (CHAT, (("user-agent", "Together/Python 3.1.1"), key("sk-or-v1-a")), None, "together", "agent"),
        (CHAT, (("user-agent", "Groq/Python 1.7.0"),), None, "groq", "agent"),
        # the key
        (CHAT, (NEW_OPENAI, key("sk-or-v1-abc")), None, "openrouter", "key"),
        (CHAT, (NEW_OPENAI, key("xai-abc")), None, "xai", "key"),
        (CHAT, (key("gsk_abc"),), "llama", "groq", "key"),
        (CHAT, (key("sk-proj-abc"),), None, "openai", "key"),
        (CHAT, (("api-key", "0123"),), None, "azure", "key"),
        # Anthropic's path: never by x-api-key alone
        ("/v1/messages", (("x-api-key", "abc"),), "claude-sonnet-4-5", None, None),
        ("/v1/messages", (("x-api-key", "sk-ant-api03-a"),), None, "anthropic", "key"),
        ("/v1/messages", (), "anthropic/claude-sonnet-4-5", "openrouter", "model"),
    ],
)
def test_who_is_meant_by_a_bare_path(
    target: str, headers: Headers, model: str | None, likely: str | None, by: str | None
) -> None:
    route = asked(target, headers, model)
    assert (route.provider, route.likely, route.likely_by) == (None, likely, by)


@pytest.mark.parametrize(
    ("target", "headers", "provider", "path"),
    [
        ("/openai/v1/chat/completions", (), "openai", CHAT),
        ("/openai/v1/chat/completions", (NEW_OPENAI, key("sk-abc")), "openai", CHAT),
        ("/openai/v1/chat/completions", (key("xai-abc"),), "openai", CHAT),  # xAI has no such path: a mount wins
        ("/openai/v1/chat/completions", (("user-agent", "Groq/Python 1.7.0"),), "groq", "/openai/v1/chat/completions"),
        ("/openai/v1/chat/completions", (NEW_OPENAI, key("gsk_a")), "groq", "/openai/v1/chat/completions"),
        ("/openai/v1/responses", (("api-key", "0123"),), "azure", "/openai/v1/responses"),
        ("/openai/responses", (("api-key", "0123"),), "azure", "/openai/responses"),
        ("/openai/v1/responses", (("host", "r.openai.azure.com"),), "azure", "/openai/v1/responses"),
        ("/openai/v1/responses", (("x-tokentape-provider", "groq"),), "groq", "/openai/v1/responses"),
        ("/openai/v1/responses", (("x-tokentape-provider", "xai"), key("gsk_a")), "openai", "/v1/responses"),
        ("/openai/deployments/d/chat/completions", (), "azure", "/openai/deployments/d/chat/completions"),
        ("/openai/chat/completions", (), "openai", "/chat/completions"),  # a forgotten /v1
        ("/groq/openai/v1/chat/completions", (("api-key", "0"),), "groq", "/openai/v1/chat/completions"),
        ("/xai/v1/chat/completions", (key("gsk_a"), ("x-tokentape-provider", "groq")), "xai", CHAT),
        ("/~d/openai/v1/chat/completions", (key("gsk_a"),), "groq", "/openai/v1/chat/completions"),
    ],
)
def test_openais_mount_is_groqs_and_azures_own_path(target: str, headers: Headers, provider: str, path: str) -> None:
    route = asked(target, headers, "grok-4")
    assert (route.provider, route.path, route.likely) == (provider, path, None)


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/m"])
@pytest.mark.parametrize(
    ("headers", "query", "dialect"),
    [
        ((key("sk-a"),), "", "openai-chat"),
        ((("x-api-key", "a"),), "", "openai-chat"),
        ((key("sk-ant-a"), ("anthropic-version", "2026-10-21")), "", "anthropic"),
        ((("x-goog-api-key", "a"),), "", "gemini"),
        ((), "?key=a", "gemini"),
        ((), "?monkey=a", "openai-chat"),
    ],
)
def test_three_have_a_list_of_models(path: str, headers: Headers, query: str, dialect: str) -> None:
    assert asked(path + query, headers, method="GET").dialect == dialect


def test_a_gateway_that_speaks_both_lists_models_in_both() -> None:
    assert asked("/gateway/v1/models", method="GET").dialect == "openai-chat"
    assert asked("/gateway/v1/models", (("anthropic-version", "2023-06-01"),), method="GET").dialect == "anthropic"


@pytest.mark.parametrize("model", ["m", "a%2Fb", "a/b", "models%2Fm"])
@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent", "countTokens"])
@pytest.mark.parametrize("headers", [(), (key("sk-a"),), (("anthropic-version", "2023-06-01"),)])
def test_a_colon_verb_is_geminis_alone(model: str, verb: str, headers: Headers) -> None:
    route = asked(f"/v1/models/{model}:{verb}", headers)
    assert (route.dialect, route.path) == ("gemini", f"/v1/models/{model}:{verb}")
    assert route.operation


def test_a_name_nobody_has_is_told() -> None:
    with pytest.raises(RouteError, match=r"names 'grokk', which is no provider here; did you mean grok\?"):
        asked(CHAT, (("x-tokentape-provider", "grokk"),))
    with pytest.raises(RouteError, match="`tokentape providers` lists them"):
        asked(CHAT, (("x-tokentape-provider", "%%%"),))


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff", b'{"model": 3}', b"[]", b'"x"'])
def test_no_body_is_an_error(body: bytes) -> None:
    assert routes.parse("POST", CHAT, (), (), body).likely is None


def test_the_model_is_not_looked_for_where_something_stronger_says_it() -> None:
    def never() -> str:
        raise AssertionError

    assert evidence("openai-chat", "/api/v1", (), None, never) == Evidence("openrouter", "path")
    assert evidence("gemini", "/v1", (), None, never) is None
    assert evidence("openai-chat", "/v1", (), "api.x.ai", never) == Evidence("xai", "host")


def test_of_two_prefixes_the_longer_one() -> None:
    short = providers.Provider(name="short", base_url="http://s", key_prefixes=("sk-",))
    long = providers.Provider(name="long", base_url="http://l", key_prefixes=("sk-or-",))
    for rows in ((short, long), (long, short)):
        assert of_client(rows, (key("sk-or-1"),)) == Evidence("long", "key")
        assert of_client(rows, (("x-api-key", "sk-1"),)) == Evidence("short", "key")
    assert of_client((short, long), (("user-agent", "curl/8"),)) is None


@pytest.mark.parametrize(
    ("headers", "style"),
    [((key("xai-a"),), {"code": "c", "error": "no"}), ((), {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": "c"}})],
)  # fmt: skip
def test_an_error_has_the_shape_of_the_likely_provider(headers: Headers, style: object) -> None:
    assert json.loads(routes.error(asked(CHAT, headers), 404, "no", "c")[1]) == style


def test_who_is_meant_by_a_route() -> None:
    meant = [asked("/groq/openai/v1/models"), asked(CHAT, (key("xai-a"),)), asked(CHAT), asked("/bot/x"), asked("/x")]
    assert [row.name if (row := route.meant) else None for route in meant] == ["groq", "xai", "openai", None, None]


@pytest.mark.parametrize(
    ("target", "model", "refused"),
    [
        ("/runyourai/v1/responses", "openai/gpt-5", False),
        ("/runyourai/v1/responses", "deepseek/deepseek-v3", True),
        ("/runyourai/v1/chat/completions", "deepseek/deepseek-v3", False),
        ("/openai/v1/responses", "deepseek/deepseek-v3", False),
        ("/v1/responses", "deepseek/deepseek-v3", False),
    ],
)
def test_what_a_provider_refuses(target: str, model: str, refused: bool) -> None:
    body = json.dumps({"model": model}).encode()
    assert (routes.refusal(routes.parse("POST", target), body) is not None) is refused
