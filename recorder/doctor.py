"""What `tokentape doctor` looks at: versions, YAML loader, timers, limits, names that hide ours, proxies, leftovers.

Looks only; changes nothing, connects nowhere, names variables without their values.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, NamedTuple

Level = Literal["ok", "note", "error"]
ENOUGH_FILES = 4096
"""Open files that a thousand streams with their upstreams need."""
OLDEST = (3, 11)
PACKAGES = ("cassettes", "recorder", "mockserver")


class Finding(NamedTuple):
    """One thing that was looked at."""

    check: str
    level: Level
    text: str


def findings(environ: Mapping[str, str], folder: Path) -> list[Finding]:
    """All findings, in the order in which they are printed. `folder` is where tapes would be recorded."""
    return [
        python(tuple(sys.version_info[:3]), sys.platform),
        *map(distribution, ("tokentape", "aiohttp", "click", "PyYAML", "msgspec", "rich", "vcrpy")),
        event_loop(),
        certificates(),
        yaml_loader(),
        timer(sys.platform),
        open_files(),
        *map(package, PACKAGES),
        *environment(environ),
        shipped_tapes(),
        leftovers(folder),
    ]


def python(running: tuple[int, ...], platform: str) -> Finding:
    """The Python that runs this."""
    shown = f"{'.'.join(map(str, running))} on {platform}"
    if running < OLDEST:
        return Finding("python", "error", f"{shown}; {'.'.join(map(str, OLDEST))} or newer is needed")
    return Finding("python", "ok", shown)


def distribution(name: str) -> Finding:
    """What is needed, by its name on the package index."""
    try:
        return Finding(name, "ok", version(name))
    except PackageNotFoundError:
        return Finding(name, "error", f"not installed; `pip install {name}`")


def event_loop() -> Finding:
    """The loop that may be asked for."""
    found = distribution("uvloop")
    if found.level == "ok":
        return found._replace(text=f"{found.text} (used with --loop uvloop only)")
    return found._replace(level="note", text="not installed; not needed, `pip install tokentape[uvloop]` to try it")


def certificates() -> Finding:
    """What makes the throwaway CA of --tls."""
    found = distribution("trustme")
    if found.level == "ok":
        return found._replace(text=f"{found.text} (used with --tls only)")
    return found._replace(level="note", text="not installed; not needed, `pip install tokentape[tls]` for --tls")


def yaml_loader() -> Finding:
    """Whether tapes load fast."""
    import yaml

    if hasattr(yaml, "CSafeLoader"):
        return Finding("yaml loader", "ok", "libyaml")
    return Finding(
        "yaml loader", "note", "pure Python: tapes load some 50 times slower; install a PyYAML wheel with libyaml"
    )


def timer(platform: str) -> Finding:
    """How exactly gaps are met."""
    if platform == "linux":
        return Finding("timer", "ok", "timerfd: deadlines met to some 0.05 ms")
    return Finding("timer", "note", f"{platform} has no timerfd: bytes are exact, gaps are met to about 1 ms")


def open_files() -> Finding:
    """How many streams there may be at once."""
    if importlib.util.find_spec("resource") is None:
        return Finding("open files", "note", "the limit is not known on this system")
    import resource

    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if 0 <= soft < ENOUGH_FILES:
        return Finding("open files", "note", f"limit {soft}; for a thousand streams at once: ulimit -n {ENOUGH_FILES}")
    return Finding("open files", "ok", f"limit {'none' if soft < 0 else soft}")


def package(name: str) -> Finding:
    """Whether the package called `name` is ours: the name is generic, and another may stand in front of it."""
    home = Path(__file__).resolve().parents[1]
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # loaded, but by something that gave it no spec
        spec = None
    origin = Path(spec.origin).resolve() if spec and spec.origin else None
    if origin is not None and origin.name == "__init__.py" and origin.parents[1] == home:
        return Finding(name, "ok", str(origin))
    return Finding(name, "error", f"{origin or 'something without a file'} hides ours in {home}; rename it")


def environment(environ: Mapping[str, str]) -> list[Finding]:
    """Variables that lead clients somewhere else, and keys. A proxy that catches loopback hides a local server."""
    from cassettes import providers

    rows = providers.load().values()
    urls = [name for row in rows for name in row.base_url_variables if environ.get(name)]
    keys = [name for row in rows for name in row.key_variables if environ.get(name)]
    proxies = [
        name for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY") if environ.get(name)
    ]
    bypass = [part.strip() for name in ("NO_PROXY", "no_proxy") for part in environ.get(name, "").split(",")]
    found = [
        Finding("base URLs", "note" if urls else "ok", f"{', '.join(urls)} set" if urls else "none set"),
        Finding("keys", "ok", f"{', '.join(keys)} set" if keys else "none set (needed for `call` only)"),
    ]
    if proxies and not {"127.0.0.1", "localhost", "*"} & set(bypass):
        text = f"{', '.join(proxies)} set, loopback not in NO_PROXY: a client may not find a local server"
        found.append(Finding("proxies", "note", f"{text}; add 127.0.0.1,localhost"))
    return found


def shipped_tapes() -> Finding:
    """Whether the tapes that ship can be read."""
    from cassettes.model import TokentapeError
    from cassettes.store import FolderStore, shipped_root

    try:
        store = FolderStore((shipped_root(),))
        store.load()
    except TokentapeError as error:
        return Finding("shipped tapes", "error", str(error))
    return Finding("shipped tapes", "ok", f"{len(store.tapes)}")


def leftovers(folder: Path) -> Finding:
    """What a killed recorder left below `folder` or its `tapes`, and whether tapes could be written there."""
    from cassettes.model import TokentapeError
    from recorder.spool import orphans

    for place in (folder, folder / "tapes"):
        try:
            number = len(list(orphans(place)))
        except TokentapeError as error:
            return Finding("recordings", "error", str(error))
        if number:
            return Finding("recordings", "note", f"{number} left by a killed recorder: `tokentape recover {place}`")
    if not os.access(folder, os.W_OK):
        return Finding("recordings", "note", f"{folder} is not writable: give `tokentape record -o DIR`")
    return Finding("recordings", "ok", "none left unfinished here")
