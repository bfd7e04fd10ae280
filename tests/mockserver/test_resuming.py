"""Reconnecting over raw sockets: `Last-Event-ID` on tapes and on `/play`, whose place moves; hops of a Gemini stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tapes import taped
from wires import Seen, Tool, ask, chunk, dechunked, post, tool

from cassettes.hops import made_token, split
from cassettes.matching import entry_of
from cassettes.model import Cassette, Ending, Interaction, Request
from cassettes.resume import Had, Rest
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load_file
from mockserver.decks import Run
from mockserver.resuming import REMEMBERED, Resuming

pytestmark = pytest.mark.xdist_group("resuming")

EVENTS = [b"id: %d\ndata: %d\n\n" % (number, number) for number in range(1, 6)]
OTHERS = [b"id: b%d\ndata: %d\n\n" % (number, number) for number in range(1, 4)]
LAST = b"0\r\n\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("resuming")
    tapes = base / "tapes"
    taped(tapes, "ids", EVENTS, gaps=[1.0] * 5)
    taped(tapes, "reset", EVENTS, end=Ending(type="reset"))
    taped(tapes, "length", EVENTS, framing="length", headers=(("Content-Type", "text/event-stream"),))
    taped(tapes, "comments", [*EVENTS, b": bye\n\n"])
    (one,) = load_file(taped(tapes, "two", EVENTS)).interactions
    (other,) = load_file(taped(tapes, "other", OTHERS)).interactions
    again = Request(one.request.method, one.request.uri, (("Last-Event-ID", "b9"),))
    both = (one, Interaction(one.request, other.response), Interaction(again, other.response))
    (tapes / "two.yaml").write_bytes(dump(Cassette(both)))
    with tool(base, "serve", str(tapes), "--after-last", "error") as running:
        yield running
        assert "Traceback" not in running.said()


def after(server: Tool, path: str, ident: str | None = None, method: str = "POST") -> Seen:
    fields = [] if ident is None else [f"Last-Event-ID: {ident}"]
    return ask(server.url, post(path, b"", *fields, "Connection: close", method=method))


def body(seen: Seen) -> bytes:
    return b"".join(dechunked(seen.wire_body)[0])


@pytest.mark.parametrize("path", ["/~{}/up/ids", "/play/ids"])
@pytest.mark.parametrize(
    ("ident", "rest"),
    [(None, 0), ("", 0), ("nowhere", 0), ("1", 1), ("3", 3), ("4", 4)],
    ids=["none", "empty", "unknown", "1", "3", "4"],
)
def test_the_rest_of_the_stream_follows(path: str, ident: str | None, rest: int, served: Tool) -> None:
    seen = after(served, path.format(f"d{ident}"), ident, "GET" if "play" in path else "POST")
    assert seen.wire_body == b"".join(map(chunk, EVENTS[rest:])) + LAST
    assert seen.header("x-tokentape") == "ids#1"


@pytest.mark.parametrize(("tape", "last"), [("ids", "5"), ("comments", "5"), ("length", "5")])
def test_where_nothing_is_left_an_eventsource_is_told_to_stay_away(tape: str, last: str, served: Tool) -> None:
    for path, method in ((f"/play/{tape}", "GET"), (f"/~over/up/{tape}", "POST")):
        seen = after(served, path, last, method)
        assert seen.head.startswith(b"HTTP/1.1 204 No Content\r\n")
        assert (seen.wire_body, seen.header("content-type"), seen.header("content-length")) == (b"", None, None)


def test_an_ending_that_was_none_is_played_again(served: Tool) -> None:
    seen = after(served, "/play/reset", "5", "GET")
    assert (seen.ended, seen.wire_body) == ("reset", b"")


def test_a_length_is_that_of_the_rest(served: Tool) -> None:
    seen = after(served, "/play/length", "3", "GET")
    assert seen.wire_body == b"".join(EVENTS[3:])
    assert seen.header("content-length") == str(len(b"".join(EVENTS[3:])))


def test_the_place_moves_as_ever(served: Tool) -> None:
    assert body(after(served, "/~place/up/two")) == b"".join(EVENTS)
    # The client reconnects to what it has had whole, though another interaction is next: that is not disturbed.
    assert body(after(served, "/~place/up/two", "2")) == b"".join(EVENTS[2:])
    assert body(after(served, "/~place/up/two", "b1")) == b"".join(OTHERS[1:])
    assert body(after(served, "/~place/up/two", "b9")) == b"".join(OTHERS), "recorded for that id"
    assert after(served, "/~place/up/two").head.startswith(b"HTTP/1.1 404 ")
    # All is played, and nothing repeats: the rest of what was played is still there.
    assert body(after(served, "/~place/up/two", "4")) == EVENTS[4]


def test_a_forgotten_id_is_the_next_interaction_from_its_start(served: Tool) -> None:
    assert body(after(served, "/~x/up/two")) == b"".join(EVENTS)
    assert body(after(served, "/~x/up/two", "gone")) == b"".join(OTHERS)


def test_ids_that_are_remembered_are_bounded() -> None:
    (one,) = load_file(shipped_root() / "openai" / "hello.yaml").interactions
    entries = [entry_of("t", number, one) for number in range(REMEMBERED + 9)]
    resuming = Resuming()
    for entry in entries:
        assert resuming.after_id(entry, "1") is None
    assert len(resuming._ids) == REMEMBERED
    assert resuming.among(Run(entries), entries[3], Had("id", "1")) is None
    resuming.forget()
    assert not resuming._ids


# -- hops -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hopping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tool, Interaction]]:
    """A server with the shipped Gemini stream in two hops, and that stream."""
    base = tmp_path_factory.mktemp("hops")
    (whole,) = load_file(shipped_root() / "google" / "hello.yaml").interactions
    (base / "tapes").mkdir()
    first, second = split(whole, 6)
    (base / "tapes" / "hops.yaml").write_bytes(dump(Cassette((first, second))))
    with tool(base, "serve", str(base / "tapes"), "--speed", "max") as running:
        yield running, whole


def hop(server: Tool, whole: Interaction, token: str | None, deck: str) -> Seen:
    asked = json.loads(whole.request.body) | ({"continuationToken": token, "generationConfig": {}} if token else {})
    wanted = "/~" + deck + whole.request.uri.partition(".com")[2]
    return ask(server.url, post(wanted, json.dumps(asked).encode(), "Connection: close"))


def test_hops_are_told_apart_by_their_token(hopping: tuple[Tool, Interaction]) -> None:
    server, whole = hopping
    for _ in range(2):  # the second conversation begins with the first hop again
        assert hop(server, whole, None, "a").header("x-tokentape") == "hops#1"
        second = hop(server, whole, made_token(6), "a")
        assert second.header("x-tokentape") == "hops#2"
    assert whole.response.body.endswith(body(second))


def test_a_token_of_ours_is_the_rest_behind_its_event(hopping: tuple[Tool, Interaction]) -> None:
    server, whole = hopping
    one = hop(server, whole, None, "b")
    rest = hop(server, whole, made_token(2), "b")
    assert rest.header("x-tokentape") == "hops#1"
    assert body(one).endswith(body(rest))
    assert 0 < len(body(rest)) < len(body(one))


def test_a_token_that_no_tape_knows_is_a_miss_that_says_so(tmp_path: Path) -> None:
    (whole,) = load_file(shipped_root() / "google" / "hello.yaml").interactions
    (tmp_path / "one.yaml").write_bytes(dump(Cassette((whole,))))
    with tool(tmp_path, "serve", str(tmp_path / "one.yaml"), "--speed", "max") as server:
        seen = hop(server, whole, "dW5rbm93bg==", "c")
        assert seen.head.startswith(b"HTTP/1.1 404 ")
        assert "no interaction was sent that token" in json.loads(seen.wire_body)["error"]["message"]
        assert "--ignore" not in seen.wire_body.decode()


def test_where_an_interaction_knows_nothing_it_is_played_whole() -> None:
    (whole,) = load_file(shipped_root() / "google" / "hello.yaml").interactions
    run = Run([entry_of("t", 1, whole)])
    assert Resuming().among(run, run.last, Had("token", "bm9uZQ")) is None
    found = Resuming().among(run, run.last, Had("token", made_token(0)))
    assert found == (run.last, Rest(0))
