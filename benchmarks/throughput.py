"""How much goes out when nothing waits: one write a stream, as the player does it, and one write an event."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from benchmarks.bench import Bench, figure, in_turn
from benchmarks.servers import LOOPS, Server, contestants, plain
from benchmarks.table import Rep, Report, Target, Value, percent, ratio, target
from benchmarks.tapes import Tape, even, write_tape

COLUMNS = ("server", "writes", "streams/s", "events/s", "CPU us/stream", "of the floor", "x plain aiohttp")
COALESCED = "one a stream"
SINGLE = "one an event"
PLAIN = "plain aiohttp"
BARE = "bare aiohttp"
LEAST = "bare asyncio"


class Size(NamedTuple):
    """Events of a tape, streams at once, streams in a run of each kind (plain aiohttp plays a tenth of the first)."""

    events: int
    at_once: int
    coalesced: int
    single: int


FULL = Size(200, 64, 20_000, 1500)
QUICK = Size(200, 64, 6_000, 500)


def measure(bench: Bench, size: Size | None = None) -> Report:
    """Streams a second with connections kept alive. Plain aiohttp always makes one write an event."""
    size = size or (QUICK if bench.quick else FULL)
    at_once = write_tape(bench.folder, "at-once", even(size.events, 0.0))
    answer = at_once.floor.with_suffix(".bin")
    with (
        contestants(at_once, bench.instruments.floor, "--speed", "max") as servers,
        plain(BARE, "answer", answer, module="bare") as bare,
        plain(LEAST, "write", answer, module="bare") as least,
    ):
        measured = partial(run, bench, at_once, size.at_once, size.coalesced)
        coalesced = in_turn(bench, COALESCED, 3, [*servers, bare, least], measured)
    # A tape in a hurry: every event has a due time of its own, and all of them are past.
    hurried = at_once._replace(folder=write_tape(bench.folder, "hurried", even(size.events, 1.0)).folder)
    with (
        contestants(hurried, bench.instruments.floor, "--speed", "1000000", single=True) as servers,
        plain(LEAST, "each", answer, module="bare") as least,
    ):
        measured = partial(run, bench, hurried, size.at_once, size.single)
        single = in_turn(bench, SINGLE, 3, [*servers, least], measured)
    rows: list[tuple[Value, ...]] = []
    for writes, found in ((COALESCED, coalesced), (SINGLE, single)):
        for name, one in found.items():
            to_floor = ratio(one["streams"], found.get("C floor", {}).get("streams"))
            to_plain = ratio(one["streams"], found[PLAIN]["streams"])
            rows.append((name, writes, one["streams"], one["events"], one["cpu"], percent(to_floor), to_plain))
    notes = (
        f"{size.events} events of 250 bytes without delay, {size.at_once} streams at once",
        f"{BARE} writes all bytes past aiohttp, without tape or schedule: the most that aiohttp lets through",
        f"{LEAST} writes them for whatever it reads, without HTTP: the most that asyncio and Python let through",
    )
    return Report(
        "throughput", COLUMNS, tuple(rows), tuple(held(coalesced, single)), (*notes, *bench.instruments.notes)
    )


def run(bench: Bench, tape: Tape, at_once: int, streams: int, server: Server) -> Rep:
    """As fast as it goes. Plain aiohttp would take half a minute for as many streams as the others."""
    if server.name == PLAIN:
        streams = max(streams // 10, 5 * at_once)
    found = bench.load(tape, server, at_once, "-k", "-n", streams)
    cpu = figure(found, "server_cpu_s")
    return {
        "streams": figure(found, "streams_per_s"),
        "events": figure(found, "events_per_s"),
        "cpu": None if cpu is None else cpu / streams * 1e6,
    }


def held(coalesced: dict[str, dict[str, float | None]], single: dict[str, dict[str, float | None]]) -> Iterator[Target]:
    """The targets of DESIGN 10, row 2."""
    for name in LOOPS:
        streams = coalesced[name]["streams"]
        to_floor = ratio(streams, coalesced.get("C floor", {}).get("streams"))
        yield target(f"{COALESCED}, {name}: of the floor", "at least 50 %", to_floor, lambda x: x >= 0.5, "%")
        to_plain = ratio(streams, coalesced[PLAIN]["streams"])
        yield target(f"{COALESCED}, {name}: x plain aiohttp", "at least 15", to_plain, lambda x: x >= 15)
        own = ratio(single[name]["streams"], single.get("C floor", {}).get("streams"))
        yield target(f"{SINGLE}, {name}: of the floor", "at least 75 %", own, lambda x: x >= 0.75, "%")
