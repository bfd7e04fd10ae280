"""TLS on the wire: what plays over plain sockets plays over TLS byte for byte, and ends as it should."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from tapes import taped
from wires import OverTls, Tool, ask, chunk, connected, memory, post, receive, settled, tools, wait_for

from cassettes.model import Ending
from mockserver import secure, wire
from mockserver.hub import Hub
from mockserver.secure import Entry
from mockserver.tls import identity

pytest.importorskip("trustme")

EVENTS = [b"data: one\n\n", b"data: two\n\n", "data: 셋\n\n".encode()]
KILOBYTE = b"data: " + b"x" * 1016 + b"\n\n"
LAST = b"0\r\n\r\n"
CLOSING = "Connection: close"
BIG = [KILOBYTE * 64] * 120
ENDINGS = {
    "eof": Ending(),
    "cut": Ending(type="cut", missing=7),
    "bare-cut": Ending(type="cut"),
    "reset": Ending(type="reset"),
    "timeout": Ending(type="timeout"),
    "interrupted": Ending(type="interrupted"),
}


class Pair(NamedTuple):
    """The same tapes over plain sockets and over TLS."""

    plain: Tool
    tls: Tool


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    folder = tmp_path_factory.mktemp("pair")
    tapes = folder / "tapes"
    for name, end in ENDINGS.items():
        taped(tapes, name, EVENTS, gaps=[0, 5, 5], end=end)
    sse = ("Content-Type", "text/event-stream")
    taped(tapes, "length", EVENTS, headers=(sse, ("Content-Length", str(len(b"".join(EVENTS))))), framing="length")
    taped(tapes, "close", EVENTS, headers=(sse,), framing="close")
    taped(tapes, "big", BIG)
    taped(tapes, "big-reset", [KILOBYTE] * 4096, end=Ending(type="reset"))
    taped(tapes, "get", EVENTS, method="GET")
    serve = ("serve", str(tapes), "--loop", request.param)
    with tools(folder, serve, (*serve, "--tls")) as (plain, tls):
        yield Pair(plain, tls)


# What plays over plain sockets plays over TLS


@pytest.mark.parametrize("http", ["1.0", "1.1"])
@pytest.mark.parametrize("name", [*ENDINGS, "length", "close"])
def test_every_byte_and_every_ending_is_the_same(pair: Pair, name: str, http: str) -> None:
    request = post(f"/up/{name}", b"{}", CLOSING, http=http)
    seconds = 0.3 if name == "timeout" else 20.0
    plain, tls = (ask(one.url, request, ca=one.ca, quiet=seconds) for one in pair)
    assert tls.raw == plain.raw
    assert tls.ended == plain.ended
    assert b"data: one" in tls.raw


def test_a_head_alone(pair: Pair) -> None:
    request = b"HEAD /up/get HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    plain, tls = (ask(one.url, request, ca=one.ca) for one in pair)
    assert tls.raw == plain.raw
    assert (tls.ended, tls.wire_body) == ("eof", b"")


def test_an_event_is_a_record_of_its_own(pair: Pair) -> None:
    """Events that are due while a machine is busy with something else go out together: one of a few must do."""
    reads: list[list[bytes]] = []
    while len(reads) < 5 and (not reads or len(reads[-1]) < 2):
        seen = ask(pair.tls.url, post("/up/eof", b"{}", CLOSING), ca=pair.tls.ca)
        assert b"".join(data for _, data in seen.reads).endswith(chunk(EVENTS[1]) + chunk(EVENTS[2]) + LAST)
        reads.append([data for _, data in seen.reads if data in {chunk(EVENTS[1]), chunk(EVENTS[2]) + LAST}])
    assert reads[-1] == [chunk(EVENTS[1]), chunk(EVENTS[2]) + LAST]


def test_one_connection_takes_many_requests_pipelined_ones_too(pair: Pair) -> None:
    answer = ask(pair.plain.url, post("/up/eof", b"{}"), until=lambda data: data.endswith(LAST)).raw
    with connected(pair.tls.url, ca=pair.tls.ca) as client:
        for pipelined in (1, 1, 3):
            client.sendall(post("/up/eof", b"{}") * pipelined)
            assert receive(client, len(answer) * pipelined) == answer * pipelined


def test_a_body_of_many_records_comes_whole(pair: Pair) -> None:
    body = b'{"x": "' + b"y" * 3_000_000 + b'"}'
    for ask_first in ((), ("Expect: 100-continue",)):
        seen = ask(pair.tls.url, post("/up/eof", body, CLOSING, *ask_first), ca=pair.tls.ca)
        assert seen.ended == "eof"
        assert b"data: one" in seen.raw


def test_a_reset_loses_nothing_of_what_was_sent(pair: Pair) -> None:
    """Neither in the buffer of the connection nor in the kernel's: an RST goes out when the client has it all."""
    late = ask(pair.tls.url, post("/up/big-reset", b"{}"), ca=pair.tls.ca, read_late=0.3, receive_buffer=16 * 1024)
    assert late.ended == "reset"
    assert late.wire_body == chunk(KILOBYTE) * 4096


@pytest.mark.xdist_group("timing")
def test_a_client_that_stops_reading_costs_no_memory_and_gets_all_in_the_end(pair: Pair) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def reading(_: bytes) -> None:
        begun.set()
        go_on.wait(60)

    request = post("/up/big", b"{}", CLOSING)
    ask(pair.tls.url, request, ca=pair.tls.ca)
    before = memory(pair.tls.process)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(
            ask, pair.tls.url, request, ca=pair.tls.ca, watching=reading, receive_buffer=16 * 1024, until=_over
        )
        assert begun.wait(10)
        grown = settled(lambda: memory(pair.tls.process)) - before
        go_on.set()
        assert slow.result().wire_body == b"".join(map(chunk, BIG)) + LAST
    assert grown < 2_000_000


def _over(data: bytes) -> bool:
    return data.endswith(LAST)


def test_what_is_no_tls_ends_well_and_is_said_in_a_line(pair: Pair) -> None:
    plain = ask(pair.tls.url, post("/up/eof", b"{}"))
    assert plain.ended == "eof"
    assert plain.head.startswith(b"HTTP/1.1 400 ")
    assert plain.wire_body == b"this port speaks TLS: ask it with https://\n"
    assert (ask(pair.tls.url, b"\x00garbage").raw, ask(pair.tls.url, b"\x00").ended) == (b"", "eof")
    record = b"\x16\x03\x01\x00\x05garba"
    broken = ask(pair.tls.url, record)
    assert broken.ended == "eof"
    assert broken.raw[:1] in (b"\x15", b"")  # an alert, if anything
    said = wait_for(lambda: "handshake of a client failed" in pair.tls.said() and pair.tls.said())
    assert "a client spoke plain HTTP to the TLS port" in said
    assert "a client sent what is no TLS handshake" in said
    assert "Traceback" not in said


def test_who_does_not_trust_the_ca_is_told_of(pair: Pair) -> None:
    host, _, port = pair.tls.url.removeprefix("https://").rpartition(":")
    with (
        socket.create_connection((host, int(port))) as client,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(client, server_hostname=host)
    wait_for(lambda: "a client does not trust the certificate" in pair.tls.said())


def test_the_certificate_is_for_every_name_of_this_machine(pair: Pair) -> None:
    port = int(pair.tls.url.rpartition(":")[2])
    for name in ("localhost", "127.0.0.1", "::1"):
        with socket.create_connection(("127.0.0.1", port)) as client:
            assert OverTls(client, pair.tls.ca, name).tls.version() in {"TLSv1.2", "TLSv1.3"}


def test_a_client_of_tls_1_2_gets_the_same(pair: Pair) -> None:
    context = ssl.create_default_context(cafile=pair.tls.ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    request = post("/up/eof", b"{}", CLOSING)
    with (
        socket.create_connection(("127.0.0.1", int(pair.tls.url.rpartition(":")[2])), 20) as client,
        context.wrap_socket(client, server_hostname="localhost", suppress_ragged_eofs=False) as secured,
    ):
        secured.sendall(request)
        seen = b""
        while data := secured.recv(65536):
            seen += data
    assert seen == ask(pair.plain.url, request).raw


def test_http_2_is_not_agreed_on(pair: Pair) -> None:
    context = ssl.create_default_context(cafile=pair.tls.ca)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", int(pair.tls.url.rpartition(":")[2]))) as client,
        context.wrap_socket(client, server_hostname="localhost") as secured,
    ):
        assert secured.selected_alpn_protocol() == "http/1.1"


# The end of a server


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_neither_stalls_nor_half_a_handshake_keep_a_server(loop: str, tmp_path: Path) -> None:
    pytest.importorskip(loop)
    taped(tmp_path / "tapes", "stall", EVENTS, end=Ending(type="timeout"))
    with tools(tmp_path, ("serve", str(tmp_path / "tapes"), "--tls", "--loop", loop)) as (served,):
        with (
            connected(served.url, ca=served.ca) as stalled,
            connected(served.url) as silent,
            connected(served.url) as half,
        ):
            half.sendall(b"\x16\x03\x01")
            stalled.sendall(post("/up/stall", b"{}"))
            assert receive(stalled, 12) == b"HTTP/1.1 200"
            served.process.terminate()
            served.process.wait(5)
            for left in (silent, half):
                assert _rest(left) == b""
        assert not Path(served.ca).exists()
        assert "Traceback" not in served.said()


def _rest(client: socket.socket) -> bytes:
    try:
        return client.recv(100)
    except ConnectionResetError:
        return b""


# One connection


class Told(asyncio.Protocol):
    """What aiohttp would be: notes what it is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.data = b""
        self.transport: Any = None
        self._told = asyncio.Event()

    async def until(self, what: Callable[[], object]) -> None:
        """Returns once `what()` is true."""
        while not what():
            self._told.clear()
            await self._told.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._note("made")

    def data_received(self, data: bytes) -> None:
        self.data += data
        self._told.set()

    def eof_received(self) -> bool | None:
        self._note("eof")
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._note("lost")

    def pause_writing(self) -> None:
        self._note("pause")

    def resume_writing(self) -> None:
        self._note("resume")

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self._told.set()


@pytest.fixture(params=["asyncio", "uvloop"])
def scene(request: pytest.FixtureRequest) -> Scene:
    """A scene on either event loop."""
    return Scene(pytest.importorskip("uvloop").new_event_loop if request.param == "uvloop" else None)


class Scene:
    """One secured connection: `client` runs in a thread on a TLS socket, `server` in the loop once it is there."""

    def __init__(self, loop: Callable[[], asyncio.AbstractEventLoop] | None) -> None:
        self.loop = loop
        self.told = Told()
        self.said: list[str] = []
        self.entry: Entry | None = None

    def run(self, client: Callable[[OverTls], Any], server: Callable[[wire.Connection], Any] | None = None) -> Any:
        with identity("localhost", None, None) as shown:

            def visit(port: int) -> Any:
                with socket.create_connection(("127.0.0.1", port), 10) as below:
                    return client(OverTls(below, str(shown.ca), "localhost"))

            async def scene() -> Any:
                hub = Hub(asyncio.get_running_loop())
                entry = Entry(shown.context, self.said.append, hub, stamped=True)
                self.told = Told()
                listening = await entry.accept(lambda: self.told, bound := wire.listen("127.0.0.1", 0))
                visiting = asyncio.ensure_future(asyncio.to_thread(visit, bound.getsockname()[1]))
                await self.told.until(lambda: self.told.transport)
                assert not entry.waiting
                if server is not None:
                    await server(wire.Connection(self.told.transport))
                seen = await visiting
                await self.told.until(lambda: "lost" in self.told.calls)
                listening.close()
                hub.close()
                return seen

            with asyncio.Runner(loop_factory=self.loop) as runner:
                return runner.run(scene())


def everything(client: OverTls) -> tuple[bytes, str]:
    """All that comes, and how it ends."""
    data = b""
    while True:
        try:
            more = client.recv(65536)
        except ssl.SSLEOFError:
            return data, "truncated"
        except ConnectionResetError:
            return data, "reset"
        if not more:
            return data, "close_notify"
        data += more


async def delivered(connection: wire.Connection) -> None:
    while connection.undelivered():  # noqa: ASYNC110 - the kernel tells nobody
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("way", ["close", "truncate", "reset"])
def test_a_close_notify_is_sent_kept_back_or_overtaken(way: str, scene: Scene) -> None:
    async def server(connection: wire.Connection) -> None:
        assert connection.secured
        connection.write(b"x" * 1_000_000)
        if way == "reset":
            await delivered(connection)
        getattr(connection, way)()
        assert connection.is_closing()
        connection.write(b"never")
        connection.close()

    data, ended = scene.run(everything, server)
    assert data == b"x" * 1_000_000
    assert ended == {"close": "close_notify", "truncate": "truncated", "reset": "reset"}[way]


def test_fin_follows_close_notify_at_once(scene: Scene) -> None:
    """The client need not answer it: it sees the FIN below TLS while it stays."""

    async def server(connection: wire.Connection) -> None:
        connection.close()

    def client(secured: OverTls) -> tuple[bytes, bytes]:
        return secured.recv(1), secured.below.recv(1)

    assert scene.run(client, server) == (b"", b"")


def test_what_the_peer_has_not_acknowledged_is_undelivered(scene: Scene) -> None:
    go_on = threading.Event()

    def client(secured: OverTls) -> tuple[bytes, str]:
        go_on.wait(10)
        return everything(secured)

    async def server(connection: wire.Connection) -> None:
        await delivered(connection)  # what the handshake ends with
        for _ in range(60):
            connection.write(memoryview(b"x" * 100_000))
        assert connection.buffered() > 0
        assert connection.undelivered() >= connection.buffered()
        go_on.set()
        await delivered(connection)
        assert connection.buffered() == 0
        connection.reset()

    data, ended = scene.run(client, server)
    assert (len(data), ended) == (6_000_000, "reset")
    assert scene.told.calls == ["made", "pause", "resume", "lost"]


def test_a_request_is_timed_by_when_it_came_however_long_the_loop_was_busy(scene: Scene) -> None:
    sent: list[float] = []
    go_on, came = threading.Event(), threading.Event()

    def client(secured: OverTls) -> None:
        go_on.wait(10)
        sent.append(time.time())
        secured.sendall(b"request")
        sent.append(time.time())
        came.set()

    async def server(connection: wire.Connection) -> None:
        go_on.set()
        came.wait(10)
        time.sleep(0.05)  # noqa: ASYNC251 - a busy loop is what this is about
        await scene.told.until(lambda: scene.told.data)
        stamp = wire.came(cast(Any, scene.told))
        assert stamp is not None
        assert sent[0] - 0.001 <= stamp <= sent[1] + 0.02
        assert wire.came(cast(Any, scene.told)) is None

    scene.run(client, server)


@pytest.mark.parametrize("way", ["politely", "rudely", "brutally"])
def test_a_client_leaves_with_close_notify_with_fin_or_with_rst(way: str, scene: Scene) -> None:
    def politely(client: OverTls) -> None:
        client.leave()

    def rudely(client: OverTls) -> None:
        client.below.shutdown(socket.SHUT_WR)

    def brutally(client: OverTls) -> None:
        client.below.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    scene.run({"politely": politely, "rudely": rudely, "brutally": brutally}[way])
    assert scene.told.calls[-1] == "lost"
    assert scene.said == []


def test_a_record_that_was_tampered_with_ends_the_connection(scene: Scene) -> None:
    def client(secured: OverTls) -> bytes:
        secured.below.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        while secured.below.recv(65536):
            pass
        return b"ended"

    assert scene.run(client) == b"ended"
    (line,) = scene.said
    assert line.startswith("tokentape: the TLS connection of a client failed (")


def test_what_is_known_of_a_connection(scene: Scene) -> None:
    async def server(connection: wire.Connection) -> None:
        transport = scene.told.transport
        assert transport.get_extra_info("sslcontext") is not None
        assert transport.get_extra_info("ssl_object").version() is not None
        assert transport.get_extra_info("peername")[0] == "127.0.0.1"
        assert transport.get_extra_info("nothing", 7) == 7
        assert transport.can_write_eof() is False
        transport.write(b"")
        transport.writelines([b"a", b"b"])
        connection.close()

    assert scene.run(everything, server) == (b"ab", "close_notify")


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01"])
def test_a_handshake_that_never_comes_is_not_waited_for(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secure, "HANDSHAKE", 0.05)
    told: list[str] = []

    async def scene(context: ssl.SSLContext) -> None:
        hub = Hub(asyncio.get_running_loop())
        entry = Entry(context, told.append, hub, stamped=False)
        listening = await entry.accept(Told, bound := wire.listen("127.0.0.1", 0))
        for _ in range(2):  # it is watched again after nobody was waited for
            reader, writer = await asyncio.open_connection(*bound.getsockname())
            writer.write(said)
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
        assert not entry.waiting
        listening.close()
        hub.close()

    with identity("localhost", None, None) as shown:
        asyncio.run(scene(shown.context))
    assert told == ["tokentape: a client sent no whole TLS handshake in 0.05 s; it was disconnected"] * 2
