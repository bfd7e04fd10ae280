"""What ships with tokentape, by name: tapes and providers. No file is parsed: completion asks here, and must be quick.

Standard library only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

SUFFIXES = (".yaml", ".yml", ".yaml.gz")
"""What names of tape files end in."""


def shipped_root() -> Path:
    """The folder of the tapes that ship with tokentape."""
    return Path(__file__).parent / "library"


def tape_name(path: Path, root: Path) -> str:
    """The name of the tape at `path`, found under `root` (which may be the file itself)."""
    shown = path.name if path == root else path.relative_to(root).as_posix()
    suffix = next(suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if shown.endswith(suffix))
    return shown.removesuffix(suffix)


def shipped_names() -> dict[str, Path]:
    """Name -> file of every shipped tape, in order."""
    root = shipped_root()
    files = sorted(path for path in root.rglob("*") if path.name.endswith(SUFFIXES) and path.is_file())
    return {tape_name(path, root): path for path in files}


def shipped_tape(name: str) -> Path | None:
    """The shipped tape, or the folder of them, that is called `name` (`openai/hello`, `openai`)."""
    names = shipped_names()
    return names.get(name) or (shipped_root() / name if name in _folders(names) else None)


def _folders(names: Iterable[str]) -> set[str]:
    """The folders that the tapes of those names are in, at every depth."""
    return {"/".join(parts[:depth]) for name in names for parts in [name.split("/")] for depth in range(1, len(parts))}


def names_for(incomplete: str) -> list[str]:
    """The shipped tapes, and their folders, whose names start so; beside them the tapes and folders on the disk.

    Nothing when no shipped one does: a shell completes paths better than a list of them. At most 200 of a folder.
    """
    names = shipped_names()
    folders = sorted(_folders(names))
    found = [name for name in (*folders, *names) if name.startswith(incomplete)]
    return [*found, *(one for one in _beside(incomplete) if one not in found)] if found else []


def _beside(incomplete: str) -> list[str]:
    folder, name = os.path.split(incomplete)
    fitting = [one for one in tapes_in(folder or ".") if one.startswith(name)]
    return [f"{incomplete[: len(incomplete) - len(name)]}{one}" for one in fitting[:200]]


def tapes_in(folder: str) -> list[str]:
    """The names of the files in `folder` that may be tapes, and of the folders, in order; none of what cannot be read.
    At most 10,000 are looked at."""
    try:
        with os.scandir(folder) as entries:
            return sorted(one.name for one in islice(entries, 10_000) if _is_tape(one))
    except (OSError, ValueError):
        return []


def _is_tape(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".") and (entry.name.endswith(SUFFIXES) or entry.is_dir())


def provider_names() -> list[str]:
    """The providers of `providers.yaml`, read off its first column: parsing it costs a completion more than it may."""
    text = (Path(__file__).parent / "providers.yaml").read_text(encoding="utf-8")
    return re.findall(r"^([A-Za-z0-9._-]+):", text, re.MULTILINE)
