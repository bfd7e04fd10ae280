"""The wheel in an empty environment: with the lowest versions that it allows and an old pytest, and with the newest of all.

Slow: it installs. Without a package index it is skipped, but not on CI.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OLD_PYTEST = "7.0" if sys.version_info < (3, 12) else "8.0"
"""The oldest that works (with any pluggy from 1.2 on); on Python 3.12 it is pytest itself that needs to be newer."""
SUITE = """
import json, os, sys, urllib.error, urllib.request

import pytest

BASE = os.environ["OPENAI_BASE_URL"]

def ask(base=BASE, text="Hello!"):
    body = {"model": "gpt-5.1", "stream": True, "messages": [{"role": "user", "content": text}]}
    request = urllib.request.Request(base + "/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()

@pytest.mark.tokentape("openai/hello", faults="status#1:503", strict=True)
def test_the_mark(tokentape):
    assert [ask()[0], ask(tokentape.url("openai"))[0]] == [503, 200]
    assert tokentape.requests[1].json["messages"]

@pytest.mark.tokentape("openai/hello", match="normalized")
def test_a_miss():
    ask()

def test_its_own_tape(tokentape):
    ask()

def test_python(tmp_path):
    import tokentape
    with tokentape.serve(speed="max") as mock:
        assert b"[DONE]" in ask(mock.url("openai"))[1]
        with tokentape.record(tmp_path, upstream={"openai": mock.url("openai")}) as recorder:
            assert b"[DONE]" in ask(recorder.url("openai"), "new")[1]
    assert list(tmp_path.rglob("*.yaml"))
"""


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON", "TOKENTAPE"))
    }
    return subprocess.run(
        command,
        cwd=cwd,
        env={**clean, "NO_PROXY": "*", **env},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def lowest() -> list[str]:
    """Each dependency at its lower bound."""
    return [re.sub(r">=", "==", need) for need in PROJECT["dependencies"]]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("which", ["lowest", "newest"])
def test_the_wheel_is_used_where_nothing_else_is(which: str, wheel: Path, tmp_path: Path) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("\n".join([*lowest(), f"pytest=={OLD_PYTEST}"] if which == "lowest" else []))
    assert run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path).returncode == 0
    python = tmp_path / "venv" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", constraints, wheel, "pytest")
    done = run(*pip, cwd=tmp_path)
    if done.returncode and os.environ.get("CI") != "true":
        pytest.skip(f"nothing could be installed: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    if which == "lowest":
        held = run(python, "-m", "pip", "freeze", cwd=tmp_path).stdout.lower()
        for pinned in lowest():
            assert re.search(rf"^{re.escape(pinned.lower())}(\.0)*$", held, re.MULTILINE), f"{pinned} in\n{held}"
    project = tmp_path / "project"
    project.mkdir()
    (project / "test_it.py").write_text(SUITE)
    done = run(
        python, "-W", "error::DeprecationWarning:tokentape", "-m", "pytest", "-p", "no:cacheprovider", cwd=project
    )
    assert "2 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "no tape matches POST " in done.stdout
    assert (
        "this test has no tape: `pytest 'test_it.py::test_its_own_tape' --tokentape-record=once` records" in done.stdout
    )
    shown = run(python.parent / "tokentape", "demo", cwd=project)
    assert shown.returncode == 0, shown.stderr
    assert run(python.parent / "tokentape", "doctor", cwd=project).returncode == 0
