"""What one waits for: a long tape to load, `--help`, a server to be ready."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import yaml

from benchmarks.bench import Bench
from benchmarks.servers import environment, tokentape
from benchmarks.table import Report, Value, medians, ratio, target
from benchmarks.tapes import even, write_tape
from cassettes.timeline import to_timeline
from cassettes.yamlio import load
from mockserver.plan import Asking, compile_plan

COLUMNS = ("what", "ms", "baseline", "baseline ms", "x baseline")
TAPE = "load a long tape"
HELP = "tokentape --help"
READY = "serve ready"
PARSER = "libyaml's events"
PYTHON = "python -c pass"


class Size(NamedTuple):
    """Chunks of the tape."""

    chunks: int


FULL = Size(10_000)
QUICK = Size(10_000)


def measure(bench: Bench, size: Size | None = None) -> Report:
    """Wall times, each in turn with its baseline."""
    size = size or (QUICK if bench.quick else FULL)
    tape = write_tape(bench.folder, "long", even(size.chunks, 12.3, 100.0))
    data = next(tape.folder.iterdir()).read_bytes()
    measured: dict[str, Callable[[], object]] = {
        TAPE: lambda: loaded(data),
        PARSER: lambda: parsed(data),
        HELP: lambda: run_python("-m", "tokentape", "--help"),
        PYTHON: lambda: run_python("-c", "pass"),
        READY: lambda: served(tape.folder),
    }
    times = medians([{name: timed(what) for name, what in measured.items()} for _ in range(bench.times(5))])
    rows: list[tuple[Value, ...]] = [
        (
            f"{TAPE} ({size.chunks} chunks, {len(data) / 1e6:.1f} MB)",
            times[TAPE],
            PARSER,
            times[PARSER],
            ratio(times[TAPE], times[PARSER]),
        ),
        (HELP, times[HELP], PYTHON, times[PYTHON], ratio(times[HELP], times[PYTHON])),
        (READY, times[READY], PYTHON, times[PYTHON], ratio(times[READY], times[PYTHON])),
    ]
    targets = (
        target(f"{size.chunks}-chunk tape parsed and compiled", "at most 60 ms", times[TAPE], lambda x: x <= 60, " ms"),
        target(HELP, "at most 100 ms", times[HELP], lambda x: x <= 100, " ms"),
        target(f"{READY}, that tape loaded", "at most 1000 ms", times[READY], lambda x: x <= 1000, " ms"),
    )
    return Report("load", COLUMNS, tuple(rows), targets)


def timed(what: Callable[[], object]) -> float:
    """Wall time in ms."""
    start = time.perf_counter()
    what()
    return (time.perf_counter() - start) * 1000


def loaded(data: bytes) -> object:
    """From bytes to a plan that can be played."""
    (interaction,) = load(data, "long.yaml").interactions
    return compile_plan(to_timeline(interaction), Asking())


def parsed(data: bytes) -> int:
    """What libyaml alone needs to go over the same file."""
    return sum(1 for _ in yaml.parse(data, Loader=yaml.CSafeLoader))


def run_python(*arguments: str) -> None:
    """A Python from start to end."""
    subprocess.run([sys.executable, *arguments], env=environment(), capture_output=True, check=True)


def served(folder: Path) -> None:
    """A server from its start until it listens (its end is part of the figure: some ms)."""
    with tokentape("tokentape", "serve", folder):
        pass
