"""The table of shipped tapes: what the files say, for these files alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassettes import compiled, yamlio
from cassettes.shipped import shipped_names, shipped_root
from cassettes.store import read_tape
from cassettes.synth import library


@pytest.mark.parametrize("name", shipped_names())
def test_it_says_what_the_file_says(name: str) -> None:
    path = shipped_names()[name]
    data = path.read_bytes()
    assert compiled.known(path, data) == yamlio.load(data, str(path)), "make library"


def test_the_file_is_what_the_command_makes() -> None:
    assert (shipped_root() / compiled.NAME).read_bytes() == library.table(), "make library"


def test_an_edited_tape_and_one_from_elsewhere_are_parsed(tmp_path: Path) -> None:
    path = shipped_names()["openai/hello"]
    assert compiled.known(path, path.read_bytes() + b"\n") is None
    copy = tmp_path / "hello.yaml"
    copy.write_bytes(path.read_bytes())
    assert compiled.known(copy, path.read_bytes()) is None
    assert read_tape(copy) == read_tape(path)


@pytest.mark.parametrize("data", [b"", b"nothing", None])
def test_without_a_table_tapes_are_parsed(data: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if data is not None:
        (tmp_path / compiled.NAME).write_bytes(data)
    monkeypatch.setattr(compiled, "shipped_root", lambda: tmp_path)
    compiled._table.cache_clear()
    path = shipped_names()["openai/hello"]
    try:
        assert compiled.known(path, path.read_bytes()) is None
    finally:
        compiled._table.cache_clear()
