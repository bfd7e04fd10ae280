"""The reference page: as it would be written now, and nothing that there is lacks a heading."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

import pytest_tokentape
import tokentape
from cassettes import providers
from mockserver.faults import table as faults
from mockserver.verdicts.table import NAMES
from recorder.settings import parameters_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference.md"
HEADINGS = re.findall(r"^#{3,4} (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
SOURCES = [
    path for place in ("cassettes", "recorder", "mockserver") for path in sorted((ROOT / place).rglob("*.py"))
] + [ROOT / "tokentape.py", ROOT / "pytest_tokentape.py"]


def test_the_page_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    written = import_module("reference").text()
    sys.modules.pop("reference")
    assert PAGE.read_text(encoding="utf-8") == written, "run `make reference`"


def test_no_heading_stands_twice() -> None:
    assert sorted(set(HEADINGS)) == sorted(HEADINGS)


@pytest.mark.parametrize("name", tokentape.COMMANDS)
def test_every_command_and_each_of_its_options_has_a_heading(name: str) -> None:
    assert f"`tokentape {name}`" in HEADINGS
    command = getattr(import_module(tokentape.COMMANDS[name].home), f"{name}_command")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert f"`{name} {max(parameter.opts, key=len)}`" in HEADINGS


def test_every_option_of_the_plugin_has_a_heading() -> None:
    options = re.findall(r'addoption\(\s*"(--[\w-]+)"', Path(pytest_tokentape.__file__).read_text(encoding="utf-8"))
    assert options
    assert {f"`{option}`" for option in options} <= set(HEADINGS)


def test_every_fault_and_verdict_has_a_heading() -> None:
    assert {f"fault `{name}`" for name in faults.names()} <= set(HEADINGS)
    assert {f"verdict `{name}`" for name in NAMES} <= set(HEADINGS)


def test_every_exit_status_has_a_heading() -> None:
    assert {f"exit status `{status}`" for status, _ in tokentape.EXIT_CODES} <= set(HEADINGS)
    raised = {int(found) for path in SOURCES for found in re.findall(r"exit_code = (\d+)", path.read_text("utf-8"))}
    assert {str(status) for status in raised} <= {status for status, _ in tokentape.EXIT_CODES}


def test_every_environment_variable_has_a_heading() -> None:
    settings = {
        "TOKENTAPE_" + key.upper().replace("-", "_")
        for command in tokentape.Composition().configured().values()
        for key in parameters_of(command)
    }
    rows = providers.load().values()
    of_rows = {name for row in rows for name in (*row.base_url_variables, *row.key_variables)}
    # What sources read by name, whatever the tables say.
    read = {
        name.upper()
        for path in SOURCES
        for name in re.findall(r'(?:environ(?:\.get)?[(\[]|envvar=)"(\w+)"', path.read_text("utf-8"))
    }
    constants = {
        name for path in SOURCES for name in re.findall(r'"(TOKENTAPE_[A-Z]+(?:_[A-Z]+)*)"', path.read_text("utf-8"))
    }
    assert settings
    assert {f"`{name}`" for name in settings | of_rows | read | constants} <= set(HEADINGS)
