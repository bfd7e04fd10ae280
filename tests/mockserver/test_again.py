"""Answers that are the same each time: written at once and accounted for as a player would have, or left to one."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import msgspec
import pytest
from repeating import ASK, HEAD, LOOPS, Scene, answer, index_of, playing, run, taped
from wires import chunk, event, post

from cassettes.model import Ending, Interaction
from cassettes.timing import Pace
from mockserver.again import Again, again
from mockserver.app import Server
from mockserver.choose import Chosen
from mockserver.counting import Attempt
from mockserver.decks import Deck

MAX = Pace(speed=float("inf"))


def settled(scene: Scene) -> list[Again | None]:
    """What the requests that are known by their bytes get again."""
    return [one.again for one in scene.server._repeats._known.values()]


async def asked(scene: Scene, times: int, data: bytes = ASK) -> list[list[bytes]]:
    to = await scene.client()
    return [await scene.ask(data, to=to) for _ in range(times)]


# Which answers are


@pytest.mark.parametrize(
    ("fields", "is_settled"),
    [
        ({}, True),
        ({"gap": 1.0}, False),
        ({"end": Ending(gap_ms=1.0)}, False),
        ({"end": Ending(type="cut")}, False),
        ({"end": Ending(type="timeout")}, False),
    ],
)
def test_what_takes_time_or_ends_the_connection_is_played_each_time(fields: dict[str, Any], is_settled: bool) -> None:
    async def work() -> None:
        async with playing(taped("first", **fields)) as scene:
            for _ in range(2):
                reader, writer = await scene.client()
                writer.write(ASK)
                await reader.readuntil(chunk(event("two")))
                writer.close()
                await scene.until(lambda: not scene.server.journal.live)
            assert [one is not None for one in settled(scene)] == [is_settled]

    run(work)


def test_what_is_one_of_several_is_chosen_each_time() -> None:
    async def work() -> None:
        async with playing(taped("first"), taped("second")) as scene:
            assert await asked(scene, 3) == [[answer("first")], [answer("second")], [answer("second")]]
            assert settled(scene) == [None]

    run(work)


def test_more_than_one_write_is_played_each_time() -> None:
    async def work() -> None:
        async with playing(taped("x" * 70_000)) as scene:
            assert await asked(scene, 3) == [[answer("x" * 70_000)]] * 3
            assert settled(scene) == [None]

    run(work)


def test_without_delays_any_tape_goes_out_in_one_write() -> None:
    async def work() -> None:
        async with playing(taped("first", gap=60_000.0), pace=MAX) as scene:
            assert await asked(scene, 3) == [[answer("first")]] * 3
            assert [one is not None for one in settled(scene)] == [True]

    run(work)


@pytest.mark.parametrize("field", ["candidates", "attempt", "rule", "breaking"])
def test_what_something_else_decides_is_decided_each_time(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A named interaction, a rule of a scenario, a fault."""
    other: dict[str, Any] = {"candidates": None, "attempt": None, "rule": 1, "breaking": object()}
    tried: list[tuple[bool, bool]] = []

    def trying(chosen: Chosen, deck: Deck, reading: Any) -> Again | None:
        changed = chosen._replace(**{field: other[field]})
        tried.append((again(chosen, deck, reading) is None, again(changed, deck, reading) is None))
        return None

    monkeypatch.setattr("mockserver.app.again", trying)

    async def work() -> None:
        async with playing(taped("first")) as scene:
            await asked(scene, 2)
        assert tried == [(False, True)]

    run(work)


# What is accounted for


def account(server: Server) -> list[dict[str, object]]:
    """What the journal says of each request but for when it was."""
    moments = {"n", "start", "first", "last", "end", "attempt", "came", "plan"}
    return [
        {name: value for name, value in msgspec.structs.asdict(one).items() if name not in moments}
        for one in server.journal.listed()
    ]


@pytest.mark.parametrize("loop", LOOPS)
def test_the_records_are_those_of_a_player(loop: str) -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            assert await asked(scene, 5) == [[answer("first")]] * 5
            journal, (deck,) = scene.server.journal, scene.server.decks
            first, *others = account(scene.server)
            assert others == [first] * 4
            records = list(journal.listed())
            assert [one.n for one in records] == [one.attempt for one in records] == [1, 2, 3, 4, 5]
            assert all(one.start <= (one.first or 0.0) == one.last == one.end for one in records)
            assert len({id(one) for one in records}) == 5
            assert {id(one.plan) for one in records} == {id(records[0].plan)}
            size = len(HEAD + answer("first"))
            assert (journal.total, journal.sent, dict(journal.answered)) == (5, 5 * size, {("up", 200): 5})
            assert (deck.requests, deck.live, deck.places) == (5, 0, [("tape#1", 1, 1)])
            assert list(deck.attempts.values()) == [5]
            assert scene.server.played == 5
            assert not journal.live

    run(work, loop)


def test_a_deck_that_was_forgotten_or_is_another_starts_anew() -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            await asked(scene, 3)
            scene.server.decks.get("").forget()
            await asked(scene, 2)
            (deck,) = scene.server.decks
            assert deck.places == [("tape#1", 1, 1)]
            scene.server.decks.remove("")
            await asked(scene, 2)
            (other,) = scene.server.decks
            assert other is not deck
            assert (other.requests, other.places) == (2, [("tape#1", 1, 1)])
            assert [one.attempt for one in scene.server.journal.listed()] == [1, 2, 3, 1, 2, 1, 2]

    run(work)


def test_an_equal_request_that_is_still_answered_makes_it_ambiguous() -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            await asked(scene, 3)
            deck = scene.server.decks.get("")
            (known,) = settled(scene)
            assert known is not None
            open_one = deck.counting.begin(known.key, scene.server.hub.now())
            deck.counting.planned(open_one, scene.server.hub.now() + 60.0)
            assert await asked(scene, 2) == [[answer("first")]] * 2
            notes = [one.notes for one in scene.server.journal.listed()]
            assert [bool(one) for one in notes] == [False] * 3 + [True] * 2
            assert [one.attempt for one in scene.server.journal.listed()] == [1, 2, 3, 4, 4]

    run(work)


def test_what_overlaps_is_settled_only_when_nothing_does() -> None:
    """The note of the first repeat is not that of all later ones."""

    async def work() -> None:
        async with playing(taped("first")) as scene:
            await asked(scene, 1)
            deck, now = scene.server.decks.get(""), scene.server.hub.now()
            (key,) = deck.attempts
            other = deck.counting.begin(key, now)
            deck.counting.planned(other, now + 60.0)
            await asked(scene, 2)
            assert settled(scene) == [None]
            deck.counting.end(other)
            await asked(scene, 3)
            notes = [bool(one.notes) for one in scene.server.journal.listed()]
            assert notes == [False, True, True, False, False, False]

    run(work)


# Clients that do not take it


async def full(scene: Scene) -> socket.socket:
    """A client that has asked, once after another, until the last answer did not fit into what it does not read."""
    slow, journal = socket.create_connection(("127.0.0.1", scene.port)), scene.server.journal
    slow.setblocking(False)
    while not journal.live:
        assert journal.total < 1000
        before = journal.total
        await asyncio.get_running_loop().sock_sendall(slow, ASK)
        await scene.until(lambda before=before: journal.total > before)
    return slow


@pytest.mark.parametrize("loop", LOOPS)
def test_a_client_that_does_not_read_is_left_to_a_player(loop: str) -> None:
    """Answers of 60 KB until its socket is full, one after the other; then it reads them all, or leaves."""
    said = "x" * 60_000

    async def work() -> None:
        async with playing(taped(said)) as scene:
            await asked(scene, 2)
            slow = await full(scene)
            sent = scene.server.journal.total
            await asyncio.get_running_loop().sock_sendall(slow, ASK)  # waits its turn
            reader, writer = await asyncio.open_connection(sock=slow)
            scene.writers.append(writer)
            got = await asyncio.wait_for(reader.readexactly((sent - 1) * len(HEAD + answer(said))), 20)
            assert got == (HEAD + answer(said)) * (sent - 1)
            await scene.until(lambda: not scene.server.journal.live)
            assert scene.ends() == [("tape#1", "tape", "kept-alive")] * (sent + 1)
            (deck,) = scene.server.decks
            assert (deck.requests, deck.live) == (sent + 1, 0)

    run(work, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_heads_that_nobody_reads_are_not_piled_up(loop: str) -> None:
    """An answer without body is over once it is written: the next one waits until the client takes the last."""
    empty = taped("x")
    filled = msgspec.structs.replace(
        empty.response, code=204, message="No Content", headers=(("X-Filler", "y" * 30_000),), body=b"",
        stream=msgspec.structs.replace(empty.response.stream, chunks=()),
    )  # fmt: skip
    tape = Interaction(empty.request, filled)

    async def work() -> None:
        async with playing(tape) as scene:
            slow = await full(scene)
            for _ in range(50):
                await asyncio.get_running_loop().sock_sendall(slow, ASK)
                await asyncio.sleep(0.001)
            waiting = [one for one in scene.server.journal.listed() if one.in_flight]
            assert len(waiting) == 1
            assert scene.server.journal.total - waiting[0].n <= 1
            slow.close()
            await scene.until(lambda: not scene.server.journal.live)

    run(work, loop)


def test_a_client_that_leaves_in_the_middle_has_left() -> None:
    said = "x" * 60_000

    async def work() -> None:
        async with playing(taped(said)) as scene:
            await asked(scene, 2)
            slow = await full(scene)
            slow.close()
            await scene.until(lambda: not scene.server.journal.live)
            assert scene.ends()[-1] == ("tape#1", "client", "client-left")
            assert set(scene.ends()[:-1]) == {("tape#1", "tape", "kept-alive")}

    run(work)


# What has changed since


def test_a_fault_of_the_deck_acts_on_what_was_settled() -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            await asked(scene, 3)
            scene.server.decks.get("").faults = ("status:503",)
            reader, writer = await scene.client()
            writer.write(ASK)
            assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")
            scene.server.decks.get("").faults = ()
            assert await asked(scene, 2) == [[answer("first")]] * 2

    run(work)


def test_other_tapes_settle_anew() -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            await asked(scene, 3)
            scene.server.chooser.reload(index_of(taped("other")))
            assert await asked(scene, 3) == [[answer("other")]] * 3

    run(work)


def test_a_named_deck_is_settled_for_itself() -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            named = post("/~mine/up/one", b"{}")
            assert await asked(scene, 3, named) == [[answer("first")]] * 3
            await asked(scene, 2)
            assert [(deck.name, deck.requests) for deck in scene.server.decks] == [("", 2), ("mine", 3)]
            scene.server.decks.remove("mine")
            await asked(scene, 1, named)
            assert [one.attempt for one in scene.server.journal.listed(deck="mine")] == [1, 2, 3, 1]

    run(work)


def test_faults_of_the_command_line_are_not_settled() -> None:
    async def work() -> None:
        async with playing(taped("first"), faults=("status#2:503",)) as scene:
            reader, writer = await scene.client()
            statuses = []
            for _ in range(3):
                writer.write(ASK)
                head = await reader.readuntil(b"\r\n\r\n")
                statuses.append(head.split()[1])
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await (reader.readexactly(int(length)) if length else reader.readuntil(b"0\r\n\r\n"))
            assert statuses == [b"200", b"503", b"200"]
            assert settled(scene) == []

    run(work)


def test_what_a_player_is_given_for_an_attempt_is_the_same_answer() -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            await asked(scene, 2)
            (known,) = settled(scene)
            assert known is not None
            attempt = Attempt("key", 7, 7, 7)
            chosen = known.chosen(attempt)
            assert (chosen.attempt, chosen.plan.wire, chosen.entry) == (attempt, known.wire, known.entry)

    run(work)
