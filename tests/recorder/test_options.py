"""Options: what they read, and that a mistake names the option."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from cassettes.durations import duration
from recorder.options import DURATION, FILE, FOLDER, Written, examples


def read(kind: click.ParamType, *values: str) -> object:
    """What a command gets for `--value VALUE`."""

    @click.command()
    @click.option("--value", type=kind, default="5s" if kind is DURATION else None)
    def command(value: object) -> object:
        return value

    arguments = [word for value in values for word in ("--value", value)]
    return command.main(arguments, standalone_mode=False)


def test_a_duration_is_read_also_as_a_default() -> None:
    assert read(DURATION, "1.5s") == 1500.0
    assert read(DURATION) == 5000.0


def test_a_mistake_names_the_option_and_what_was_expected() -> None:
    with pytest.raises(click.BadParameter) as caught:
        read(Written("duration", duration), "soon")
    assert caught.value.format_message().startswith("Invalid value for '--value': 'soon' is not a duration; expected")


@pytest.mark.parametrize("name", ["a.yaml", "b/c.yml", "d.yaml.gz"])
def test_names_of_tapes(name: str) -> None:
    assert read(FILE, name) == Path(name)


@pytest.mark.parametrize("name", ["a.json", "yaml", "a.yaml/"])
def test_a_name_that_no_store_would_find_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(click.BadParameter):
        read(FILE, name)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert read(FOLDER, str(tmp_path / "new")) == tmp_path / "new"
    with pytest.raises(click.BadParameter, match="is a file"):
        read(FOLDER, str(tmp_path / "file"))


def test_examples_come_first_and_keep_their_lines() -> None:
    assert examples("\n    tokentape a\n    tokentape b\n", "What it does.") == (
        "\b\nExamples:\n  tokentape a\n  tokentape b\n\nWhat it does."
    )
