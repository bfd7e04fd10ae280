"""Which faults act on a request: sources, the target without them, attempts by key, chance by seed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from faulted import EVENTS
from tapes import taped
from wires import Tool, ask, post, tool

from cassettes import routes
from mockserver.counting import Attempt
from mockserver.faults.grammar import FaultError, text_of
from mockserver.faulty import HEADER, NOTHING, Wanted, breaking, texts, wanted

CHAT = "/openai/v1/chat/completions"


def wish(target: str, *given: str, headers: tuple[tuple[str, str], ...] = ()) -> tuple[str, bool, str]:
    route = routes.parse("POST", target, headers, ())
    found = wanted(given, route, headers, target, tls=False)
    return text_of(one.fault for one in found.faults), found.own, found.target


def test_sources_come_in_order() -> None:
    headers = ((HEADER.title(), "bom"), (HEADER, "reset@3e"))
    assert wish(f"/~d/!comment@0e{CHAT}?x=1", "eol:cr", headers=headers) == (
        "eol:cr;comment@0e;bom;reset@3e",
        True,
        f"/~d{CHAT}?x=1",
    )
    assert wish(f"/!bom{CHAT}") == ("bom", True, CHAT)
    assert wish(CHAT, "bom") == ("bom", False, CHAT)
    assert wanted((), routes.parse("POST", CHAT, (), ()), (), CHAT, tls=True) == Wanted(target=CHAT, tls=True)
    had = (("Last-Event-ID", "7"),)
    none = wanted((), routes.parse("POST", CHAT, (), ()), had, CHAT, tls=True)
    assert (none.faults, none.own) == ((), False)
    # What a deck or a query adds must know of the request too.
    added = breaking(none.also("redirect:307"), Attempt("k"), "", 0, 0.0)
    assert added is not None
    assert (added.target, added.tls, added.had) == (CHAT, True, "7")


@pytest.mark.parametrize(
    ("target", "headers", "said"),
    [
        (f"/!rest{CHAT}", (), "did you mean reset?"),
        (f"/!reset{CHAT}", ((HEADER, "cut"),), "contradict each other"),
        (CHAT, ((HEADER, ""),), "is empty"),
    ],
)
def test_what_is_wrong(target: str, headers: tuple[tuple[str, str], ...], said: str) -> None:
    with pytest.raises(FaultError, match=said.replace("?", r"\?")):
        wish(target, headers=headers)
    with pytest.raises(FaultError):
        texts(["reset", "cut"])


def test_more_sources() -> None:
    assert text_of(one.fault for one in NOTHING.also("bom").faults) == "bom"
    route = routes.parse("POST", f"/!bom{CHAT}", (), ())
    found = wanted(("eol:cr",), route, (), f"/!bom{CHAT}", tls=False).in_deck(["comment@0e", "no-space"])
    assert text_of(one.fault for one in found.faults) == "eol:cr;comment@0e;no-space;bom"
    assert found.in_deck(()) is found
    with pytest.raises(FaultError, match="why not"):
        found.refuse("why not")
    NOTHING.refuse("why not")


def test_chance_depends_on_seed_deck_request_and_attempt() -> None:
    one = NOTHING.also("corrupt@0b#2+")
    assert breaking(NOTHING, Attempt("k", 1, 1, 1), "", 0, 0.0) is None
    assert breaking(one, Attempt("k", 1, 1, 1), "", 0, 0.0) is None
    seeds = [
        breaking(one, Attempt(body, 1, attempt, attempt), deck, seed, 0.0)
        for body, attempt, deck, seed in [
            ("k", 2, "", 0),
            ("l", 2, "", 0),
            ("k", 3, "", 0),
            ("k", 2, "d", 0),
            ("k", 2, "", 1),
        ]
    ]
    assert len({found.seed for found in seeds if found}) == 5
    again = breaking(one, Attempt("k", 1, 2, 2), "", 0, 99.0)
    assert again
    assert seeds[0]
    assert again.key == seeds[0].key


def test_plans_are_shared_where_nothing_is_drawn() -> None:
    plain = NOTHING.also("reset@3e")
    keys = {found.key for deck in "ab" if (found := breaking(plain, Attempt("k", 1, 1, 1), deck, 0, 5.0))}
    assert len(keys) == 1
    dated = NOTHING.also("status:429,retry-after=date:1")
    keys = {found.key for now in (5.0, 6.0) if (found := breaking(dated, Attempt("k", 1, 1, 1), "", 0, now))}
    assert len(keys) == 2


# Over the wire


@pytest.fixture
def served(tmp_path: Path) -> object:
    taped(tmp_path / "t", "one", EVENTS)
    with tool(tmp_path, "serve", str(tmp_path / "t"), "--no-mark", "--seed", "9") as one:
        yield one
        assert "Traceback" not in one.said()


def fault_of(one: Tool, path: str, *fields: str, method: str = "POST") -> str:
    seen = ask(one.url, post(path, b"{}", "Connection: close", *fields, method=method))
    assert seen.head.startswith(b"HTTP/1.1 422 Unprocessable ")
    assert seen.header("x-should-retry") == "false"
    error = json.loads(seen.wire_body)["error"]
    assert error["code"] == "tokentape_fault"
    return str(error["message"])


def test_never_a_silently_healthy_stream(served: Tool) -> None:
    assert "did you mean reset?" in fault_of(served, "/!rest/up/one")
    assert "the tape has 5 events" in fault_of(served, "/!reset@99e/up/one")
    assert "contradict" in fault_of(served, "/!reset/up/one", "x-tokentape-fault: cut")
    assert "the server's own" in fault_of(served, "/!reset/", method="GET")
    assert "the server's own" in fault_of(served, "/!reset/_tokentape/health", method="GET")
    assert "what the server says itself" in fault_of(served, "/!reset/openai/v1/models", method="GET")
    miss = ask(served.url, post("/!reset/up/two", b"{}", "Connection: close"))
    assert miss.head.startswith(b"HTTP/1.1 404 ")


def test_the_same_seed_is_the_same_bytes_in_another_process(served: Tool, tmp_path: Path) -> None:
    def bodies(one: Tool) -> list[bytes]:
        request = post("/!corrupt@20b:30/up/one", b"{}", "Connection: close")
        return [ask(one.url, request).raw for _ in range(3)]

    first = bodies(served)
    assert len(set(first)) == 3  # each attempt draws anew
    with tool(tmp_path / "again", "serve", str(tmp_path / "t"), "--no-mark", "--seed", "9") as other:
        assert bodies(other) == first
    with tool(tmp_path / "other", "serve", str(tmp_path / "t"), "--no-mark", "--seed", "8") as other:
        assert bodies(other) != first


def test_a_deck_has_faults_of_its_own_and_the_journal_tells_of_them(served: Tool) -> None:
    put = json.dumps({"faults": ["comment@0e", {"fault": "reset", "at": "1e", "attempts": 2}, "drop?@99e"]}).encode()
    seen = ask(
        served.url,
        post("/_tokentape/decks/own", put, "Content-Type: application/json", "Connection: close", method="PUT"),
    )
    assert seen.head.startswith(b"HTTP/1.1 201 ")
    assert json.loads(seen.wire_body)["faults"] == ["comment@0e", "reset@1e#2", "drop?@99e"]
    first, second = (ask(served.url, post("/~own/!bom/up/one", b"{}", "Connection: close")) for _ in range(2))
    assert (first.ended, second.ended) == ("eof", "reset")
    assert b"\xef\xbb\xbf: tokentape" in first.raw
    listed = ask(served.url, post("/_tokentape/requests?deck=own", b"", "Connection: close", method="GET"))
    one, two = json.loads(listed.wire_body)["requests"]
    assert [one["faults"], two["faults"]] == [["comment@0e;drop?@99e;bom"], ["comment@0e;reset@1e#2;drop?@99e;bom"]]
    assert [one["attempt"], two["attempt"]] == [1, 2]
    assert (one["ended_by"], two["ended_by"], two["ending"]) == ("tape", "fault", "reset")
    assert one["notes"] == ["fault_not_applied: drop?@99e: 99e is beyond the end; the tape has 5 events"]


@pytest.mark.parametrize(
    "path", ["/!reset@99e/up/one", "/play/one?fault=reset@99e", "/!rest/up/one", "/!reset;cut/up/one"]
)
def test_a_fault_that_cannot_act_is_told_to_the_client_and_in_the_journal(path: str, served: Tool) -> None:
    method = "GET" if "play" in path else "POST"
    seen = ask(served.url, post(f"/~refused{path}", b"", "Connection: close", method=method))
    assert (seen.head[9:12], seen.header("x-should-retry")) == (b"422", "false")
    message = json.loads(seen.wire_body)["error"]["message"]
    listed = ask(served.url, post("/_tokentape/requests?deck=refused", b"", "Connection: close", method="GET"))
    record = json.loads(listed.wire_body)["requests"][-1]
    assert record["notes"] == [f"fault_not_applied: {message}"]
    assert (record["status"], record["ended_by"], record["tape"]) == (422, "server", None)
