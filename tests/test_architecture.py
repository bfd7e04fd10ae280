"""The house rules as tests: tools, imports, sockets and clocks in one file each, shape, mirrored tests, clean text.

Every violation is a line `file:line: what: what to do`. The rules read syntax trees, so they hold for code that no test
runs; `test_the_rules_find_what_they_forbid` keeps the rules themselves honest.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("cassettes", "recorder", "mockserver")
FACES = ("tokentape.py", "pytest_tokentape.py")
LONGEST_FILE = 500
LONGEST_FUNCTION = 60

BUILT_IN = "a fault: seen at the socket in tests/mockserver/faults/test_*on_the_wire.py, which name every one"


def python_files(*places: str) -> list[str]:
    """The Python files in `places`, relative to the root."""
    found = [
        file for place in places for file in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    ]
    return sorted(str(file.relative_to(ROOT)) for file in found if file.exists())


SOURCES = python_files(*PACKAGES, *FACES)
UNMIRRORED: dict[str, str] = {
    file: BUILT_IN for file in SOURCES if re.fullmatch(r"mockserver/faults/\w+/(?!__init__)\w+\.py", file)
}
"""Source files that need no test file of their own, with the reason."""
EVERYTHING = SOURCES + python_files("tests", "benchmarks")

parsing = pytest.mark.xdist_group("parsing")
"""One worker parses all files, once."""


@cache
def tree_of(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), file)


def none_of(violations: Iterable[str]) -> None:
    """Fail with all of them at once: they are mended together."""
    found = sorted(set(violations))
    assert not found, "\n" + "\n".join(found)


# The tools


TOOLS = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "lint-imports": ["-c", "from importlinter.cli import lint_imports_command as run; run()"],
}


@pytest.mark.parametrize("name", TOOLS)
def test_tools(name: str) -> None:
    command = [sys.executable, *TOOLS[name]]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name}\n{done.stdout}{done.stderr}"


# What touches what


class Use(NamedTuple):
    """A name that a file uses, as its import spells it (`asyncio.sleep`), calls in it as `()`."""

    line: int
    name: str


def dotted(node: ast.expr, bound: dict[str, str]) -> str:
    """`asyncio.get_running_loop().time`, `.request.transport`: the first name is what was imported under it, or has a
    dot before it where nothing was (a variable called `random` is not the module)."""
    match node:
        case ast.Name(id=name):
            return bound.get(name, f".{name}")
        case ast.Attribute(value=value, attr=attr):
            return f"{dotted(value, bound)}.{attr}"
        case ast.Call(func=func):
            return f"{dotted(func, bound)}()"
    return "?"


def imports(tree: ast.AST) -> Iterator[Use]:
    """Every absolute import, at any depth of the file, by its full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Use(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (Use(node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def bindings(tree: ast.AST) -> dict[str, str]:
    """Name in the file -> the full name of what was imported under it."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            tops = [alias.name.partition(".")[0] for alias in node.names if not alias.asname]
            bound |= {alias.asname: alias.name for alias in node.names if alias.asname} | dict(
                zip(tops, tops, strict=True)
            )
        elif isinstance(node, ast.ImportFrom):
            bound |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return bound


@cache
def uses(tree: ast.AST) -> tuple[Use, ...]:
    """Every import, every attribute, and every call without arguments (`Random()`)."""
    bound = bindings(tree)
    named = (
        Use(node.lineno, dotted(node, bound))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) or (isinstance(node, ast.Call) and not node.args and not node.keywords)
    )
    return (*imports(tree), *named)


class Rule(NamedTuple):
    """Names in `place` that only the file `home` (or several, blanks between) may use; `advice`: what to do instead."""

    place: str
    home: str
    forbidden: str
    advice: str

    def violations(self, file: str, tree: ast.Module) -> Iterator[str]:
        """A line for each use in `file` of a name that is not its own to use."""
        if file in self.home.split() or not file.startswith(self.place + "/"):
            return
        for use in uses(tree):
            if re.fullmatch(self.forbidden, use.name):
                yield f"{file}:{use.line}: {use.name}: {self.advice}"


SOCKETS = (
    r"(socket|select|selectors|socketserver)(\..+)?|.+\.transport"
    r"|asyncio\.(\w+\.)?(\w*Protocol|\w*Transport|(start|open)_(unix_)?(server|connection))"
    r"|.+\.(create_(unix_)?(server|connection)|create_datagram_endpoint|connect_accepted_socket|sock_\w+)"
)
TIMES = r"time\.(time|monotonic|perf_counter|process_time|thread_time|clock_gettime)(_ns)?"
DATES = r"datetime\.(datetime\.)?(now|utcnow)|datetime\.(date\.)?today"
RULES = {
    "mockserver sockets": Rule(
        "mockserver",
        "mockserver/wire.py mockserver/secure.py",
        SOCKETS,
        "only mockserver/wire.py, and secure.py under TLS, touch transports: give it a method",
    ),
    "mockserver clock": Rule(
        "mockserver",
        "mockserver/hub.py",
        rf"{TIMES}|{DATES}|time\.sleep|asyncio\.sleep|.+\.(call_at|call_later)|.*loop(\(\))?\.time",
        "only mockserver/hub.py tells time and waits: ask the hub",
    ),
    "recorder sockets": Rule(
        "recorder",
        "recorder/upstream.py recorder/stamps.py",
        rf"{SOCKETS}|ssl(\..+)?",
        "only recorder/upstream.py and the sockets it is made of (stamps.py) open any: ask it",
    ),
    "cassettes sockets": Rule(
        "cassettes",
        "",
        rf"{SOCKETS}|(asyncio|ssl|http\.client|http\.server|urllib\.request)(\..+)?",
        "cassettes is pure: the caller in recorder or mockserver does this and hands the bytes in",
    ),
    "cassettes clock": Rule(
        "cassettes", "", rf"time(\..+)?|{DATES}", "cassettes has no clock: take the time as an argument"
    ),
    "cassettes chance": Rule(
        "cassettes",
        "",
        r"random\.(?!Random\b).+|random\.Random\(\)|secrets(\..+)?|uuid\.uuid[14]|os\.urandom",
        "chance without a seed cannot be replayed: use random.Random(seed)",
    ),
}  # fmt: skip


@parsing
@pytest.mark.parametrize("name", RULES)
def test_one_file_for_each_matter(name: str) -> None:
    rule = RULES[name]
    moved = [home for home in rule.home.split() if not (ROOT / home).exists()]
    assert not moved, f"{moved} has moved: update RULES"
    none_of(line for file in SOURCES for line in rule.violations(file, tree_of(file)))


@pytest.mark.parametrize(
    ("name", "code", "lines"),
    [
        ("mockserver sockets", "import socket", [1]),
        ("mockserver sockets", "from socket import SOL_SOCKET as S", [1]),
        ("mockserver sockets", "def f(r):\n    return r.transport", [2]),
        ("mockserver sockets", "import asyncio\nclass P(asyncio.Protocol): ...", [2]),
        ("mockserver sockets", "from asyncio import BufferedProtocol", [1]),
        ("mockserver sockets", "import asyncio\nasyncio.get_running_loop().create_server(1)", [2]),
        ("mockserver sockets", "from typing import Protocol\nclass P(Protocol): ...", []),
        ("mockserver clock", "import time as t\nt.monotonic_ns()", [2]),
        ("mockserver clock", "from time import monotonic", [1]),
        ("mockserver clock", "import asyncio\nasyncio.get_running_loop().time()", [2]),
        ("mockserver clock", "def f(loop):\n    loop.call_later(1, f)\n    self.loop.time()", [2, 3]),
        ("mockserver clock", "from asyncio import sleep", [1]),
        ("mockserver clock", "hub.time()\nhub.call(1)\nimport time\ntime.gmtime(1)", []),
        ("recorder sockets", "import ssl", [1]),
        ("recorder sockets", "import asyncio\nasyncio.open_connection('h', 1)\nasyncio.sleep(1)", [2]),
        ("cassettes sockets", "import http.client", [1]),
        ("cassettes sockets", "from http import HTTPStatus\nfrom urllib.parse import quote", []),
        ("cassettes clock", "from datetime import datetime, UTC\ndatetime.now(UTC)\ndatetime.fromisoformat('')", [2]),
        ("cassettes clock", "import datetime as d\nd.datetime.utcnow()\nd.date.today()", [2, 3]),
        (
            "cassettes chance",
            "import random\nrandom.choice([1])\nrandom.Random()\nrandom.Random(7).choice([1])",
            [2, 3],
        ),
        ("cassettes chance", "from random import Random\nRandom()\nRandom(7)", [2]),
        ("cassettes chance", "def f(random):\n    random.uniform(1, 2)", []),
        ("cassettes chance", "from random import shuffle", [1]),
    ],
)
def test_the_rules_find_what_they_forbid(name: str, code: str, lines: list[int]) -> None:
    rule = RULES[name]
    found = rule.violations(f"{rule.place}/sample.py", ast.parse(code))
    assert sorted({int(line.split(":")[1]) for line in found}) == lines
    assert not list(rule.violations("elsewhere/sample.py", ast.parse(code)))


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported, those under TYPE_CHECKING aside."""
    for node in body:
        if isinstance(node, ast.If) and not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            yield from top_level(node.body + node.orelse)
        elif isinstance(node, ast.Try):
            yield from top_level(node.body + [line for handler in node.handlers for line in handler.body])
        else:
            yield node


def packages_of(found: Iterable[Use]) -> Iterator[tuple[int, str]]:
    return ((use.line, use.name.partition(".")[0]) for use in found)


@parsing
def test_cassettes_needs_yaml_and_msgspec_only() -> None:
    allowed = {*sys.stdlib_module_names, "cassettes", "yaml", "msgspec"}
    none_of(
        f"{file}:{line}: import of {package}: cassettes stands on the standard library, PyYAML and msgspec only"
        for file in SOURCES
        if file.startswith("cassettes/")
        for line, package in packages_of(imports(tree_of(file)))
        if package not in allowed
    )


@parsing
def test_nothing_imports_the_faces() -> None:
    none_of(
        f"{file}:{line}: import of {package}: what a package needs of above is handed to it (tokentape.Composition)"
        for file in SOURCES
        if file not in FACES
        for line, package in packages_of(imports(tree_of(file)))
        if f"{package}.py" in FACES
    )


@parsing
@pytest.mark.parametrize(("face", "extra"), [("tokentape.py", {"click"}), ("pytest_tokentape.py", {"pytest"})])
def test_a_face_imports_nothing_of_ours_unasked(face: str, extra: set[str]) -> None:
    if not (ROOT / face).exists():
        pytest.skip(f"{face} is built by a later issue")
    module = ast.Module(list(top_level(tree_of(face).body)), [])
    at_import = ast.Module([node for node in module.body if isinstance(node, (ast.Import, ast.ImportFrom))], [])
    none_of(
        f"{face}:{line}: import of {package} at the top: import it where it is used"
        for line, package in packages_of(imports(at_import))
        if package not in {*sys.stdlib_module_names, *extra}
    )


# Shape


@parsing
def test_every_module_opens_with_a_docstring() -> None:
    none_of(
        f"{file}:1: no docstring: say in a few lines what lives here, what must not, what it may import"
        for file in SOURCES
        if not ast.get_docstring(tree_of(file))
    )


@parsing
def test_public_functions_and_classes_have_docstrings() -> None:
    none_of(
        f"{file}:{node.lineno}: {node.name} has no docstring: types, units, errors raised, source"
        for file in SOURCES
        for node in tree_of(file).body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    )


def test_no_file_is_too_long() -> None:
    lengths = {file: len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in EVERYTHING}
    none_of(
        f"{file}:{length}: {length} lines, {LONGEST_FILE} at most: two nouns live here, give the second its own file"
        for file, length in lengths.items()
        if length > LONGEST_FILE
    )


@parsing
def test_no_function_is_too_long() -> None:
    none_of(
        f"{file}:{node.lineno}: {node.name} takes {length} lines, {LONGEST_FUNCTION} at most: name a part of it"
        for file in EVERYTHING
        for node in ast.walk(tree_of(file))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    )


def names_in(file: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of all that a file names itself: the file, its definitions, arguments and variables."""
    yield 1, Path(file).stem
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name


def is_vague(name: str) -> bool:
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)
    return any(word.lower().removesuffix("s") in {"manager", "helper", "util", "utility", "utilitie"} for word in words)


@parsing
def test_names_say_what_things_are() -> None:
    none_of(
        f"{file}:{line}: {name}: name it by what it is (DESIGN 2), nothing is a manager, a helper or a utility"
        for file in EVERYTHING
        for line, name in names_in(file, tree_of(file))
        if is_vague(name)
    )


@pytest.mark.parametrize(
    ("name", "vague"),
    [
        ("utils", True),
        ("TapeManager", True),
        ("helper_of", True),
        ("HTTPUtil", True),
        ("futile", False),
        ("manage", False),
    ],
)
def test_vague_names_are_told_from_others(name: str, vague: bool) -> None:
    assert is_vague(name) == vague


# Mirrored tests


def mirror_of(source: str) -> str:
    path = Path(source)
    return str(Path("tests", path.parent, f"test_{path.name}"))


def test_every_source_file_has_its_test_file() -> None:
    none_of(
        f"{source}:1: no tests: write {mirror_of(source)}, or give the reason in UNMIRRORED"
        for source in SOURCES
        if not source.endswith("__init__.py") and source not in UNMIRRORED and not (ROOT / mirror_of(source)).exists()
    )


def test_the_list_of_exceptions_is_not_stale() -> None:
    none_of(
        f"{source}: {'has its test file' if source in SOURCES else 'is gone'}: remove it from UNMIRRORED"
        for source in UNMIRRORED
        if source not in SOURCES or (ROOT / mirror_of(source)).exists()
    )


# Text that leaves the machine

# Written so that this file does not contain what it looks for.
HOSTS = r"py[p]i\.org|pythonho[s]ted\.org|npmj[s]\.org|yarnpk[g]\.com|crate[s]\.io|proxy\.golan[g]\.org|rubygem[s]\.org"
PLACES = r"(?<![\w.:/-])(?:/wor[k]/|/roo[t]/|/hom[e]/\w+/\.|/User[s]/\w+/\.)|\.pyen[v]"
OPTIONS = r"--(?:extra-)?index-ur[l]|PIP_INDEX_UR[L]|find-link[s]"


def here() -> str:
    """This checkout's own path where it is long enough to be no accident."""
    return rf"|(?<![\w.:/-]){re.escape(str(ROOT))}\b" if len(ROOT.parts) > 2 else ""


def committed_files() -> list[Path]:
    """What git has or would take; skips where this is no checkout (an sdist)."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def forbidden() -> re.Pattern[str]:
    return re.compile(f"{HOSTS}|{OPTIONS}|{PLACES}{here()}")


def test_no_committed_file_names_this_machine_or_a_registry() -> None:
    pattern = forbidden()
    none_of(
        f"{file.relative_to(ROOT)}:{number}: {found[0]!r}: a path or registry of one machine, write it relative or leave it out"
        for file in committed_files()
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if (found := pattern.search(line))
    )


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (("see /wo", "rk/main"), True),
        (("https://py", "pi.org/simple"), True),
        (("pip install --index", "-url x"), True),
        (("/ro", "ot/.cache"), True),
        (("https://example.com/wo", "rk/x"), False),
        (("/home/", "user/notes.txt"), False),
        (("../shared/", "tapes"), False),
    ],
)
def test_what_belongs_to_a_machine_is_told_from_other_text(parts: tuple[str, str], found: bool) -> None:
    assert bool(forbidden().search("".join(parts))) == found
