"""Requests that came before, byte for byte: they are answered as if they had been read anew, and aiohttp sees none."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repeating import ASK, HEAD, LOOPS, Scene, answer, body_of, index_of, playing, run, taped
from wires import chunk, event, post

from cassettes.model import Ending, Request
from mockserver import repeats
from mockserver.repeats import Repeats, whole
from mockserver.scenario import Scenario

# Which bytes are one request


@pytest.mark.parametrize(
    ("data", "is_whole"),
    [
        (ASK, True),
        (ASK + b" ", False),
        (ASK[:-1], False),
        (ASK + ASK, False),
        (ASK.replace(b"POST", b"PUT "), False),
        (ASK.replace(b"/up/one", b"/up/two"), False),
        (ASK.replace(b"Content-Length: 2", b"Content-Length: 3"), False),
        (ASK.replace(b"HTTP/1.1", b"HTTP/1.0"), False),
    ],
)
def test_a_request_is_whole_by_its_length(data: bytes, is_whole: bool) -> None:
    fields = [line.split(": ") for line in data.decode().partition("\r\n\r\n")[0].split("\r\n")[1:]]
    request = Request("POST", "/up/one", tuple((name, value) for name, value in fields), b"{}")
    assert whole(data, request) is is_whole


@pytest.mark.parametrize("field", ["Transfer-Encoding: chunked", "Expect: 100-continue", "Upgrade: websocket"])
def test_what_has_more_to_it_is_read_anew_each_time(field: str) -> None:
    name, value = field.split(": ")
    request = Request("POST", "/", ((name, value), ("Content-Length", "2")), b"{}")
    assert not whole(post("/", b"{}", field), request)


@given(at=st.integers(1, len(ASK) - 1), more=st.binary(max_size=3))
def test_no_part_of_a_request_is_one(at: int, more: bytes) -> None:
    request = Request("POST", "/up/one", (("Host", "127.0.0.1"), ("Content-Length", "2")), b"{}")
    assert whole(ASK, request)
    assert not whole(ASK[:at] + more, request) or ASK[:at] + more == ASK
    assert not whole(ASK + b"x" + more, request)


def test_what_is_known_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "REMEMBERED", 3)
    monkeypatch.setattr(repeats, "LARGEST", len(ASK) + 40)

    async def work() -> None:
        async with playing(taped("one")) as scene:
            known: Repeats = scene.server._repeats
            for number in range(5):
                await scene.ask(post("/up/one", b"{}", f"N: {number}"))
            assert len(known) == 3
            await scene.ask(post("/up/one", b"{}", "N: " + "9" * 60))
            assert len(known) == 3

    run(work)


# What a repeated request gets


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("gap", [0.0, 3.0])
@pytest.mark.parametrize("anew", [False, True])
def test_the_answer_is_the_next_of_the_deck_and_in_the_journal(anew: bool, gap: float, loop: str) -> None:
    """On one connection and on one for each request."""

    async def work() -> None:
        async with playing(taped("first", gap=gap), taped("second", gap=gap)) as scene:
            to = None if anew else await scene.client()
            got = [await scene.ask(ASK, to=to) for _ in range(4)]
            assert got == [[answer("first")], *[[answer("second")]] * 3]
            assert scene.server.seen == 1
            places = ["tape#1", "tape#2", "tape#2", "tape#2"]
            assert scene.ends() == [(place, "tape", "kept-alive") for place in places]
            assert [one.attempt for one in scene.server.journal.listed()] == [1, 2, 3, 4]
            sizes = [one.size - len(body) for one, (body,) in zip(scene.server.journal.listed(), got, strict=True)]
            assert sizes == [len(HEAD)] * 4
            (deck,) = scene.server.decks
            assert (deck.requests, deck.live) == (4, 0)
            assert not scene.server.journal.live

    run(work, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_requests_sent_at_once_are_answered_in_order(loop: str) -> None:
    async def work() -> None:
        async with playing(taped("first", gap=2.0), taped("second", gap=2.0)) as scene:
            to = await scene.client()
            await scene.ask(ASK, to=to)
            other = post("/up/one", b'{"other": true}')
            got = await scene.ask(ASK + ASK + other, to=to, size=3)
            assert got == [answer("second")] * 3
            assert await scene.ask(ASK, to=to) == [answer("second")]

    run(work, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_what_comes_while_a_repeat_plays_waits_its_turn(loop: str) -> None:
    """Much of it too: more than is read at once."""

    async def work() -> None:
        async with playing(taped("first", gap=30.0)) as scene:
            to = await scene.client()
            await scene.ask(ASK, to=to)
            reader, writer = to
            writer.write(ASK)
            await scene.until(lambda: len(scene.server.journal.live) == 1)
            large = post("/up/one", b"x" * 300_000)
            writer.write(large + ASK)
            assert [await body_of(reader) for _ in range(3)] == [answer("first")] * 3
            assert [one.came.size for one in scene.server.journal.listed()] == [2, 2, 300_000, 2]

    run(work, loop)


@pytest.mark.parametrize("at", [1, 30, len(ASK) - 1])
def test_a_repeat_in_two_reads_is_read_by_aiohttp(at: int) -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            to = await scene.client()
            await scene.ask(ASK, to=to)
            before = scene.server.seen
            _, writer = to
            writer.write(ASK[:at])
            await writer.drain()
            await asyncio.sleep(0.02)
            assert await scene.ask(ASK[at:], to=to) == [answer("first")]
            assert scene.server.seen == before + 1

    run(work)


def test_a_client_that_leaves_in_a_repeat_is_noticed() -> None:
    async def work() -> None:
        async with playing(taped("first", gap=60_000.0)) as scene:
            scene.server.chooser.reload(index_of(taped("first")))
            await scene.ask(ASK)
            scene.server.chooser.reload(index_of(taped("first", gap=60_000.0)))
            for number in range(1, 3):
                reader, writer = await scene.client()
                writer.write(ASK)
                await reader.readuntil(b"\r\n\r\n")
                writer.close()
                await scene.until(lambda: not scene.server.journal.live)
                assert scene.ends()[number] == ("tape#1", "client", "client-left")
            (deck,) = scene.server.decks
            assert deck.live == 0

    run(work)


def test_a_fin_and_a_stall_end_as_they_do_the_first_time() -> None:
    async def work() -> None:
        async with playing(taped("cut", end=Ending(type="cut", gap_ms=1.0))) as scene:
            for _ in range(3):
                reader, writer = await scene.client()
                writer.write(ASK)
                got = await asyncio.wait_for(reader.read(), 10)
                assert got.endswith(chunk(event("two")))
            assert scene.ends() == [("tape#1", "tape", "fin")] * 3
            assert scene.server.seen == 1
            scene.server.chooser.reload(index_of(taped("stall", end=Ending(type="timeout", gap_ms=1.0))))
            for number in range(3, 6):
                reader, writer = await scene.client()
                writer.write(ASK)
                await reader.readuntil(chunk(event("two")))
                writer.close()
                await scene.until(lambda: not scene.server.journal.live)
                assert scene.ends()[number] == ("tape#1", "client", "client-left")

    run(work)


def test_what_waited_its_turn_came_when_that_began() -> None:
    """What is due to it counts from there, not from when its bytes were read."""

    async def work() -> None:
        async with playing(taped("first", gap=20.0)) as scene:
            to = await scene.client()
            await scene.ask(ASK, to=to)
            await scene.ask(ASK * 3, to=to, size=3)
            records = list(scene.server.journal.listed())
            ends = [one.end or 0.0 for one in records]
            assert all(one.start >= before for one, before in zip(records[1:], ends, strict=False))

    run(work)


# What has changed since


async def _known(scene: Scene) -> None:
    """The request is known: it is answered without aiohttp."""
    for _ in range(2):
        assert await scene.ask(ASK) == [answer("first")]
    assert scene.server.seen == 1


def test_other_tapes_answer_otherwise() -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            await _known(scene)
            scene.server.chooser.reload(index_of(taped("other")))
            assert await scene.ask(ASK) == [answer("other")]
            assert await scene.ask(ASK) == [answer("other")]
            assert scene.server.seen == 2

    run(work)


def test_faults_and_scenarios_that_come_later_act() -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            await _known(scene)
            scene.server.decks.get("").faults = ("status:429",)
            reader, writer = await scene.client()
            writer.write(ASK)
            assert (await reader.readline()).startswith(b"HTTP/1.1 429 ")
            scene.server.decks.get("").faults = ()
            scene.server.scenario = Scenario(rules=())
            before = scene.server.seen
            assert await scene.ask(ASK) == [answer("first")]
            assert scene.server.seen == before + 1

    run(work)


@pytest.mark.parametrize("field", ["x-tokentape-fault: drop@0e", "Connection: close"])
def test_what_asks_for_more_goes_its_own_way_each_time(field: str) -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            for _ in range(3):
                reader, writer = await scene.client()
                writer.write(post("/up/one", b"{}", field))
                body = await body_of(reader)
                assert (event("first") in body) is (field == "Connection: close")
            assert scene.server.seen == (1 if field == "Connection: close" else 3)

    run(work)


def test_a_list_that_ends_in_a_miss_ends_in_one_each_time() -> None:
    async def work() -> None:
        async with playing(taped("first"), repeat=False) as scene:
            assert await scene.ask(ASK) == [answer("first")]
            for _ in range(2):
                reader, writer = await scene.client()
                writer.write(ASK)
                assert (await reader.readline()).startswith(b"HTTP/1.1 404 ")

    run(work)


# Shutdown


def test_a_server_that_stops_ends_repeats_at_once() -> None:
    async def work() -> None:
        async with playing(taped("first")) as scene:
            await scene.ask(ASK)
            scene.server.chooser.reload(index_of(taped("first", gap=60_000.0)))
            streams = [await scene.client() for _ in range(10)]
            for reader, writer in streams:
                writer.write(ASK)
                await reader.readuntil(b"\r\n\r\n")
            assert len(scene.server.journal.live) == 10
            async with asyncio.timeout(1.0):
                await scene.server.stop()
            assert not scene.server.journal.live
            assert {one.by for one in list(scene.server.journal.listed())[1:]} == {"shutdown"}

    run(work)
