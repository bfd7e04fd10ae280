"""`tokentape prune` as it is called; `init` is in test_project.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tokentape
from cassettes.model import Cassette
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load_file

HELLO = load_file(shipped_root() / "openai" / "hello.yaml").interactions[0]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".tokentape").mkdir()
    (tmp_path / "cassettes").mkdir()
    (tmp_path / "cassettes" / "two.yaml").write_bytes(dump(Cassette((HELLO, HELLO))))
    (tmp_path / ".tokentape" / "played.jsonl").write_text('{"file": "cassettes/two.yaml", "interaction": 2}\n')

    def command(*argv: object) -> tuple[int, str, str]:
        status = tokentape.main([str(word) for word in argv])
        return status, *capsys.readouterr()

    return command


def test_dry_then_for_good(run: Any, tmp_path: Path) -> None:
    tape = tmp_path / "cassettes" / "two.yaml"
    before = tape.read_bytes()
    said = "cassettes/two.yaml: #1 of 2 never played\n"
    assert run("prune") == (0, said, "tokentape: nothing was written; --write does it\n")
    assert run("prune", "cassettes") == (0, said, "tokentape: nothing was written; --write does it\n")
    assert tape.read_bytes() == before
    status, out, _ = run("prune", "cassettes", "--write", "--json")
    (row,) = json.loads(out)
    assert (status, row) == (
        0,
        {"file": "cassettes/two.yaml", "numbers": [1], "of": 2, "changed": False, "written": True, "whole": False},
    )
    assert tape.read_bytes() == dump(Cassette((HELLO,)))


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["prune", "nowhere"], 3, "nowhere: there is no such file or folder"),
        (["prune", "--played", "other.jsonl"], 3, "run pytest first"),
    ],
)
def test_mistakes_are_a_line(words: list[str], status: int, said: str, run: Any) -> None:
    found, out, err = run(*words)
    assert (found, out) == (status, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_where_all_was_played_nothing_is_to_do(run: Any, tmp_path: Path) -> None:
    (tmp_path / ".tokentape" / "played.jsonl").write_text(
        "".join(f'{{"file": "cassettes/two.yaml", "interaction": {n}}}\n' for n in (1, 2))
    )
    assert run("prune") == (0, "", "tokentape: everything was played\n")
