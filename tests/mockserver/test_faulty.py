"""Which faults act on a request: sources, the target without them, attempts by key, chance by seed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from faulted import EVENTS
from tapes import taped
from wires import Tool, ask, post, tool

from cassettes import routes
from mockserver.faults.grammar import FaultError, text_of
from mockserver.faulty import HEADER, NOTHING, breaking, texts, wanted

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
    had = (("Last-Event-ID", "7"),)
    none = wanted((), routes.parse("POST", CHAT, (), ()), had, CHAT, tls=True)
    assert (none.faults, none.own) == ((), False)
    # What a deck or a query adds must know of the request too.
    added = breaking(none.also("redirect:307"), "k", 1, "", 0, 0.0)
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
    assert breaking(NOTHING, "k", 1, "", 0, 0.0) is None
    assert breaking(one, "k", 1, "", 0, 0.0) is None
    seeds = [
        breaking(one, body, attempt, deck, seed, 0.0)
        for body, attempt, deck, seed in [
            ("k", 2, "", 0),
            ("l", 2, "", 0),
            ("k", 3, "", 0),
            ("k", 2, "d", 0),
            ("k", 2, "", 1),
        ]
    ]
    assert len({found.seed for found in seeds if found}) == 5
    again = breaking(one, "k", 2, "", 0, 99.0)
    assert again
    assert seeds[0]
    assert again.key == seeds[0].key


def test_plans_are_shared_where_nothing_is_drawn() -> None:
    plain = NOTHING.also("reset@3e")
    keys = {found.key for deck in "ab" if (found := breaking(plain, "k", 1, deck, 0, 5.0))}
    assert len(keys) == 1
    dated = NOTHING.also("status:429,retry-after=date:1")
    keys = {found.key for now in (5.0, 6.0) if (found := breaking(dated, "k", 1, "", 0, now))}
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
    assert "list of models" in fault_of(served, "/!reset/openai/v1/models", method="GET")
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
