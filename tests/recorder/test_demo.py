"""`tokentape demo` does the main job, and what it tells people to try works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from wires import tokentape, tool

from cassettes.model import Ending
from cassettes.store import shipped_root
from cassettes.yamlio import load_file
from recorder import demo

SHIPPED = shipped_root() / "openai/hello.yaml"


def test_the_demo_records_replays_and_compares(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    (folder / "openai").mkdir(parents=True)
    other = folder / "a.yaml"
    other.write_bytes(SHIPPED.read_bytes())
    run = tokentape("demo", "--keep", str(folder), environ={"COLUMNS": "100", "http_proxy": "http://127.0.0.1:9"})
    assert run.returncode == 0, run.stderr
    assert "1. openai/hello, a tape that ships with tokentape, plays as the provider" in run.stderr
    (kept,) = folder.glob("openai/*.yaml")
    assert f"kept: {kept}" in run.stderr
    (tape,), (source,) = load_file(kept).interactions, load_file(SHIPPED).interactions
    assert tape.response.body == source.response.body
    assert tape.response.stream.source == "recorded"
    assert run.stdout.split()[:2] == ["recorded", "replayed"]
    assert "6,856 bytes, all equal" in run.stdout
    assert " chunks, same edges" in run.stdout
    assert "body bytes and the recorded tape's 6856: equal" in run.stdout
    assert run.stdout.rstrip().endswith("tokentape record -o tapes -- python your_app.py")
    assert other.read_bytes() == SHIPPED.read_bytes()


def test_a_folder_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tokentape import main

    (tmp_path / "file").touch()
    assert main(["demo", "--keep", str(tmp_path / "file" / "kept")]) == 1
    shown = "cannot write here (Not a directory), expected --keep DIR that may be written to"
    assert capsys.readouterr().err == f"tokentape: error: {tmp_path / 'file' / 'kept'}: {shown}\n"
    monkeypatch.setattr("os.access", lambda _path, mode: not mode & os.W_OK)
    assert main(["demo", "--keep", str(tmp_path)]) == 1
    assert "cannot write here (Permission denied)" in capsys.readouterr().err


def test_the_demo_as_json() -> None:
    run = tokentape("demo", "--json")
    figures = json.loads(run.stdout)
    assert (run.returncode, figures["same"], figures["bytes"]["wanted"]) == (0, True, 6856)
    assert set(figures["gap_error_ms"]) == {"p50", "p90", "p99", "max"}


def test_a_demo_that_lost_something_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from msgspec.structs import replace

    play = demo._play

    def broken(server: list[str], body: bytes) -> object:
        line = play(server, body)
        return replace(line, end=Ending(type="reset")) if server[0] == "serve" else line

    monkeypatch.setattr(demo, "_play", broken)
    with pytest.raises(SystemExit) as caught:
        demo.demo_command.main(["--json"], "demo")
    assert caught.value.code == 1
    assert json.loads(capsys.readouterr().out)["same"] is False


def shell_lines() -> list[str]:
    """The commands of `NEXT`: curl, then python with its script."""
    text = demo.NEXT
    curl = text[text.index("  curl") : text.index("  python -")]
    return [curl, text[text.index("  python -") : text.index("Record your own")]]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_what_it_tells_to_try_works(tmp_path: Path) -> None:
    with tool(tmp_path, "serve", "--speed", "4") as server:
        found = []
        for lines in shell_lines():
            command = lines.replace("http://127.0.0.1:7357", server.url).replace("  python -", f"  {sys.executable} -")
            run = subprocess.run(["sh", "-c", command], capture_output=True, timeout=60, check=False)
            assert run.returncode == 0, run.stderr
            found.append(run.stdout)
    (source,) = load_file(SHIPPED).interactions
    assert found[0] == source.response.body
    assert found[1].decode() == "Hello! 안녕하세요! 👋 It’s nice to meet you. What would you like to talk about today?"
