"""One row: where its SDKs' base URLs point, which paths are its own, what it refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from sdk.recordings import needs_recordings, recordings

from cassettes import dialects, providers
from cassettes.dialects.base import payload
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.speech import Voice
from cassettes.provider import Provider, is_under, url_flaw

ROWS = providers.load()


@pytest.mark.parametrize(
    ("name", "dialect", "path"),
    [
        ("openai", "openai-chat", "/v1"),
        ("openai", "raw", "/v1"),
        ("anthropic", "anthropic", ""),
        ("anthropic", "openai-chat", "/v1"),
        ("gateway", "openai-chat", "/v1"),
        ("gateway", "anthropic", ""),
        ("openrouter", "openai-responses", "/api/v1"),
        ("openrouter", "anthropic", "/api"),
        ("groq", "openai-chat", "/openai/v1"),
        ("google", "gemini", ""),
    ],
)
def test_each_sdk_has_its_own_idea_of_a_base_url(name: str, dialect: str, path: str) -> None:
    assert ROWS[name].path_for(dialect) == path


@pytest.mark.parametrize(
    ("name", "dialect", "prefix", "fits"),
    [
        ("openai", "openai-chat", "/v1", True),
        ("openai", "openai-chat", "", False),
        ("openai", "openai-chat", "/v1/v1", False),
        ("deepseek", "openai-chat", "", True),
        ("azure", "openai-chat", "/openai/deployments/gpt", True),
        ("azure", "openai-chat", "/openai/deployments", False),
        ("azure", "openai-chat", "/openai/deployments/a/b", False),
        ("google", "gemini", "/v1alpha", True),
        ("google", "gemini", "/v1/projects/p/locations/l/publishers/google", False),
        ("vertex", "gemini", "/v1/projects/p/locations/l/publishers/google", True),
    ],
)
def test_where_endpoints_may_stand(name: str, dialect: str, prefix: str, fits: bool) -> None:
    assert ROWS[name].has_place(dialect, prefix) is fits


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/openai/v1/chat/completions", "/openai/v1"),
        ("/openai/deployments/d/chat/completions", "/openai/deployments/{}"),
        ("/openai/x", "/openai"),
        ("/openaix", None),
        ("/v1/chat/completions", None),
    ],
)
def test_paths_that_are_native(path: str, place: str | None) -> None:
    assert ROWS["azure"].native(path) == place


@pytest.mark.parametrize(
    ("pattern", "path", "under"),
    [
        ("/a/{}", "/a/b", True),
        ("/a/{}", "/a/b/c", True),
        ("/a/{}", "/a", False),
        ("/a", "/ab", False),
        ("", "", True),
        ("", "/a", True),
    ],
)
def test_a_pattern_counts_in_segments(pattern: str, path: str, under: bool) -> None:
    assert is_under(pattern, path) is under


@pytest.mark.parametrize(
    ("name", "dialect", "model", "refused"),
    [
        ("runyourai", "openai-responses", "openai/gpt-5", False),
        ("runyourai", "openai-responses", "anthropic/claude-sonnet-4-5", True),
        ("runyourai", "openai-responses", "gpt-5", True),
        ("runyourai", "openai-responses", None, False),
        ("runyourai", "openai-chat", "anthropic/claude-sonnet-4-5", False),
        ("openai", "openai-responses", "anything/else", False),
    ],
)
def test_the_responses_api_is_for_some_models_only(name: str, dialect: str, model: str | None, refused: bool) -> None:
    why = ROWS[name].refusal(dialect, model)
    assert (why is not None) is refused
    assert why is None or why.startswith(f"RunYourAI has the Responses API for openai/* only, not for '{model}'")


def test_rows_of_no_known_address() -> None:
    assert [row.name for row in ROWS.values() if row.is_nowhere] == ["gateway", "azure", "app"]


def test_a_row_is_used_when_one_of_its_variables_is_set() -> None:
    azure = ROWS["azure"]
    assert azure.is_used({"AZURE_OPENAI_API_KEY": "k"})
    assert azure.is_used({"AZURE_OPENAI_ENDPOINT": "http://h"})
    assert not azure.is_used({"AZURE_OPENAI_ENDPOINT": "", "OPENAI_API_KEY": "k"})


def test_the_least_that_a_row_says() -> None:
    row = Provider(name="acme", base_url="http://h/v1")
    assert (row.mount, row.dialects, row.key({"K": "v"}), row.is_nowhere) == ("/acme", ("openai-chat",), None, False)
    assert row.speaks("raw")
    assert not row.speaks("gemini")


@pytest.mark.parametrize("url", ["http://h", "https://h:1/a/b", "http://[::1]:8080"])
def test_base_urls(url: str) -> None:
    assert url_flaw(url) is None


# Quirks, held against recordings: of each of the five providers, in how many of its chat streams a quirk is to be seen.


def _deltas(chunks: list[Any]) -> list[Any]:
    choices = [choice for chunk in chunks for choice in chunk.get("choices", [])]
    return [delta for choice in choices if isinstance(delta := choice.get("delta"), dict)]


def _calls(chunks: list[Any]) -> list[Any]:
    return [call for delta in _deltas(chunks) for call in delta.get("tool_calls") or []]


def _usages(chunks: list[Any]) -> list[Any]:
    return [chunk for chunk in chunks if chunk.get("usage")]


SEEN: dict[str, Callable[[list[Any]], bool | None]] = {
    # None: the stream has nothing that could show it.
    "usage-in-last-chunk": lambda chunks: (
        all(choice.get("finish_reason") for chunk in usages for choice in chunk["choices"] or [{}])
        if (usages := _usages(chunks))
        else None
    ),
    "usage-with-choice": lambda chunks: (
        all(chunk["choices"] for chunk in usages) if (usages := _usages(chunks)) else None
    ),
    "usage-without-choices": lambda chunks: (
        not any(chunk["choices"] for chunk in usages) if (usages := _usages(chunks)) else None
    ),
    "usage-in-x-groq": lambda chunks: any((chunk.get("x_groq") or {}).get("usage") for chunk in chunks),
    "filter-first": lambda chunks: chunks[0].get("choices") == [] and "prompt_filter_results" in chunks[0],
    "role-in-every-chunk": lambda chunks: all("role" in delta for delta in _deltas(chunks)),
    "whole-tool-calls": lambda chunks: all(call.get("id") for call in calls) if (calls := _calls(chunks)) else None,
    "reasoning-key": lambda chunks: any("reasoning" in delta for delta in _deltas(chunks)) or None,
}
FOLDERS = ("azure", "mistral", "groq", "deepseek", "openrouter")


@needs_recordings
@pytest.mark.parametrize("name", FOLDERS)
def test_the_quirks_of_a_row_are_seen_in_its_recordings(name: str) -> None:
    row = providers.load()[name]
    found: dict[str, list[bool]] = {quirk: [] for quirk in SEEN}
    for recording in recordings("openai-chat"):
        chunks = [one for one in recording.payloads if isinstance(one, dict) and "error" not in one]
        if recording.name.startswith(f"{name}-chat/") and chunks:
            for quirk, seen in SEEN.items():
                if (shown := seen(chunks)) is not None:
                    found[quirk].append(shown)
    for quirk, shown in found.items():
        if quirk in row.quirks:
            assert shown, f"no recording shows whether {name} has {quirk}"
            assert all(shown), quirk
        elif quirk != "reasoning-key" and not (quirk == "usage-with-choice" and "usage-in-last-chunk" in row.quirks):
            assert not all(shown) or not shown, f"{name} has {quirk}: write it into its row"


def test_a_row_of_ones_own_speaks_by_its_quirks() -> None:
    said = [
        Delta(reasoning="Hm"),
        Delta("Hi"),
        Delta(tools=(ToolPart(0, "", "f", "{"),)),
        Delta(tools=(ToolPart(0, "", "", "}"),)),
    ]
    said += [Delta(finish="tool_calls", usage={"prompt_tokens": 1, "completion_tokens": 2})]

    def chunks(*quirks: str) -> list[Any]:
        voice = Voice("acme", "m", quirks=frozenset(quirks))
        events = dialects.get("openai-chat").speak(said, voice).events
        return [value for event in events if (value := payload(event.data)) is not None]

    for quirk, seen in SEEN.items():
        if quirk != "usage-without-choices":
            assert seen(chunks(quirk)) is True, quirk
            assert not seen(chunks()), quirk
