"""What the official SDKs find beside answers: models in their three shapes, token counts, a response by its id."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from sdk import environments
from sdk.answers import ANSWERS
from sdk.collection import GATEWAYS, SERVICES, shelve
from wires import tool

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("sdk-catalogue"),
    pytest.mark.parametrize("which", ["new", "old"]),
]

TEXT = "".join(ANSWERS["text"].text)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Any]]:
    """What the SDKs of an environment find where no tape answers."""
    folder = tmp_path_factory.mktemp("catalogue")
    shelve(folder / "tapes", ANSWERS["text"], (*SERVICES, *GATEWAYS))

    @cache
    def of(which: str) -> dict[str, Any]:
        with tool(folder, "serve", str(folder / "tapes"), "--match", "exact", "--speed", "max") as server:
            told = environments.run(which, "catalogue_ways", {"": server.url})
        return {way: kinds[""] for way, kinds in told.items()}

    return of


def test_the_models_are_those_of_the_tapes_and_the_tapes(which: str, found: Callable[[str], dict[str, Any]]) -> None:
    assert found(which)["openai_models"] == ["any", "openai-openai-chat", "openai-openai-responses"]
    assert found(which)["anthropic_models"] == ["any", "anthropic-anthropic"]
    assert found(which)["gemini_models"] == ["gemini-2.5-flash", "google-gemini"]
    assert found(which)["one_model"] == ["any", "any", "gemini-2.5-flash"]


def test_tokens_are_counted(which: str, found: Callable[[str], dict[str, Any]]) -> None:
    assert 1 <= found(which)["anthropic_tokens"] <= 30
    assert 1 <= found(which)["gemini_tokens"] <= 30


def test_a_response_is_found_by_its_id_and_a_tape_as_a_model(
    which: str, found: Callable[[str], dict[str, Any]]
) -> None:
    assert found(which)["response_by_id"] == TEXT
    assert found(which)["tape_as_model"] == TEXT


def test_runyourai_has_responses_for_openai_s_models_only(which: str, found: Callable[[str], dict[str, Any]]) -> None:
    error = found(which)["other_models_responses"]
    assert error["raised"] == "BadRequestError"
    assert "openai/*" in error["said"]
    assert "anthropic/claude-sonnet-4-5" in error["said"]
