"""CORS headers and preflights: pure, then over raw sockets on every kind of answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import wires
from tapes import SSE, taped
from wires import Seen, Tool, ask, connected, event, post, receive, tool

from mockserver.browsers import NOBODY, granted, live, preflight, reader_of
from mockserver.guards import Guard

pytestmark = pytest.mark.xdist_group("browsers")

PAGE = "http://localhost:3000"
EVIL = "https://evil.example"
NAMED = "https://app.example"
TAPED = (
    *SSE,
    ("X-Request-Id", "r1"),
    ("Access-Control-Allow-Origin", "*"),
    ("access-control-expose-headers", "x-other"),
)
CHAT = "/openai/v1/chat/completions"
GIVEN = {"Access-Control-Allow-Origin": PAGE, "Access-Control-Allow-Credentials": "true", "Vary": "Origin"}


# Pure


@pytest.mark.parametrize(
    ("origin", "origins", "reader"),
    [
        (None, (), None),
        (PAGE, (), PAGE),
        (EVIL, (), NOBODY),
        (NAMED, (NAMED,), NAMED),
        (EVIL, (NAMED,), NOBODY),
        (EVIL, ("*",), "*"),
        (PAGE, ("*",), PAGE),
        ("null", (), NOBODY),
        ("null", ("null",), "null"),
    ],
)
def test_who_may_read(origin: str | None, origins: tuple[str, ...], reader: str | None) -> None:
    headers = () if origin is None else (("Origin", origin),)
    assert reader_of(headers, Guard(origins=frozenset(origins))) == reader


def test_live_headers_stand_in_for_those_of_a_tape() -> None:
    shown = ("Access-Control-Expose-Headers", "x-request-id")
    kept = [*SSE, ("X-Request-Id", "r1")]
    assert live(TAPED, PAGE) == [*kept, *GIVEN.items(), shown]
    assert live(TAPED, "*") == [*kept, ("Access-Control-Allow-Origin", "*"), shown]
    assert live(TAPED, NOBODY) == kept
    assert live(SSE, "*") == [*SSE, ("Access-Control-Allow-Origin", "*")]


def test_a_preflight_grants_what_was_asked_and_nothing_that_is_no_header() -> None:
    asked = (
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,x-stainless-os"),
        ("Access-Control-Request-Private-Network", "true"),
    )
    answer = dict(preflight(asked, PAGE))
    assert answer["Access-Control-Allow-Methods"] == "POST"
    assert answer["Access-Control-Allow-Headers"] == "authorization,x-stainless-os"
    assert answer["Access-Control-Allow-Private-Network"] == "true"
    bare = dict(preflight((("Access-Control-Request-Headers", "a;b"), asked[0]), PAGE))
    assert bare.keys() & {"Access-Control-Allow-Headers", "Access-Control-Allow-Private-Network"} == set()
    assert granted(PAGE) == tuple(GIVEN.items())


# Over sockets


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("browsers")
    taped(base / "tapes", "one", [event("one")], headers=TAPED)
    with tool(base, "serve", str(base / "tapes"), "--cors", NAMED) as one:
        yield one
        assert "Traceback" not in one.said()


def options(path: str, origin: str, *fields: str) -> bytes:
    asked = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type")
    return post(path, b"", f"Origin: {origin}", "Connection: close", *asked, *fields, method="OPTIONS")


def cors(seen: Seen) -> dict[str, str]:
    """The CORS headers of an answer, and Vary."""
    lines = [line.partition(": ") for line in seen.head.decode().split("\r\n")[1:] if line]
    return {name: value for name, _, value in lines if name.lower().startswith("access-control-") or name == "Vary"}


@pytest.mark.parametrize("path", [CHAT, "/anthropic/v1/messages", "/v1/chat/completions", "/up/one", "/~a/up/one",
                                  "/play/one", "/_tokentape/misses", "/nowhere"])  # fmt: skip
def test_preflights_are_answered_everywhere(path: str, served: Tool) -> None:
    seen = ask(served.url, options(path, PAGE, "Access-Control-Request-Private-Network: true"))
    assert seen.head.startswith(b"HTTP/1.1 204 ")
    found = cors(seen)
    assert found["Access-Control-Allow-Origin"] == PAGE
    assert found["Access-Control-Allow-Methods"] == "POST"
    assert found["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert found["Access-Control-Allow-Private-Network"] == "true"
    assert seen.wire_body == b""
    foreign = ask(served.url, options(path, EVIL))
    assert foreign.head.startswith(b"HTTP/1.1 403 ")
    assert cors(foreign) == {}


def test_a_tape_is_read_by_the_page_that_asks_and_by_no_other(served: Tool) -> None:
    bodies = set()
    for origin, expected in ((PAGE, PAGE), (NAMED, NAMED), (EVIL, None), ("null", None)):
        seen = ask(served.url, post("/up/one", b"{}", "Connection: close", f"Origin: {origin}"))
        assert seen.head.startswith(b"HTTP/1.1 200 ")
        assert cors(seen).get("Access-Control-Allow-Origin") == expected
        assert seen.header("access-control-expose-headers") == ("x-request-id, x-tokentape" if expected else None)
        bodies.add(seen.wire_body)
    assert len(bodies) == 1
    plain = ask(served.url, post("/up/one", b"{}", "Connection: close"))
    assert plain.header("access-control-allow-origin") == "*"
    assert plain.wire_body in bodies


@pytest.mark.parametrize(
    ("path", "status"),
    [(CHAT, b"404"), ("/nowhere", b"404"), ("/!reset@3e/up/one", b"422"), ("/~a$/up/one", b"400"),
     ("/_tokentape/nothing", b"404"), ("/play/one", b"405")],
)  # fmt: skip
def test_a_page_can_read_why_it_got_nothing(path: str, status: bytes, served: Tool) -> None:
    seen = ask(served.url, post(path, b"{}", "Connection: close", "Content-Type: application/json", f"Origin: {PAGE}"))
    assert seen.head[9:12] == status
    assert cors(seen)["Access-Control-Allow-Origin"] == PAGE
    foreign = ask(
        served.url, post(path, b"{}", "Connection: close", "Content-Type: application/json", f"Origin: {EVIL}")
    )
    assert cors(foreign) == {}


def test_a_connection_lives_on_after_a_preflight(served: Tool) -> None:
    with connected(served.url) as client:
        client.sendall(options("/up/one", PAGE).replace(b"Connection: close\r\n", b""))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += receive(client, 1)
        client.sendall(post("/up/one", b"{}", f"Origin: {PAGE}"))
        assert receive(client, 15) == b"HTTP/1.1 200 OK"


def test_options_without_a_page_is_no_miss(served: Tool) -> None:
    before = served.said()
    seen = ask(served.url, post("/up/one", b"", "Connection: close", method="OPTIONS"))
    assert seen.head.startswith(b"HTTP/1.1 204 ")
    assert "POST" in (seen.header("Allow") or "")
    assert served.said() == before


def test_any_page_only_where_that_was_said(tmp_path: Path) -> None:
    taped(tmp_path / "tapes", "one", [event("one")])
    with tool(tmp_path, "serve", str(tmp_path / "tapes"), "--cors", "*") as one:
        seen = ask(one.url, post("/up/one", b"{}", "Connection: close", f"Origin: {EVIL}"))
        assert cors(seen) == {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "x-tokentape",
        }
        asked = post("/_tokentape/tapes", b"", "Connection: close", f"Origin: {EVIL}", method="GET")
        assert ask(one.url, asked).head.startswith(b"HTTP/1.1 403 ")


def test_what_is_no_origin_is_a_usage_error() -> None:
    done = wires.tokentape("serve", "--cors", "app.example")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean https://app.example?" in done.stderr
    assert len(done.stderr.splitlines()) == 1
