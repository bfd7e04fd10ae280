"""Resident memory: what a live stream costs, and what a client that stops reading costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from benchmarks.bench import Bench, figure, together
from benchmarks.servers import LOOPS, Server, contestants
from benchmarks.table import Rep, Report, Target, Value, medians, target
from benchmarks.tapes import Tape, even, write_tape

COLUMNS = ("server", "workload", "streams", "RSS before MB", "growth MB", "KB a stream")
LIVE = "live streams"
SLOW = "slow readers"


class Size(NamedTuple):
    """Live streams and the ms they live; slow readers, events (of 2,500 bytes) in what they do not read, ms of it."""

    live: int
    live_ms: float
    slow: int
    events: int
    pause_ms: int


FULL = Size(2000, 4000.0, 100, 2000, 3000)
QUICK = Size(500, 2000.0, 20, 1200, 1000)


def measure(bench: Bench, size: Size | None = None) -> Report:
    """Growth of the server's resident memory. Servers are new for each run, for memory is not given back."""
    size = size or (QUICK if bench.quick else FULL)
    waiting = write_tape(bench.folder, "waiting", even(4, size.live_ms / 4))
    large = write_tape(bench.folder, "large", even(size.events, 0.0), 2500)
    live = fresh(bench, LIVE, waiting, (), partial(run_live, bench, waiting, size.live))
    slow = fresh(bench, SLOW, large, ("--speed", "max"), partial(run_slow, bench, large, size))
    rows: list[tuple[Value, ...]] = []
    for workload, streams, found in ((LIVE, size.live, live), (SLOW, size.slow, slow)):
        rows += [(name, workload, streams, *figures.values()) for name, figures in found.items()]
    notes = (f"{SLOW}: {large.bytes / 1e6:.1f} MB at full speed, not read for {size.pause_ms / 1000:g} s after 500 KB",)
    return Report("memory", COLUMNS, tuple(rows), tuple(held(live, slow)), (*notes, *bench.instruments.notes))


def fresh(
    bench: Bench, what: str, tape: Tape, options: tuple[str, ...], run: Callable[[Server], Rep]
) -> dict[str, dict[str, float | None]]:
    """The medians over runs, each against servers of its own."""
    found: dict[str, list[Rep]] = {}
    for _ in range(bench.times(3)):
        with contestants(tape, bench.instruments.floor, *options) as servers:
            for name, figures in together(bench, what, servers, run).items():
                found.setdefault(name, []).append(figures)
    return {name: medians(reps) for name, reps in found.items()}


def run_live(bench: Bench, tape: Tape, streams: int, server: Server) -> Rep:
    """They live long enough for all to be there at once."""
    return growth(bench.load(tape, server, streams, "-r", 2 * streams), streams)


def run_slow(bench: Bench, tape: Tape, size: Size, server: Server) -> Rep:
    """Clients with small receive buffers that stop reading in the middle."""
    options = ("-S", f"500000:{size.pause_ms}", "-B", 65536)
    return growth(bench.load(tape, server, size.slow, *options), size.slow)


def growth(found: dict[str, object], streams: int) -> Rep:
    """What resident memory grew by."""
    before, peak = figure(found, "rss_before_mb"), figure(found, "rss_peak_mb")
    more = None if before is None or peak is None else peak - before
    return {"before": before, "growth": more, "each": None if more is None else more * 1024 / streams}


def held(live: dict[str, dict[str, float | None]], slow: dict[str, dict[str, float | None]]) -> Iterator[Target]:
    """The targets of DESIGN 10, row 4."""
    for name in LOOPS:
        yield target(f"{name}: a live stream", "at most 15 KB", live[name]["each"], lambda x: x <= 15, " KB")
        yield target(f"{name}: a slow reader", "at most 256 KB", slow[name]["each"], lambda x: x <= 256, " KB")
