"""Tapes that were converted, and answers that are made up, as the SDKs of the other dialects read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sdk import environments
from sdk.answers import ANSWERS, expected
from sdk.collection import Service, events_of, interaction_of, tape
from wires import tool, tools

from cassettes.transpose import transposed, wanted

DEEPSEEK = Service("deepseek", "openai-chat", "https://api.deepseek.com/v1/chat/completions", "/deepseek/v1")
DIALECTS = ("openai-responses", "anthropic", "gemini", "ollama", "cohere", "ai-sdk-ui", "ag-ui")
PROGRAMS = {
    "anthropic_ways": ("end_turn", "tool_use"),
    "gemini_ways": ("STOP", "STOP"),
    "ollama_ways": ("stop", "stop"),
    "cohere_ways": ("COMPLETE", "TOOL_CALL"),
}


def converted(folder: Path) -> list[Path]:
    """A folder for each kind of answer, with OpenAI's chat converted to every other dialect."""
    for kind, answer in ANSWERS.items():
        one = interaction_of(DEEPSEEK, events_of(DEEPSEEK, answer))
        for name in DIALECTS:
            made = transposed(one, wanted(name)).interaction
            assert made is not None
            tape(folder / kind / f"{name}.yaml", made)
    return [folder / kind for kind in ANSWERS]


@pytest.mark.slow
def test_every_sdk_reads_a_converted_tape(tmp_path: Path, node_bench: Path) -> None:
    commands = [("serve", str(one), "--match", "route", "--speed", "max") for one in converted(tmp_path / "tapes")]
    with tools(tmp_path / "run", *commands) as servers:
        roots = {kind: server.url for kind, server in zip(ANSWERS, servers, strict=True)}
        found = {program: environments.run("new", program, roots) for program in PROGRAMS}
        pages = environments.run_node(node_bench, "ui_ways", roots)
    for program, finish in PROGRAMS.items():
        for way, said in found[program].items():
            assert said == {kind: expected(answer, finish) for kind, answer in ANSWERS.items()}, way
    ends = {"app: ai ui": ("stop", "tool-calls"), "app: ag-ui": (None, None)}
    for way, words in ends.items():
        wants: dict[str, Any] = {kind: expected(answer, words) for kind, answer in ANSWERS.items()}  # type: ignore[arg-type]
        assert pages[way] == wants, way


def test_the_ollama_sdk_reads_what_is_made_up(tmp_path: Path) -> None:
    with tool(tmp_path, "serve", "--speed", "max") as server:
        found = environments.run("new", "ollama_ways", {"any": server.url})
    said = [way["any"] for way in found.values()]
    assert said[0]["text"]
    assert (said[0]["finish"], said[0]["calls"]) == ("stop", [])
    assert all(one == said[0] for one in said)
