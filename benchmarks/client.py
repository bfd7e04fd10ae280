"""A load client in Python, for where the C instrument is absent: the same options, the same JSON (what is used of it).

It opens streams, reads HTTP chunks (an event each, as all servers here send them) and stamps them as they come. It
costs 20 us an event itself, so it cannot load a fast server to its limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.tapes import PATH
from cassettes.framing import FramingError, ResponseReader

EARLY_MS = 0.05
SAMPLE_S = 0.2


class Load:
    """All streams of a run: what is still to be opened, and what was seen."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.total = max(given.n or 0, given.c)
        self.started = self.finished = self.failed = self.events = 0
        self.expected = [float(line) for line in given.e.read_text().split()] if given.e else []
        self.errors: list[float] = []
        self.last_errors: list[float] = []
        self.slopes: list[float] = []
        self.over = asyncio.Event()
        body = given.b.read_bytes() if given.b else b"{}"
        head = f"POST {given.u} HTTP/1.1\r\nHost: 127.0.0.1:{given.p}\r\nContent-Type: application/json\r\n"
        self.request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def account(self, sent: float, stamps: Sequence[float]) -> None:
        """A stream is whole."""
        self.finished += 1
        self.events += len(stamps)
        if self.expected and len(stamps) == len(self.expected):
            errors = [(at - sent) * 1000 - due for at, due in zip(stamps, self.expected, strict=True)]
            self.errors += errors
            self.last_errors.append(errors[-1])
            if len(set(self.expected)) > 1:
                self.slopes.append(statistics.linear_regression(self.expected, errors).slope * 1000)
        self.look()

    def fail(self) -> None:
        """A stream broke."""
        self.failed += 1
        self.look()

    def look(self) -> None:
        """Over once every stream is."""
        if self.finished + self.failed >= self.total:
            self.over.set()


class Stream(asyncio.Protocol):
    """A connection that takes one stream, with `-k` one after the other."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._whole = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks at once."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._reader = ResponseReader("POST")
        self._stamps: list[float] = []
        self._whole = False
        self._seen = 0
        assert self._transport is not None
        self._sent = time.monotonic()
        self._transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        """Stamps the events in `data`."""
        at = time.monotonic()
        assert self._transport is not None
        try:
            facts = self._reader.feed(data)
        except FramingError:
            self._transport.abort()
            return
        self._stamps += [at for fact in facts if fact.kind == "data" and not fact.left]
        before, self._seen = self._seen, self._seen + len(data)
        pause = self._load.given.S
        if pause and before < pause[0] <= self._seen:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(pause[1] / 1000, self._transport.resume_reading)
        if self._reader.complete:
            self._end()

    def _end(self) -> None:
        load, self._whole = self._load, True
        load.account(self._sent, self._stamps)
        assert self._transport is not None
        if load.given.k and load.started < load.total:
            load.started += 1
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Before its end: a failure."""
        if not self._whole:
            self._load.fail()


async def connect(load: Load) -> None:
    """One more connection."""
    given = load.given
    made = socket.socket()
    made.setblocking(False)
    if given.B:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, given.B)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(made, ("127.0.0.1", given.p))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.create_connection(lambda: Stream(load), sock=made)
    except OSError:
        made.close()
        load.fail()


async def run(given: argparse.Namespace) -> dict[str, object]:
    """The whole run; figures by the names of the C instrument."""
    load = Load(given)
    watch = Watch(given.P)
    start = time.monotonic()
    sampling = asyncio.create_task(watch.keep_looking())
    # Without -k all are at once: nothing here asks for a second round of new connections.
    connections = given.c if given.k else load.total
    async with asyncio.timeout(given.t):
        for number in range(connections):
            if given.r:
                await asyncio.sleep(max(0.0, start + number / given.r - time.monotonic()))
            load.started += 1
            await connect(load)
        await load.over.wait()
    wall = time.monotonic() - start
    sampling.cancel()
    errors = load.errors
    return {
        "streams": load.finished,
        "failed": load.failed,
        "events": load.events,
        "streams_per_s": load.finished / wall,
        "events_per_s": load.events / wall,
        **watch.figures(),
        "sched_abs": percentiles([abs(error) for error in errors]),
        "early": sum(error < -EARLY_MS for error in errors) if errors else None,
        "drift_ms_per_s": statistics.fmean(load.slopes) if load.slopes else None,
        "dur_err": percentiles(load.last_errors),
    }


def percentiles(values: list[float]) -> dict[str, float] | None:
    """p50, p99 and the largest."""
    if not values:
        return None
    ordered = sorted(values)
    at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in at.items()}


class Watch:
    """CPU and memory of a server's process, from /proc; nothing where there is none."""

    def __init__(self, pid: int | None) -> None:
        self._folder = Path(f"/proc/{pid}") if pid else None
        if self._folder is not None and not self._folder.exists():
            self._folder = None
        self._cpu = self._cpu_now()
        self._before = self._peak = self._rss_now()

    def _cpu_now(self) -> float:
        if self._folder is None:
            return 0.0
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _rss_now(self) -> float:
        if self._folder is None:
            return 0.0
        return int((self._folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1048576

    async def keep_looking(self) -> None:
        """Looks now and then until it is cancelled."""
        while True:
            self._peak = max(self._peak, self._rss_now())
            await asyncio.sleep(SAMPLE_S)

    def figures(self) -> dict[str, float]:
        """What was seen."""
        if self._folder is None:
            return {}
        cpu = self._cpu_now() - self._cpu
        return {"server_cpu_s": cpu, "rss_before_mb": self._before, "rss_peak_mb": max(self._peak, self._rss_now())}


def slow(text: str) -> tuple[int, float]:
    """`BYTES:MS`."""
    size, _, pause = text.partition(":")
    return int(size), float(pause)


def main() -> None:
    """The options of the C instrument that the benchmarks use."""
    parser = argparse.ArgumentParser("python -m benchmarks.client")
    parser.add_argument("-p", type=int, required=True, metavar="PORT")
    parser.add_argument("-u", default=PATH, metavar="PATH")
    parser.add_argument("-b", type=Path, metavar="BODYFILE")
    parser.add_argument("-c", type=int, default=1, metavar="AT_ONCE")
    parser.add_argument("-n", type=int, metavar="IN_ALL")
    parser.add_argument("-r", type=float, metavar="NEW_A_SECOND")
    parser.add_argument("-k", action="store_true", help="reuse connections")
    parser.add_argument("-e", type=Path, metavar="OFFSETS_MS")
    parser.add_argument("-t", type=float, default=120.0, metavar="SECONDS")
    parser.add_argument("-P", type=int, metavar="PID")
    parser.add_argument("-S", type=slow, metavar="BYTES:MS")
    parser.add_argument("-B", type=int, metavar="RECEIVE_BUFFER")
    print(json.dumps(asyncio.run(run(parser.parse_args()))))


if __name__ == "__main__":
    main()
