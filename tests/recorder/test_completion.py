"""Completion: the scripts name what the program reads, a real shell gets its words from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tokentape
from cassettes import providers
from recorder.completion import SHELLS

ROOT = Path(tokentape.__file__).resolve().parent


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_asks_the_program_by_its_variable(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tokentape.main(["completion", shell]) == 0
    page = capsys.readouterr()
    assert f"_TOKENTAPE_COMPLETE={shell}_complete" in page.out
    assert page.err == ""


def test_an_unknown_shell_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert tokentape.main(["completion"]) == 2
    assert capsys.readouterr().err.startswith(
        "tokentape: error: Missing argument 'bash|zsh|fish'. Choose from: bash, zsh, fish"
    )
    assert tokentape.main(["completion", "tcsh"]) == 2
    assert "'tcsh' is not one of" in capsys.readouterr().err


def environment(folder: Path) -> dict[str, str]:
    """With a `tokentape` on the path that is this tree's."""
    program = folder / "bin" / "tokentape"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tokentape "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def offered(folder: Path, *words: str) -> list[str]:
    """What bash would offer for the last of `words`; fails when the program says anything on stderr."""
    quoted = " ".join(f"'{word}'" for word in words)
    code = (
        'eval "$(tokentape completion bash)"; compopt() { :; }; '
        f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
        '_tokentape_completion tokentape; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", code],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_options_tapes_and_providers(tmp_path: Path) -> None:
    (tmp_path / "tokentape.toml").write_text("broken")
    assert offered(tmp_path, "tokentape", "co") == ["convert", "config", "completion"]
    assert offered(tmp_path, "tokentape", "serve", "openai/r") == ["openai/responses-hello"]
    assert offered(tmp_path, "tokentape", "show", "xai/h") == ["xai/hello"]
    assert offered(tmp_path, "tokentape", "call", "") == list(providers.load())
    assert offered(tmp_path, "tokentape", "serve", "--spe") == ["--speed"]
    assert offered(tmp_path, "tokentape", "nonsense", "x") == []


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_takes_the_script(tmp_path: Path) -> None:
    code = 'autoload -Uz compinit && compinit -D && eval "$(tokentape completion zsh)" && print $_comps[tokentape]'
    done = subprocess.run(
        ["zsh", "-f", "-c", code], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("_tokentape_completion", "")


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_takes_the_script(tmp_path: Path) -> None:
    code = "tokentape completion fish | source; complete -C 'tokentape serve openai/r'"
    done = subprocess.run(
        ["fish", "-N", "-c", code], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["openai/responses-hello"]
