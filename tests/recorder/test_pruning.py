"""What was never played is told and goes; what was stays byte for byte."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from cassettes.model import Cassette, CassetteError
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load_file
from recorder.pruning import drop, played, unused

HELLO = shipped_root() / "openai" / "hello.yaml"
THREE = [load_file(shipped_root() / name / "hello.yaml").interactions[0] for name in ("openai", "google", "anthropic")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    tapes = tmp_path / "tests" / "cassettes" / "test_a"
    tapes.mkdir(parents=True)
    (tapes / "three.yaml").write_bytes(dump(Cassette(tuple(THREE))))
    shutil.copy(HELLO, tapes / "old.yaml")
    shutil.copy(HELLO, tapes.parent / "elsewhere.yaml")
    return tmp_path


def noted(root: Path, *rows: tuple[str, int]) -> Path:
    file = root / ".tokentape" / "played.jsonl"
    file.parent.mkdir(exist_ok=True)
    lines = [json.dumps({"file": f"tests/cassettes/test_a/{name}.yaml", "interaction": n}) for name, n in rows]
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


def test_what_was_never_played_beside_what_was(root: Path) -> None:
    known = played(noted(root, ("three", 1), ("three", 3), ("gone", 1)))
    found = {one.file.name: (one.numbers, one.of, one.whole) for one in unused(known, (), float("inf"))}
    assert found == {"three.yaml": ((2,), 3, False), "old.yaml": ((1,), 1, True)}
    below = {one.file.name for one in unused(known, (root / "tests",), float("inf"))}
    assert below == {"three.yaml", "old.yaml", "elsewhere.yaml"}


def test_it_goes_and_the_rest_stays(root: Path) -> None:
    known = played(noted(root, ("three", 1), ("three", 3)))
    for one in list(unused(known, (), float("inf"))):
        drop(one)
    folder = root / "tests" / "cassettes" / "test_a"
    assert sorted(path.name for path in folder.glob("*.yaml")) == ["three.yaml"]
    assert (folder / "three.yaml").read_bytes() == dump(Cassette((THREE[0], THREE[2])))


def test_a_tape_in_another_layout_is_written_anew(root: Path) -> None:
    tape = root / "tests" / "cassettes" / "test_a" / "three.yaml"
    flow = {
        "request": {"method": "GET", "uri": "http://a", "headers": {}, "body": None},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "x"}},
    }
    tape.write_text(json.dumps({"version": 1, "interactions": [flow, {**flow, "response": flow["response"]}]}))
    known = played(noted(root, ("three", 2), ("old", 1)))
    (one,) = unused(known, (), float("inf"))
    drop(one)
    assert len(load_file(tape).interactions) == 1


def test_a_tape_that_has_changed_since_is_left_alone(root: Path) -> None:
    file = noted(root, ("three", 1))
    tape = root / "tests" / "cassettes" / "test_a" / "three.yaml"
    os.utime(tape, (2_000_000_000, 2_000_000_000))
    found = {one.file.name: one.changed for one in unused(played(file), (), file.stat().st_mtime + 1)}
    assert found == {"three.yaml": True, "old.yaml": False}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"file": "a"}\n', "played.jsonl:1:1"),
        ('{"file": "a", "interaction": 1}\nnonsense\n', "played.jsonl:2:1"),
        ("[]\n", "delete the file and run all tests once"),
    ],
)
def test_what_is_no_note_is_told_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "played.jsonl"
    file.write_text(text)
    with pytest.raises(CassetteError) as caught:
        played(file)
    assert said in str(caught.value)


def test_without_notes_nothing_can_be_said(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match="run pytest first"):
        played(tmp_path / "played.jsonl")
