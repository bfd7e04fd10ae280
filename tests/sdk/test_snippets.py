"""Snippets of the providers' documentation (`snippets`) run as they stand, with only the address changed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sdk import environments
from sdk.answers import Answer
from sdk.collection import GATEWAYS, SERVICES, events_of, shelve
from sdk.snippets import SNIPPETS, Snippet, of_seeds
from wires import Tool, tool

SEEDS = Path(__file__).resolve().parents[2] / "../shared/seeds"
# No piece ends in white space: $(…) of the shell takes line ends away.
SAID = Answer(text=("안녕", "하세요!", " I count", " to three", ": 1, 2, 3 🎉."), read=8, wrote=12)
FROM_SEEDS = of_seeds(SEEDS) if SEEDS.is_dir() else []

pytestmark = pytest.mark.xdist_group("sdk-snippets")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """All services, each saying SAID."""
    folder = tmp_path_factory.mktemp("snippets")
    shelve(folder / "tapes", SAID, (*SERVICES, *GATEWAYS))
    with tool(folder, "serve", str(folder / "tapes"), "--match", "route", "--speed", "max") as running:
        yield running


def ran(snippet: Snippet, code: str, folder: Path, node_bench: Path) -> str:
    """What the snippet printed."""
    if snippet.language == "node":
        program = node_bench / f"{snippet.name.replace(' ', '-')}.mjs"
        program.write_text(code, encoding="utf-8")
        command = [environments.node()[0], str(program)]
    elif snippet.language == "python":
        program = folder / "snippet.py"
        program.write_text(code, encoding="utf-8")
        command = [str(environments.python("new")), str(program)]
    else:
        command = ["bash", "-c", code]
        for name in ("bash", "curl", *(["jq"] if "jq" in code else [])):
            if shutil.which(name) is None:
                pytest.skip(f"there is no {name} on this machine")
    keys = dict.fromkeys(("GEMINI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "XAI_API_KEY"), "test-key")
    environ = environments.surroundings(**keys)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False, env=environ)
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0, said
    return done.stdout.decode()


def check(snippet: Snippet, server: Tool, folder: Path, node_bench: Path) -> None:
    """Runs the snippet and compares what it printed with what the tape says."""
    code = snippet.code.replace(snippet.base, server.url + snippet.mount)
    assert code != snippet.code
    printed = ran(snippet, code, folder, node_bench)
    (service,) = (
        one for one in (*SERVICES, *GATEWAYS) if (one.provider, one.dialect) == (snippet.provider, snippet.dialect)
    )
    events = list(events_of(service, SAID))
    match snippet.prints:
        case "text":
            assert printed == "".join(SAID.text)
        case "lines":
            assert printed == "".join(f"{piece}\n" for piece in SAID.text)
        case "body":
            assert printed == b"".join(events).decode()
        case "types":
            types = [event.split(b"\n")[0].decode().removeprefix("event: ") for event in events]
            assert [line.split(" ")[0] for line in printed.splitlines() if line.startswith("response.")] == types


@pytest.mark.slow
@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda one: one.name)
def test_a_snippet_runs_with_only_the_address_changed(
    snippet: Snippet, server: Tool, tmp_path: Path, node_bench: Path
) -> None:
    check(snippet, server, tmp_path, node_bench)


@pytest.mark.skipif(not FROM_SEEDS, reason="there is no ../shared/seeds")
@pytest.mark.parametrize("snippet", FROM_SEEDS, ids=lambda one: one.name)
def test_the_code_of_a_seed_runs_as_it_stands(snippet: Snippet, server: Tool, tmp_path: Path, node_bench: Path) -> None:
    check(snippet, server, tmp_path, node_bench)
