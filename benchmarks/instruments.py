"""What measures: the C instruments of `../shared/bench`, compiled into `benchmarks/.bin`; Python where they are absent.

They are not part of this project and never copied into it. The Python ones take the same options and print the same
JSON; they cost more per event, so figures of the two kinds must not be compared.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.servers import ROOT, environment

SOURCES = ROOT.parent / "shared" / "bench"
BINARIES = ROOT / "benchmarks" / ".bin"
NAMES = ("loadclient", "cserver", "addlat")
PYTHON_NOTE = "no C instruments (../shared/bench and gcc): a Python client measured, no C floor; it is slower itself"


class Instruments(NamedTuple):
    """The commands that measure. `floor` is the C server, None without one."""

    client: tuple[str, ...]
    both_ends: tuple[str, ...]
    floor: Path | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the tables must know."""
        return () if self.floor else (PYTHON_NOTE,)

    def load(self, *options: str | int | float | Path, within: float = 120.0) -> dict[str, Any]:
        """Runs the load client; what it measured. `within` in s."""
        return _run([*self.client, *options, "-t", within], within)

    def added(self, upstream: int, proxy: int, streams: int, events: int, gap_us: int) -> dict[str, Any]:
        """Latency of events from an upstream on port `upstream` through the server on port `proxy`."""
        return _run([*self.both_ends, upstream, proxy, streams, events, gap_us], 90.0)


def _run(command: Sequence[object], within: float) -> dict[str, Any]:
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within + 30,
        env=environment(),
        check=False,
    )
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"{command[0]} measured nothing: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    if found.get("failed") or found.get("unfinished") or found.get("bad"):
        raise RuntimeError(f"streams failed: {done.stdout[:1000]}")
    return found


def in_python() -> Instruments:
    """The instruments that need nothing but Python."""
    module = (sys.executable, "-m")
    return Instruments((*module, "benchmarks.client"), (*module, "benchmarks.both_ends"), None)


def instruments() -> Instruments:
    """The C instruments, compiled where their source is newer; those in Python where that cannot be."""
    compiler = shutil.which("gcc")
    if compiler is None or not all((SOURCES / f"{name}.c").is_file() for name in NAMES):
        return in_python()
    BINARIES.mkdir(exist_ok=True)
    for name in NAMES:
        source, binary = SOURCES / f"{name}.c", BINARIES / name
        if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
            # `-w`: what a compiler thinks of the instruments is not this project's matter.
            subprocess.run([compiler, "-O2", "-w", "-o", binary, source, "-lm"], check=True)
    return Instruments((str(BINARIES / "loadclient"),), (str(BINARIES / "addlat"),), BINARIES / "cserver")
