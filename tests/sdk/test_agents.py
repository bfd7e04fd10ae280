"""An agent framework (pydantic-ai) and a chat page (Gradio) against `tokentape serve` alone: they hold conversations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sdk import environments
from wires import Tool, tool

from cassettes.synth.cards import KOREAN

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sdk-agents")]

TABLE = """
[answers]
"*weather*" = {tool = "get_weather", arguments = {city = "서울"}, then = "It is 21 degrees in 서울."}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """No tape of theirs: the shipped ones, and a table of one row."""
    folder = tmp_path_factory.mktemp("agents")
    table = folder / "tokentape.toml"
    table.write_text(TABLE, encoding="utf-8")
    with tool(folder, "serve", "--speed", "10", environ={"TOKENTAPE_CONFIG": str(table)}) as running:
        yield running


def test_agents_hold_a_conversation_in_every_dialect(server: Tool) -> None:
    told = environments.run("agents", "agents", server.url)
    assert set(told) == {"openai-chat", "openai-responses", "anthropic", "gemini"}
    for dialect, said in told.items():
        assert said.get("called") == ["서울"], (dialect, said)
        assert said["first"] == "It is 21 degrees in 서울."
        assert said["second"] == "And what do you think of it?"
        assert said["pieces"] > 1 or dialect == "gemini"
        assert said["typed"] == {"city": "text", "days": 1, "tags": ["text"]}
        assert said["card"] == KOREAN
        assert said["tokens"] > 0


def test_a_chat_page_holds_a_conversation(server: Tool) -> None:
    told: dict[str, Any] = environments.run("page", "page", f"{server.url}/openai/v1")
    assert (
        told["answer"]
        == "Hello from a page, which shows what it is told while it is told, one piece after the other! 안녕"
    )
    assert told["updates"] > 1
    assert told["again"] == KOREAN
