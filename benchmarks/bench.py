"""What every benchmark is given, and how a figure is made: all servers in turn, several times, the median of each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.instruments import Instruments
from benchmarks.servers import Server
from benchmarks.table import Rep, medians
from benchmarks.tapes import PATH, Tape

SEED = 20261120


class Bench(NamedTuple):
    """`folder` is temporary; `reps` as asked for (None: the benchmark's own); `quick`: small sizes, one run."""

    folder: Path
    instruments: Instruments
    reps: int | None = None
    quick: bool = False
    seed: int = SEED

    def times(self, usual: int) -> int:
        """How often to measure."""
        return self.reps or (1 if self.quick else usual)

    def say(self, line: str) -> None:
        """Progress, for who looks on."""
        if sys.stderr.isatty():
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    def load(self, tape: Tape, server: Server, streams: int, *options: str | int | float | Path) -> dict[str, Any]:
        """`streams` at once of `tape` from `server`, each event compared with its offset."""
        common = ("-p", server.port, "-u", PATH, "-b", tape.body, "-c", streams, "-P", server.pid)
        return self.instruments.load(*common, *options)


def in_turn(
    bench: Bench, what: str, usual: int, servers: Sequence[Server], run: Callable[[Server], Rep]
) -> dict[str, dict[str, float | None]]:
    """The medians of `run` for each server, by its name. Runs of one server never follow each other."""
    times = bench.times(usual)
    found: dict[str, list[Rep]] = {server.name: [] for server in servers}
    for rep in range(times):
        for server in servers:
            bench.say(f"{what}: {server.name}, {rep + 1} of {times}")
            found[server.name].append(run(server))
    bench.say("")
    return {name: medians(reps) for name, reps in found.items()}


def together(bench: Bench, what: str, servers: Sequence[Server], run: Callable[[Server], Rep]) -> dict[str, Rep]:
    """`run` for all servers at once, by their names: for what does not depend on time."""
    bench.say(what)
    with ThreadPoolExecutor(len(servers)) as threads:
        found = dict(zip((server.name for server in servers), threads.map(run, servers), strict=True))
    bench.say("")
    return found


def figure(found: Mapping[str, Any], *path: str) -> float | None:
    """A figure of an instrument's JSON, None where it has none."""
    value: Any = found
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return None if value is None else float(value)
