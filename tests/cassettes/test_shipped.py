"""What ships, by name: the same as what reading it all says."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassettes import providers
from cassettes.shipped import names_for, provider_names, shipped_names, shipped_root, shipped_tape
from cassettes.store import FolderStore


def test_the_names_are_those_of_a_store() -> None:
    store = FolderStore([shipped_root()])
    store.load()
    assert {tape.name: tape.path for tape in store.tapes} == shipped_names()


def test_a_tape_a_folder_and_nothing() -> None:
    assert shipped_tape("openai/hello") == shipped_root() / "openai" / "hello.yaml"
    assert shipped_tape("openai") == shipped_root() / "openai"
    assert shipped_tape("") is shipped_tape("../library") is shipped_tape("openai/hello.yaml") is None


def test_providers_are_those_of_the_rows() -> None:
    assert provider_names() == list(providers.load())


def test_tapes_to_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("open.yaml", "open.txt", "other.yaml", ".open.yaml"):
        Path(name).touch()
    Path("openai-tapes").mkdir()
    typical = [name for name in shipped_names() if name.startswith("open") and "/typical/" in name]
    shipped = ["openai", "openai/typical", "openrouter", "openrouter/typical", "openai/hello", "openai/responses-hello"]
    assert sorted(names_for("open")) == sorted([*shipped, *typical, "open.yaml", "openai-tapes"])
    assert names_for("openai/he") == ["openai/hello"]
    assert names_for("./open") == names_for("zz") == names_for("nowhere/x") == []
