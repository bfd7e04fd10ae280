"""Record once, run five times, no miss: programs whose requests hold what changes from run to run.

Each is recorded against a provider on loopback; then it runs five times against its tapes, each time on a deck of its
own. What it was told must be what it was told when it was recorded, to each question its own answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from downstream.provider import Provider
from sdk import environments
from wires import tool

PROGRAMS = Path(__file__).resolve().parent / "programs"
RUNS = 5


def told(python: Path, program: str, bases: list[str]) -> list[Any]:
    """What a program printed of its runs, one with each base URL."""
    environ = {"PATH": os.environ["PATH"], "NO_PROXY": "*"}
    command = [str(python), str(PROGRAMS / f"{program}.py"), *bases]
    done = subprocess.run(command, capture_output=True, env=environ, timeout=100, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def recorded(folder: Path, python: Path, program: str, mount: str, base: str) -> tuple[Any, Provider]:
    """What a program is told while it is recorded, and its provider."""
    name = mount.partition("/")[0]
    with (
        Provider() as provider,
        tool(folder, "record", "-o", str(folder / "tapes"), "--upstream", f"{name}={provider.url}{base}") as recorder,
    ):
        (first,) = told(python, program, [f"{recorder.url}/{mount}"])
    assert "error" not in recorder.said()
    return first, provider


def replayed(folder: Path, python: Path, program: str, mount: str, *options: str) -> list[Any]:
    """What it is told in five runs; there is no miss."""
    with tool(folder, "serve", str(folder / "tapes"), "--speed", "max", *options) as server:
        runs = told(python, program, [f"{server.url}/~run{number}/{mount}" for number in range(RUNS)])
        assert "no tape matches" not in server.said()
        assert "note" not in server.said()
    return runs


@pytest.mark.slow
def test_a_program_with_times_ids_paths_pictures_and_many_requests_at_once(tmp_path: Path) -> None:
    python, mount = Path(sys.executable), "openai/v1"
    first, provider = recorded(tmp_path, python, "core", mount, "/v1")
    assert first["twice, then"] == "about twice, time 2, streamed"
    assert (first["whole"], first["streamed"]) == ("about form, time 1, whole", "about form, time 2, streamed")
    assert first["cats"] == "about cats, time 1, streamed"
    assert first["cats and dogs"] == "about cats+dogs, time 1, streamed"
    assert len(provider.requests) == len(first) == 18
    assert replayed(tmp_path, python, "core", mount) == [first] * RUNS
    # By its bytes alone little of it is known again; the miss says what would have helped.
    with tool(tmp_path, "serve", str(tmp_path / "tapes"), "--speed", "max", "--match", "exact") as exact:
        (found,) = told(python, "core", [f"{exact.url}/{mount}"])
    assert {name: text for name, text in found.items() if not text.startswith("404 ")} == {
        name: first[name] for name in ("plain", "picture", "whole", "streamed", "cats", "cats and dogs")
    }
    assert "differs in $.messages[0].content (a UUID, a date, a time, a time in seconds), " in found["dated"]
    assert "; --match normalized would have matched " in found["dated"]
    # The recorder plays by the same key: nothing is asked anew.
    with (
        Provider() as again,
        tool(tmp_path, "record", "-o", str(tmp_path / "tapes"), "--upstream", f"openai={again.url}/v1") as recorder,
    ):
        assert told(python, "core", [f"{recorder.url}/~again/{mount}"]) == [first]
    assert again.requests == []


@pytest.mark.parametrize(
    ("program", "mount", "base"),
    [pytest.param("agent_openai", "openai/v1", "/v1", marks=pytest.mark.slow), ("agent_anthropic", "anthropic", "")],
)
def test_an_agent_of_six_turns(program: str, mount: str, base: str, tmp_path: Path) -> None:
    python = environments.python("new")
    first, _ = recorded(tmp_path, python, program, mount, base)
    assert [turn[0] for turn in first[:-1]] == ["look", "read", "write", "run", "look"]
    assert first[-1].endswith("time 1, streamed")
    assert replayed(tmp_path, python, program, mount) == [first] * RUNS
