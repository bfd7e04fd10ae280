"""Request lines, the paths of tapes, and what fits what."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cassettes import dialects, providers, routes
from cassettes.model import Headers
from cassettes.routes import Route, RouteError

ROWS = providers.load()
SEGMENTS = st.sampled_from(
    [
        "v1",
        "v1beta",
        "models",
        "m:generateContent",
        "chat",
        "completions",
        "messages",
        "responses",
        "openai",
        "xai",
        "anthropic",
        "google",
        "gemini",
        "gw",
        "~d",
        "~",
        "!f",
        "!%23",
        "!",
        "!%ff",
        "%2F",
        "a%zz",
        "~a%41",
        "",
    ]
)
PATHS = st.lists(SEGMENTS, max_size=7).map(lambda segments: "/" + "/".join(segments))
TARGETS = (
    PATHS | st.text(max_size=30) | st.builds("http://{}{}?{}".format, st.text(max_size=5), PATHS, st.text(max_size=5))
)


@pytest.mark.parametrize(
    ("method", "target", "provider", "dialect", "operation", "path", "query"),
    [
        ("POST", "/openai/v1/chat/completions", "openai", "openai-chat", "chat", "/v1/chat/completions", ""),
        ("POST", "/xai/v1/responses", "xai", "openai-responses", "responses", "/v1/responses", ""),
        ("POST", "/anthropic/v1/messages?beta=true", "anthropic", "anthropic", "messages", "/v1/messages", "beta=true"),
        ("POST", "/anthropic/v1/chat/completions", "anthropic", "openai-chat", "chat", "/v1/chat/completions", ""),
        ("POST", "/google/v1beta/models/m:streamGenerateContent?alt=sse", "google", "gemini", "generate", "/v1beta/models/m:streamGenerateContent", "alt=sse"),
        ("POST", "/gemini/v1/models/m:generateContent", "google", "gemini", "generate", "/v1/models/m:generateContent", ""),
        ("GET", "/google/v1beta/models?key=k", "google", "gemini", "models", "/v1beta/models", "key=k"),
        ("GET", "/openai/v1/models", "openai", "openai-chat", "models", "/v1/models", ""),
        ("GET", "/openai/v1/responses/r?stream=true", "openai", "openai-responses", "response", "/v1/responses/r", "stream=true"),
        ("POST", "/openai/v1/embeddings", "openai", "raw", None, "/v1/embeddings", ""),
        ("POST", "/openai/chat/completions", "openai", "openai-chat", None, "/chat/completions", ""),
        ("POST", "/openai/v1/v1/chat/completions", "openai", "openai-chat", None, "/v1/v1/chat/completions", ""),
        ("POST", "/openai/v1/messages", "openai", "anthropic", None, "/v1/messages", ""),
        ("POST", "/openai/deployments/d/chat/completions?api-version=1", "azure", "openai-chat", "chat", "/openai/deployments/d/chat/completions", "api-version=1"),
        ("POST", "/azure/openai/deployments/d/chat/completions", "azure", "openai-chat", "chat", "/openai/deployments/d/chat/completions", ""),
        ("POST", "/azure/openai/v1/responses", "azure", "openai-responses", "responses", "/openai/v1/responses", ""),
        ("POST", "/azure/openai/responses", "azure", "openai-responses", "responses", "/openai/responses", ""),
        ("POST", "/groq/openai/v1/chat/completions", "groq", "openai-chat", "chat", "/openai/v1/chat/completions", ""),
        ("POST", "/openrouter/api/v1/chat/completions", "openrouter", "openai-chat", "chat", "/api/v1/chat/completions", ""),
        ("POST", "/openrouter/api/v1/messages", "openrouter", "anthropic", "messages", "/api/v1/messages", ""),
        ("POST", "/openrouter/v1/messages", "openrouter", "anthropic", None, "/v1/messages", ""),
        ("POST", "/gateway/v1/chat/completions", "gateway", "openai-chat", "chat", "/v1/chat/completions", ""),
        ("POST", "/gateway/v1/messages", "gateway", "anthropic", "messages", "/v1/messages", ""),
        ("POST", "/deepseek/chat/completions", "deepseek", "openai-chat", "chat", "/chat/completions", ""),
        ("POST", "/deepseek/v1/chat/completions", "deepseek", "openai-chat", "chat", "/v1/chat/completions", ""),
        ("POST", "/onerouter/v1/chat/completions", "infron", "openai-chat", "chat", "/v1/chat/completions", ""),
        ("POST", "/vertex/v1beta1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent?alt=sse", "vertex", "gemini", "generate", "/v1beta1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent", "alt=sse"),
        ("POST", "/v1/models/a%2Fb:streamGenerateContent", None, "gemini", "generate", "/v1/models/a%2Fb:streamGenerateContent", ""),
        ("POST", "/v1/models/a/b:generateContent", None, "gemini", "generate", "/v1/models/a/b:generateContent", ""),
        ("POST", "/openai", "openai", "raw", None, "", ""),
        ("POST", "/gw/v1/chat/completions", "gw", "raw", None, "/v1/chat/completions", ""),
        ("POST", "/gw?x", "gw", "raw", None, "", "x"),
        ("POST", "/gwx/v1/chat/completions", None, "openai-chat", None, "/gwx/v1/chat/completions", ""),
        ("POST", "/v1/chat/completions", None, "openai-chat", "chat", "/v1/chat/completions", ""),
        ("POST", "/chat/completions", None, "openai-chat", "chat", "/chat/completions", ""),
        ("POST", "/v1/responses", None, "openai-responses", "responses", "/v1/responses", ""),
        ("POST", "/v1/messages", None, "anthropic", "messages", "/v1/messages", ""),
        ("POST", "/v1alpha/models/a%2Fb:generateContent", None, "gemini", "generate", "/v1alpha/models/a%2Fb:generateContent", ""),
        ("POST", "/v1/v1/messages", None, "anthropic", None, "/v1/v1/messages", ""),
        ("POST", "/v1/completions", None, "raw", None, "/v1/completions", ""),
        ("POST", "/%6Fpenai/v1/chat/completions", None, "openai-chat", None, "/%6Fpenai/v1/chat/completions", ""),
        ("GET", "/", None, "raw", None, "/", ""),
        ("GET", "", None, "raw", None, "/", ""),
        ("OPTIONS", "*", None, "raw", None, "*", ""),
        ("POST", "http://api.openai.com/v1/messages?a=http://b/c", None, "anthropic", "messages", "/v1/messages", "a=http://b/c"),
        ("POST", "HTTPS://h:1?x", None, "raw", None, "/", "x"),
    ],
)  # fmt: skip
def test_request_lines(
    method: str, target: str, provider: str | None, dialect: str, operation: str | None, path: str, query: str
) -> None:
    route = routes.parse(method, target, extra=("gw",))
    assert route == Route(path=path, query=query, dialect=dialect, operation=operation, provider=provider)


@pytest.mark.parametrize(
    ("target", "headers", "dialect"),
    [
        ("/v1/models", (), "openai-chat"),
        ("/v1/models", (("Anthropic-Version", "2023-06-01"),), "anthropic"),
        ("/v1/models/m", (("x-goog-api-key", "k"),), "gemini"),
        ("/v1/models?a=b&key=k", (), "gemini"),
        ("/v1/models", (("x-api-key", "k"),), "openai-chat"),
        ("/v1beta/models", (), "gemini"),
    ],
)
def test_the_list_of_models_has_three_claimants(target: str, headers: Headers, dialect: str) -> None:
    route = routes.parse("GET", target, headers)
    assert (route.dialect, route.operation) == (dialect, "model" if target.endswith("/m") else "models")


@pytest.mark.parametrize(
    ("target", "deck", "faults", "provider", "path"),
    [
        ("/~a/openai/v1/responses", "a", None, "openai", "/v1/responses"),
        ("/~a/!reset@3e%231/openai/v1/responses", "a", "reset@3e#1", "openai", "/v1/responses"),
        ("/!stall@2e;merge/v1/responses", None, "stall@2e;merge", None, "/v1/responses"),
        ("/!P%25@50%/v1/responses", None, "P%@50%", None, "/v1/responses"),
        ("/!a%252Fb%2Fc/v1/responses", None, "a%2Fb/c", None, "/v1/responses"),
        ("/~A.b_c-1", "A.b_c-1", None, None, "/"),
        ("/~a/", "a", None, None, "/"),
        ("http://h/~a/gw", "a", None, "gw", ""),
        ("/openai/~a/v1", None, None, "openai", "/~a/v1"),
        ("/v1/!f", None, None, None, "/v1/!f"),
    ],
)
def test_decks_and_faults_stand_in_front(
    target: str, deck: str | None, faults: str | None, provider: str | None, path: str
) -> None:
    route = routes.parse("POST", target, extra={"gw"})
    assert (route.deck, route.faults, route.provider, route.path) == (deck, faults, provider, path)


@pytest.mark.parametrize(
    ("target", "named", "why"),
    [
        ("/~/openai", None, "1 to 64 letters"),
        ("/~" + "a" * 65, None, "1 to 64 letters"),
        ("/~a%41/openai", None, "not encoded"),
        ("/~ä/openai", None, "1 to 64 letters"),
        ("/~a/~b/openai", None, "two decks"),
        ("/!f/!g/openai", None, "two fault segments"),
        ("/!f/~a/openai", None, "the deck stands before"),
        ("/!/openai", None, "no faults after"),
        ("/!%ff/openai", None, "not UTF-8"),
        (
            "/!reset@3e#1/openai".partition("#")[0],
            None,
            "nothing stands behind /!reset@3e: a '#' or '?' among the faults",
        ),
        ("/~a/!reset?@9e/openai", None, "nothing stands behind /!reset: "),
        ("/~a/openai", "b", "says deck 'a', the header x-tokentape-deck says 'b'"),
        ("/~a/openai", "b/c", "in the header x-tokentape-deck"),
        ("/openai", "", "in the header x-tokentape-deck"),
    ],
)
def test_prefixes_that_break_the_grammar(target: str, named: str | None, why: str) -> None:
    headers = () if named is None else (("X-Tokentape-Deck", named),)
    with pytest.raises(RouteError) as caught:
        routes.parse("POST", target, headers)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("X-Tokentape-Faults", "x-tokentape-fault"),
        ("x-tokentape-falut", "x-tokentape-fault"),
        ("x-tokentape-decks", "x-tokentape-deck"),
        ("x-tokentape-provder", "x-tokentape-provider"),
    ],
)
def test_a_header_of_ours_that_is_misspelt_is_a_mistake(name: str, meant: str) -> None:
    with pytest.raises(RouteError) as caught:
        routes.parse("POST", "/openai", ((name, "x"),))
    assert str(caught.value) == f"there is no header {name!r}; did you mean {meant}?"


@pytest.mark.parametrize("name", ["x-tokentape", "x-tokentape-foo", "x-tokentape-", "X-Tokentape-Fault", "x-token"])
def test_other_headers_are_nobodys_mistake(name: str) -> None:
    assert routes.parse("POST", "/openai", ((name, "x"),)).provider == "openai"


def test_a_header_may_name_the_deck() -> None:
    assert routes.parse("POST", "/openai", (("x-tokentape-deck", "b"),)).deck == "b"
    assert routes.parse("POST", "/~b/openai", (("x-tokentape-deck", "b"),)).deck == "b"


@given(TARGETS, st.sampled_from(["GET", "POST", "OPTIONS", ""]))
@example("/~a/!%c3%28/x", "POST")
def test_whatever_comes_is_a_route_or_a_route_error(target: str, method: str) -> None:
    try:
        route = routes.parse(method, target, extra=("gw",))
    except RouteError:
        return
    assert route.deck is None or routes.DECK.fullmatch(route.deck)
    assert route.faults != ""
    assert route.path in target or route.path == "/"
    assert route.query in target
    assert isinstance(routes.hint(route), str)
    assert isinstance(routes.same_path(route.path, route), bool)
    assert json.loads(routes.error(route, 404, routes.hint(route), "tokentape_no_match", retry=False)[1])


@given(deck=st.from_regex(routes.DECK, fullmatch=True), path=PATHS)
def test_a_deck_changes_nothing_behind_it(deck: str, path: str) -> None:
    if re.match(r"/[~!]", path):
        path = f"/openai{path}"
    bare = routes.parse("POST", path)
    route = routes.parse("POST", f"/~{deck}{path}")
    assert route.deck == deck
    assert (route.provider, route.path, route.dialect, route.operation) == (
        bare.provider,
        bare.path,
        bare.dialect,
        bare.operation,
    )


@given(faults=st.text(min_size=1, max_size=20))
def test_faults_are_decoded_once(faults: str) -> None:
    try:
        encoded = "".join(f"%{octet:02X}" for octet in faults.encode())
    except UnicodeEncodeError:
        return
    assert routes.parse("POST", f"/!{encoded}/openai/v1").faults == faults


@pytest.mark.parametrize(
    ("uri", "provider", "dialect", "path"),
    [
        ("https://api.openai.com/v1/chat/completions", "openai", "openai-chat", "/v1/chat/completions"),
        ("https://api.anthropic.com/v1/messages?beta=true", "anthropic", "anthropic", "/v1/messages"),
        ("https://api.anthropic.com/v1/chat/completions", "anthropic", "openai-chat", "/v1/chat/completions"),
        ("https://api.x.ai/v1/responses", "xai", "openai-responses", "/v1/responses"),
        ("https://api.mistral.ai/v1/chat/completions#stream", "mistral", "openai-chat", "/v1/chat/completions"),
        ("https://openrouter.ai/api/v1/chat/completions", "openrouter", "openai-chat", "/api/v1/chat/completions"),
        ("https://api.openai.com/v1/threads/t/messages", "openai", "raw", "/v1/threads/t/messages"),
        ("https://api.cohere.com/v2/chat", "cohere", "cohere", "/v2/chat"),
        ("https://api.cohere.com/v2/embed", "cohere", "raw", "/v2/embed"),
        ("http://127.0.0.1:11434/api/chat", None, "ollama", "/api/chat"),
        ("https://api.openai.com", "openai", "raw", "/"),
        ("/v1/messages", None, "anthropic", "/v1/messages"),
        ("https://[::1/v1/messages", None, "anthropic", "/v1/messages"),
        ("", None, "raw", "/"),
    ],
)
def test_the_uri_of_a_tape(uri: str, provider: str | None, dialect: str, path: str) -> None:
    assert routes.tape_route(uri) == (provider, dialect, path)


@given(st.text() | st.builds("{}://{}/{}".format, st.text(), st.text(), st.text()))
def test_no_uri_is_an_error(uri: str) -> None:
    assert routes.tape_route(uri)[1] in dialects.names()


@pytest.mark.parametrize(
    ("tape", "target", "same"),
    [
        ("/v1/chat/completions", "/openai/v1/chat/completions", True),
        ("/base/v1/chat/completions", "/openai/v1/chat/completions", True),
        ("/base/v1/chat/completions", "/v1/chat/completions", True),
        ("/chat/completions", "/v1/chat/completions", True),
        ("/v1/chat/completions", "/chat/completions", True),
        ("/api/paas/v4/chat/completions", "/openai/v1/chat/completions", True),
        ("/api/v1/chat/completions", "/api/v1/chat/completions", True),
        ("/v1/embeddings", "/openai/v1/embeddings", True),
        ("/base/v1/messages", "/anthropic/v1/messages", True),
        ("/v1beta/models/a%2Fb:generateContent", "/google/v1beta/models/a%2Fb:generateContent", True),
        ("/openai/deployments/d/chat/completions", "/openai/deployments/d/chat/completions", True),
        ("/api/paas/v4/chat/completions", "/api/paas/v4/chat/completions", True),
        ("/dashboard/usage", "/openai/dashboard/usage", True),
        ("/v1/v1/messages", "/anthropic/v1/v1/messages", True),  # recorded with the same mistake
        ("/base/v1/chat/completions", "/gw/v1/chat/completions", True),
        ("/chat", "/gw", True),
        ("/chat/completions", "/gw", True),
        ("/v1/messages", "/gw/messages", True),  # the base URL has the version
        ("/v1/chat/completions", "/gw/completions", False),  # half an endpoint
        ("/v1/responses/r/cancel", "/gw/cancel", False),
        ("/x/completions", "/gw/completions", True),
        ("/openai/deployments/d/chat/completions", "/azure/openai/deployments/d/chat/completions", True),
        ("/openai/deployments/e/chat/completions", "/azure/openai/deployments/d/chat/completions", False),
        ("/chat/completions", "/deepseek/v1/chat/completions", True),
        ("/v1/chat/completions", "/deepseek/chat/completions", True),
        ("/openai/v1/chat/completions", "/groq/openai/v1/chat/completions", True),
        ("/base/chat/completions", "/groq/openai/v1/chat/completions", True),
        ("/api/v1/chat/completions", "/openrouter/api/v1/chat/completions", True),
        ("/v1/messages", "/openrouter/api/v1/messages", True),
        # another path
        ("/v1/chat/completions", "/openai/v1/responses", False),
        ("/v1beta/models/a/b:generateContent", "/google/v1beta/models/a%2Fb:generateContent", False),
        ("/v1/models/m:generateContent", "/google/v1beta/models/m:generateContent", False),
        ("/xv1/messages", "/anthropic/v1/messages", False),
        ("/v1/xchat/completions", "/openai/v1/chat/completions", False),
        ("/v1/completions", "/gw/v2/completions", False),
        # wrong base URLs
        ("/v1/chat/completions", "/openai/chat/completions", False),
        ("/v1/chat/completions", "/openai/v1/v1/chat/completions", False),
        ("/v1/chat/completions", "/v1/v1/chat/completions", False),
        ("/v1/messages", "/anthropic/messages", False),
        ("/v1/messages", "/messages", False),
        ("/v1/messages", "/anthropic/v1/v1/messages", False),
        ("/v1beta/models/m:generateContent", "/google/models/m:generateContent", False),
        ("/v1/embeddings", "/openai/embeddings", False),
        ("/v1/embeddings", "/openai/v1/v1/embeddings", False),
        ("/v1/chat/completions", "/openai", False),
        ("/v1/chat/completions", "/openai/v1", False),
        ("/v1/chat/completions", "/", False),
        ("/", "/", True),
    ],
)
def test_whether_a_tape_has_the_same_path(tape: str, target: str, same: bool) -> None:
    assert routes.same_path(tape, routes.parse("POST", target, extra=("gw",))) is same


# None that ends in a version: behind it a wrong path, which lacks the mount's own part, is taken for another API's.
BASES = (
    st.lists(st.from_regex(r"[a-z0-9%.-]{1,6}", fullmatch=True), max_size=3)
    .filter(lambda segments: not (segments and re.fullmatch(r"v[0-9][a-z0-9]*", segments[-1])))
    .map(lambda segments: "http://gw" + "".join(f"/{segment}" for segment in segments))
)


@pytest.mark.parametrize("name", [*ROWS, "gw"])
@given(base=BASES, stream=st.booleans(), rest=PATHS)
def test_what_was_recorded_through_a_mount_is_found_there(name: str, base: str, stream: bool, rest: str) -> None:
    row = providers.lookup(name) or providers.raw_provider(name, base)
    for dialect in map(dialects.get, row.dialects):
        path = rest if dialect.name == "raw" else _path(dialect, stream)
        route = routes.parse("POST", row.mount + path, extra=("gw",))
        if route.operation is None and re.search(r"/v[0-9][a-z0-9]*$", base):
            continue  # a wrong path that fits a tape behind such a base URL would fit one behind a right path too
        _, _, taped = routes.tape_route(row.upstream_url(route.path, base))
        assert routes.same_path(taped, route)


def _path(dialect: dialects.Dialect, stream: bool) -> str:
    return dialect.sdk_path + dialect.request("a/b", "", stream)[0].partition("?")[0]


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
@given(rest=PATHS)
def test_at_the_providers_own_base_url_a_wrong_path_finds_its_own_tape(row: providers.Provider, rest: str) -> None:
    route = routes.parse("POST", row.mount + rest)
    taped = routes.tape_route(row.upstream_url(rest))[2]
    assert routes.same_path(taped, route)


@pytest.mark.parametrize(
    ("target", "start"),
    [
        ("/openai/chat/completions", "the base URL for OpenAI is http://h:1/openai/v1: requests go to http://h:1/openai/v1/chat/completions"),
        ("/openai/v1/v1/responses", "the base URL for OpenAI is http://h:1/openai/v1: requests go to http://h:1/openai/v1/responses"),
        ("/anthropic/messages", "the base URL for Anthropic is http://h:1/anthropic: requests go to http://h:1/anthropic/v1/messages"),
        ("/~d/v1/v1/messages", "the base URL for Anthropic is http://h:1/~d/anthropic:"),
        ("/openai/v1/messages", "the base URL for Anthropic is http://h:1/anthropic:"),
        ("/google/models/m:generateContent", "the base URL for Google Gemini is http://h:1/google:"),
        ("/xai/responses", "the base URL for xAI is http://h:1/xai/v1:"),
        ("/openai", "the base URL for OpenAI is http://h:1/openai/v1:"),
        ("/openia/x", "did you mean http://h:1/openai/v1? base URLs here are http://h:1/openai/v1, http://h:1/anthropic,"),
        ("/", "base URLs here are "),
    ],
)  # fmt: skip
def test_hints_name_the_right_base_url(target: str, start: str) -> None:
    hint = routes.hint(routes.parse("POST", target), "http://h:1/")
    assert hint.startswith(start)
    assert "\n" not in hint


WRONG = [
    (row.name, dialect, spelling)
    for row in ROWS.values()
    for dialect in row.dialects
    for spelling in ("nothing", "twice", "without")
    if dialect != "ag-ui"  # whose path has nothing in it that could be missing
]


@pytest.mark.parametrize(("name", "dialect", "spelling"), WRONG)
def test_the_path_that_a_hint_names_is_right(name: str, dialect: str, spelling: str) -> None:
    """For each provider and each SDK that speaks to it: no API at all, `/v1/v1`, and no `/v1`."""
    row, grammar = ROWS[name], dialects.get(dialect)
    right = row.path_for(dialect) + grammar.request("m", "")[0].partition("?")[0]
    version = next((segment for segment in right.split("/") if re.fullmatch(r"v1|v1beta|v2", segment)), "api")
    wrong = {
        "nothing": "/nothing",
        "twice": right.replace(f"/{version}", f"/{version}/{version}"),
        "without": right.replace(f"/{version}", ""),
    }[spelling]
    route = routes.parse("POST", row.mount + wrong)
    if row.is_also_at((grammar.split("POST", wrong) or ("", "none"))[1]):
        assert route.operation  # DeepSeek's and Azure's own second spelling
        return
    assert route.operation is None
    hint = routes.hint(route, "http://h:1")
    named = re.search(r"requests go to http://h:1(\S+)", hint)
    assert named
    assert f"the base URL for {row.title} is http://h:1{row.mount}" in hint
    told = routes.parse("POST", named[1])
    assert (told.provider, routes.hint(told)) == (name, "")
    assert told.operation
    envelope = json.loads(routes.error(route, 404, hint)[1])
    shaped = row.dialects[0] if route.dialect == "raw" else route.dialect
    assert envelope == json.loads(row.error(shaped, 404, hint)[1])


def test_a_hint_names_the_base_url_of_the_providers_own_sdk_too() -> None:
    hint = routes.hint(routes.parse("POST", "/groq/openai/v1/openai/v1/chat/completions"), "http://h:1")
    assert "is http://h:1/groq/openai/v1, for its own SDK http://h:1/groq:" in hint


def test_hints_for_gateways_say_how_to_mount_them() -> None:
    assert "--upstream lab=URL" in routes.hint(routes.parse("POST", "/lab/v1/chat/completions"))
    assert "--upstream foo=URL" in routes.hint(routes.parse("POST", "/foo"))
    assert "--upstream" not in routes.hint(routes.parse("POST", "/v1/v1/messages"))


@pytest.mark.parametrize("own", ["!reset@3e", "~deck"])
def test_decks_and_faults_behind_the_mount_are_told_where_they_belong(own: str) -> None:
    hint = routes.hint(routes.parse("POST", f"/openai/v1/{own}/chat/completions"))
    assert hint.endswith(f"; decks and faults stand in front of it all: /{own}/openai/v1/…")


@pytest.mark.parametrize(
    "target", ["/openai/v1/chat/completions", "/openai/v1/embeddings", "/gw/x", "/gw", "/v1/messages"]
)
def test_right_paths_have_no_hint(target: str) -> None:
    assert routes.hint(routes.parse("POST", target, extra=("gw",))) == ""


def test_a_long_path_is_not_repeated_whole() -> None:
    assert len(routes.hint(routes.parse("POST", "/" + "x" * 60_000))) < 1_000


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/xai/v1/nothing", {"code": "tokentape_no_match", "error": "no"}),
        ("/openai/nothing", {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": "tokentape_no_match"}}),
        ("/gw/x", {"error": {"message": "no", "status": 404, "code": "tokentape_no_match"}}),
        ("/nothing", {"error": {"message": "no", "status": 404, "code": "tokentape_no_match"}}),
    ],
)  # fmt: skip
def test_errors_are_shaped_for_the_client_of_the_route(target: str, body: object) -> None:
    route = routes.parse("POST", target, extra=("gw",))
    headers, got = routes.error(route, 404, "no", "tokentape_no_match", retry=False)
    assert json.loads(got) == body
    assert ("x-should-retry", "false") in headers


@pytest.mark.parametrize("target", ["/anthropic/nothing", "/v1/messages", "/v1/v1/messages", "/openai/v1/messages"])
def test_the_path_says_whose_error_it_is(target: str) -> None:
    assert json.loads(routes.error(routes.parse("POST", target), 404, "no")[1])["error"]["type"] == "not_found_error"
