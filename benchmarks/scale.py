"""Many streams for a long while: whether the rate is held, and how late the latest are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from benchmarks.bench import Bench, figure, in_turn
from benchmarks.servers import LOOPS, Server, contestants
from benchmarks.table import Rep, Report, Target, Value, percent, ratio, target
from benchmarks.tapes import Tape, even, write_tape

COLUMNS = ("server", "events/s", "rate held", "p50 ms", "p99 ms", "max ms", "CPU us/event")
GAP_MS = 100.0


class Size(NamedTuple):
    """Streams at once, and events of each."""

    streams: int
    events: int


FULL = Size(2000, 60)
QUICK = Size(500, 15)


def measure(bench: Bench, size: Size | None = None) -> Report:
    """Ten events a second each; the streams begin within the first second, so that they are not in step."""
    size = size or (QUICK if bench.quick else FULL)
    tape = write_tape(bench.folder, "steady", even(size.events, GAP_MS, 50.0))
    with contestants(tape, bench.instruments.floor) as servers:
        found = in_turn(bench, "scale", 2, servers, partial(run, bench, tape, size.streams))
    due = size.streams * size.events / (1.0 + tape.offsets_ms[-1] / 1000)
    # The floor cannot be late by itself: its rate is what the client saw of the schedule. Without one, the schedule is.
    whole = found.get("C floor", {}).get("events") or due
    rows: list[tuple[Value, ...]] = []
    for name, one in found.items():
        held_rate = ratio(one["events"], whole)
        rows.append((name, one["events"], percent(held_rate), one["p50"], one["p99"], one["max"], one["cpu"]))
    notes = (f"{size.streams} streams x {1000 / GAP_MS:g} events/s x {size.events * GAP_MS / 1000:g} s",)
    return Report("scale", COLUMNS, tuple(rows), tuple(held(found, whole)), (*notes, *bench.instruments.notes))


def run(bench: Bench, tape: Tape, streams: int, server: Server) -> Rep:
    """One run."""
    found = bench.load(tape, server, streams, "-r", streams, "-e", tape.expected)
    cpu, events = figure(found, "server_cpu_s"), figure(found, "events")
    return {
        "events": figure(found, "events_per_s"),
        "p50": figure(found, "sched_abs", "p50"),
        "p99": figure(found, "sched_abs", "p99"),
        "max": figure(found, "sched_abs", "max"),
        "cpu": cpu / events * 1e6 if cpu and events else None,
    }


def held(found: dict[str, dict[str, float | None]], whole: float) -> Iterator[Target]:
    """The targets of DESIGN 10, row 3. A rate within 0.5 % counts as held: the end of the last stream is in it."""
    for name in LOOPS:
        rate = ratio(found[name]["events"], whole)
        yield target(f"{name}: rate held", "100 %", rate, lambda x: x >= 0.995, "%")
        yield target(f"{name}: p99", "at most 10 ms", found[name]["p99"], lambda x: x <= 10, " ms")
