"""`GET /play/<tape>` over raw sockets: which interaction, how fast, how it ends, what is refused, whose place moves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from tapes import SSE, taped
from wires import Seen, Tool, ask, chunk, event, post, tool

from cassettes.model import Cassette, Ending
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load_file

pytestmark = pytest.mark.xdist_group("eventsource")

ONE, TWO = event("one"), event("두울")
LAST = b"0\r\n\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("play")
    tapes = base / "tapes"
    taped(tapes, "one", [ONE, TWO], gaps=[5.0, 5.0])
    taped(tapes, "slow", [ONE, TWO], gaps=[5.0, 3_600_000.0])
    taped(tapes / "deep down", "50% of 두", [TWO])
    taped(tapes, "cut", [ONE], end=Ending(type="cut"))
    taped(tapes, "reset", [ONE], end=Ending(type="reset"))
    first, second = taped(tapes, "a", [ONE]), taped(tapes, "b", [TWO])
    (tapes / "two.yaml").write_bytes(dump(Cassette(load_file(first).interactions + load_file(second).interactions)))
    (tapes / "hello.yaml").parent.mkdir(exist_ok=True)
    shutil.copy(shipped_root() / "openai" / "hello.yaml", tapes / "hello.yaml")
    with tool(base, "serve", str(tapes), "--after-last", "error") as one:
        yield one
        assert "Traceback" not in one.said()


def play(server: Tool, path: str, *fields: str, method: str = "GET", prefix: str = "") -> Seen:
    asked = post(f"{prefix}/play{path}", b"", "Accept: text/event-stream", *fields, "Connection: close", method=method)
    return ask(server.url, asked)


def told(seen: Seen) -> Any:
    return json.loads(seen.wire_body)["error"]


def test_a_tape_is_streamed_as_it_is(served: Tool) -> None:
    seen = play(served, "/one")
    assert seen.head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (seen.header("content-type"), seen.header("x-tokentape")) == (SSE[0][1], "one#1")
    assert seen.wire_body == chunk(ONE) + chunk(TWO) + LAST
    assert play(served, "/hello").header("content-type") == "text/event-stream; charset=utf-8"
    assert play(served, "/one", method="HEAD").wire_body == b""


@pytest.mark.parametrize("path", ["/deep%20down/50%25%20of%20%EB%91%90", "/deep%20down%2F50%25%20of%20%EB%91%90"])
def test_names_are_percent_encoded(path: str, served: Tool) -> None:
    assert play(served, path).wire_body == chunk(TWO) + LAST


@pytest.mark.parametrize(
    ("query", "body"), [("", ONE), ("?n=1", ONE), ("?n=2", TWO), ("?n=2&speed=max", TWO), ("?n=&speed=&fault=", ONE)]
)
def test_n_chooses_the_interaction(query: str, body: bytes, served: Tool) -> None:
    assert play(served, f"/two{query}").wire_body == chunk(body) + LAST


def test_speed_is_of_this_request_alone(served: Tool) -> None:
    assert play(served, "/slow?speed=max").wire_body == chunk(ONE) + chunk(TWO) + LAST
    assert play(served, "/slow?speed=1000000").wire_body == chunk(ONE) + chunk(TWO) + LAST
    asked = post("/play/slow", b"", method="GET")
    seen = ask(served.url, asked, until=lambda raw: raw.endswith(chunk(ONE)))
    assert seen.ended == "until"


def test_it_ends_as_the_tape_does(served: Tool) -> None:
    cut, reset = play(served, "/cut"), play(served, "/reset")
    assert (cut.ended, cut.wire_body) == ("eof", chunk(ONE))
    assert (reset.ended, reset.wire_body) == ("reset", chunk(ONE))


def test_faults_break_it_on_the_attempts_they_say(served: Tool) -> None:
    assert play(served, "/slow?speed=max&fault=cut@1c").wire_body == chunk(ONE)
    faults = "?fault=status%231:503;comment@0c"
    assert play(served, f"/one{faults}", prefix="/~again").head.startswith(b"HTTP/1.1 503 ")
    seen = play(served, f"/one{faults}", prefix="/~again/!comment@0c:x")
    assert seen.wire_body.startswith(chunk(b": x\n\n") + chunk(b": tokentape\n\n") + chunk(ONE))


def test_no_place_moves(served: Tool) -> None:
    for _ in range(3):
        assert play(served, "/one", prefix="/~d").head.startswith(b"HTTP/1.1 200 ")
    assert ask(served.url, post("/~d/up/one", b"", "Connection: close")).head.startswith(b"HTTP/1.1 200 ")
    assert ask(served.url, post("/~d/up/one", b"", "Connection: close")).head.startswith(b"HTTP/1.1 404 ")
    assert play(served, "/one", prefix="/~d").head.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", ["", "/"])
def test_without_a_name_the_tapes_are_listed(path: str, served: Tool) -> None:
    rows = json.loads(play(served, path).wire_body)["tapes"]
    assert {row["name"]: row["interactions"] for row in rows} == {
        "a": 1, "b": 1, "cut": 1, "deep down/50% of 두": 1, "hello": 1, "one": 1, "reset": 1, "slow": 1, "two": 2
    }  # fmt: skip
    for row in rows:
        if row["name"] != "slow":
            asked = row["url"].removeprefix(f"{served.url}/play")
            assert play(served, asked).head.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("path", "method", "status", "code", "said"),
    [
        ("/oen", "GET", b"404", "tokentape_no_tape", "did you mean one?"),
        ("/one.yaml", "GET", b"404", "tokentape_no_tape", "did you mean one?"),
        ("/%00%1b%FF" + "x" * 500, "GET", b"404", "tokentape_no_tape", "GET /play lists them"),
        ("/two?n=3", "GET", b"400", "tokentape_bad_query", "expected 1 to 2"),
        ("/one?n=2", "GET", b"400", "tokentape_bad_query", "expected 1"),
        ("/one?n=0", "GET", b"400", "tokentape_bad_query", "expected 1"),
        ("/one?n=x", "GET", b"400", "tokentape_bad_query", "expected 1"),
        ("/one?n=" + "9" * 5000, "GET", b"400", "tokentape_bad_query", "expected 1"),
        ("/one?n=%C2%B2", "GET", b"400", "tokentape_bad_query", "expected 1"),
        ("/one?n=1&n=1", "GET", b"400", "tokentape_bad_query", "given twice"),
        ("/one?speed=0", "GET", b"400", "tokentape_bad_query", "is not a speed"),
        ("/one?sped=2", "GET", b"400", "tokentape_bad_query", "expected n, speed, fault"),
        ("/one?fault=reset@3e", "GET", b"422", "tokentape_fault", "reset@3e"),
        ("/one?fault=rest", "GET", b"422", "tokentape_fault", "did you mean reset?"),
        ("/one", "POST", b"405", "tokentape_method", "GET, HEAD"),
        ("/one", "DELETE", b"405", "tokentape_method", "GET, HEAD"),
    ],
)
def test_bad_input(path: str, method: str, status: bytes, code: str, said: str, served: Tool) -> None:
    seen = play(served, path, method=method)
    assert seen.head[9:12] == status
    error = told(seen)
    assert error["code"] == code
    assert said in error["message"]
    assert error["message"].isprintable()
    assert len(error["message"]) < 400


def test_an_unknown_tape_is_no_miss(served: Tool) -> None:
    before = served.said()
    play(served, "/nothing")
    assert served.said() == before
