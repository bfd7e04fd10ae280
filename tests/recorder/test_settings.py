"""Defaults of options from files and variables, over the command line as users run it; `tokentape config`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
import wires

import tokentape
from cassettes.config import CHOSEN
from mockserver.commands import serve_command
from recorder.commands import call_command, record_command
from recorder.settings import TABLES, defaults, kinds_of, parameters_of

COMMANDS = {"serve": serve_command, "record": record_command}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("TOKENTAPE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def laid(name: str, **environ: str) -> dict[str, Any]:
    return defaults(name, {**COMMANDS, "call": call_command}[name], lambda: COMMANDS, environ)


@contextmanager
def parsed(name: str, *argv: str) -> Iterator[dict[str, Any]]:
    """The options with which the command line would run the command."""
    seen: list[dict[str, Any]] = []
    command = COMMANDS[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "callback", lambda **options: seen.append(options))
        yield seen[0] if tokentape.main([name, *argv]) == 0 else {}


def test_the_tables_are_those_of_the_commands_that_are_handed_in() -> None:
    assert tuple(tokentape.Composition().configured()) == TABLES


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_option_but_json_and_help_is_a_setting_under_its_own_name(command: click.Command) -> None:
    names = {name.removeprefix("--") for one in command.params for name in one.opts if name.startswith("--")}
    assert parameters_of(command).keys() - {"tapes"} == names - {"json", "help"}


def test_kinds() -> None:
    kinds = kinds_of(serve_command)
    assert kinds["tapes"]._asdict() == {"many": True, "flag": False, "pairs": False, "text": "tape"}
    assert kinds["upstream"]._asdict() == {"many": True, "flag": False, "pairs": True, "text": "plain"}
    assert kinds["no-mark"].flag
    assert kinds["ready-file"].text == kinds_of(record_command)["output"].text == "path"
    assert kinds["speed"]._asdict() == {"many": False, "flag": False, "pairs": False, "text": "plain"}


def test_flags_go_before_variables_before_the_file_before_defaults(folder: Path) -> None:
    Path("tokentape.toml").write_text("speed = 2\ntapes = ['t']\nmap = {A = 'openai', B = 'xai'}\n[serve]\nport = 81\n")
    Path("below").mkdir()
    os.chdir("below")
    with parsed("serve") as options:
        assert (options["speed"], options["port"], options["after_last"], options["no_mark"]) == (2.0, 81, None, False)
        assert options["tapes"] == (folder / "t",)
        assert options["mapped"] == ("A=openai", "B=xai")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOKENTAPE_SPEED", "3")
        patch.setenv("TOKENTAPE_NO_MARK", "1")
        patch.setenv("TOKENTAPE_TAPES", os.pathsep.join(["x", "y"]))
        patch.setenv("TOKENTAPE_MAP", "C=google")
        with parsed("serve", "--port", "82") as options:
            assert (options["speed"], options["port"], options["no_mark"]) == (3.0, 82, True)
            assert options["tapes"] == (Path("x"), Path("y"))
            assert options["mapped"] == ("C=google",)
        with parsed("serve", "z", "--speed", "max", "--map", "D=openai") as options:
            assert (options["speed"], options["tapes"]) == (float("inf"), (Path("z"),))
            assert options["mapped"] == ("D=openai",)


def test_record_reads_its_own(folder: Path) -> None:
    Path("pyproject.toml").write_text(
        "[tool.tokentape]\noutput = 'tapes/new'\nidle-timeout = '5s'\n[tool.tokentape.record]\nrecord-mode = 'all'\n"
    )
    with parsed("record") as options:
        assert (options["output"], options["record_mode"]) == (folder / "tapes/new", "all")
        assert (options["idle_timeout"],) == (5000.0,)
    assert laid("call") == {"idle_timeout": "5s"}
    assert laid("serve") == {"output": str(folder / "tapes/new")}, "where --on-miss record keeps tapes"
    assert laid("call", **{CHOSEN: ""}) == {}


def test_providers_of_a_user_are_known_to_all_commands_before_they_are_named(folder: Path) -> None:
    Path("more.yaml").write_text("nebula: {base_url: https://nebula.example/v1}\n")
    Path("tokentape.toml").write_text("providers = 'more.yaml'\nmap = ['BOT_URL=nebula']\noutput = 'kept'\n")
    listed = wires.tokentape("providers", "--json")  # a process of its own: rows that are added stay
    assert '"nebula"' in listed.stdout
    assert listed.stderr == f"tokentape: note: {folder / 'tokentape.toml'} sets providers\n"
    code = "import os; print(os.environ['BOT_URL'])"
    assert wires.tokentape("serve", "openai", "--", sys.executable, "-c", code).stdout.endswith("/nebula/v1\n")


def test_the_folder_of_record_is_no_mistake_of_serve(folder: Path) -> None:
    Path("tokentape.toml").write_text("output = 'kept'\n")
    done = wires.tokentape("serve", "openai", "--port", "0", "--", sys.executable, "-c", "")
    assert (done.returncode, done.stderr.count("error")) == (0, 0)
    assert wires.tokentape("serve", "openai", "-o", "x", "--", "true").returncode == 2


def test_a_mistake_is_told_as_the_option_s_own_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    Path("tokentape.toml").write_text("\n[serve]\nspeed = 'fast'\n")
    assert tokentape.main(["serve"]) == 3
    wanted = "'fast' is not a speed; expected a factor above 0, such as 0.5 or 10, or max"
    assert capsys.readouterr().err == f"tokentape: error: tokentape.toml:3: speed: {wanted}\n"
    Path("tokentape.toml").write_text("upstream = ['bot']\n")
    assert tokentape.main(["record"]) == 3
    assert "tokentape.toml:1: upstream: " in capsys.readouterr().err
    Path("tokentape.toml").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOKENTAPE_SPEED", "fast")
        assert tokentape.main(["serve"]) == 2
        assert capsys.readouterr().err == f"tokentape: error: TOKENTAPE_SPEED: {wanted}\n"
        assert tokentape.main(["record", "--record-mode", "no"]) == 2  # has no speed


def test_help_is_the_same_wherever_one_stands(capsys: pytest.CaptureFixture[str]) -> None:
    tokentape.main(["serve", "--help"])
    wanted = capsys.readouterr()
    Path("tokentape.toml").write_text("speed = 3\nhost = '0.0.0.0'\nbroken")
    assert tokentape.main(["serve", "-h"]) == 0
    assert capsys.readouterr() == wanted


def test_a_command_without_settings_reads_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("tokentape.toml").write_text("broken")
    assert tokentape.main(["list", "openai"]) == 0
    assert capsys.readouterr().err == ""


def test_who_may_come_in_and_where_requests_go_is_not_set_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    file = Path("tokentape.toml").absolute()
    file.write_text("upstream = ['bot=https://bot.example']\nhost = '0.0.0.0'\nspeed = 2")
    assert laid("serve")["host"] == "0.0.0.0"
    assert capsys.readouterr().err == f"tokentape: note: {file} sets host, upstream\n"
    assert laid("call") == {}
    file.write_text("speed = 2")
    laid("serve")
    assert capsys.readouterr().err == ""


def shown(capsys: pytest.CaptureFixture[str]) -> dict[tuple[str, str], tuple[object, str]]:
    assert tokentape.main(["config", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["settings"]
    return {(row["command"], row["name"]): (row["value"], row["source"]) for row in rows}


def test_config_says_what_came_from_where(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-proj-" + "Zb3" * 16
    Path("tokentape.toml").write_text(f"speed = 'max'\nno-mark = true\n[record]\nupstream = ['b=https://b/{key}']\n")
    monkeypatch.setenv("TOKENTAPE_PORT", "99")
    monkeypatch.setenv("TOKENTAPE_SPEDE", "1")
    monkeypatch.setenv("TOKENTAPE_CONTROL_TOKEN", "hidden-token")
    assert tokentape.main(["config"]) == 0
    page = capsys.readouterr()
    lines = [" ".join(line.split()) for line in page.out.splitlines()]
    assert lines[0] == f"file: {Path('tokentape.toml').absolute()}"
    assert lines[-1] == "TOKENTAPE_CONTROL_TOKEN: set"
    for line in ("speed max tokentape.toml:1", "no-mark true tokentape.toml:2", "port 99 TOKENTAPE_PORT"):
        assert line in lines
    assert "record-mode once default" in lines
    assert "TOKENTAPE_SPEDE sets nothing; did you mean TOKENTAPE_SPEED?" in page.err
    assert f"{Path('tokentape.toml').absolute()} sets upstream" in page.err
    values = shown(capsys)
    assert values["serve", "speed"] == ("max", "tokentape.toml:1")
    assert values["serve", "no-mark"] == (True, "tokentape.toml:2")
    assert values["serve", "host"] == ("127.0.0.1", "default")
    assert values["record", "port"] == ("99", "TOKENTAPE_PORT")
    assert tokentape.main(["config", "--json"]) == 0
    text = capsys.readouterr().out + page.out
    assert "hidden-token" not in text
    assert key not in text


def test_config_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert tokentape.main(["config"]) == 0
    assert capsys.readouterr().out.startswith("file: none\n\nserve\n  tapes")
    Path("tokentape.toml").write_text("[serve]\nsped = 1")
    assert tokentape.main(["config"]) == 3
    assert (
        capsys.readouterr().err
        == "tokentape: error: tokentape.toml:2: serve has no setting 'sped'; did you mean 'speed'?\n"
    )
