"""A miss in the hands of the SDKs: one request, no second try, their own error of a 404 with our message in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from sdk import environments
from sdk.answers import ANSWERS
from sdk.collection import shelve
from wires import Tool, tool

pytestmark = pytest.mark.xdist_group("sdk-misses")

NOT_FOUND = {"openai", "openai streamed", "openai responses", "xai streamed", "anthropic", "anthropic streamed"}
PYTHON = {**dict.fromkeys(NOT_FOUND, "NotFoundError"), **dict.fromkeys(("google", "google streamed"), "ClientError")}
RAISED = {
    "new": PYTHON,
    "old": PYTHON,
    "litellm": {
        # litellm goes by the error's type, and a 404 of OpenAI says invalid_request_error (providers.md 3).
        "litellm openai": "BadRequestError",
        "litellm anthropic": "NotFoundError",
        "litellm gemini": "NotFoundError",
        "langchain": "OpenAIModelNotFoundError",
    },
    "node": {
        "openai": "NotFoundError",
        "openai streamed": "NotFoundError",
        "anthropic": "NotFoundError",
        "anthropic streamed": "NotFoundError",
        "google": "ApiError",
        "ai": "APICallError",
        "ai streamed": "APICallError",
    },
}
TEXT_LOST = {("new", "xai streamed")}
"""The openai SDK of today shows no text of an error that is not an object, which xAI's are not (providers.md 7)."""
ASKED_IN = re.compile(r"no tape matches POST /~way(\d+)/")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """Tapes that no SDK's request equals."""
    folder = tmp_path_factory.mktemp("misses")
    shelve(folder / "tapes", ANSWERS["text"])
    with tool(folder, "serve", str(folder / "tapes"), "--match", "exact") as running:
        yield running


@pytest.fixture(scope="module")
def missed(server: Tool, request: pytest.FixtureRequest) -> Callable[[str], tuple[dict[str, Any], list[int]]]:
    """What the SDKs of an environment raised, and in which of its ways each request came that the server saw."""
    known: dict[str, tuple[dict[str, Any], list[int]]] = {}

    def of(which: str) -> tuple[dict[str, Any], list[int]]:
        if which not in known:
            before, roots = len(server.said()), {"miss": server.url}
            if which == "node":
                found = environments.run_node(request.getfixturevalue("node_bench"), "miss_ways", roots)
            else:
                found = environments.run(which, "miss_ways", roots)
            known[which] = found, [int(number) for number in ASKED_IN.findall(server.said()[before:])]
        return known[which]

    return of


def test_the_server_counts_every_miss(server: Tool) -> None:
    before = len(server.said())
    with httpx2.Client(trust_env=False) as client:
        for _ in range(3):
            answer = client.post(f"{server.url}/~way77/openai/v1/chat/completions", json={"model": "m", "messages": []})
            assert answer.status_code == 404
            assert answer.headers["x-should-retry"] == "false"
    assert ASKED_IN.findall(server.said()[before:]) == ["77"] * 3


@pytest.mark.parametrize("which", RAISED)
def test_no_sdk_asks_again_after_a_miss(which: str, missed: Callable[[str], tuple[dict[str, Any], list[int]]]) -> None:
    found, asked = missed(which)
    assert set(found) == set(RAISED[which])
    assert asked == list(range(len(found)))


@pytest.mark.parametrize(("which", "way"), [(which, way) for which, ways in RAISED.items() for way in sorted(ways)])
def test_the_error_of_an_sdk_says_what_is_wrong(
    which: str, way: str, missed: Callable[[str], tuple[dict[str, Any], list[int]]]
) -> None:
    (error,) = missed(which)[0][way].values()
    assert error["raised"] == RAISED[which][way]
    if (which, way) not in TEXT_LOST:
        assert "no tape matches: the nearest is " in error["said"]
