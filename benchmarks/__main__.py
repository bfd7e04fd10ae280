"""`python -m benchmarks [NAME…] [--json] [--reps N] [--quick]`: measures and prints tables."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.instruments import instruments
from benchmarks.neighbours import share, use
from benchmarks.table import Report

NAMES = ("fidelity", "throughput", "scale", "memory", "recorder", "load")


def measured(name: str, bench: Bench) -> Report:
    """The report of the benchmark called `name`, with a note of what neighbours did meanwhile."""
    before = use()
    report: Report = import_module(f"benchmarks.{name}").measure(bench)
    others = share(before, use(), os.sysconf("SC_CLK_TCK"))
    if others is None:
        return report
    return report._replace(notes=(*report.notes, f"other processes used {others:.0%} of the machine meanwhile"))


def machine() -> str:
    """What the figures were measured on."""
    return f"{os.cpu_count()} CPUs, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def main(argv: list[str] | None = None) -> int:
    """Runs the named benchmarks; 0 whatever they measured."""
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measured limits, each beside a baseline.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(NAMES)} or all (the default)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--reps", type=int, metavar="N", help="runs of each, the median counts (default: 2 to 5)")
    parser.add_argument("--quick", action="store_true", help="small sizes, one run of each: under a minute in all")
    given = parser.parse_args(argv)
    names = NAMES if not given.names or "all" in given.names else tuple(dict.fromkeys(given.names))
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"there is no benchmark {unknown[0]!r}: expected {', '.join(NAMES)} or all")
    reports: list[Report] = []
    for name in names:
        with tempfile.TemporaryDirectory(prefix="tokentape-bench-") as folder:
            report = measured(name, Bench(Path(folder), instruments(), given.reps, given.quick))
        reports.append(report)
        if not given.json:
            print(report.text(), flush=True)
    if given.json:
        print(json.dumps({"machine": machine(), "benchmarks": [report.json() for report in reports]}, indent=2))
    else:
        print(machine())
    return 0


if __name__ == "__main__":
    sys.exit(main())
