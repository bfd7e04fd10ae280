"""What a project needs beside its tapes, for `tokentape init`: git, formatters, our own settings. Adds, never changes.

Pure: texts of files in, texts out; the command reads and writes. Imports `cassettes.model` and the standard library.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from cassettes.model import TokentapeError

DRIVER: Final = ("diff.tokentape.textconv", "tokentape show --text --asked")
"""The setting of git that shows a tape as what was asked and answered, in a diff."""
ATTRIBUTES: Final = (
    "**/cassettes/**/*.yaml -text linguist-generated diff=tokentape",
    "**/cassettes/**/*.yaml.gz binary linguist-generated",
)
IGNORED: Final = (".tokentape/", ".tokentape-spool/", ".tokentape.lock")
EXCLUDED: Final = r"(^|/)cassettes/.*\.yaml(\.gz)?$"
"""For pre-commit: formatters would change bytes of bodies, and sizes would not fit any more."""
RECURSED: Final = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")
"""Folders that pytest does not look into by default; to name another one all have to be named."""
ELSEWHERE: Final = frozenset({"pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"})
"""Where pytest looks before pyproject.toml."""
TABLE: Final = """\
[tool.tokentape.record]
output = "tests/cassettes"

[tool.tokentape.pytest]
guard = true # a test that asks a provider's own host fails
"""


class Change(NamedTuple):
    """A file as it is (None: there is none) and as it would be; `note` says what is left to its owner."""

    file: str
    old: str | None
    new: str | None
    note: str = ""

    @property
    def changes(self) -> bool:
        """Whether anything would be written."""
        return self.new is not None and self.new != self.old


def changes(files: Mapping[str, str]) -> list[Change]:
    """What `init` would do in a project with those files (texts by name). Raises TokentapeError for a pyproject.toml
    that is none."""
    steps: tuple[Callable[[Mapping[str, str]], Change | None], ...] = (_attributes, _ignored, _hooks, _settings)
    return [change for step in steps if (change := step(files)) is not None]


def _attributes(files: Mapping[str, str]) -> Change | None:
    return _lines(files, ".gitattributes", ATTRIBUTES)


def _ignored(files: Mapping[str, str]) -> Change | None:
    return _lines(files, ".gitignore", IGNORED)


def _lines(files: Mapping[str, str], name: str, wanted: Iterable[str]) -> Change | None:
    """Lines that are not there yet, at the end. A line for the same pattern stays, and says what it says."""
    old = files.get(name)
    patterns = {line.split()[0] for line in (old or "").splitlines() if line.strip()}
    missing = [line for line in wanted if line.split()[0] not in patterns]
    return Change(name, old, _appended(old, "".join(f"{line}\n" for line in missing))) if missing else None


def _hooks(files: Mapping[str, str]) -> Change | None:
    name = ".pre-commit-config.yaml"
    old = files.get(name)
    if old is None or "cassettes/" in old:
        return None
    if re.search(r"^exclude:", old, re.MULTILINE):
        return Change(name, old, None, f"it has an exclude of its own: add {EXCLUDED} to it")
    start = re.match(r"(?:#[^\n]*\n|---\n|\s*\n)*", old)
    at = start.end() if start else 0
    return Change(name, old, f"{old[:at]}exclude: '{EXCLUDED}'\n{old[at:]}")


def _settings(files: Mapping[str, str]) -> Change | None:
    name = "pyproject.toml"
    old = files.get(name)
    try:
        tool = tomllib.loads(old or "").get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise TokentapeError(f"{name}: not TOML: {error}") from None
    new = old
    if "tokentape" not in tool and "tokentape.toml" not in files:
        new = _appended(new, ("\n" if new else "") + TABLE)
    elsewhere = next(
        (one for one in ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini") if one in files), None
    )
    ini = tool.get("pytest", {}).get("ini_options")
    if not elsewhere and isinstance(ini, dict) and "norecursedirs" not in ini and new is not None:
        new = _below(new, "[tool.pytest.ini_options]", f"norecursedirs = {_array((*RECURSED, 'cassettes'))}\n")
    return Change(name, old, new) if new != old else None


def _array(words: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def _below(text: str, header: str, line: str) -> str:
    """`line` as the first of that table; as it was where the table's header stands in another way."""
    found = re.search(rf"^{re.escape(header)}[ \t]*(?:#[^\n]*)?\r?\n", text, re.MULTILINE)
    return text if found is None else text[: found.end()] + line + text[found.end() :]


def _appended(old: str | None, more: str) -> str:
    if not old:
        return more
    return old + ("" if old.endswith("\n") else "\n") + more
