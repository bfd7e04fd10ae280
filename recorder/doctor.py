"""What `tokentape doctor` looks at: versions, the fast YAML loader, timers, limits, names that hide ours, stray proxies.

Looks only; changes nothing, connects nowhere.
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


class Finding(NamedTuple):
    """One thing that was looked at."""

    check: str
    level: Level
    text: str


def findings(environ: Mapping[str, str]) -> list[Finding]:
    """All findings, in the order in which they are printed."""
    return [_python(), *_versions(), _yaml(), _timer(), _files(), *_packages(), *_environment(environ), _library()]


def _python() -> Finding:
    shown = ".".join(map(str, sys.version_info[:3]))
    level: Level = "ok" if sys.version_info >= (3, 11) else "error"
    return Finding(
        "python", level, f"{shown} on {sys.platform}" + ("" if level == "ok" else "; 3.11 or newer is needed")
    )


def _versions() -> list[Finding]:
    found: list[Finding] = []
    for name in ("tokentape", "aiohttp", "click", "PyYAML", "msgspec", "rich", "vcrpy"):
        try:
            found.append(Finding(name, "ok", version(name)))
        except PackageNotFoundError:
            found.append(Finding(name, "error", f"not installed; `pip install {name}`"))
    try:
        found.append(Finding("uvloop", "ok", f"{version('uvloop')} (used with --loop uvloop only)"))
    except PackageNotFoundError:
        found.append(Finding("uvloop", "note", "not installed; not needed, `pip install tokentape[uvloop]` to try it"))
    return found


def _yaml() -> Finding:
    import yaml

    if hasattr(yaml, "CSafeLoader"):
        return Finding("yaml loader", "ok", "libyaml")
    return Finding(
        "yaml loader", "note", "pure Python: tapes load some 50 times slower; install a PyYAML wheel with libyaml"
    )


def _timer() -> Finding:
    if sys.platform == "linux":
        return Finding("timer", "ok", "timerfd: deadlines met to some 0.05 ms")
    return Finding("timer", "note", f"{sys.platform} has no timerfd: bytes are exact, gaps are met to about 1 ms")


def _files() -> Finding:
    try:
        import resource
    except ImportError:
        return Finding("open files", "note", "the limit is not known on this system")
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft < ENOUGH_FILES:
        return Finding("open files", "note", f"limit {soft}; for a thousand streams at once: ulimit -n {ENOUGH_FILES}")
    return Finding("open files", "ok", f"limit {soft}")


def _packages() -> list[Finding]:
    home = Path(__file__).resolve().parents[1]
    found: list[Finding] = []
    for name in ("cassettes", "recorder", "mockserver"):
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        ours = origin is not None and origin.parents[1] == home
        found.append(
            Finding(name, "ok" if ours else "error", str(origin) if ours else f"{origin} hides ours in {home}")
        )
    return found


def _environment(environ: Mapping[str, str]) -> list[Finding]:
    from cassettes import providers

    names = [name for row in providers.load().values() for name in row.base_url_variables if environ.get(name)]
    keys = [name for row in providers.load().values() for name in row.key_variables if environ.get(name)]
    proxies = [
        name for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY") if environ.get(name)
    ]
    bypass = environ.get("NO_PROXY", "") + environ.get("no_proxy", "")
    found = [
        Finding("base URLs", "note" if names else "ok", ", ".join(names) + " set" if names else "none set"),
        Finding("keys", "ok", (", ".join(keys) + " set") if keys else "none set (needed for `call` only)"),
    ]
    if proxies and "127.0.0.1" not in bypass and "localhost" not in bypass:
        text = f"{', '.join(proxies)} set without loopback in NO_PROXY: clients may miss a local server; add 127.0.0.1,localhost"
        found.append(Finding("proxies", "note", text))
    return found


def _library() -> Finding:
    from cassettes.model import TokentapeError
    from cassettes.store import FolderStore, shipped_root

    try:
        store = FolderStore((shipped_root(),))
        store.load()
    except TokentapeError as error:
        return Finding("shipped tapes", "error", str(error))
    writable = os.access(Path.cwd(), os.W_OK)
    return Finding("shipped tapes", "ok", f"{len(store.tapes)}" + ("" if writable else "; this folder is not writable"))
