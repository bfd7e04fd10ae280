"""The upstream side under test: a loopback server that runs a script, a listener that keeps what it is told."""

import asyncio
import contextlib
import os
import socket
import ssl
import struct
import time

import pytest

from recorder.upstream import UpstreamError, exchange, target_of

SSE = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
CLOSE = b"HTTP/1.0 200 OK\r\n\r\n"
SECURE = "https://127.0.0.1:{}/v1"


class Seen:
    """A `Listener`. `over` is set when the answer is over, `some` whenever something came."""

    passing = None

    def __init__(self):
        self.told = []
        self.times = []
        self.facts = []
        self.wire = bytearray()
        self.partial = []
        self.ending = None
        self.over = asyncio.Event()
        self.some = asyncio.Event()

    def sent(self, at):
        self.told.append("sent")
        self.times.append(at)

    def received(self, at, facts, wire):
        self.told.append("received")
        self.times.append(at)
        self.facts += facts
        self.wire += wire
        self.some.set()

    def heading(self, at, partial_head):
        self.told.append("heading")
        self.times.append(at)
        self.partial.append(partial_head)
        self.some.set()

    def ended(self, at, ending, place, missing, partial_head):
        self.told.append("ended")
        self.times.append(at)
        assert self.ending is None, "told twice"
        self.ending = (ending, place, missing, partial_head)
        self.over.set()

    @property
    def body(self):
        return b"".join(fact.data for fact in self.facts)

    @property
    def kinds(self):
        return [fact.kind for fact in self.facts]


async def request_of(reader):
    """One whole request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
    return head + await reader.readexactly(int(length or 0))


def rst(writer):
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(script, context=None):
    """The port of a server that runs `script(reader, writer)` for each connection; an error in it fails the test."""
    errors, tasks = [], set()

    async def handle(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            await script(reader, writer)
        except (ConnectionError, ssl.SSLError):
            pass
        except Exception as error:  # noqa: BLE001 - raised again below
            errors.append(error)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
    if errors:
        raise errors[0]


async def ask(
    port, seen, *, method="POST", body=b"{}", url="http://127.0.0.1:{}/v1", environ=None, idle=10.0, headers=()
):
    fields = (*headers, ("Content-Length", str(len(body))))
    return await exchange(
        method,
        target_of(url.format(port)),
        fields,
        body,
        seen,
        clock=time.monotonic,
        environ=environ or {},
        idle_timeout=idle,
    )


async def answered(*pieces, then=None, context=None, **options):
    """What a listener sees of `pieces`, written one by one as the listener has got the one before, and of `then`."""
    seen = Seen()

    async def script(reader, writer):
        await request_of(reader)
        for piece in pieces:
            seen.some.clear()
            writer.write(piece)
            await seen.some.wait()
        if then is not None:
            await then(writer)

    async with serving(script, context) as port:
        running = await ask(port, seen, **options)
        await seen.over.wait()
        running.abort()
    assert seen.told.count("ended") == 1
    assert seen.told[-1] == "ended"
    assert seen.times == sorted(seen.times)
    return seen


async def fin(writer):
    writer.close()


async def reset(writer):
    rst(writer)


async def hold(writer):
    await asyncio.Event().wait()


async def tcp_fin(writer):
    """FIN without close_notify: what many servers do."""
    # uvloop's socket has no shutdown: a duplicate of it has.
    with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as raw:
        raw.shutdown(socket.SHUT_WR)
    await asyncio.Event().wait()


async def refused(words, port=None, **options):
    """The error, in one line; the listener was told nothing."""
    seen = Seen()
    with pytest.raises(UpstreamError, match=words) as caught:
        await ask(port, seen, **options)
    # Whatever the loop still has to say about the connection, the listener hears nothing of it.
    for _ in range(10):
        await asyncio.sleep(0)
    assert seen.told == []
    assert "\n" not in str(caught.value)
    return caught.value


def unused_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def certified(authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2", "http/1.1"])
    authority.issue_cert(name).configure_cert(context)
    return context
