"""Verdicts over real sockets: for each a client that earns it and one that does not, against one server; a deck a client.

Clients here are as small as what they are judged by: they send, wait, hold on or leave. No wait is over 0.2 s.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from tapes import taped
from wires import Seen, Tool, ask, connected, post, tool, wait_for

import tokentape
from cassettes.store import shipped_root
from mockserver.verdicts.table import NAMES

pytestmark = pytest.mark.xdist_group("verdicts")

CHAT = "/openai/v1/chat/completions"
RESPONSES = "/openai/v1/responses"
BODY = b'{"model":"gpt-5.1","stream":true,"messages":[{"role":"user","content":"Hello!"}]}'
WHOLE = "Hello! How can I help you today?"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("verdicts")
    shutil.copytree(shipped_root() / "openai", base / "tapes" / "openai")
    taped(base / "tapes", "ids", [f"id: {n}\ndata: {n}\n\n".encode() for n in (1, 2, 3, 4)])
    with tool(base, "serve", str(base / "tapes"), "--speed", "max", "--match", "route") as one:
        yield one
        assert "Traceback" not in one.said()


class Client:
    """Sends requests to a deck of its own, with the faults of the deck."""

    def __init__(self, server: Tool, deck: str, faults: list[str], held: ExitStack) -> None:
        self._server, self.deck, self._held = server, deck, held
        made = ask(
            server.url,
            post(
                f"/_tokentape/decks/{deck}",
                json.dumps({"faults": faults, "speed": "max", "match": "route"}).encode(),
                "Connection: close",
                "Content-Type: application/json",
                method="PUT",
            ),
        )
        assert made.head.startswith(b"HTTP/1.1 201"), made.raw

    def send(self, *fields: str, path: str = CHAT, body: bytes = BODY, method: str = "POST", **how: Any) -> Seen:
        return ask(
            self._server.url,
            post(f"/~{self.deck}{path}", body, "Connection: close", *fields, method=method),
            **{"quiet": 5, **how},
        )

    def hold(self, until: bytes, path: str = CHAT, body: bytes = BODY) -> Any:
        """Sends, reads up to those bytes, and keeps the connection until the end of the test."""
        line = self._held.enter_context(connected(self._server.url, quiet=5))
        line.sendall(post(f"/~{self.deck}{path}", body))
        data = b""
        while until not in data:
            more = line.recv(65536)
            assert more, data
            data += more
        return line

    def wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)

    def asked(self) -> list[dict[str, Any]]:
        seen = ask(
            self._server.url, post(f"/_tokentape/requests?deck={self.deck}", b"", "Connection: close", method="GET")
        )
        found: list[dict[str, Any]] = json.loads(seen.wire_body)["requests"]
        return found

    def verdicts(self, **terms: Any) -> list[dict[str, Any]]:
        query = urlencode({"deck": self.deck, **terms}, quote_via=quote)
        seen = ask(self._server.url, post(f"/_tokentape/verdicts?{query}", b"", "Connection: close", method="GET"))
        assert seen.head.startswith(b"HTTP/1.1 200"), seen.raw
        found: list[dict[str, Any]] = json.loads(seen.wire_body)["verdicts"]
        return found


class Row(NamedTuple):
    """A client: what it meets, what it does, what the test says of it, and the verdicts that it earns."""

    faults: list[str]
    does: Callable[[Client], object]
    earns: tuple[str, ...] = ()
    terms: dict[str, Any] = {}  # noqa: RUF012 - read only
    held: bool = False


def twice(wait: float = 0.0, *fields: str) -> Callable[[Client], None]:
    """Sends, and again after a wait, perhaps with other headers."""

    def does(client: Client) -> None:
        client.send()
        client.wait(wait)
        client.send(*fields)

    return does


def often(times: int, wait: float = 0.0) -> Callable[[Client], None]:
    def does(client: Client) -> None:
        for _ in range(times):
            client.send()
            client.wait(wait)

    return does


def once(client: Client) -> None:
    client.send()


def leaves(client: Client) -> None:
    """Its read timeout is 50 ms; then it closes."""
    assert client.send(quiet=0.05).ended == "quiet"


def waits(client: Client) -> None:
    """Has no read timeout of its own."""
    client.hold(b"Hello")
    client.wait(0.1)


def leaves_and_asks_again(client: Client) -> None:
    leaves(client)
    client.wait(0.12)
    client.send()


def keeps_and_asks_again(client: Client) -> None:
    client.hold(b"Hello")
    client.wait(0.01)
    client.send()


def beside(client: Client) -> None:
    """A second equal request while the first is answered."""
    client.hold(b"Hello")
    client.send("X-Hedge: 1")


def other_beside(client: Client) -> None:
    """Another prompt while the first is answered."""
    client.hold(b"Hello")
    client.send(body=BODY.replace(b"Hello!", b"Bye!"))


def takes_up(last: str) -> Callable[[Client], None]:
    def does(client: Client) -> None:
        client.send(path="/up/ids", body=b"{}")
        client.send(f"Last-Event-ID: {last}", path="/up/ids", body=b"{}")

    return does


def takes_up_response(after: int) -> Callable[[Client], None]:
    def does(client: Client) -> None:
        seen = client.send(path=RESPONSES, body=b'{"model":"gpt-5.1","stream":true,"input":"Hello!"}')
        ident = seen.raw.partition(b'"id":"resp_')[2].partition(b'"')[0].decode()
        path = f"{RESPONSES}/resp_{ident}?stream=true&starting_after={after}"
        client.send(path=path, body=b"", method="GET")

    return does


LATER = "status#1:429,retry-after-ms=120"
ROWS = {
    "retry_after_ignored: at once": Row([LATER], twice(), ("retry_after_ignored",)),
    "retry_after_ignored: waits": Row([LATER], twice(0.125)),
    "retry_after_ignored: seconds, too soon": Row(["status#1:503,retry-after=0.12"], twice(0.05), ("retry_after_ignored",)),
    "retry_after_ignored: seconds, waits": Row(["status#1:503,retry-after=0.12"], twice(0.125)),
    "retry_after_ignored: a date, at once": Row(["status#1:429,retry-after=date:3"], twice(), ("retry_after_ignored",)),
    "retry_after_ignored: a date that has come": Row(["status#1:429,retry-after=date:0"], twice(0.12)),
    "retry_after_ignored: the milliseconds count": Row(
        ["status#1:429,retry-after-ms=100,retry-after=30"], twice(0.11)
    ),
    "retried_non_retryable: 400": Row(["status:400"], twice(0.12), ("retried_non_retryable",)),
    "retried_non_retryable: 500 that says no": Row(
        ["status:500,should-retry=false"], twice(0.12), ("retried_non_retryable",)
    ),
    "retried_non_retryable: 400 once": Row(["status:400"], once),
    "retried_non_retryable: 400 that says yes": Row(["status#1:400,should-retry=true"], twice(0.12)),
    "retried_non_retryable: another key": Row(["status#1:401"], twice(0.0, "Authorization: Bearer other")),
    "retry_storm: eight": Row(["status:503"], often(8), ("no_backoff",) * 7 + ("retry_storm",)),
    "retry_storm: three": Row(["status#1-2:503"], often(3, 0.12)),
    "no_backoff: at once": Row(["status#1:503"], twice(), ("no_backoff",)),
    "no_backoff: after a broken head": Row(["reset@request#1"], twice(), ("no_backoff",)),
    "no_backoff: waits": Row(["status#1:503"], twice(0.12)),
    "gave_up: 503": Row(["status#1:503"], once, ("gave_up",)),
    "gave_up: before any answer": Row(["cut@request#1"], once, ("gave_up",)),
    "gave_up: tries once more": Row(["status:503"], twice(0.12)),
    "gave_up: told to wait too long": Row(["status:429,retry-after=121"], once),
    "no_read_timeout: waits for the cut": Row(
        ["stall@4e:100ms"], once, ("no_read_timeout",), {"patience_ms": 80}
    ),
    "no_read_timeout: still waiting": Row(["stall@4e"], waits, ("no_read_timeout",), {"patience_ms": 80}, held=True),
    "no_read_timeout: leaves": Row(["stall@4e"], leaves, (), {"patience_ms": 20}),
    "truncated_stream_accepted: cut": Row(
        ["cut@4e"], once, ("truncated_stream_accepted",), {"accepted": "Hello! How"}
    ),
    "truncated_stream_accepted: reset": Row(
        ["reset@4e"], once, ("truncated_stream_accepted",), {"accepted": "Hello! How "}
    ),
    "truncated_stream_accepted: a clean end": Row(
        ["end-early@50%"], once, ("truncated_stream_accepted",), {"accepted": "HELLO"}
    ),
    "truncated_stream_accepted: without its last event": Row(
        ["no-terminal"], once, ("truncated_stream_accepted",), {"accepted": WHOLE}
    ),
    "truncated_stream_accepted: reports": Row(["cut@4e"], once),
    "truncated_stream_accepted: whole": Row([], once, (), {"accepted": WHOLE}),
    "truncated_stream_accepted: the second was whole": Row(["cut@4e#1"], twice(0.12), (), {"accepted": WHOLE}),
    "resumed_from_wrong_place: too early": Row(["cut@3e#1"], takes_up("1"), ("resumed_from_wrong_place",)),
    "resumed_from_wrong_place: never sent": Row(["cut@3e#1"], takes_up("4"), ("resumed_from_wrong_place",)),
    "resumed_from_wrong_place: the last": Row(["cut@3e#1"], takes_up("3")),
    "resumed_from_wrong_place: a response": Row(["cut@3e#1"], takes_up_response(7), ("resumed_from_wrong_place",)),
    "resumed_from_wrong_place: a response's last": Row(["cut@3e#1"], takes_up_response(2)),
    "connection_leaked: asks again": Row(["stall@4e#1"], keeps_and_asks_again, ("connection_leaked",), held=True),
    "connection_leaked: is done": Row(
        ["stall@4e"],
        waits,
        ("connection_leaked", "truncated_stream_accepted"),
        {"accepted": "Hello! How"},
        held=True,
    ),
    "connection_leaked: leaves first": Row(["stall@4e#1"], leaves_and_asks_again),
    "duplicate_request: after the whole answer": Row([], twice(0.12), ("duplicate_request",)),
    "duplicate_request: beside": Row(["pause@4e:150ms"], beside, ("duplicate_request",), held=True),
    "duplicate_request: another prompt": Row(["pause@4e:150ms"], other_beside, held=True),
    "duplicate_request: once": Row([], once),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_a_client_earns(name: str, served: Tool) -> None:
    row = ROWS[name]
    with ExitStack() as held:
        client = Client(served, f"v{list(ROWS).index(name)}", row.faults, held)
        row.does(client)
        if not row.held:
            wait_for(lambda: not any(one["in_flight"] for one in client.asked()))
        found = client.verdicts(**row.terms)
        numbers = {one["n"] for one in client.asked()}
    assert tuple(one["name"] for one in found) == row.earns, found
    for one in found:
        assert set(one["requests"]) <= numbers
        assert one["evidence"]
        assert one["deck"] == client.deck
        assert one["expected"]
        assert one["source"]


def test_python_is_told_the_same_and_so_is_who_reads_a_report() -> None:
    with tokentape.serve("openai/hello", speed="max", faults=["cut@4e"]) as mock:
        sent = ask(mock.url(), post(CHAT, BODY, "Connection: close"))
        assert sent.ended == "eof"
        assert mock.verdicts() == []
        (one,) = mock.verdicts("Hello! How")
        assert (one.name, one.requests, one.evidence["framing_ended"]) == ("truncated_stream_accepted", (1,), False)
        assert "verdict" not in mock.report([])
        mock.faults = ["status:503"]
        mock.reset()
        for _ in range(3):
            ask(mock.url(), post(CHAT, BODY, "Connection: close"))
        assert [one.name for one in mock.verdicts(least_wait_ms=0, tries=4)] == ["gave_up"]
        told = mock.report([])
    assert "verdict no_backoff: request 3 came " in told
    assert [one.name for one in mock.verdicts(most_tries=2)] == ["no_backoff", "no_backoff", "retry_storm"]


def test_a_client_that_has_just_left_has_not_leaked_its_connection() -> None:
    with tokentape.serve("openai/hello", speed="max", faults=["stall@4e"]) as mock:
        with connected(mock.url()) as line:
            line.sendall(post(CHAT, BODY))
            assert line.recv(65536)
            kept = mock.verdicts("Hello")
        assert "connection_leaked" in [one.name for one in kept]
        assert "connection_leaked" not in [one.name for one in mock.verdicts("Hello")]


def test_every_verdict_has_a_client_that_earns_it_and_one_that_does_not() -> None:
    for name in NAMES:
        mine = [row.earns for title, row in ROWS.items() if title.startswith(f"{name}:")]
        assert any(name in earned for earned in mine), name
        assert any(not earned for earned in mine), name
