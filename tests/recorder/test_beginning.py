"""What `init` adds, to which files, and that it adds it once."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from cassettes.model import TokentapeError
from recorder.beginning import ATTRIBUTES, EXCLUDED, IGNORED, changes

PROJECT = '[project]\nname = "x"\n\n[tool.pytest.ini_options] # ours\naddopts = "-q"\n'
HOOKS = "# hooks\nrepos:\n- repo: local\n  hooks: []\n"


def after(files: dict[str, str]) -> dict[str, str]:
    new = {one.file: one.new for one in changes(files) if one.new is not None}
    return {**files, **new}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"pyproject.toml": PROJECT, ".gitignore": "*.pyc", ".pre-commit-config.yaml": HOOKS},
        {"pyproject.toml": PROJECT.rstrip(), ".gitattributes": "*.png binary\n"},
    ],
    ids=["nothing", "a project", "without line ends"],
)
def test_it_adds_what_is_missing_once(files: dict[str, str]) -> None:
    once = after(files)
    assert once[".gitattributes"].splitlines()[-2:] == list(ATTRIBUTES)
    assert once[".gitignore"].splitlines()[-3:] == list(IGNORED)
    tool = tomllib.loads(once["pyproject.toml"])["tool"]
    assert tool["tokentape"]["record"] == {"output": "tests/cassettes"}
    assert tool["tokentape"]["pytest"] == {"guard": True}
    for name, text in files.items():
        lines = iter(once[name].splitlines())
        assert all(line in lines for line in text.splitlines())  # each is there still, in its order
    assert changes(once) == []


def test_pytest_is_told_where_it_has_settings_here() -> None:
    once = after({"pyproject.toml": PROJECT})
    ini = tomllib.loads(once["pyproject.toml"])["tool"]["pytest"]["ini_options"]
    assert ini["norecursedirs"][-1] == "cassettes"
    assert ini["addopts"] == "-q"
    assert "norecursedirs" not in after({"pyproject.toml": PROJECT, "pytest.ini": "[pytest]\n"})["pyproject.toml"]
    mine = PROJECT + 'norecursedirs = ["x"]\n'
    assert 'cassettes"]' not in after({"pyproject.toml": mine})["pyproject.toml"]


def test_formatters_leave_tapes_alone() -> None:
    hooks = yaml.safe_load(after({".pre-commit-config.yaml": HOOKS})[".pre-commit-config.yaml"])
    assert hooks["exclude"] == EXCLUDED
    assert hooks["repos"]
    for path in ("tests/cassettes/test_a/x.yaml", "cassettes/x.yaml.gz"):
        assert re.search(EXCLUDED, path)
    assert not re.search(EXCLUDED, "tests/cassettes/x.py")


def test_an_exclude_of_its_own_is_the_owners() -> None:
    (change,) = [one for one in changes({".pre-commit-config.yaml": f"exclude: ^x\n{HOOKS}"}) if one.note]
    assert EXCLUDED in change.note
    assert not change.changes
    assert not any(one.note for one in changes({".pre-commit-config.yaml": f"exclude: ^(x|cassettes/)\n{HOOKS}"}))


def test_what_is_there_stays_as_it_is_said() -> None:
    own = {".gitattributes": "**/cassettes/**/*.yaml -text\n", "tokentape.toml": "speed = 2\n"}
    once = after(own)
    assert once[".gitattributes"].startswith(own[".gitattributes"])
    assert ATTRIBUTES[0] not in once[".gitattributes"]
    assert "pyproject.toml" not in once


def test_a_project_file_that_is_none() -> None:
    with pytest.raises(TokentapeError, match=r"pyproject\.toml: not TOML"):
        changes({"pyproject.toml": "[tool"})
