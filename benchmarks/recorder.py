"""What recording adds to the way of an event: upstream and client are one process with one clock, a proxy between."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench import Bench, figure, in_turn
from benchmarks.servers import LOOPS, Server, free_port, plain, tokentape
from benchmarks.table import Rep, Report, Target, Value, target

COLUMNS = ("way", "streams", "p50 us", "p99 us", "added p50 us", "added p99 us", "events/s")
DIRECT = "direct"


class Size(NamedTuple):
    """Events of the lone stream and the us between them; streams of the crowd, their events and gaps."""

    events: int
    gap_us: int
    crowd: int
    crowd_events: int
    crowd_gap_us: int


FULL = Size(400, 4000, 100, 100, 20_000)
QUICK = Size(200, 4000, 50, 40, 20_000)


def measure(bench: Bench, size: Size | None = None) -> Report:
    """One-way latency of each event from the upstream's send to the client's receive, us."""
    size = size or (QUICK if bench.quick else FULL)
    upstream = free_port()
    rows: list[tuple[Value, ...]] = []
    targets: list[Target] = []
    with proxies(upstream, bench.folder) as servers:
        for streams, events, gap in ((1, size.events, size.gap_us), (size.crowd, size.crowd_events, size.crowd_gap_us)):
            run = partial(run_one, bench, upstream, streams, events, gap)
            found = in_turn(bench, f"recorder, {streams}", 3, servers, run)
            direct = found[DIRECT]
            for name, one in found.items():
                added = {at: _less(one[at], direct[at]) for at in ("p50", "p99")}
                rows.append((name, streams, one["p50"], one["p99"], added["p50"], added["p99"], one["rate"]))
                if name in LOOPS:
                    what = f"{streams} streams, {name}: added p50"
                    targets.append(target(what, "at most 60 us", added["p50"], lambda x: x <= 60, " us"))
    notes = (
        "tokentape writes every byte to its spool as it comes and a tape at the end",
        "the bare splice passes bytes on and keeps nothing: the least that asyncio costs",
    )
    return Report("recorder", COLUMNS, tuple(rows), tuple(targets), (*notes, *bench.instruments.notes))


def _less(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other


@contextlib.contextmanager
def proxies(upstream: int, folder: Path) -> Iterator[list[Server]]:
    """The ways to an upstream on that port: none between, tokentape on two loops, one written by hand, the least."""
    base = f"http://127.0.0.1:{upstream}"
    with contextlib.ExitStack() as stack:
        found = [Server(DIRECT, upstream, 0)]
        for name, loop in LOOPS.items():
            arguments = ("record", "-o", folder / name, "--upstream", f"openai={base}/v1", "--loop", loop)
            found.append(stack.enter_context(tokentape(name, *arguments)))
        found.append(stack.enter_context(plain("plain aiohttp proxy", "proxy", base)))
        found.append(stack.enter_context(plain("bare asyncio splice", "splice", str(upstream), module="bare")))
        yield found


def run_one(bench: Bench, upstream: int, streams: int, events: int, gap_us: int, server: Server) -> Rep:
    """One run."""
    found = bench.instruments.added(upstream, server.port, streams, events, gap_us)
    wait_for_tapes(bench.folder / server.name)
    return {
        "p50": figure(found, "lat_us", "p50"),
        "p99": figure(found, "lat_us", "p99"),
        "rate": figure(found, "events_per_s"),
    }


def wait_for_tapes(folder: Path) -> None:
    """Until every recording is a tape, so that the next run has the machine to itself."""
    until = time.monotonic() + 15
    while any(folder.glob(".tokentape-spool/*.spool")) and time.monotonic() < until:
        time.sleep(0.01)
