"""`tokentape providers` and `tokentape env`: what they print, and that a shell can use it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cassettes import coverage, providers
from cassettes.providers import ProviderError
from mockserver.provider_commands import described, exported, table, variables_for
from tokentape import main

URL = "http://127.0.0.1:7357"


@pytest.fixture
def fresh() -> Iterator[None]:
    """The shipped rows again afterwards."""
    yield
    providers.restore()


def test_the_table_has_a_line_for_each_provider(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["name", "title", "base", "URL"]
    for row in providers.load().values():
        (line,) = [line for line in lines if line.startswith((f"{row.name} ", f"{row.name}, "))]
        assert f"  {row.title}  " in line
        assert providers.client_url(row, URL) in line
        assert all(name in line for name in (*row.dialects, *row.base_url_variables, *row.key_variables, *row.aliases))
    assert "keepalive ': INFRONAI PROCESSING', ': ONEROUTER PROCESSING'" in "\n".join(lines)
    assert "Responses for openai/*" in "\n".join(lines)
    assert "--upstream gateway=URL" in "\n".join(lines)
    assert ".invalid" not in "\n".join(lines)


def test_the_table_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "--json", "--url", "http://h:1/~d/"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(providers.load())
    assert rows["groq"]["base_url"] == "http://h:1/~d/groq/openai/v1"
    assert rows["gateway"]["upstream"] is None
    assert rows["infron"]["keepalive"][0] == ": INFRONAI PROCESSING"
    assert rows["tokenhub"]["quirks"] == ["sparse-chunks", "usage-in-last-chunk"]


@pytest.mark.usefixtures("fresh")
def test_a_row_of_ones_own_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("acme: {base_url: 'https://h/v1', title: \"\\e[31m오크\"}\n", encoding="utf-8")
    assert main(["providers", "--providers", str(file)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("acme")
    assert "\\x1b[31m오크" in last
    assert f"{URL}/acme/v1  " in last


def test_what_acts_on_a_terminal_is_escaped() -> None:
    row = providers.Provider(name="x", base_url="http://h", title="\x1b[2J", keepalive=(": \x07",))
    assert "\x1b" not in "".join(table([described(row, URL)]))


def test_all_variables(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in [name for name in os.environ if name.endswith(("_API_KEY", "_PROXY", "_proxy", "_AUTH_TOKEN"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XAI_API_KEY", "mine")
    assert main(["env"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"export OPENAI_BASE_URL={URL}/openai/v1" in lines
    assert f"export GROQ_BASE_URL={URL}/groq" in lines
    assert "export OPENAI_API_KEY=tokentape" in lines
    assert not [line for line in lines if "XAI_API_KEY" in line or "PROXY" in line or "AZURE" in line]


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("xai", {"XAI_BASE_URL": f"{URL}/xai/v1", "XAI_API_BASE": f"{URL}/xai/v1", "XAI_API_KEY": "tokentape"}),
        ("runyourai", {"OPENAI_BASE_URL": f"{URL}/runyourai/v1", "OPENAI_API_KEY": "tokentape"}),
        (
            "gateway",
            {
                "OPENAI_BASE_URL": f"{URL}/gateway/v1",
                "ANTHROPIC_BASE_URL": f"{URL}/gateway",
                "OPENAI_API_KEY": "tokentape",
                "ANTHROPIC_API_KEY": "tokentape",
            },
        ),
        (
            "azure",
            {
                "AZURE_OPENAI_ENDPOINT": f"{URL}/azure",
                "AZURE_API_BASE": f"{URL}/azure",
                "AZURE_OPENAI_API_KEY": "tokentape",
            },
        ),
        ("vertex", {"GOOGLE_VERTEX_BASE_URL": f"{URL}/vertex"}),
    ],
)
def test_the_variables_of_one_provider(name: str, variables: dict[str, str]) -> None:
    assert variables_for(name, URL, {}) == variables


def test_a_key_that_is_set_stays_and_a_proxy_is_passed_by() -> None:
    environ = {"OPENAI_API_KEY": "mine", "HTTPS_PROXY": "http://proxy", "NO_PROXY": "corp"}
    assert variables_for("infron", URL, environ) == {
        "OPENAI_BASE_URL": f"{URL}/infron/v1",
        "no_proxy": "corp,127.0.0.1,localhost,::1",
        "NO_PROXY": "corp,127.0.0.1,localhost,::1",
    }
    with pytest.raises(ProviderError, match="did you mean infron"):
        variables_for("infrom", URL, {})


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("sh", "export A='it'\"'\"'s \\ $x'"),
        ("fish", "set -gx A 'it\\'s \\\\ $x'"),
        ("powershell", "$env:A = 'it''s \\ $x'"),
    ],
)
def test_lines_for_shells(shell: str, line: str) -> None:
    assert exported("A", "it's \\ $x", shell) == line


@pytest.mark.parametrize("shell", ["sh", "bash", "fish", "pwsh"])
def test_a_shell_takes_them(shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    name = {"fish": "fish", "pwsh": "powershell"}.get(shell, "sh")
    script = exported("TAPE_URL", "http://h/~a'b\\", name)
    script += "; & printenv TAPE_URL" if shell == "pwsh" else "; printenv TAPE_URL"
    done = subprocess.run([program, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "http://h/~a'b\\\n"


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (["env", "opnai"], 2, "did you mean openai?"),
        (["env", "--url", "127.0.0.1:7357"], 2, "expected the URL of a server"),
        (["providers", "--url", "http://h?x"], 2, "no query"),
        (["providers", "--providers", "none.yaml"], 3, "none.yaml: cannot be read"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], status: int, why: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tokentape", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (status, "", 1)
    assert why in done.stderr


def test_what_can_be_done_with_each_is_a_table_for_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "--coverage"]) == 0
    assert capsys.readouterr().out == coverage.table()
    assert main(["providers", "--coverage", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["folded"] is True
    page = tmp_path / "page.md"
    page.write_text(f"{coverage.BEGIN}\n{coverage.END}\n", encoding="utf-8")
    assert main(["providers", "--coverage", "--into", str(page)]) == 0
    assert coverage.table() in page.read_text(encoding="utf-8")
    page.write_text("no place", encoding="utf-8")
    assert main(["providers", "--coverage", "--into", str(page)]) == 2
    assert main(["providers", "--into", str(page)]) == 2
    assert capsys.readouterr().err.count("\n") == 2
