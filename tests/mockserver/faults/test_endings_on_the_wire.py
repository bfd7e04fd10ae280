"""Endings and waits as a raw client sees them, on both event loops: exact bytes, FIN or RST, every form of a place."""

from __future__ import annotations

import socket
import threading

import pytest
from faultwire import BIG, EVENTS, HEAD, LAST, WHOLE, A, B, C, closing, send
from wires import Tool, chunk, connected, dechunked, post, receive

pytestmark = pytest.mark.xdist_group("faults on the wire")

# Endings, and every form of a place

BEFORE = b"".join(map(chunk, EVENTS[:2]))
OPEN = BEFORE + b"%x\r\n" % len(C)
PLACES = [
    ("2e", BEFORE),
    ("2c", BEFORE),
    (f"{len(A + B)}b", BEFORE),
    (f"{len(A + B) + 3}b", OPEN + C[:3]),
    ("=three", BEFORE),
    ("0b", b""),
    ("0e", b""),
    ("end", WHOLE.removesuffix(LAST)),
    ("100%", WHOLE.removesuffix(LAST)),
    ("100pct", WHOLE.removesuffix(LAST)),
    ("0%", b""),
    ("9ms", BEFORE),
    ("0w", b""),
    ("1w", b"1"),
    ("3w", WHOLE[:3]),
    (f"{len(chunk(A)) - 1}w", chunk(A)[:-1]),
    (f"{len(BEFORE) + 2}w", WHOLE[: len(BEFORE) + 2]),
    (f"{len(WHOLE) - 2}w", WHOLE[:-2]),
    (f"{len(WHOLE)}w", WHOLE),
]


@pytest.mark.parametrize(("where", "sent"), PLACES)
@pytest.mark.parametrize(("fault", "ended"), [("reset", "reset"), ("cut", "eof")])
def test_every_place_of_a_break(fault: str, ended: str, where: str, sent: bytes, each: Tool) -> None:
    seen = send(each, f"{fault}@{where}")
    assert (seen.raw, seen.ended) == (closing() + sent, ended)


@pytest.mark.parametrize(("fault", "ended"), [("reset", "reset"), ("cut", "eof"), ("stall:30ms", "eof")])
def test_breaks_of_the_head(fault: str, ended: str, each: Tool) -> None:
    name, _, rest = fault.partition(":")
    args = f":{rest}" if rest else ""
    seen = send(each, f"{name}@request{args}")
    assert (seen.raw, seen.ended) == (b"", ended)
    seen = send(each, f"{name}@headers{args}")
    assert (seen.raw, seen.ended) == (b"HTTP/1.1 200 OK\r\n", ended)


@pytest.mark.parametrize(
    ("where", "sent"),
    [("2e", BEFORE), (f"{len(A)}b", chunk(A)), (f"{len(A) + 4}b", chunk(A) + chunk(B[:4])), ("0b", b"")],
)
def test_an_early_end_is_a_clean_one(where: str, sent: bytes, each: Tool) -> None:
    seen = send(each, f"end-early@{where}")
    assert (seen.raw, seen.ended) == (closing() + sent + LAST, "eof")


def test_after_an_early_end_the_connection_lives_on(each: Tool) -> None:
    with connected(each.url) as client:
        for _ in range(2):
            client.sendall(post("/!end-early@1e/up/one", b"{}"))
            expected = HEAD + chunk(A) + LAST
            assert receive(client, len(expected)) == expected


def test_an_early_end_has_the_length_that_it_has(served: Tool) -> None:
    seen = send(served, "end-early@1e", "length")
    assert seen.header("content-length") == str(len(A))
    assert seen.wire_body == A
    seen = send(served, "cut@1e", "length")
    assert seen.header("content-length") == str(len(b"".join(EVENTS)))
    assert (seen.wire_body, seen.ended) == (A, "eof")
    assert send(served, "end-early@1e", "close").wire_body == A


def test_a_stall_is_silence_on_an_open_connection(each: Tool) -> None:
    seen = send(each, "stall@2e", quiet=0.4)
    assert (seen.raw, seen.ended) == (closing() + BEFORE, "quiet")
    seen = send(each, "stall@2e:80ms")
    assert (seen.raw, seen.ended) == (closing() + BEFORE, "eof")
    assert seen.ended_at >= 0.08


def test_lingering(each: Tool) -> None:
    seen = send(each, "linger", quiet=0.4)
    assert (seen.raw, seen.ended) == (closing() + WHOLE.removesuffix(LAST), "quiet")
    seen = send(each, "linger:80ms")
    assert (seen.raw, seen.ended) == (closing() + WHOLE, "eof")
    assert seen.reads[-1][0] >= 0.08
    assert b"tokentape_fault" in send(each, "linger", "length").raw


@pytest.mark.parametrize(("fault", "sent"), [("half-close@2e", BEFORE), ("half-close", WHOLE)])
def test_half_closed_connections_are_open_the_other_way(fault: str, sent: bytes, each: Tool) -> None:
    with connected(each.url) as client:
        client.sendall(post("/up/one", b"{}", f"x-tokentape-fault: {fault}"))
        expected = HEAD + sent
        assert receive(client, len(expected) + 1) == expected  # EOF
        client.sendall(b"still here")
        client.setblocking(False)
        threading.Event().wait(0.1)
        assert client.recv(1) == b""  # no RST came for what was sent
        client.shutdown(socket.SHUT_WR)


def test_without_tls_there_is_no_close_notify(served: Tool) -> None:
    seen = send(served, "no-close-notify@2e")
    assert seen.head.startswith(b"HTTP/1.1 422 ")
    assert b"not encrypted" in seen.raw
    assert send(served, "no-close-notify?@2e").raw == closing() + WHOLE


def test_a_reset_destroys_nothing_that_was_sent(each: Tool) -> None:
    """A client that sleeps before it reads gets exactly a million bytes of the body first (DESIGN 7)."""
    seen = send(each, "reset@1000000b", "big", read_late=0.5, receive_buffer=65536)
    assert seen.ended == "reset"
    wire = seen.wire_body
    chunks, rest = dechunked(wire)
    line, _, tail = rest.partition(b"\r\n")
    data = b"".join(chunks) + (tail if line else b"")
    assert len(data) == 1_000_000
    assert data == (BIG * 800)[:1_000_000]


def test_the_ending_of_a_tape_gives_way(served: Tool) -> None:
    assert send(served, "end-early@2e", "broken").raw == closing() + BEFORE + LAST
    assert send(served, "reset@end", "broken").ended == "reset"


# Time


def test_latency_delays_all(each: Tool) -> None:
    seen = send(each, "latency:90ms")
    assert seen.raw == closing() + WHOLE
    assert seen.reads[0][0] >= 0.09


@pytest.mark.parametrize(
    ("fault", "early"),
    [("ttft:90ms", closing()), ("pause@2e:90ms", closing() + BEFORE), ("pause@headers:90ms", b"HTTP/1.1 200 OK\r\n")],
)
def test_waits_at_a_place(fault: str, early: bytes, each: Tool) -> None:
    seen = send(each, fault)
    assert seen.raw == closing() + WHOLE
    before = b"".join(data for at, data in seen.reads if at < 0.085)
    assert before == early


def test_a_pause_at_the_end(each: Tool) -> None:
    seen = send(each, "pause@end:90ms")
    assert seen.raw == closing() + WHOLE
    assert seen.reads[-1][0] >= 0.09
    assert seen.reads[-1][1] == LAST


@pytest.mark.parametrize(
    "fault", ["jitter:20ms", "bandwidth:5000", "drip:7", "drip:7,every=2ms", "buffer:40", "latency:5ms,jitter=5ms"]
)
def test_time_changes_no_byte(fault: str, each: Tool) -> None:
    for tape in ("one", "length", "close"):
        plain, seen = send(each, "reset?@99e", tape), send(each, fault, tape)
        assert seen.raw == plain.raw


def test_a_slow_line_takes_its_time(each: Tool) -> None:
    seen = send(each, "bandwidth:1000")
    assert seen.reads[-1][0] >= len(b"".join(EVENTS)) / 1000
    assert len(seen.reads) > 4


def test_a_buffering_proxy_sends_all_at_once(each: Tool) -> None:
    seen = send(each, "pause@3e:60ms;buffer")
    assert b"".join(data for at, data in seen.reads if at < 0.06) == closing()
    assert seen.raw == closing() + WHOLE
