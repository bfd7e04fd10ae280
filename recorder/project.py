"""The project in a folder, as `tokentape init` reads, shows and changes it: its files, and one setting of its git.

What is to change is `beginning`. Imports click (to print) and `cassettes.printable`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path
from typing import Final

import click

from cassettes.model import TokentapeError
from cassettes.printable import escape
from recorder.beginning import DRIVER, Change
from recorder.printing import say

READ: Final = (
    ".gitattributes",
    ".gitignore",
    ".pre-commit-config.yaml",
    "pyproject.toml",
    "tokentape.toml",
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
)


class Project:
    """The project whose root is `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self) -> dict[str, str]:
        """The texts of those of `READ` that are there. Raises TokentapeError for one that cannot be read."""
        found: dict[str, str] = {}
        for name in READ:
            path = self._folder / name
            try:
                if path.is_file():
                    found[name] = path.read_bytes().decode()
            except (OSError, UnicodeDecodeError) as error:
                raise TokentapeError(f"{path}: cannot read it as text ({error})") from None
        return found

    def driver_missing(self) -> bool:
        """Whether this is a git checkout that does not know how tapes are shown. False without git."""
        return self._git("rev-parse", "--git-dir") is not None and not self._git("config", "--get", DRIVER[0])

    def show(self, found: Iterable[Change], *, driver: bool) -> None:
        """Prints what would be written, as diffs."""
        for one in found:
            if one.note:
                click.echo(f"{one.file}: {one.note}")
            if one.new is None or not one.changes:
                continue
            old = (one.old or "").splitlines(keepends=True)
            before = one.file if one.old is not None else "/dev/null"
            for line in unified_diff(old, one.new.splitlines(keepends=True), before, one.file):
                click.echo(escape(line.rstrip("\r\n"), keep="\t"))
        if driver:
            click.echo(f"git config {DRIVER[0]} '{DRIVER[1]}'")

    def write(self, found: Iterable[Change], *, driver: bool) -> bool:
        """Writes it. False where git refuses its setting. Raises TokentapeError for a file that cannot be written."""
        for one in found:
            if one.new is None or not one.changes:
                continue
            path = self._folder / one.file
            try:
                path.write_bytes(one.new.encode())
            except OSError as error:
                raise TokentapeError(f"{path}: cannot be written ({error.strerror})") from None
            say(f"tokentape: wrote {one.file}")
        return not driver or self._git("config", *DRIVER) is not None

    def _git(self, *words: str) -> str | None:
        """What git says; None where it fails, or is not there."""
        try:
            done = subprocess.run(
                ["git", *words], cwd=self._folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
            )
        except OSError:
            return None
        return done.stdout if done.returncode == 0 else None
