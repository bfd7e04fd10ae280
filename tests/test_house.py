"""What leaves the house and how it is set up: the wheel, the Makefile on odd machines, what CI runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TARGETS = ("demo", "test", "test-all", "lint", "bench", "reference", "library", "clean")


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`command` without a terminal, a stdin, or the variables by which a surrounding `make test` speaks to one below."""
    spoken = {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "PYTHON", "WORKERS"}
    inherited = {name: value for name, value in os.environ.items() if name not in spoken}
    return subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_packages_and_their_data_and_nothing_else(wheel: Path) -> None:
    assert wheel.name == f"tokentape-{PROJECT['version']}-py3-none-any.whl"
    held = set(zipfile.ZipFile(wheel).namelist())
    info = f"tokentape-{PROJECT['version']}.dist-info"
    faces = {face for face in ("tokentape.py", "pytest_tokentape.py") if (ROOT / face).exists()}
    assert {name.partition("/")[0] for name in held} == {"cassettes", "recorder", "mockserver", info} | faces
    assert f"{info}/licenses/LICENSE" in held
    wanted = [
        file.relative_to(ROOT).as_posix()
        for package in ("cassettes", "recorder", "mockserver")
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]
    assert {"cassettes/py.typed", "recorder/py.typed", "mockserver/py.typed", "cassettes/providers.yaml"} <= set(wanted)
    assert any(re.fullmatch(r"cassettes/library/\w+/.+\.yaml", name) for name in wanted)
    assert held - {name for name in held if name.startswith(info)} - faces == set(wanted)


def test_the_installed_wheel_runs_beside_nothing_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    done = run(*pip, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    command = site / "bin" / "tokentape"
    shown = run(command, "--version", cwd=tmp_path, PYTHONPATH=str(site))
    assert shown.stdout.startswith(f"tokentape {PROJECT['version']}, Python 3."), shown.stderr
    asked = run(command, "--help", cwd=tmp_path, PYTHONPATH=str(site))
    assert asked.stdout.startswith("Usage: tokentape"), asked.stderr
    where = "import tokentape; print(tokentape.hidden_package(), tokentape.TokentapeError and tokentape.__file__)"
    used = run(sys.executable, "-c", where, cwd=tmp_path, PYTHONPATH=str(site))
    assert used.stdout.split() == ["None", str(site / "tokentape.py")]


def test_a_test_tool_does_not_cap_what_its_user_may_install() -> None:
    extras = [need for name in ("uvloop", "tls", "codecs") for need in PROJECT["optional-dependencies"][name]]
    needs = PROJECT["dependencies"] + extras
    assert needs
    assert [need for need in needs if re.search(r"<|==|~=|!=", need.partition(";")[0])] == []


def test_licence_and_changelog_are_of_this_version() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert f"## [{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


# make


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with our Makefile and no `.venv`."""
    if not shutil.which("make"):
        pytest.skip("no make on this machine")
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests" / "sdk").mkdir(parents=True)
    for pins in (*(ROOT / "tests" / "sdk").glob("requirements*.txt"), ROOT / "tests" / "sdk" / "package.json"):
        shutil.copy(pins, tmp_path / "tests" / "sdk")
    return tmp_path


def python_that(folder: Path, script: str) -> str:
    """A stand-in for a Python: a shell script in `folder` where `real` is this Python."""
    stub = folder / "odd-python"
    stub.write_text(f"#!/bin/sh\nreal='{sys.executable}'\n{script}\n")
    stub.chmod(0o755)
    return str(stub)


def test_make_alone_lists_the_targets(checkout: Path) -> None:
    done = run("make", cwd=checkout)
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["help", *TARGETS]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ('[ "$1" = -V ] && echo Python 3.9.2 && exit 0; exit 1', "is Python 3.9.2, needed is 3.11 or newer"),
        ('case "$2" in *ensurepip*) exit 1;; esac; exec "$real" "$@"', "apt-get install python3-venv"),
        ('case "$2" in venv) mkdir -p .venv/bin; exit 1;; esac; exec "$real" "$@"', "apt-get install python3-venv"),
    ],
    ids=["too old", "no ensurepip", "venv fails half-way"],
)
def test_a_python_that_does_not_fit_is_told_in_one_line(script: str, told: str, checkout: Path) -> None:
    done = run("make", f"PYTHON={python_that(checkout, script)}", "demo", cwd=checkout)
    assert done.returncode != 0
    assert done.stdout == ""
    first, *rest = done.stderr.splitlines()
    assert told in first
    assert [line for line in rest if not line.startswith("make: ***")] == []
    assert not (checkout / ".venv").exists()


def test_no_python_at_all_is_told_in_one_line(checkout: Path) -> None:
    done = run("make", "PYTHON=no-such-python", "test", cwd=checkout)
    assert done.returncode != 0
    assert done.stderr.startswith("tokentape: no no-such-python on this machine")


MAKES_VENVS = 'echo "$@" >> calls; [ "$2" = venv ] && mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit 0'
"""A Python that notes how it was called, and makes environments whose Python is itself."""


def tools_that(folder: Path, **scripts: str) -> str:
    """A PATH on which `folder` comes first, with these shell scripts in it."""
    folder.mkdir()
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_what_is_set_up_is_not_set_up_again(checkout: Path) -> None:
    binaries = checkout / ".venv" / "bin"
    binaries.mkdir(parents=True)
    shutil.move(python_that(checkout, MAKES_VENVS), binaries / "python")
    path = tools_that(checkout / "tools", node="exit 0", npm='echo "npm $@" >> ../../calls; mkdir node_modules')
    for target in ("test", "test-all", "test"):
        done = run("make", "PYTHON=no-such-python", target, cwd=checkout, PATH=path)
        assert done.returncode == 0, done.stderr
    calls = (checkout / "calls").read_text().splitlines()
    pip = "-m pip install --quiet --disable-pip-version-check"
    assert [call for call in calls if call.startswith(pip)] == [
        f"{pip} -e .[dev]",
        *(
            f"{pip} --no-compile -r tests/sdk/requirements{which}.txt"
            for which in ("", "-old", "-litellm", "-agents", "-page")
        ),
    ]
    assert [call for call in calls if call.startswith("npm")] == [
        "npm install --silent --no-package-lock --no-audit --no-fund --ignore-scripts"
    ]
    assert (checkout / ".venv" / "sdk-node" / "node_modules").is_dir()
    assert [call for call in calls if call.startswith("-m pytest")] == [
        "-m pytest -n 2 --dist loadgroup -m not slow and not browser",
        "-m pytest -n 2 --dist loadgroup --hypothesis-profile thorough",
        "-m pytest -n 2 --dist loadgroup -m not slow and not browser",
    ]


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 2)])
def test_sdks_that_cannot_be_installed_stop_ci_alone(ci: str, status: int, checkout: Path) -> None:
    binaries = checkout / ".venv" / "bin"
    binaries.mkdir(parents=True)
    fails = 'case "$*" in *"pip install"*requirements-page*) exit 1;; esac; '
    shutil.move(python_that(checkout, fails + MAKES_VENVS), binaries / "python")
    path = tools_that(checkout / "tools", node="exit 0", npm="exit 1")
    done = run("make", "--keep-going", "test-all", cwd=checkout, PATH=path, CI=ci)
    assert done.returncode == status, done.stderr
    assert "these SDKs cannot be installed" in done.stderr
    assert "the Node SDKs cannot be installed" in done.stderr
    made = sorted(one.name for one in (checkout / ".venv").glob("sdk-*"))
    assert made == ["sdk-agents", "sdk-litellm", "sdk-new", "sdk-old"]
    assert ("-m pytest" in (checkout / "calls").read_text()) == (status == 0)


def test_without_npm_the_node_sdks_are_not_tested(checkout: Path) -> None:
    binaries = checkout / ".venv" / "bin"
    binaries.mkdir(parents=True)
    shutil.move(python_that(checkout, MAKES_VENVS), binaries / "python")
    needed = {name: f'exec {shutil.which(name)} "$@"' for name in ("sh", "make", "mkdir", "cp", "touch", "sed")}
    path = tools_that(checkout / "tools", **needed).partition(":")[0]
    done = run(shutil.which("make") or "make", "test", cwd=checkout, PATH=path)
    assert done.returncode == 0, done.stderr
    assert "no node and npm on this machine: the Node SDKs are not tested" in done.stdout
    assert not (checkout / ".venv" / "sdk-node").exists()


def test_ci_runs_make_test_with_its_status_and_without_stdin(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    (tmp_path / "Makefile").write_text('test:\n\t@echo "CI is $(CI), stdin is [$$(cat)]"; exit 1\n')
    done = run("bash", tmp_path / ".ci" / "run", cwd=tmp_path.parent)
    assert done.stdout == "CI is true, stdin is []\n"
    assert done.returncode == 2  # make's own status for a recipe that failed
