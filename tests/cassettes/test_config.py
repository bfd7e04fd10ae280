"""Configuration: what a file may say, what a mistake in it is told as; variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes import config
from cassettes.config import Kind, Setting, of_file, of_variables, strange_variables
from cassettes.configfile import CHOSEN, ConfigError, Document, VariableError, search
from cassettes.model import TokentapeError

KNOWN = {
    "serve": {
        "speed": Kind(),
        "no-mark": Kind(flag=True),
        "tapes": Kind(many=True, text="tape"),
        "upstream": Kind(many=True, pairs=True),
        "normalize": Kind(many=True, pairs=True),
    },
    "record": {"output": Kind(text="path"), "record-mode": Kind(), "upstream": Kind(many=True, pairs=True)},
}


def found(folder: Path, **environ: str) -> Document | None:
    return search(folder, environ, os.geteuid()).document


def settings(folder: Path, text: str, command: str | None = "serve") -> dict[str, object]:
    (folder / "tokentape.toml").write_text(text)
    document = found(folder)
    assert document is not None
    return {key: one.value for key, one in of_file(document, command, KNOWN).items()}


def mistake(folder: Path, text: str, command: str) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(folder, text, command)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}/")


# What it says


def test_the_command_s_own_table_goes_first_and_dashes_are_one(tmp_path: Path) -> None:
    text = "speed = 10\nno_mark = true\nrecord-mode = 'all'\n[serve]\nspeed = 'max'\n[record]\nrecord_mode = 'none'"
    assert settings(tmp_path, text) == {"speed": "max", "no-mark": True}
    assert settings(tmp_path, text, "record") == {"record-mode": "none"}
    assert settings(tmp_path, text, None) == {"speed": "10", "no-mark": True, "record-mode": "all"}


def test_lists_and_tables_of_pairs(tmp_path: Path) -> None:
    text = "tapes = 'a.yaml'\nupstream = ['a=b', 'c=d']"
    assert settings(tmp_path, text) == {"tapes": (str(tmp_path / "a.yaml"),), "upstream": ("a=b", "c=d")}
    assert settings(tmp_path, "[upstream]\nbot = 'https://b'\nx = 1") == {"upstream": ("bot=https://b", "x=1")}
    assert settings(tmp_path, "serve.upstream.bot = 'https://b'") == {"upstream": ("bot=https://b",)}


def test_paths_count_from_the_file_and_shipped_tapes_keep_their_names(tmp_path: Path) -> None:
    text = "tapes = ['t', 'openai/hello', '/abs', '~/x']\noutput = 'openai'"
    home = str(Path("~/x").expanduser())
    assert settings(tmp_path, text)["tapes"] == (str(tmp_path / "t"), "openai/hello", "/abs", home)
    assert settings(tmp_path, text, "record")["output"] == str(tmp_path / "openai")
    (tmp_path / "openai").mkdir()
    (tmp_path / "openai" / "hello").mkdir()
    assert settings(tmp_path, "tapes = 'openai/hello'")["tapes"] == (str(tmp_path / "openai/hello"),)


def test_places_name_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'a'\n[tool.tokentape]\nspeed = 1\n")
    document = found(tmp_path)
    assert document is not None
    assert of_file(document, "serve", KNOWN) == {"speed": Setting("1", f"{tmp_path}/pyproject.toml:4", ConfigError)}
    monkeypatch.chdir(tmp_path)
    assert document.place("speed") == "pyproject.toml:4"
    assert document.place("not-there") == "pyproject.toml:3"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sped = 1", "tokentape.toml:1: there is no setting 'sped'; did you mean 'speed'?"),
        ("\nqqq = 1", "tokentape.toml:2: there is no setting 'qqq'; expected one of answers, no-mark, normalize, output, "),
        ("[serv]\nspeed = 1", "tokentape.toml:1: there is no setting 'serv'; did you mean 'serve'?"),
        ("serve = 1", "tokentape.toml:1: serve: found a number, expected a table of settings"),
        ("[serve]\nspeed = 1\nrecord_mode = 1", "tokentape.toml:3: serve has no setting 'record_mode'; it belongs to record"),
        ("[record]\noutptu = 1", "tokentape.toml:2: record has no setting 'outptu'; did you mean 'output'?"),
        ("record-mode = 1\nrecord_mode = 2", "tokentape.toml:2: record-mode is set twice (also at "),
        ("[tool.tokentape]\nspeed = 1", "tokentape.toml:1: [tool.tokentape] is for pyproject.toml; in tokentape.toml settings"),
        ("speed = true", "tokentape.toml:1: speed: found true, expected text or a number"),
        ("speed = 2026-11-20", "tokentape.toml:1: speed: found a date or time, expected text or a number"),
        ("no-mark = 'yes'", "tokentape.toml:1: no-mark: found text, expected true or false"),
        ("no-mark = 1", "tokentape.toml:1: no-mark: found a number, expected true or false"),
        ("tapes = ['a', ['b']]", "tokentape.toml:1: tapes: found a list with a list in it, expected a list of texts"),
        ("tapes = {a = 1}", "tokentape.toml:1: tapes: found a table, expected a list of texts"),
        ("upstream = {a = true}", 'tokentape.toml:1: upstream: found a table, expected a list of texts such as "NAME=VALUE", or'),
        ("[record]\nupstream = [1.5, false]", "tokentape.toml:2: upstream: found a list with false in it, expected"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_its_place(text: str, line: str, tmp_path: Path) -> None:
    command = "record" if text.startswith("record") else "serve"
    assert mistake(tmp_path, text, command).startswith(line)


values = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.floats(), st.text(max_size=5), st.none()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["speed", "tapes", "no-mark", "upstream", "serve", "record", "x"]), values))
def test_whatever_a_file_holds_is_settings_or_one_line(table: dict[str, object]) -> None:
    document = Document(Path("tokentape.toml"), table, "")
    try:
        told = [*of_file(document, "serve", KNOWN)]
    except TokentapeError as error:
        told = [str(error)]
    assert set(told) <= KNOWN["serve"].keys() or told[0].startswith(document.shown)


# Variables


def test_variables_are_read_by_the_kind_of_the_setting() -> None:
    environ = {
        "TOKENTAPE_SPEED": "max",
        "TOKENTAPE_NO_MARK": "Yes",
        "TOKENTAPE_TAPES": os.pathsep.join(["a,b", "c"]),
        "TOKENTAPE_UPSTREAM": "a=b, c=d,",
        "TOKENTAPE_NORMALIZE": "[0-9]{2,4}=YEAR\n x=Y ",
    }
    assert {key: one.value for key, one in of_variables(environ, KNOWN["serve"]).items()} == {
        "speed": "max",
        "no-mark": True,
        "tapes": ("a,b", "c"),
        "upstream": ("a=b", "c=d"),
        "normalize": ("[0-9]{2,4}=YEAR", "x=Y"),
    }
    assert of_variables({"TOKENTAPE_UPSTREAM": "a=b,c\nd=e"}, KNOWN["serve"])["upstream"].value == ("a=b,c", "d=e")
    assert of_variables({"TOKENTAPE_NORMALIZE": "a{1,2}=N"}, KNOWN["serve"])["normalize"].value == ("a{1,2}=N",)
    assert of_variables({"TOKENTAPE_SPEED": ""}, KNOWN["serve"]) == {}


def test_a_flag_is_true_or_false() -> None:
    assert of_variables({"TOKENTAPE_NO_MARK": "0"}, KNOWN["serve"])["no-mark"].value is False
    with pytest.raises(VariableError, match="TOKENTAPE_NO_MARK: found 'maybe', expected true or false"):
        of_variables({"TOKENTAPE_NO_MARK": "maybe"}, KNOWN["serve"])


def test_slips_of_the_pen_are_found() -> None:
    environ = dict.fromkeys(
        ["TOKENTAPE_SPED", "TOKENTAPE_SPEED", CHOSEN, "TOKENTAPE_CONTROL_TOKEN", "TOKENTAPE_QQQQ"], "x"
    )
    assert strange_variables(environ, KNOWN) == [
        "TOKENTAPE_QQQQ sets nothing",
        "TOKENTAPE_SPED sets nothing; did you mean TOKENTAPE_SPEED?",
    ]
    assert config.variable_of("record-mode") == "TOKENTAPE_RECORD_MODE"
