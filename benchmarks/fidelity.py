"""How exactly uneven gaps are kept: one stream, and many at once. Zero of the clock: just before the request's send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from benchmarks.bench import Bench, figure, in_turn
from benchmarks.servers import LOOPS, Server, contestants
from benchmarks.table import Rep, Report, Target, Value, target
from benchmarks.tapes import Tape, uneven, write_tape

COLUMNS = ("server", "streams", "p50 ms", "p99 ms", "early", "drift ms/s", "end error ms", "server CPU s")


class Size(NamedTuple):
    """Events of the tape, its length in ms, and how many streams play at once."""

    events: int
    total_ms: float
    crowd: int


FULL = Size(300, 7600.0, 500)
QUICK = Size(80, 2000.0, 200)


def measure(bench: Bench, size: Size | None = None) -> Report:
    """Absolute error of every event against the tape's offset, drift over the stream, error of the last event."""
    size = size or (QUICK if bench.quick else FULL)
    first_ms = min(400.0, size.total_ms / 5)
    pace = uneven(size.events, bench.seed, first_ms=first_ms, total_ms=size.total_ms)
    tape = write_tape(bench.folder, "uneven", pace)
    rows: list[tuple[Value, ...]] = []
    targets: list[Target] = []
    with contestants(tape, bench.instruments.floor) as servers:
        for streams in (1, size.crowd):
            found = in_turn(bench, f"fidelity of {streams}", 2, servers, partial(run, bench, tape, streams))
            rows += [(name, streams, *figures.values()) for name, figures in found.items()]
            for name in LOOPS:
                targets += held(f"{streams} streams, {name}", found[name], found.get("C floor", {}))
    notes = (f"{size.events} events, log-normal gaps, first at {first_ms:g} ms, last at {size.total_ms:g} ms",)
    return Report("fidelity", COLUMNS, tuple(rows), tuple(targets), (*notes, *bench.instruments.notes))


def run(bench: Bench, tape: Tape, streams: int, server: Server) -> Rep:
    """The figures of one run, in the order of the columns."""
    # A crowd begins within a second: in step, its events would fall due at the same instants and wait for each other.
    found = bench.load(tape, server, streams, "-r", streams, "-e", tape.expected)
    return {
        "p50": figure(found, "sched_abs", "p50"),
        "p99": figure(found, "sched_abs", "p99"),
        "early": figure(found, "early"),
        "drift": figure(found, "drift_ms_per_s"),
        "end": figure(found, "dur_err", "p50"),
        "cpu": figure(found, "server_cpu_s"),
    }


def held(what: str, found: Mapping[str, float | None], floor: Mapping[str, float | None]) -> Iterator[Target]:
    """The targets of DESIGN 10, row 1."""
    worst = max(2.0, 2.0 * (floor.get("p99") or 0.0))
    yield target(f"{what}: drift", "at most 0.1 ms/s", found["drift"], lambda x: abs(x) <= 0.1, " ms/s")
    yield target(f"{what}: end error", "at most 1 ms", found["end"], lambda x: abs(x) <= 1, " ms")
    yield target(f"{what}: p50", "at most 0.4 ms", found["p50"], lambda x: x <= 0.4, " ms")
    yield target(
        f"{what}: p99", f"at most {worst:.2g} ms (2 x floor, 2 ms at least)", found["p99"], lambda x: x <= worst, " ms"
    )
    yield target(f"{what}: early events", "none", found["early"], lambda x: x == 0)
