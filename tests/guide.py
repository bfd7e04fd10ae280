"""The pages of `docs/guide` as what they are made of: files, commands with the output that is promised, workflows.

A fenced block of Python, TOML or YAML begins with a comment that names its file; `sh` is commands, a line each (`# fails`
behind one: exit status 1); `text` is patterns of lines that the commands before it print.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGES = {page.stem: page for page in sorted((ROOT / "docs" / "guide").glob("*.md")) if page.stem != "README"}
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w./-]+\.(?:py|toml|ya?ml))")


class Block(NamedTuple):
    """A fenced block: its kind, where it stands, and its text; `file`: the name that its first line gives it."""

    kind: str
    line: int
    text: str
    file: str | None

    @property
    def commands(self) -> Iterator[tuple[list[str], bool]]:
        """The words of each command, and whether it is to fail."""
        for line in self.text.splitlines():
            command, _, remark = line.partition(" # ")
            yield shlex.split(command), remark.startswith("fails")


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        named = _FILE.match(match[2])
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(match[1], line, match[2], named[1] if named else None))
    return found
