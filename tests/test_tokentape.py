"""The command line as a whole: what help costs, how mistakes are told, what `--` does, whose packages are used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

import tokentape
from cassettes.model import CassetteError, TokentapeError

ROOT = Path(tokentape.__file__).resolve().parent
Body = Callable[[click.Context], object]


def run(*argv: str, cwd: Path, stdout: Any = subprocess.PIPE, **env: str) -> subprocess.CompletedProcess[str]:
    """`python …` as a user starts it: our tree on the path, no terminal, no stdin."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **env}
    return subprocess.run(
        [sys.executable, *argv],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a command `probe` into the table whose body is the given function of its context."""

    def install(body: Body, wraps: bool = False) -> None:
        @click.command("probe")
        @click.argument("words", nargs=-1)
        @click.option("--port", type=int)
        @click.pass_context
        def probe_command(context: click.Context, /, **_options: object) -> object:
            return body(context)

        home = ModuleType("probe_home")
        home.probe_command = probe_command  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "probe_home", home)
        monkeypatch.setitem(tokentape.COMMANDS, "probe", tokentape.Entry("Test", "probe_home", "Probe.", wraps))

    return install


def failing(error: BaseException) -> Body:
    def body(_context: click.Context) -> None:
        raise error

    return body


# Imports

LOADED = """
import json, os, sys
before = set(sys.modules)
import tokentape
for argv in {argvs}:
    tokentape.main(argv)
print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""


@pytest.mark.parametrize("argvs", [[], [["--help"]], [[]], [["--version"]]], ids=["import", "help", "bare", "version"])
def test_help_and_version_import_click_only(argvs: list[list[str]], tmp_path: Path) -> None:
    done = run("-c", LOADED.format(argvs=argvs), cwd=tmp_path)
    loaded = set(json.loads(done.stderr))
    foreign = {
        name for name in loaded if name.partition(".")[0] not in {*sys.stdlib_module_names, "click", "tokentape"}
    }
    assert foreign == set()
    if argvs != [["--version"]]:  # importlib.metadata brings email, and that brings socket
        assert loaded & {"asyncio", "email", "http", "importlib.metadata", "socket", "ssl"} == set()


def test_completion_offers_every_command_and_imports_none(tmp_path: Path) -> None:
    code = LOADED.format(argvs=[]) + "sys.exit(tokentape.main())"
    asked = {"_TOKENTAPE_COMPLETE": "bash_complete", "COMP_WORDS": "tokentape ", "COMP_CWORD": "1"}
    done = run("-c", code + "\n", cwd=tmp_path, **asked)
    assert [line.removeprefix("plain,") for line in done.stdout.splitlines()] == list(tokentape.COMMANDS)
    assert "recorder" not in json.loads(done.stderr)


# Help


def test_help_shows_examples_then_commands_then_options_then_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert tokentape.main(["--help"]) == 0
    page = capsys.readouterr().out
    titles = [line for line in page.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["Examples:", "Record:", "Play:", "Tapes:", "About:", "Options:", "Exit codes:"]
    for name, entry in tokentape.COMMANDS.items():
        assert f"  {name} " in page
        assert entry.help in page
    documented = [line.split()[0] for line in page[page.index("Exit codes:") :].splitlines()[1:] if line[2:3].isdigit()]
    assert documented == ["0", "1", "2", "3", "4", "5", "130"]


def test_no_argument_at_all_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert tokentape.main([]) == 0
    assert capsys.readouterr().out.startswith("Usage: tokentape")


def test_version_names_the_three_that_a_report_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert tokentape.main(["--version"]) == 0
    python = ".".join(map(str, sys.version_info[:3]))
    words = capsys.readouterr().out.strip().split(", ")
    assert words[0] == f"tokentape {tokentape.__version__}"
    assert words[1] == f"Python {python}"
    assert words[2].startswith("aiohttp 3.")


@pytest.mark.parametrize("name", tokentape.COMMANDS)
def test_every_command_of_the_table_exists_and_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = getattr(import_module(tokentape.COMMANDS[name].home), f"{name}_command")
    assert command.name == name
    assert command.help
    assert tokentape.main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: tokentape {name}")


# The wrapped command


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["serve", "t", "--", "pytest", "-k", "a"], (["serve", "t"], ("pytest", "-k", "a"))),
        (["record", "-o", "t", "--", "sh", "-c", "a -- b", "--", "c"], (["record", "-o", "t"], ("sh", "-c", "a -- b", "--", "c"))),
        (["serve"], (["serve"], None)),
        (["show", "--", "-odd-name.yaml"], (["show", "--", "-odd-name.yaml"], None)),
        (["--", "serve"], (["--", "serve"], None)),
        (["srve", "--", "x"], (["srve", "--", "x"], None)),
        ([], ([], None)),
    ],
)  # fmt: skip
def test_arguments_are_split_at_the_first_dashes(argv: list[str], expected: object) -> None:
    assert tokentape.split_wrapped(argv) == expected


def test_a_wrapped_command_reaches_the_context_and_not_clicks_parser(probe: Callable[..., None]) -> None:
    seen: list[dict[str, Any]] = []
    probe(lambda context: seen.append(context.obj), wraps=True)
    assert tokentape.main(["probe", "--port", "1", "--", "pytest", "--no-such-option"]) == 0
    assert tokentape.main(["probe"]) == 0
    assert [obj["command"] for obj in seen] == [("pytest", "--no-such-option"), None]
    assert isinstance(seen[0]["compose"], tokentape.Composition)


def test_dashes_without_a_command_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert tokentape.main(["serve", "--"]) == 2
    assert "nothing follows `--`" in capsys.readouterr().err


# Statuses and mistakes


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (lambda _: None, 0),
        (lambda _: 7, 7),
        (lambda _: True, 0),
        (lambda _: "text", 0),
        (lambda context: context.exit(5), 5),
        (failing(KeyboardInterrupt()), 130),
        (failing(click.Abort()), 130),
        (failing(BrokenPipeError()), 1),
    ],
)
def test_status(body: Body, status: int, probe: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    probe(body)
    assert tokentape.main(["probe"]) == status
    assert capsys.readouterr().err.strip() == ""


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (TokentapeError("port 80 is taken"), 1, "port 80 is taken"),
        (CassetteError("size 3 does not fit", "a.yaml:4:2"), 3, "a.yaml:4:2: size 3 does not fit"),
        (TokentapeError("a\x1b[31m\r\nb\u202ec\udc80 한"), 1, "a\\x1b[31m\\r\\nb\\u202ec\\udc80 한"),
        (PermissionError(13, "Permission denied", "tapes"), 1, "[Errno 13] Permission denied: 'tapes'"),
        (click.UsageError("odd\x07."), 2, "odd\\x07 (see tokentape probe --help)"),
        (click.ClickException("odd\x07."), 1, "odd\\x07"),
    ],
)
def test_a_mistake_is_one_escaped_line(
    error: Exception, status: int, line: str, probe: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    probe(failing(error))
    assert tokentape.main(["probe"]) == status
    captured = capsys.readouterr()
    assert captured.err == f"tokentape: error: {line}\n"
    assert captured.out == ""


def test_our_own_bugs_keep_their_traceback(probe: Callable[..., None]) -> None:
    probe(failing(ZeroDivisionError("ours")))
    with pytest.raises(ZeroDivisionError):
        tokentape.main(["probe"])


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["srve"], "there is no command 'srve': did you mean 'serve'? (see tokentape --help)"),
        (["qqqqqq"], "there is no command 'qqqqqq' (see tokentape --help)"),
        (["probe", "--port", "x\x1b"], "Invalid value for '--port': 'x\\x1b' is not a whole number (see tokentape probe --help)"),
    ],
)  # fmt: skip
def test_usage_errors_exit_2_in_one_line(
    argv: list[str], line: str, probe: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    probe(failing(AssertionError("not reached")))
    assert tokentape.main(argv) == 2
    assert capsys.readouterr().err == f"tokentape: error: {line}\n"


@pytest.mark.parametrize(("value", "colour"), [("1", False), ("", None), (None, None)])
def test_no_color_is_honoured(
    value: str | None, colour: bool | None, probe: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if value is not None:
        monkeypatch.setenv("NO_COLOR", value)
    seen: list[bool | None] = []
    probe(lambda context: seen.append(context.color))
    assert tokentape.main(["probe"]) == 0
    assert seen == [colour]


def test_a_reader_that_left_is_no_traceback(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = run("-m", "tokentape", "--help", cwd=tmp_path, stdout=write_end)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_behind_stdout_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = run("-m", "tokentape", "--help", cwd=tmp_path, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "tokentape: error: [Errno 28] No space left on device\n"


def test_bytes_that_are_no_text_can_be_printed(tmp_path: Path) -> None:
    code = "import tokentape, click; tokentape.main(['--version']); click.echo('x\\udc80')"
    done = run("-c", code, cwd=tmp_path, PYTHONIOENCODING="utf-8")
    assert done.stdout.splitlines()[-1] == "x\\udc80"


# Whose packages


@pytest.mark.parametrize("name", tokentape.PACKAGES)
@pytest.mark.parametrize("shape", ["{}.py", "{}/__init__.py"])
def test_a_file_that_hides_a_package_of_ours_is_named_and_not_run(name: str, shape: str, tmp_path: Path) -> None:
    hiding = tmp_path / shape.format(name)
    hiding.parent.mkdir(exist_ok=True)
    hiding.write_text("raise SystemExit('it ran')\n")
    script = tmp_path / "script.py"
    script.write_text("import sys, tokentape\nsys.exit(tokentape.main(['list']))\n")
    done = run(str(script), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"tokentape: error: {hiding} hides tokentape's own package '{name}'")
    assert done.stderr.count("\n") == 1


def test_a_hidden_package_is_an_import_error_for_python_users(tmp_path: Path) -> None:
    (tmp_path / "cassettes.py").write_text("")
    (tmp_path / "script.py").write_text("import tokentape\nprint(tokentape.TokentapeError)\n")
    done = run("script.py", cwd=tmp_path)
    assert "ImportError: " in done.stderr.splitlines()[-1]
    assert str(tmp_path / "cassettes.py") in done.stderr.splitlines()[-1]


def test_a_package_that_is_already_loaded_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = ModuleType("recorder")
    foreign.__file__ = "/somewhere/recorder.py"
    monkeypatch.setitem(sys.modules, "recorder", foreign)
    assert "/somewhere/recorder.py hides" in (tokentape.hidden_package() or "")
    monkeypatch.setitem(sys.modules, "recorder", ModuleType("recorder"))
    assert "is not beside" in (tokentape.hidden_package() or "")


def test_a_folder_of_data_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "cassettes").mkdir()
    (tmp_path / "cassettes" / "hello.yaml").write_text("version: 1\n")
    done = run("-c", "import tokentape; print(tokentape.hidden_package(), tokentape.TokentapeError)", cwd=tmp_path)
    assert done.stdout == "None <class 'cassettes.model.TokentapeError'>\n"


# Public names


def test_public_names_are_the_packages_own() -> None:
    assert tokentape.TokentapeError is TokentapeError
    assert tokentape.CassetteError is CassetteError
    assert all(hasattr(tokentape, name) for name in tokentape.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tokentape.nothing
