"""Decks, journal and live streams of a running server, over sockets: what a client got is what the journal says."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tapes import taped
from wires import Seen, Tool, ask, chunk, connected, dechunked, event, memory, post, receive, settled, tool, wait_for

import tokentape
from cassettes.model import Ending

pytestmark = pytest.mark.xdist_group("journal")

ONE, TWO, THREE = event("one"), event("two"), event("three")
JSON = "Content-Type: application/json"
CLOSING = "Connection: close"
KEY = "sk-proj-" + "a1B2c3D4" * 6
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("journal")
    tapes = base / "tapes"
    taped(tapes, "one", [ONE, TWO], gaps=[1.0, 1.0])
    taped(tapes, "slow", [ONE, TWO, THREE], gaps=[1.0, 3_600_000.0, 1.0])
    taped(tapes, "stall", [ONE], end=Ending(type="timeout", gap_ms=1.0))
    taped(tapes, "reset", [ONE], end=Ending(type="reset", gap_ms=1.0))
    with tool(base, "serve", str(tapes)) as one:
        yield one
        assert "Traceback" not in one.said()


def control(server: Tool, method: str, path: str, body: object = None) -> tuple[int, Any]:
    data = b"" if body is None else json.dumps(body).encode()
    fields = () if method in {"GET", "DELETE"} else (JSON,)
    seen = ask(server.url, post(f"/_tokentape/{path}", data, CLOSING, *fields, method=method), ca=server.ca)
    return int(seen.head[9:12]), json.loads(seen.wire_body)


def got(server: Tool, path: str, *fields: str, body: bytes = b"{}") -> Seen:
    return ask(server.url, post(path, body, CLOSING, *fields))


def requests_of(server: Tool, deck: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = control(server, "GET", f"requests?deck={deck}")[1]["requests"]
    return found


def over(server: Tool, deck: str) -> dict[str, Any]:
    """The deck's only request, once it is over."""
    wait_for(lambda: not requests_of(server, deck)[0]["in_flight"])
    (record,) = requests_of(server, deck)
    return record


def playing(server: Tool, client: socket.socket, deck: str, tape: str = "slow") -> int:
    """Asks for a tape and waits for its first event; the stream's number."""
    client.sendall(post(f"/~{deck}/{tape}/up/one" if tape.startswith("!") else f"/~{deck}/up/{tape}", b"{}"))
    data = b""
    while not data.endswith(chunk(ONE)):
        data += client.recv(65536)
    (stream,) = control(server, "GET", f"streams?deck={deck}")[1]["streams"]
    number: int = stream["n"]
    return number


# The journal


def test_what_was_played(served: Tool) -> None:
    body = json.dumps({"note": KEY}).encode()
    seen = got(served, f"/~played/up/one?key={KEY}", f"Authorization: Bearer {KEY}", body=body)
    record = over(served, "played")
    assert (record["status"], record["tape"], record["attempt"], record["level"]) == (200, "one#1", 1, "normalized")
    assert (record["bytes"], record["of"]) == (len(seen.raw), len(seen.raw))
    assert (record["ending"], record["ended_by"]) == ("fin", "tape")
    assert 0 <= record["first_byte_ms"] <= record["last_byte_ms"] <= record["end_ms"]
    assert KEY not in json.dumps(record)
    assert record["body"]["bytes"] == len(body)
    assert control(served, "GET", f"requests/{record['n']}") == (200, record)


def test_attempts_are_counted_by_deck_and_key(served: Tool) -> None:
    for body in (b'{"a":1}', b'{"a":2}', b'{ "a": 1 }'):
        got(served, "/~counted/up/one", body=body)
    wait_for(lambda: not any(one["in_flight"] for one in requests_of(served, "counted")))
    assert [one["attempt"] for one in requests_of(served, "counted")] == [1, 1, 2]
    _, deck = control(served, "GET", "decks/counted")
    assert sorted(one["count"] for one in deck["attempts"]) == [1, 2]
    assert (deck["requests"], deck["places"]) == (3, [{"first": "one#1", "delivered": 1, "of": 1}])


def test_a_reset_by_the_tape(served: Tool) -> None:
    assert got(served, "/~broken/up/reset").ended == "reset"
    assert (over(served, "broken")["ending"], over(served, "broken")["ended_by"]) == ("reset", "tape")


@pytest.mark.parametrize("tape", ["slow", "stall", "!stall@1e", "!half-close@1e", "!drop@1e;linger"])
@pytest.mark.parametrize("abrupt", [False, True])
def test_a_client_that_vanishes_is_noticed(tape: str, abrupt: bool, served: Tool) -> None:
    deck = f"gone-{re.sub('[^a-z0-9]', '.', tape)}-{abrupt}"
    with connected(served.url) as client:
        playing(served, client, deck, tape)
        assert requests_of(served, deck)[0]["in_flight"]
        if abrupt:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    record = over(served, deck)
    assert (record["ending"], record["ended_by"]) == ("client-left", "client")
    assert control(served, "GET", f"streams?deck={deck}")[1]["streams"] == []
    assert control(served, "GET", f"decks/{deck}")[1]["live"] == 0


def test_misses_and_refusals_are_journalled_too(served: Tool) -> None:
    got(served, "/~missing/openai/v1/chat/completions", body=b'{"model":"m"}')
    got(served, "/~missing/!reset@3e/up/one")
    first, second = requests_of(served, "missing")
    assert (first["status"], first["ended_by"], first["tape"], first["model"]) == (404, "server", None, "m")
    assert second["status"] == 422
    assert control(served, "GET", "decks/missing")[1]["misses"] == 1
    assert len(control(served, "GET", "misses?deck=missing")[1]["misses"]) == 1
    assert control(served, "GET", "misses?deck=nobody")[1]["misses"] == []


def test_looking_at_the_server_is_not_journalled(served: Tool) -> None:
    before = control(served, "GET", "requests")[1]["total"]
    ask(served.url, post("/", b"", CLOSING, method="GET"))
    assert control(served, "GET", "requests")[1]["total"] == before


def test_metrics_count(served: Tool) -> None:
    got(served, "/~metrics/up/one")
    over(served, "metrics")
    text = ask(served.url, post("/_tokentape/metrics", b"", CLOSING, method="GET")).wire_body.decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert int(values['tokentape_requests_total{provider="up",status="200"}']) >= 1
    assert int(values["tokentape_sent_bytes_total"]) > 0


# Decks


def test_a_deck_with_tapes_of_its_own(served: Tool, tmp_path: Path) -> None:
    text = taped(tmp_path, "mine", [THREE]).read_text()
    status, deck = control(served, "PUT", "decks/own", {"tapes": [{"name": "my/tape", "text": text}], "speed": "max"})
    assert (status, deck["own"], deck["tapes"]) == (201, True, ["my/tape"])
    assert dechunked(got(served, "/~own/up/mine").wire_body)[0] == [THREE]
    assert got(served, "/~own/up/one").head.startswith(b"HTTP/1.1 404")
    assert got(served, "/up/mine").head.startswith(b"HTTP/1.1 404")
    assert [one["tape"] for one in requests_of(served, "own")] == ["my/tape#1", None]
    assert control(served, "PUT", "decks/own", {})[0] == 200
    assert got(served, "/~own/up/one").head.startswith(b"HTTP/1.1 200")
    assert control(served, "DELETE", "decks/own") == (200, {"removed": 1})
    assert control(served, "GET", "decks/own")[0] == 404


def test_a_deck_with_faults_of_its_own(served: Tool) -> None:
    for number, faults in enumerate(("reset@1e", ["reset@1e"], [{"fault": "reset", "at": "1e"}])):
        assert control(served, "PUT", f"decks/flaky{number}", {"faults": faults})[1]["faults"] == ["reset@1e"]
        seen = got(served, f"/~flaky{number}/up/one")
        assert (seen.ended, dechunked(seen.wire_body)[0]) == ("reset", [ONE])


def test_a_mount_that_only_a_deck_has(served: Tool, tmp_path: Path) -> None:
    text = taped(tmp_path, "mine", [THREE]).read_text().replace("provider: up", "provider: elsewhere")
    control(served, "PUT", "decks/mount", {"tapes": [{"name": "m", "text": text}]})
    assert dechunked(got(served, "/~mount/elsewhere/mine").wire_body)[0] == [THREE]
    assert got(served, "/elsewhere/mine").head.startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        ({"tapes": ["on"]}, "did you mean one?"),
        ({"tapes": ["/etc/passwd"]}, "no loaded tape"),
        ({"tapes": [{"name": "x", "text": "version: 1\ninteractions: {"}]}, "x:3:1: not YAML"),
        ({"faults": ["rest@3e"]}, "did you mean reset"),
        ({"faults": "reset@3e;cut"}, "character 10 (reset@3e;▸cut): reset@3e and cut contradict"),
        ({"faults": ["reset@3e", "cut"]}, "contradict each other"),
        ({"faults": "reset@99e"}, "one#1: the fault reset@99e cannot be applied: 99e is beyond the end"),
        ({"faults": "no-close-notify"}, "not encrypted"),
        ({"tapes": ["one"], "faults": ["drop@2e"]}, "no event starts there"),
        ({"faults": "reset@1e", "scenario": {"rules": [{"attempts": [["cut"]]}]}}, "contradict each other"),
        ({"scenario": "rules: [{attempts: [[reset@99e]]}]"}, "scenario:1:21: rule 1, attempt 1: on the tape"),
    ],
)
def test_setups_that_are_refused(setup: dict[str, Any], said: str, served: Tool) -> None:
    status, told = control(served, "PUT", "decks/refused", setup)
    assert status == 422
    assert said in told["error"]["message"]
    assert control(served, "GET", "decks/refused")[0] == 404


# Live streams


def test_a_stream_that_is_paused_stepped_and_dropped(served: Tool) -> None:
    with connected(served.url) as client:
        n = playing(served, client, "stepped")
        assert control(served, "GET", f"streams/{n}")[1]["events"] == 1
        shown = control(served, "POST", f"streams/{n}/pause")[1]
        assert (shown["paused"], shown["next_ms"]) == (True, None)
        control(served, "POST", f"streams/{n}/step")
        assert receive(client, len(chunk(TWO))) == chunk(TWO)
        control(served, "POST", f"streams/{n}/inject", {"text": ": injected\n\n"})
        assert receive(client, len(chunk(b": injected\n\n"))) == chunk(b": injected\n\n")
        control(served, "POST", f"streams/{n}/resume")
        assert receive(client, len(chunk(THREE)) + 5) == chunk(THREE) + b"0\r\n\r\n"
        # The connection lives on: the framing was never broken.
        n = playing(served, client, "dropped")
        assert control(served, "POST", f"streams/{n}/drop")[0] == 200
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        record = control(served, "GET", f"requests/{n}")[1]
        assert (record["ending"], record["ended_by"]) == ("reset", "control")
        assert control(served, "POST", f"streams/{n}/pause")[0] == 404


# Crowds


def test_a_thousand_decks_each_get_their_own(tmp_path: Path) -> None:
    taped(tmp_path / "tapes", "one", [ONE])
    with tool(tmp_path, "serve", str(tmp_path / "tapes"), "--speed", "max") as server, connected(server.url) as client:
        tape = taped(tmp_path / "made", "one", [b"data: PLACE\n\n"]).read_text()
        for number in range(1000):
            own = tape.replace("PLACE", f"{number:05}")
            body = json.dumps({"tapes": [{"name": "one", "text": own}]}).encode()
            client.sendall(post(f"/_tokentape/decks/d{number}", body, JSON, method="PUT"))
            assert answer(client).startswith(b"HTTP/1.1 201")
        for number in range(1000):
            client.sendall(post(f"/~d{number}/up/one", b"{}"))
            assert f"data: {number:05}\n\n".encode() in until(client, b"0\r\n\r\n")
        assert len(control(server, "GET", "decks")[1]["decks"]) == 1000


LETTERS = bytes(range(65, 91)) * 48
HELD = event("held")
WAY = "Content-Type: text/event-stream", "Transfer-Encoding: chunked"


def broken(number: int) -> tuple[str, bytes, str]:
    """The faults of a deck, what its client gets behind the head, and how that ends: another place for each."""
    at, end = 1 + number, b"0\r\n\r\n"
    before = chunk(HELD) + b"%x\r\n" % len(LETTERS) + LETTERS[:at]
    ways = [
        (f"reset@{len(HELD) + at}b", before, "reset"),
        (f"cut@{len(HELD) + at}b", before, "eof"),
        (f"end-early@{len(HELD) + at}b", chunk(HELD) + chunk(LETTERS[:at]) + end, "eof"),
        (f"insert@1e:deck{number}", chunk(HELD) + chunk(b"deck%d" % number) + chunk(LETTERS) + end, "eof"),
        (f"header:x-deck={number};drip:{at}", chunk(HELD) + chunk(LETTERS) + end, "eof"),
    ]
    return ways[number % len(ways)]


class Client(asyncio.Protocol):
    """Asks once and keeps what comes, up to an RST too (asyncio's streams forget it then)."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._data = bytearray()
        self.over: asyncio.Future[tuple[bytes, str]] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set_result((bytes(self._data), "eof" if exc is None else "reset"))


async def at_once(server: Tool, count: int) -> list[tuple[bytes, str]]:
    """What as many clients get that are there at once."""
    host, _, port = server.url.partition("://")[2].rpartition(":")
    there = asyncio.Semaphore(100)  # the backlog of a listening socket is the machine's matter

    async def one(number: int) -> tuple[bytes, str]:
        async with there:
            request = post(f"/~broken{number}/up/held", b"{}", CLOSING)
            _, client = await asyncio.get_running_loop().create_connection(lambda: Client(request), host, int(port))
        return await client.over

    return await asyncio.gather(*(one(number) for number in range(count)))


@pytest.mark.slow
def test_a_thousand_decks_at_once_are_each_broken_in_their_own_way(tmp_path: Path) -> None:
    taped(tmp_path / "tapes", "held", [HELD, LETTERS], gaps=[1500.0])
    with tool(tmp_path, "serve", str(tmp_path / "tapes"), "--no-mark") as server, connected(server.url) as client:
        for number in range(1000):
            body = json.dumps({"faults": [broken(number)[0]]}).encode()
            client.sendall(post(f"/_tokentape/decks/broken{number}", body, JSON, method="PUT"))
            assert answer(client).startswith(b"HTTP/1.1 201")
        found = asyncio.run(at_once(server, 1000))
        records = control(server, "GET", "requests?limit=1000")[1]["requests"]
    for number, (data, ended) in enumerate(found):
        faults, wire, ending = broken(number)
        head, _, rest = data.partition(b"\r\n\r\n")
        assert (rest, ended) == (wire, ending), faults
        assert (b"x-deck: %d" % number in head) == ("x-deck" in faults)
    told = {record["deck"]: record["faults"] for record in records}
    assert told == {f"broken{number}": [broken(number)[0]] for number in range(1000)}


def answer(client: socket.socket) -> bytes:
    """One answer with a Content-Length."""
    data = until(client, b"\r\n\r\n")
    head, _, rest = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    return data + receive(client, length - len(rest))


def until(client: socket.socket, end: bytes) -> bytes:
    data = b""
    while end not in data:
        more = client.recv(65536)
        assert more, data
        data += more
    return data


STALLS = ("stall", "!stall@1e", "!keepalive:20ms,text=hi;stall@1e")
"""A tape that stalls, a fault that does, and one with keepalives until it is stalled for good."""


def stalled(server: Tool, stack: ExitStack, numbers: range) -> list[Any]:
    """Clients that each had an event and wait for more, in decks of their own."""
    clients = []
    for number in numbers:
        client = stack.enter_context(connected(server.url, ca=server.ca))
        way = STALLS[number % len(STALLS)]
        path = f"/{way}/up/one" if way.startswith("!") else f"/up/{way}"
        client.sendall(post(f"/~s{number}{path}", b"{}"))
        until(client, chunk(ONE))
        clients.append(client)
    return clients


@pytest.mark.parametrize(
    ("count", "options", "most"),
    [
        (200, (), 25_000),
        pytest.param(1000, (), 25_000, marks=pytest.mark.slow),
        pytest.param(1000, ("--loop", "uvloop"), 25_000, marks=pytest.mark.slow),
        pytest.param(1000, ("--tls",), 50_000, marks=pytest.mark.slow),
    ],
)
@pytest.mark.timeout(300)
def test_stalled_streams_take_no_memory_are_told_from_left_ones_and_end_at_once(
    count: int, options: tuple[str, ...], most: int, tmp_path: Path
) -> None:
    """`most`: bytes for each, its deck included."""
    if "uvloop" in options:
        pytest.importorskip("uvloop")
    taped(tmp_path / "tapes", "stall", [ONE], end=Ending(type="timeout", gap_ms=1.0))
    taped(tmp_path / "tapes", "one", [ONE, TWO])
    with tool(tmp_path, "serve", str(tmp_path / "tapes"), *options) as server, ExitStack() as stack:
        stalled(server, stack, range(count // 10))
        before = settled(lambda: memory(server.process))
        clients = stalled(server, stack, range(count // 10, count))
        assert len(streams(server)) == count
        held = settled(lambda: memory(server.process))
        assert held - before < most * len(clients)
        assert settled(lambda: memory(server.process), 1.0) - held < MEGABYTE
        for client in clients[:30]:
            (client.below if server.ca else client).close()
        wait_for(lambda: len(streams(server)) == count - 30)
        for number in range(count // 10, count // 10 + 30):
            record = requests_of(server, f"s{number}")[0]
            assert (record["ending"], record["ended_by"]) == ("client-left", "client"), record
        begun = time.monotonic()
        server.process.terminate()
        assert server.process.wait(5) == 0
        assert time.monotonic() - begun < 1.0
    assert "Traceback" not in server.said()


def streams(server: Tool) -> list[Any]:
    return control(server, "GET", "streams")[1]["streams"]


def test_a_deck_that_is_set_up_anew_answers_nothing_as_it_did_before(tmp_path: Path) -> None:
    for name in ("old", "new"):
        taped(tmp_path / name, "one", [event(name)])
    with tokentape.serve() as mock:

        def said(body: bytes) -> str:
            seen = ask(mock.url(), post("/~a/up/one", body, CLOSING))
            return "new" if event("new") in seen.raw else "old" if event("old") in seen.raw else seen.head.decode()

        for name in ("old", "new", "old"):
            mock.deck("a", tapes=[tmp_path / name], match="route", speed="max")
            for body in (b'{"a":1}', b'{"b":2}', b'{"a":1}', b'{"b":2}'):
                assert said(body) == name
