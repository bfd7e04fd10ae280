"""The wire: nothing written before a reset is lost, a slow reader costs no memory, a port that is taken is an error."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiohttp.http_exceptions import BadHttpMessage
from tapes import taped
from wires import ask, chunk, memory, post, settled, tool, wait_for

from cassettes.model import Ending
from mockserver.wire import Complaints, Connection, Connections, listen

LAST = b"0\r\n\r\n"
KILOBYTE = b"data: " + b"x" * 1016 + b"\n\n"
CLOSING = "Connection: close"
LOOPS = ["asyncio", "uvloop"]


def needs(loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")


@pytest.mark.parametrize("loop", LOOPS)
def test_a_fin_comes_after_all_that_was_sent(loop: str, tmp_path: Path) -> None:
    needs(loop)
    taped(tmp_path / "tapes", "cut", [KILOBYTE] * 1024, end=Ending(type="cut", missing=7))
    with tool(tmp_path, "serve", str(tmp_path / "tapes"), "--loop", loop) as served:
        late = ask(served.url, post("/up/cut", b"{}"), read_late=0.3, receive_buffer=16 * 1024)
        assert late.ended == "eof"
        open_chunk = b"%x\r\n" % (len(KILOBYTE) + 7) + KILOBYTE
        assert late.wire_body == chunk(KILOBYTE) * 1023 + open_chunk


# A client that stops reading


@pytest.mark.xdist_group("timing")
def test_a_client_that_stops_reading_costs_no_memory_and_gets_all_in_the_end(tmp_path: Path) -> None:
    big = [KILOBYTE * 64] * 320
    taped(tmp_path / "tapes", "big", big)
    begun, go_on = threading.Event(), threading.Event()

    def reading(_: bytes) -> None:
        begun.set()
        go_on.wait(60)

    with (
        tool(tmp_path, "serve", str(tmp_path / "tapes")) as served,
        ThreadPoolExecutor(1) as pool,
    ):
        request = post("/up/big", b"{}", CLOSING)
        whole = ask(served.url, request).wire_body
        assert whole == b"".join(map(chunk, big)) + LAST
        before = memory(served.process)
        slow = pool.submit(ask, served.url, request, watching=reading, receive_buffer=16 * 1024)
        assert begun.wait(10)
        grown = settled(lambda: memory(served.process)) - before
        go_on.set()
        assert slow.result().wire_body == whole
        assert grown < 2_000_000


# Connections


def until_reset(peer: socket.socket) -> int:
    """How many bytes come before the RST."""
    taken = 0
    while True:
        try:
            data = peer.recv(1 << 20)
        except ConnectionResetError:
            return taken
        assert data, "FIN, not RST"
        taken += len(data)


def test_what_the_peer_has_not_acknowledged_is_undelivered() -> None:
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        with listener:
            transport, _ = await loop.create_connection(asyncio.Protocol, *listener.getsockname())
            peer, _ = listener.accept()
            with peer:
                connection = Connection(transport)
                assert (connection.buffered(), connection.undelivered()) == (0, 0)
                connection.write(b"x" * 16_000_000)
                assert connection.buffered() > 0
                assert connection.undelivered() > 0
                taken = 0
                while connection.undelivered():
                    if select.select([peer], [], [], 0)[0]:
                        taken += len(peer.recv(1 << 20))
                    await asyncio.sleep(0)
                assert connection.buffered() == 0
                connection.reset()
                assert connection.is_closing()
                await asyncio.sleep(0)
                assert taken + until_reset(peer) == 16_000_000

    asyncio.run(scene())


def test_without_tls_there_is_nothing_to_truncate_but_the_stream() -> None:
    async def scene() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = listener.getsockname()
            transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, *address)
            peer, _ = listener.accept()
            with peer:
                connection = Connection(transport)
                assert not connection.secured
                connection.write(b"all")
                connection.truncate()
                await asyncio.sleep(0)
                assert peer.recv(10) + peer.recv(10) == b"all"

    asyncio.run(scene())


def test_live_connections_are_forgotten_with_their_answers() -> None:
    connections = Connections()
    assert len(connections) == 0
    connections.abort_all()


# What aiohttp has to say


def test_a_mistake_of_ours_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    logger = Complaints(told.append).logger
    try:
        raise ZeroDivisionError("ours")
    except ZeroDivisionError:
        logger.exception("Error handling request")
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "ZeroDivisionError: ours" in said
    assert told == []


def test_a_request_that_is_no_http_is_a_line_without_its_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    logger = Complaints(told.append).logger
    logger.error("x", exc_info=BadHttpMessage("Invalid header value char:\n\n  b'Authorization: secret'"))
    logger.debug("nobody hears this")
    assert told == ["tokentape: a client sent what is no HTTP/1 request (Invalid header value char); it got a 400"]
    assert capsys.readouterr().err == ""


# Listening


def test_a_port_that_is_taken_is_an_error() -> None:
    with listen("127.0.0.1", 0) as bound:
        bound.listen()
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", bound.getsockname()[1])


def test_an_address_that_is_not_ours_is_an_error() -> None:
    with pytest.raises(OSError, match="assign"):
        listen("192.0.2.1", 0)


def test_ipv6_is_listened_on_where_there_is_any() -> None:
    try:
        bound = listen("::1", 0)
    except OSError:
        pytest.skip("no IPv6 here")
    with bound:
        assert bound.family == socket.AF_INET6


def test_a_server_on_ipv6_says_so_in_its_url(tmp_path: Path) -> None:
    try:
        listen("::1", 0).close()
    except OSError:
        pytest.skip("no IPv6 here")
    taped(tmp_path / "tapes", "one", [KILOBYTE])
    with tool(tmp_path, "serve", str(tmp_path / "tapes"), "--host", "::1") as served:
        assert served.url.startswith("http://[::1]:")
        port = int(served.url.rpartition(":")[2])
        with socket.create_connection(("::1", port)) as client:
            client.sendall(post("/up/one", b"{}", CLOSING))
            seen = b""
            while data := client.recv(65536):
                seen += data
        assert seen.endswith(chunk(KILOBYTE) + LAST)
    wait_for(lambda: served.process.poll() is not None)
