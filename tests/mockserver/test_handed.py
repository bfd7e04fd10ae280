"""Tapes from files: named, read once while they stay as they are, never confused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tapes import taped

from cassettes.matching import Index
from cassettes.model import CassetteError
from cassettes.normalise import NO_RULES, rules_of
from cassettes.shipped import shipped_root
from mockserver.choose import Playing
from mockserver.handed import HandedTapes, Shelf, Source, source


def test_names_are_paths_under_the_root(tmp_path: Path):
    taped(tmp_path / "a", "one", [b"1"])
    taped(tmp_path / "b", "one", [b"2"])
    held = Shelf().held([Source(tmp_path / "a", tmp_path), Source(tmp_path / "b" / "one.yaml", tmp_path)], NO_RULES)
    assert [entry.place for entry in held.entries] == ["a/one#1", "b/one#1"]
    assert held.files == {"a/one": tmp_path / "a" / "one.yaml", "b/one": tmp_path / "b" / "one.yaml"}


def test_a_file_is_taken_once_and_a_name_is_one_tapes(tmp_path: Path):
    taped(tmp_path / "a", "one", [b"1"])
    taped(tmp_path / "b", "one", [b"2"])
    sources = [source(tmp_path / "a"), source(tmp_path / "b"), source(tmp_path / "a" / "one.yaml")]
    held = Shelf().held(sources, NO_RULES)
    assert [entry.place for entry in held.entries] == ["one#1", "one~2#1"]


def test_shipped_tapes_go_by_their_names(tmp_path: Path, monkeypatch):
    one = source("openai/hello")
    assert (one.is_shipped, one.root) == (True, shipped_root())
    assert [entry.place for entry in Shelf().held([one], NO_RULES).entries] == ["openai/hello#1"]
    assert len(Shelf().held([source("openai")], NO_RULES).entries) > 1
    taped(tmp_path / "openai", "hello", [b"1"])
    monkeypatch.chdir(tmp_path)
    assert not source(Path("openai/hello.yaml")).is_shipped


def test_what_stays_is_read_once_and_what_changes_again(tmp_path: Path):
    path, shelf = taped(tmp_path, "one", [b"1"]), Shelf()
    (first,) = shelf.held([source(tmp_path)], NO_RULES).entries
    (again,) = shelf.held([source(tmp_path)], NO_RULES).entries
    assert again is first
    (other,) = shelf.held([source(tmp_path)], rules_of(["$.x"])).entries
    assert other is not first
    path.unlink()
    taped(tmp_path, "one", [b"22"])
    (changed,) = shelf.held([source(tmp_path)], NO_RULES).entries
    assert changed.interaction.response.body == b"22"
    path.write_text("version: 1\ninteractions: {")
    with pytest.raises(CassetteError, match=r"one\.yaml:"):
        shelf.held([source(tmp_path)], NO_RULES)
    with pytest.raises(CassetteError, match="no such file"):
        shelf.held([Source(tmp_path / "no", tmp_path)], NO_RULES)


def test_a_deck_has_what_it_was_handed_whatever_the_server_has(tmp_path: Path):
    taped(tmp_path, "one", [b"1"])
    held = Shelf().held([source(tmp_path)], NO_RULES)
    own = HandedTapes(held.entries, NO_RULES, Playing(), held.files)
    assert own.chooser(Index((), NO_RULES)).index.tapes.keys() == {"one"}
    assert own.files == {"one": tmp_path / "one.yaml"}
    assert HandedTapes((), NO_RULES, Playing()).files == {}
