"""Bytes are stamped with the time they came, however late they are read."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from wires import SSE_HEAD, Finish, ScriptedUpstream, Send, Wait, chunk, event, wait_for

from recorder.stamps import StampedSocket, connected
from recorder.upstream import Exchange, exchange, target_of

Run = Callable[[Coroutine[Any, Any, Any]], Any]
BUSY = 0.08
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's note is Linux's")


@pytest.fixture(autouse=True)
def noting() -> Iterator[None]:
    """The kernel begins to take notes a moment after the first socket asks for them, and ends with the last."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        StampedSocket(socket.AF_INET, socket.SOCK_STREAM, 0) as one,
    ):
        one.connect(listener.getsockname())
        peer, _ = listener.accept()
        with peer:

            def noted() -> bool:
                peer.send(b"x")
                threading.Event().wait(0.002)
                return one.recv_into(bytearray(9)) > 0 and one.waited > 0

            if sys.platform == "linux":
                wait_for(noted)
            yield


def pair() -> tuple[StampedSocket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = StampedSocket(socket.AF_INET, socket.SOCK_STREAM, 0)
        one.connect(listener.getsockname())
        return one, listener.accept()[0]


@linux
def test_it_tells_how_long_bytes_have_waited() -> None:
    one, peer = pair()
    with one, peer:
        buffer = bytearray(10)
        peer.send(b"abc")
        time.sleep(BUSY)
        assert one.recv_into(buffer) == 3
        assert BUSY <= one.waited < 10
        peer.send(b"de")
        assert one.recv_into(buffer) == 2
        assert buffer[:2] == b"de"
        assert one.waited < BUSY
        peer.close()
        assert one.recv_into(buffer) == 0
        assert one.waited == 0.0


def test_otherwise_it_is_a_socket_as_any() -> None:
    one, peer = pair()
    with one, peer:
        one.setblocking(False)
        with pytest.raises(BlockingIOError):
            one.recv_into(bytearray(4))
        peer.send(b"abcdef")
        one.settimeout(5)
        buffer = bytearray(6)
        assert one.recv_into(buffer, 2) == 2
        assert one.recv_into(buffer, 0, socket.MSG_PEEK) == 4
        assert one.recv(10) == b"cdef"
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()
        with pytest.raises(ConnectionResetError):
            one.recv_into(buffer)


def test_a_clock_that_was_set_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    one, peer = pair()
    with one, peer:
        for shift in (-3600.0, 3600.0):
            now = time.time()
            monkeypatch.setattr("recorder.stamps.time.time", lambda now=now, shift=shift: now + shift)
            peer.send(b"x")
            assert one.recv_into(bytearray(9)) == 1
            assert one.waited == 0.0


class Noting:
    """A listener that keeps the loop busy once the head is there, and notes when data came."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.read: list[float] = []
        self.passing = None
        self.over = asyncio.get_running_loop().create_future()

    def sent(self, at: float) -> None:
        self.begun = at

    def heading(self, at: float, partial_head: bytes) -> None:
        raise AssertionError("the head came in one piece")

    def received(self, at: float, facts: Any, wire: bytes) -> None:
        if any(fact.kind == "head" for fact in facts):
            time.sleep(2 * BUSY)
        if any(fact.kind == "data" for fact in facts):
            self.at.append(at - self.begun)
            self.read.append(time.monotonic() - self.begun)

    def ended(self, *_: Any) -> None:
        self.over.set_result(None)


async def noted(url: str) -> Noting:
    listener = Noting()
    running = await exchange(
        "POST", target_of(url), (("Content-Length", "0"),), b"", listener, clock=time.monotonic, environ={}
    )
    assert isinstance(running, Exchange)
    await listener.over
    return listener


ATTEMPTS = 5
SCRIPT = (Send(SSE_HEAD), Wait(BUSY), Send(chunk(event("one"))), Wait(BUSY), Send(b"0\r\n\r\n"), Finish())


@linux
def test_a_busy_loop_costs_the_stamp_nothing() -> None:
    # The upstream is a thread of this process: the machine may keep it from sending in time, so one of a few must do.
    found: list[Noting] = []
    for _ in range(ATTEMPTS):
        with ScriptedUpstream(SCRIPT) as upstream:
            found.append(asyncio.run(noted(upstream.url)))
        if found[-1].at[0] < found[-1].read[0] - BUSY / 2:
            break
    seen = found[-1]
    assert seen.read[0] >= 2 * BUSY
    assert BUSY <= seen.at[0] < seen.read[0] - BUSY / 2


@linux
def test_below_tls_too(authority: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def serve() -> None:
        peer, _ = listener.accept()
        with context.wrap_socket(peer, server_side=True) as secured:
            secured.recv(65536)
            secured.sendall(SSE_HEAD)
            threading.Event().wait(BUSY)
            secured.sendall(chunk(event("one")) + b"0\r\n\r\n")
            secured.recv(1)

    for _ in range(ATTEMPTS):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve)
            thread.start()
            seen = asyncio.run(noted(f"https://127.0.0.1:{listener.getsockname()[1]}"))
            thread.join(10)
        if seen.at[0] < seen.read[0] - BUSY / 2:
            break
    assert BUSY * 0.9 <= seen.at[0] < seen.read[0] - BUSY / 2


def test_every_loop_gets_its_bytes(run: Run) -> None:
    with ScriptedUpstream(SCRIPT) as upstream:
        seen = run(noted(upstream.url))
    assert len(seen.at) == 1
    assert BUSY <= seen.at[0] <= seen.read[0]


def test_nobody_there(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        run(connected("127.0.0.1", port))


def test_the_addresses_of_a_name_are_tried_in_turn(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
        closed.close()
        alive = listener.getsockname()
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (dead, alive)]

        async def several(*_: Any) -> Any:
            return found

        monkeypatch.setattr("recorder.stamps._addresses", several)
        with run(connected("two.example", 1)) as one:
            assert one.getpeername() == alive
        found.pop()
        with pytest.raises(ConnectionRefusedError):
            run(connected("one.example", 1))
