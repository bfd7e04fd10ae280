"""`tokentape init` on real folders and a real git."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tokentape
from cassettes.store import shipped_root
from recorder.beginning import DRIVER
from recorder.project import Project

HELLO = shipped_root() / "openai" / "hello.yaml"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def command(*argv: object) -> tuple[int, str, str]:
        status = tokentape.main([str(word) for word in argv])
        return status, *capsys.readouterr()

    return command


def git(folder: Path, *words: str) -> str:
    if shutil.which("git") is None:
        pytest.skip("no git on this machine")
    named = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *named, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_it_shows_first_and_writes_only_when_told(run: Any, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    before = sorted(path.name for path in tmp_path.iterdir())
    status, out, err = run("init")
    assert status == 0
    assert "--- /dev/null\n+++ .gitattributes\n" in out
    assert f"git config {DRIVER[0]} '{DRIVER[1]}'" in out
    assert err == "tokentape: nothing was written; --write does it\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    status, _, err = run("init", "--write")
    assert (status, err.splitlines()) == (
        0,
        [f"tokentape: wrote {name}" for name in (".gitattributes", ".gitignore", "pyproject.toml")],
    )
    assert git(tmp_path, "config", DRIVER[0]).strip() == DRIVER[1]
    status, out, err = run("init")
    assert (status, out, err) == (0, "", "tokentape: all is set up\n")


def test_git_shows_a_changed_tape_as_text(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    git(tmp_path, "init", "-q")
    assert run("init", "--write")[0] == 0
    tape = tmp_path / "tests" / "cassettes" / "hello.yaml"
    tape.parent.mkdir(parents=True)
    tape.write_bytes(HELLO.read_bytes())
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "tapes")
    tape.write_bytes(HELLO.read_bytes().replace(b'"content": "Hello!"', b'"content": "Bye!"'))
    changed = [
        line for line in git(tmp_path, "diff").splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}
    ]
    assert changed == ['-   "content": "Hello!"', '+   "content": "Bye!"']
    assert git(
        tmp_path, "check-attr", "text", "linguist-generated", "--", "tests/cassettes/hello.yaml"
    ).splitlines() == [
        "tests/cassettes/hello.yaml: text: unset",
        "tests/cassettes/hello.yaml: linguist-generated: set",
    ]


def test_without_git_the_files_are_all(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert not Project(tmp_path).driver_missing()
    assert run("init", "--write")[0] == 0
    assert (tmp_path / ".gitattributes").exists()


def test_a_file_that_is_no_text_is_told_in_a_line(run: Any, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b"\xff\xfe")
    status, out, err = run("init")
    assert (status, out) == (1, "")
    assert ".gitignore: cannot read it as text" in err
    assert len(err.splitlines()) == 1
