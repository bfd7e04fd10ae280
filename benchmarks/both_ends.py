"""Both ends of a proxy in one process with one clock, in Python, for where the C instrument is absent.

`python -m benchmarks.both_ends UPSTREAM_PORT PROXY_PORT STREAMS EVENTS GAP_US`: listens as the upstream, connects
STREAMS clients to the proxy; events carry the time they were sent at, the client end notes how long they took. With
the upstream's own port as the proxy's, it measures itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from benchmarks.client import percentiles
from benchmarks.tapes import BODY

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
FIRST_AFTER_S = 0.05


def event() -> bytes:
    """A chunk of about 250 bytes that says when it was made (ns)."""
    text = b'data: {"T":%d,"pad":"' % time.monotonic_ns()
    text += b"x" * (246 - len(text)) + b'"}\n\n'
    return b"%x\r\n%s\r\n" % (len(text), text)


async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, events: int, gap_s: float) -> None:
    """The upstream's side: one answer of `events`, each at its own time."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    writer.write(HEAD)
    start = time.monotonic() + FIRST_AFTER_S
    for number in range(events):
        await asyncio.sleep(max(0.0, start + number * gap_s - time.monotonic()))
        writer.write(event())
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    writer.close()


async def watch(port: int, host: int, taken_us: list[float]) -> int:
    """The client's side: how many events came; `taken_us` gets how long each took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{host}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY)
    rest, count = b"", 0
    while data := await reader.read(65536):
        now = time.monotonic_ns()
        *whole, rest = (rest + data).split(b"\n\n")
        stamps = [part.partition(b'"T":')[2].partition(b",")[0] for part in whole]
        taken_us += [(now - int(stamp)) / 1000 for stamp in stamps if stamp]
        count += len(whole)
        if rest.endswith(b"0\r\n\r\n"):
            break
    writer.close()
    return count


async def main(upstream: int, proxy: int, streams: int, events: int, gap_us: int) -> None:
    """One run, its figures as JSON by the names of the C instrument."""
    taken: list[float] = []
    server = await asyncio.start_server(
        lambda reader, writer: stream(reader, writer, events, gap_us / 1e6), "127.0.0.1", upstream, backlog=4096
    )
    start = time.monotonic()
    async with server, asyncio.timeout(60):
        counts = await asyncio.gather(*(watch(proxy, upstream, taken) for _ in range(streams)))
    wall = time.monotonic() - start
    bad = sum(count != events for count in counts)
    figures = {"streams": streams, "bad": bad, "events_per_s": len(taken) / wall, "lat_us": percentiles(taken)}
    print(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
