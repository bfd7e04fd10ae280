"""The rows of providers.yaml, how they are found, and where they send a request."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes import dialects, providers
from cassettes.keyshapes import SHAPES
from cassettes.providers import Provider, ProviderError, RowError

ROWS = providers.load()
GOOD = "p:\n  title: P\n  base_url: https://h/v1\n  dialects: [raw]\n"


def test_the_shipped_rows() -> None:
    assert {name: row.mount + row.sdk_path for name, row in ROWS.items()} == {
        "openai": "/openai/v1",
        "anthropic": "/anthropic",
        "google": "/google",
        "xai": "/xai/v1",
        "openrouter": "/openrouter/api/v1",
        "infron": "/infron/v1",
        "runyourai": "/runyourai/v1",
        "tokenhub": "/tokenhub/v1",
        "gateway": "/gateway/v1",
        "deepseek": "/deepseek/v1",
        "groq": "/groq/openai/v1",
        "mistral": "/mistral/v1",
        "together": "/together/v1",
        "azure": "/azure/openai/v1",
        "vertex": "/vertex",
        "ollama": "/ollama/v1",
        "cohere": "/cohere",
        "app": "/app",
    }


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_every_row_is_whole(row: Provider) -> None:
    assert providers.url_flaw(row.base_url) is None
    assert row.base_url.endswith(row.sdk_path)
    assert set(row.dialects) <= set(dialects.names()) - {"raw"}
    assert row.title
    if row.hosts and not row.is_nowhere and row.name != "ollama":
        assert providers.by_host(row.base_url.split("/")[2]) is row
    # The key of the first is Google's, the second has whatever was pulled, the last is whatever you made.
    if row.name not in {"vertex", "ollama", "app"}:
        assert row.key_variables
        assert row.default_model


def test_no_two_rows_have_the_same_variable_key_or_name() -> None:
    for column in ("base_url_variables", "key_variables", "key_prefixes", "hosts", "user_agents", "aliases"):
        all_of_them = [value for row in ROWS.values() for value in getattr(row, column)]
        assert len(all_of_them) == len(set(all_of_them)), column
    assert not {alias for row in ROWS.values() for alias in row.aliases} & set(ROWS)


def test_every_key_prefix_is_a_shape_that_is_masked() -> None:
    """A key that tells who is asking must not reach a tape."""
    for start in (start for row in ROWS.values() for start in row.key_prefixes):
        key = f"{start}{'a1B2c3D4' * 8}"[: max(39, len(start) + 64)].encode()
        key = key[:39] if start == "AIza" else key
        assert any(key.startswith(shape.literal) and shape.whole.match(key) for shape in SHAPES), start


def test_what_infron_sends_while_a_model_thinks() -> None:
    assert ROWS["infron"].keepalive[:2] == (": INFRONAI PROCESSING", ": ONEROUTER PROCESSING")
    assert providers.find("onerouter") is ROWS["infron"]


def test_rows_are_read_only() -> None:
    with pytest.raises(TypeError):
        ROWS["mine"] = ROWS["openai"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "rest", "base", "url"),
    [
        ("openai", "/v1/chat/completions", None, "https://api.openai.com/v1/chat/completions"),
        ("openai", "/v1/responses/r?stream=true", None, "https://api.openai.com/v1/responses/r?stream=true"),
        ("openai", "/v1/chat/completions", "http://gw/base", "http://gw/base/chat/completions"),
        ("openai", "/v1/chat/completions", "http://gw/base/v1/", "http://gw/base/v1/chat/completions"),
        ("openai", "/v1", "http://gw/base", "http://gw/base"),
        ("openai", "/v1?a=1", "http://gw/base", "http://gw/base?a=1"),
        ("openai", "/v10/x", "http://gw/base", "http://gw/base/v10/x"),
        ("openai", "/v1/v1/x", None, "https://api.openai.com/v1/v1/x"),
        ("openai", "/chat/completions", None, "https://api.openai.com/chat/completions"),
        ("openai", "/chat/completions", "http://gw/base", "http://gw/base/chat/completions"),
        ("openai", "", None, "https://api.openai.com"),
        ("anthropic", "/v1/messages?beta=true", None, "https://api.anthropic.com/v1/messages?beta=true"),
        ("anthropic", "/v1/messages", "http://127.0.0.1:9/gw", "http://127.0.0.1:9/gw/v1/messages"),
        (
            "google",
            "/v1beta/models/a%2Fb:streamGenerateContent?alt=sse",
            None,
            "https://generativelanguage.googleapis.com/v1beta/models/a%2Fb:streamGenerateContent?alt=sse",
        ),
        ("xai", "/v1/chat/completions", None, "https://api.x.ai/v1/chat/completions"),
        ("runyourai", "/v1/responses", None, "https://api.runyour.ai/v1/responses"),
        ("tokenhub", "/v1/chat/completions", None, "https://ai-tokenhub.com/v1/chat/completions"),
        ("infron", "/v1/chat/completions", None, "https://llm.onerouter.pro/v1/chat/completions"),
        ("openrouter", "/api/v1/chat/completions", None, "https://openrouter.ai/api/v1/chat/completions"),
        ("openrouter", "/api/v1/messages", "http://gw/x", "http://gw/x/messages"),
        ("gateway", "/v1/chat/completions", "http://gw/v1", "http://gw/v1/chat/completions"),
        ("gateway", "/v1/messages", "http://gw/v1", "http://gw/v1/messages"),
        ("gateway", "/v1/messages", "http://gw", "http://gw/v1/messages"),
        ("deepseek", "/chat/completions", None, "https://api.deepseek.com/chat/completions"),
        ("deepseek", "/v1/chat/completions", None, "https://api.deepseek.com/v1/chat/completions"),
        ("deepseek", "/chat/completions", "http://ds", "http://ds/chat/completions"),
        ("groq", "/openai/v1/chat/completions", None, "https://api.groq.com/openai/v1/chat/completions"),
        ("groq", "/openai/v1/chat/completions", "http://gq", "http://gq/openai/v1/chat/completions"),
        ("groq", "/openai/v1/chat/completions", "http://gq/openai/v1", "http://gq/openai/v1/chat/completions"),
        ("mistral", "/v1/chat/completions", None, "https://api.mistral.ai/v1/chat/completions"),
        ("together", "/v1/chat/completions", "http://tg/", "http://tg/v1/chat/completions"),
        (
            "azure",
            "/openai/deployments/d/chat/completions?api-version=1",
            "https://r.openai.azure.com/",
            "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=1",
        ),
        (
            "azure",
            "/openai/v1/responses",
            "https://r.openai.azure.com",
            "https://r.openai.azure.com/openai/v1/responses",
        ),
        ("azure", "/openai/v1/responses", "https://r/openai/v1", "https://r/openai/v1/responses"),
        (
            "vertex",
            "/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
            None,
            "https://aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
        ),
        ("ollama", "/v1/chat/completions", None, "http://127.0.0.1:11434/v1/chat/completions"),
    ],
)
def test_where_a_request_goes(name: str, rest: str, base: str | None, url: str) -> None:
    assert providers.find(name).upstream_url(rest, base) == url


def test_an_unknown_upstream_gets_the_path_as_it_is() -> None:
    row = providers.raw_provider("bot", "http://h:1/chat/")
    assert (row.mount, row.sdk_path, row.dialects) == ("/bot", "", ("raw",))
    assert row.upstream_url("/v1/x?y") == "http://h:1/chat/v1/x?y"
    assert row.upstream_url("") == "http://h:1/chat/"


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
@given(base=st.from_regex(r"https?://[a-z]{1,9}(:[1-9]\d{0,3})?(/[a-z0-9%.]{1,5}){0,3}/?", fullmatch=True))
def test_an_sdk_given_our_url_reaches_what_it_would_have_reached(row: Provider, base: str) -> None:
    suffix = dialects.get(row.dialects[0]).request("m", "")[0]
    if row.own_sdk_path is not None:  # either form is taken; which one it is shows in its end
        base = base.rstrip("/") + row.sdk_path
    ours = providers.client_url(row, "http://h:1") + suffix
    assert row.upstream_url(ours.removeprefix(f"http://h:1{row.mount}"), base) == base.rstrip("/") + suffix


@pytest.mark.parametrize("root", ["http://h:1", "http://h:1/"])
def test_client_urls(root: str) -> None:
    urls = [providers.client_url(row, root) for row in ROWS.values()]
    assert urls[:4] == ["http://h:1/openai/v1", "http://h:1/anthropic", "http://h:1/google", "http://h:1/xai/v1"]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("api.openai.com", "openai"),
        ("API.OpenAI.com:443", "openai"),
        ("eu.api.openai.com", "openai"),
        ("user:pw@api.anthropic.com.", "anthropic"),
        ("generativelanguage.googleapis.com", "google"),
        ("us-east-1.api.x.ai", "xai"),
        ("a.b.api.x.ai", "xai"),
        ("us-central1-aiplatform.googleapis.com:443", "vertex"),
        ("aiplatform.googleapis.com", "vertex"),
        ("a-aiplatform.googleapis.com.example", None),
        ("-", None),
        ("my-resource.openai.azure.com", "azure"),
        ("openrouter.ai", "openrouter"),
        ("openai.com", None),
        ("api.openai.com.example", None),
        ("notapi.x.ai", None),
        ("127.0.0.1:7358", None),
        ("", None),
        ("." * 1_000_000, None),
        ("*." * 100, None),
    ],
)
def test_hosts(host: str, name: str | None) -> None:
    row = providers.by_host(host)
    assert (row.name if row else None) == name


@given(st.text(max_size=40))
def test_no_host_is_an_error(host: str) -> None:
    row = providers.by_host(host)
    assert row is None or row in ROWS.values()


def test_names_aliases_and_near_misses() -> None:
    assert providers.find("gemini").name == "google"
    assert providers.lookup("openai") is ROWS["openai"]
    assert providers.lookup("nobody") is None
    assert providers.nearest("OpenAi") == "openai"
    assert providers.nearest("zzzz") is None
    with pytest.raises(
        ProviderError, match=r"no provider 'antropic'; did you mean anthropic\? \(known: openai, "
    ) as caught:
        providers.find("antropic")
    assert caught.value.exit_code == 2


def test_who_is_meant_without_a_mount() -> None:
    meant = {name: providers.for_dialect(name) for name in dialects.names()}
    assert {name: row.name if row else None for name, row in meant.items()} == {
        "openai-chat": "openai",
        "openai-responses": "openai",
        "anthropic": "anthropic",
        "gemini": "google",
        "ollama": "ollama",
        "cohere": "cohere",
        "ai-sdk-ui": "app",
        "ag-ui": "app",
        "raw": None,
    }


def test_the_first_key_that_is_set() -> None:
    google = ROWS["google"]
    assert google.key({"GEMINI_API_KEY": "b", "GOOGLE_API_KEY": "a"}) == ("GOOGLE_API_KEY", "a")
    assert google.key({"GEMINI_API_KEY": "b", "GOOGLE_API_KEY": ""}) == ("GEMINI_API_KEY", "b")
    assert google.key({}) is None


def test_xai_errors_are_flat() -> None:
    headers, body = ROWS["xai"].error("openai-chat", 404, "no", "tokentape_no_match", retry=False)
    assert json.loads(body) == {"code": "tokentape_no_match", "error": "no"}
    assert ("x-should-retry", "false") in headers
    assert ROWS["openai"].error("anthropic", 404, "no") == dialects.get("anthropic").error(404, "no")


@pytest.mark.parametrize(
    ("text", "upstream"),
    [
        ("openai=http://127.0.0.1:1/v1", ("openai", "http://127.0.0.1:1/v1")),
        ("gemini=https://h", ("google", "https://h")),
        ("my.gw-1=http://[::1]:8080/a=b", ("my.gw-1", "http://[::1]:8080/a=b")),
    ],
)
def test_upstreams(text: str, upstream: tuple[str, str]) -> None:
    assert providers.parse_upstream(text) == upstream


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("openai", "expected NAME=URL"),
        ("=http://h", "'' cannot be mounted"),
        ("a/b=http://h", "cannot be mounted"),
        ("~a=http://h", "cannot be mounted"),
        ("_tokentape=http://h", "cannot be mounted"),
        ("play=http://h", "not play"),
        ("v1=http://h", "'v1' cannot be mounted"),
        ("chat=http://h", "nor what an API's own paths begin with"),
        ("a=h:80", "the scheme is 'h'"),
        ("a=h", "there is no scheme"),
        ("a=ftp://h", "the scheme is 'ftp'"),
        ("a=http://", "there is no host"),
        ("a=http://h:99999", "Port out of range"),
        ("a=http://h:0", "port 0"),
        ("a=http://[::1", "Invalid IPv6"),
        ("a=http://h/?x=1", "no query"),
        ("a=http://h/ b", "space or control"),
    ],
)
def test_upstreams_that_cannot_be(text: str, why: str) -> None:
    with pytest.raises(ProviderError) as caught:
        providers.parse_upstream(text)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30) | st.text(max_size=20).map("a=http://{}".format))
def test_no_upstream_ends_in_a_traceback(text: str) -> None:
    try:
        name, url = providers.parse_upstream(text)
    except ProviderError:
        return
    assert providers.NAME.fullmatch(name)
    assert url.startswith("http")


def test_a_file_of_rows() -> None:
    rows = providers.parse(
        GOOD.encode() + b"q: {title: Q, base_url: 'http://q', dialects: [raw, gemini], aliases: [r]}\n", "f"
    )
    assert list(rows) == ["p", "q"]
    assert rows["q"] == Provider(name="q", title="Q", base_url="http://q", dialects=("raw", "gemini"), aliases=("r",))


def test_a_name_and_an_address_are_enough() -> None:
    """OpenAI's chat is what everybody speaks, and the path of the base URL is what an SDK has there."""
    row = providers.parse(b"acme: {base_url: 'https://llm.acme.example/gw/v1/'}", "f")["acme"]
    assert (row.title, row.dialects, row.sdk_path) == ("acme", ("openai-chat",), "/gw/v1")
    assert providers.client_url(row, "http://h:1") == "http://h:1/acme/gw/v1"
    assert row.upstream_url("/gw/v1/chat/completions") == "https://llm.acme.example/gw/v1/chat/completions"


@pytest.fixture
def fresh() -> Iterator[None]:
    """The shipped rows again afterwards."""
    yield
    providers.restore()


@pytest.mark.usefixtures("fresh")
def test_rows_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "acme: {base_url: 'https://acme.example/v1', hosts: [acme.example], aliases: [xai, ac]}\n"
        "openai: {base_url: 'https://oai.example/v9', title: Ours}\n",
        encoding="utf-8",
    )
    providers.extend(providers.read(file))
    assert list(providers.load()) == [*ROWS, "acme"]
    assert providers.find("openai").title == "Ours"  # a shipped name is replaced, in its place
    assert providers.find("xai").title == "xAI"  # a name beats an alias
    assert providers.find("ac").name == "acme"
    assert providers.by_host("acme.example") is providers.find("acme")
    assert providers.by_host("api.openai.com") is None
    providers.restore()
    assert providers.load() == ROWS
    assert providers.lookup("acme") is None


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RowError, match=r"none\.yaml: cannot be read \(No such file") as caught:
        providers.read(tmp_path / "none.yaml")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("variable", "name", "url"),
    [
        ("OPENAI_BASE_URL", "openai", "/openai/v1"),
        ("OPENAI_BASE_URL", "runyourai", "/runyourai/v1"),
        ("OPENAI_BASE_URL", "groq", "/groq/openai/v1"),
        ("OPENAI_BASE_URL", "gateway", "/gateway/v1"),
        ("OPENAI_BASE_URL", "anthropic", "/anthropic/v1"),
        ("OPENAI_BASE_URL", "google", "/google"),
        ("ANTHROPIC_BASE_URL", "gateway", "/gateway"),
        ("ANTHROPIC_BASE_URL", "openrouter", "/openrouter/api"),
        ("GROQ_BASE_URL", "groq", "/groq"),
        ("TOGETHER_BASE_URL", "together", "/together"),
        ("AZURE_OPENAI_ENDPOINT", "azure", "/azure"),
        ("MY_LLM", "groq", "/groq/openai/v1"),
    ],
)
def test_a_variable_has_the_form_that_its_sdk_takes(variable: str, name: str, url: str) -> None:
    assert providers.variable_url(variable, ROWS[name], "http://h:1/") == f"http://h:1{url}"


@pytest.mark.parametrize(
    ("variable", "name", "url", "goes"),
    [
        ("OPENAI_BASE_URL", "openai", "http://gw/x", "http://gw/x/chat/completions"),
        ("OPENAI_BASE_URL", "runyourai", "http://gw/v1", "http://gw/v1/chat/completions"),
        ("OPENAI_BASE_URL", "anthropic", "http://gw/v1/", "http://gw/v1/chat/completions"),
        ("ANTHROPIC_BASE_URL", "gateway", "http://gw", "http://gw/v1/messages"),
        ("ANTHROPIC_BASE_URL", "openrouter", "http://gw/api", "http://gw/api/v1/messages"),
        ("ANTHROPIC_BASE_URL", "openrouter", "http://gw", "http://gw/v1/messages"),
        ("GROQ_BASE_URL", "groq", "http://gw", "http://gw/openai/v1/chat/completions"),
        ("AZURE_OPENAI_ENDPOINT", "azure", "http://gw/", "http://gw/openai/v1/chat/completions"),
    ],
)
def test_an_adopted_variable_leads_where_it_led(variable: str, name: str, url: str, goes: str) -> None:
    row = ROWS[name]
    suffix = "/v1/messages" if variable.startswith("ANTHROPIC") else "/chat/completions"
    ours = providers.variable_url(variable, row, "http://h") + suffix
    if row.own_sdk_path is not None and "OPENAI_BASE" not in variable and "ANTHROPIC" not in variable:
        ours = providers.client_url(row, "http://h") + suffix
    rest = ours.removeprefix(f"http://h{row.mount}")
    assert row.upstream_url(rest, providers.adopted(variable, row, url)) == goes


def test_the_variables_for_a_provider_without_its_own() -> None:
    assert providers.own_variables(ROWS["groq"]) == ("GROQ_BASE_URL",)
    assert providers.own_variables(ROWS["runyourai"]) == ("OPENAI_BASE_URL",)
    assert providers.own_variables(ROWS["gateway"]) == ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL")


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("", 1, "expected a mapping"),
        ("- a\n", 1, "expected a mapping"),
        ("a: 1\n", 1, "expected a mapping of the provider's fields"),
        ("{}: {}\n", 1, "is no name"),
        (GOOD + "a b: {}\n", 5, "is no name"),
        ("v1beta: {base_url: http://h}\n", 1, "'v1beta' is no name for a provider"),
        (GOOD + "  aliases: [models]\n", 5, "'models' is no name for a provider"),
        (GOOD + "  tittle: x\n", 5, "did you mean title?"),
        (GOOD + "  aliases: x\n", 5, "Expected `array`"),
        (GOOD + "  hosts: [1]\n", 5, "Expected `str`"),
        (GOOD + "  error_style: round\n", 5, "Invalid enum value"),
        (GOOD + "  title: again\n", 1, "given twice"),
        (GOOD + "  name: q\n", 5, "drop this field"),
        (GOOD + "  also_paths: [/v1, v2]\n", 5, "also_paths 'v2'; expected a path such as /v1"),
        (GOOD + "  key_variables: [A-B]\n", 5, "'A-B' is no name for a variable"),
        (GOOD + "  base_url_variables: ['']\n", 5, "'' is no name for a variable"),
        (GOOD + "  quirks: [odd]\n", 5, "Invalid enum value"),
        (
            "p:\n  base_url: http://h\n  dialects: [openai-chta]\n",
            3,
            "no dialect 'openai-chta'; did you mean openai-chat?",
        ),
        ("p:\n  base_url: http://h\n  dialects: [zzz]\n", 3, "no dialect 'zzz'; known: openai-chat"),
        ("p:\n  base_url: 'http://[h'\n", 2, "Invalid IPv6"),
        (GOOD + "  sdk_path: v1\n", 5, "expected a path such as /v1"),
        (GOOD + "  sdk_path: /v1/\n", 5, "expected a path such as /v1"),
        (GOOD + "  1: x\n", 1, ""),
        (GOOD + "  default_model: 2026-13-45\n", 1, "month must be in"),
        (GOOD + "  default_model: !!python/name:os.system x\n", 5, "constructor"),
        (GOOD + GOOD, 5, "'p' is taken"),
        (GOOD + "q: {title: Q, base_url: http://q, dialects: [raw], aliases: [p]}\n", 5, "'p' is taken"),
        ("p: {title: P}\n", 1, "missing required field `base_url`"),
        ("p:\n  title: P\n  base_url: ftp://h\n  dialects: [raw]\n", 3, "the scheme is 'ftp'"),
        ("p:\n  title: P\n  base_url: http://h\n  dialects: []\n", 4, "at least one dialect"),
        ("p: &a {title: P}\nq: *a\n", 2, "aliases"),
        ("p:\n  title: [\n", 3, ""),
        ("p: " + "[" * 900, 1, "nested deeper"),
        ("p: " + "[" * 100_000, 1, "nested deeper"),
        ("p: {a\x00: 1}", 1, ""),
    ],
)
def test_rows_that_cannot_be_read(text: str, where: int, why: str) -> None:
    with pytest.raises(RowError) as caught:
        providers.parse(text.encode(), "rows.yaml")
    assert str(caught.value).startswith(f"rows.yaml:{where}: ")
    assert why in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_file_that_is_too_large_is_not_read() -> None:
    with pytest.raises(RowError, match="at most"):
        providers.parse(b"#" * (providers.MAX_BYTES + 1), "rows.yaml")


def test_the_shipped_file_lies_beside_the_module() -> None:
    file = Path(providers.__file__).with_name("providers.yaml")
    assert providers.parse(file.read_bytes(), file.name) == dict(ROWS)


@pytest.mark.parametrize(
    ("text", "mapping"), [("OPENAI_BASE_URL=xai", ("OPENAI_BASE_URL", "xai")), ("_x1=claude", ("_x1", "anthropic"))]
)
def test_mappings(text: str, mapping: tuple[str, str]) -> None:
    assert providers.parse_mapping(text) == mapping


@pytest.mark.parametrize(
    ("text", "why"), [("OPENAI_BASE_URL", "VARIABLE=PROVIDER"), ("1x=xai", "VARIABLE=PROVIDER"), ("A=xia", "mean xai")]
)
def test_mappings_that_cannot_be(text: str, why: str) -> None:
    with pytest.raises(ProviderError, match=why):
        providers.parse_mapping(text)


@pytest.mark.parametrize("url", ["http://user:hunter2@h", "https://h/v1?key=hunter2"])
def test_a_base_url_with_credentials_is_refused_and_not_printed(url: str) -> None:
    with pytest.raises(ProviderError) as caught:
        providers.parse_upstream(f"bot={url}")
    assert "bot=…" in str(caught.value)
    assert "hunter2" not in str(caught.value)
