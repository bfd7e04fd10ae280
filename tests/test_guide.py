"""The guide, run: every block of every page, in the order of the page, as a project of its own."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import re
import runpy
import shlex
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import openai
import pytest
import yaml
from guide import PAGES, ROOT, Block, blocks
from wires import tokentape as command_line

import recorder.settings
import recorder.standby
import tokentape
from mockserver import embed, lookup, pytest_options, rig, wishes  # noqa: F401 - the same

pytest_plugins = ("pytester",)
pytestmark = [pytest.mark.xdist_group("guide"), pytest.mark.filterwarnings("ignore::ResourceWarning")]

LOADED = (recorder.settings, recorder.standby)
RECORDS = {"recording", "sdk-upgrade", "upkeep"}
"""Pages that ask a provider: a server of ours stands in for it."""
INSTALLS = {"pip", "npm", "docker"}
KNOWN = {"tokentape", "pytest", "python", "rm", *INSTALLS}


@pytest.fixture
def provider() -> Iterator[tokentape.Mock]:
    with tokentape.serve("openai/hello", speed="max") as mock:
        yield mock


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """What an SDK imports late is imported here: a run within this one would have copies that do not know each other."""
    with (
        tokentape.serve("openai/hello", speed="max", faults="cut@3e") as mock,
        openai.OpenAI(base_url=mock.url("openai"), api_key="x") as client,
        pytest.raises(openai.APIConnectionError),
    ):
        list(client.chat.completions.create(model="gpt-5.1", messages=[], stream=True))


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Nobody who reads a guide closes a client: those are closed when they are collected, which is here."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class Reader:
    """Follows a page in a folder of its own."""

    def __init__(self, suite: pytest.Pytester) -> None:
        self._suite = suite
        self.said: list[str] = []

    def follow(self, block: Block) -> None:
        if block.file is not None:
            path = self._suite.path / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.kind == "sh":
            self.said = []
            for words, fails in block.commands:
                status, said = self._run(words)
                self.said += said
                assert status == fails, f"line {block.line}: {shlex.join(words)} ended with {status}\n" + "\n".join(
                    said
                )
        elif block.kind == "text":
            matcher = pytest.LineMatcher(self.said)
            for line in block.text.splitlines():
                matcher.fnmatch_lines([line.replace("[", "[[]")])
        else:
            raise AssertionError(f"line {block.line}: a block that is neither a file nor commands nor output")

    def _run(self, words: list[str]) -> tuple[int, list[str]]:
        match words:
            case ["pip", "install", *names]:
                assert set(names) <= {"tokentape", "pytest", "openai"}, names
                return 0, []
            case ["rm", "-r", name]:
                shutil.rmtree(self._suite.path / name)
                return 0, []
            case ["pytest", *options]:
                return self._pytest(options)
            case ["tokentape", *options] if "--" in options:
                done = command_line(*options, cwd=self._suite.path)
                return done.returncode, (done.stdout + done.stderr).splitlines()
            case ["tokentape", *options]:
                return _captured(lambda: tokentape.main(options))
            case ["python", script]:
                return _captured(lambda: len(runpy.run_path(script)) * 0)
        raise AssertionError(f"not a command of a guide: {words}")

    def _pytest(self, options: list[str]) -> tuple[int, list[str]]:
        current = os.environ.pop("PYTEST_CURRENT_TEST", "")
        if "-n" in options:  # workers are processes: what they load is their own
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            done = self._suite.runpytest_subprocess("-p", "xdist", "-p", "pytest_tokentape", *options)
            del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        else:
            done = self._suite.runpytest_inprocess("-p", "no:asyncio", *options)
        os.environ["PYTEST_CURRENT_TEST"] = current
        return int(done.ret), [*done.outlines, *done.errlines]


def _captured(call: Callable[[], int]) -> tuple[int, list[str]]:
    """What `call` returns, and the lines it prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = call()
    return status, said.getvalue().splitlines()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_what_it_says(
    name: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for variable in [one for one in os.environ if one.startswith(("PYTEST_XDIST", "TOKENTAPE_", "OPENAI_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if name in RECORDS:
        monkeypatch.setenv("OPENAI_BASE_URL", request.getfixturevalue("provider").url("openai"))
        monkeypatch.setenv("OPENAI_API_KEY", "sk-guide-" + "a1B2" * 8)
    reader = Reader(pytester)
    for block in blocks(PAGES[name]):
        reader.follow(block)


def run_lines() -> Iterator[tuple[str, str]]:
    """(page:line, command) of what workflows and containers run."""
    for page in PAGES.values():
        for block in blocks(page):
            if block.kind != "yaml" or "cassettes" in (block.file or ""):
                continue
            data = yaml.safe_load(block.text)
            steps = [step for job in data.get("jobs", {}).values() for step in job["steps"]]
            services = data.get("services", {}).values()
            for line in [step["run"] for step in steps if "run" in step] + [
                one["command"] for one in services if "command" in one
            ]:
                yield f"{page.name}:{block.line}", line


RUN_LINES = dict(run_lines())


@pytest.mark.parametrize("place", RUN_LINES)
def test_what_workflows_run_can_be_run(place: str) -> None:
    shell = re.fullmatch(r'sh -c "(.*)"', RUN_LINES[place])
    for line in (shell[1] if shell else RUN_LINES[place]).split(" && "):
        words = shlex.split(line)
        assert words[0] in KNOWN, line
        if words[0] == "tokentape":
            options = words[: words.index("--")] if "--" in words else words
            assert unknown_options(options[1], options[2:]) == []
        elif words[0] == "pytest":
            ours = [word.partition("=")[0] for word in words if word.startswith("--tokentape")]
            plugin = (ROOT / "pytest_tokentape.py").read_text()
            assert all(f'"{option}"' in plugin for option in ours)


def unknown_options(name: str, words: list[str]) -> list[str]:
    """Options that the command does not take."""
    command = tokentape._commands.get_command(tokentape.click.Context(tokentape._commands), name)
    assert command is not None
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return [word for word in words if word.startswith("-") and word.partition("=")[0] not in known]


def test_options_that_are_none_are_noticed() -> None:
    assert unknown_options("serve", ["--speed", "max", "--fast"]) == ["--fast"]


def test_the_list_of_pages_is_whole() -> None:
    linked = re.findall(r"\]\(([\w-]+)\.md\)", (ROOT / "docs" / "guide" / "README.md").read_text())
    assert sorted(linked) == sorted(PAGES)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
