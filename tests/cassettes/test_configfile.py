"""The configuration file: which one counts, whose it may be, what cannot be read."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from cassettes.configfile import CHOSEN, ConfigError, Document, VariableError, search


def found(folder: Path, **environ: str) -> Document | None:
    return search(folder, environ, os.geteuid()).document


def mistake(folder: Path, text: str | bytes, name: str = "tokentape.toml") -> str:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        found(folder)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}/")


def test_the_nearest_file_counts_and_ours_goes_first(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert found(below) is None
    (tmp_path / "tokentape.toml").write_text("speed = 1")
    (tmp_path / "pyproject.toml").write_text("[tool.tokentape]\nspeed = 2")
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'tokentape-user'\n[tool.x]\n")
    nearest = found(below)
    assert nearest is not None
    assert (nearest.path, nearest.table) == (tmp_path / "tokentape.toml", {"speed": 1})
    (below / "pyproject.toml").write_text("[tool.tokentape]\nspeed = 3")
    nearest = found(below)
    assert nearest is not None
    assert (nearest.path, nearest.table) == (below / "pyproject.toml", {"speed": 3})


def test_a_pyproject_that_never_names_us_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("this is [ no toml")
    monkeypatch.setattr(tomllib, "loads", lambda _: pytest.fail("parsed"))
    assert found(tmp_path) is None


def test_a_folder_or_a_fifo_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "tokentape.toml").mkdir()
    os.mkfifo(tmp_path / "pyproject.toml")
    assert found(tmp_path) is None


def test_a_variable_chooses_the_file_or_none(tmp_path: Path) -> None:
    (tmp_path / "tokentape.toml").write_text("speed = 1")
    other = tmp_path / "other.toml"
    other.write_text("speed = 2")
    chosen = found(tmp_path, **{CHOSEN: str(other)})
    assert chosen is not None
    assert chosen.table == {"speed": 2}
    assert found(tmp_path, **{CHOSEN: ""}) is None
    with pytest.raises(VariableError, match=r"TOKENTAPE_CONFIG: there is no file '.*none\.toml'; expected") as caught:
        found(tmp_path, **{CHOSEN: str(tmp_path / "none.toml")})
    assert caught.value.exit_code == 2


def test_a_stranger_s_file_in_a_folder_for_everybody_is_passed_over(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (tmp_path / "tokentape.toml").write_text("speed = 1")
    theirs = shared / "tokentape.toml"
    theirs.write_text("host = '0.0.0.0'")
    stranger = theirs.stat().st_uid + 1
    if theirs.stat().st_uid == 0:
        os.chown(theirs, 4711, -1)
        stranger = 4712
    in_private = search(shared, {}, stranger).document
    assert in_private is not None
    assert in_private.path == theirs
    shared.chmod(0o1777)
    passed = search(shared, {}, stranger)
    assert passed.document is not None
    assert passed.document.path == tmp_path / "tokentape.toml"
    assert passed.notes == (
        f"{theirs} is not used: everybody may write to its folder and it is not yours; TOKENTAPE_CONFIG={theirs} uses it",
    )
    own = search(shared, {}, theirs.stat().st_uid).document
    assert own is not None
    assert own.path == theirs
    assert search(shared, {CHOSEN: str(theirs)}, stranger).notes == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("speed = ", "tokentape.toml:1: not TOML: invalid value"),
        ("speed = ?\n", "tokentape.toml:1:9: not TOML: invalid value"),
        ("a = 1\na = 2", "tokentape.toml:2:"),
        ("a = " + "[" * 5000, "tokentape.toml"),
        ("x = '" + "a" * (1 << 20) + "'", "tokentape.toml: found more than 1 MB, expected settings in TOML"),
        (b"a = 1\nb = '\xff'", "tokentape.toml:2: found bytes that are not UTF-8, expected TOML"),
    ],
    ids=range(6),
)
def test_what_is_no_toml_is_one_line_with_its_place(text: str | bytes, line: str, tmp_path: Path) -> None:
    assert mistake(tmp_path, text).startswith(line)


def test_what_is_no_table(tmp_path: Path) -> None:
    line = "pyproject.toml:2: tool.tokentape: found no table, expected a table of settings"
    assert mistake(tmp_path, "[tool]\ntokentape = []", "pyproject.toml") == line
    (tmp_path / "pyproject.toml").write_text("tool = 'tokentape'")
    assert found(tmp_path) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.tokentape]")
    (tmp_path / "pyproject.toml").chmod(0)
    assert found(tmp_path) is None
    (tmp_path / "tokentape.toml").write_text("")
    (tmp_path / "tokentape.toml").chmod(0)
    with pytest.raises(ConfigError, match="cannot read it"):
        found(tmp_path)
