"""`Mock`: URLs, variables, what came, what was wrong, waiting for it; one server for all of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import msgspec
import pytest
import wires
from asked import body_of, chat, status

import tokentape
from cassettes.model import TokentapeError
from cassettes.providers import ProviderError
from mockserver.mock import Mock


@pytest.fixture(scope="module")
def server() -> Iterator[Mock]:
    with tokentape.serve(speed="max") as mock:
        yield mock


@pytest.fixture
def deck(server: Mock, request: pytest.FixtureRequest) -> Mock:
    return server.deck(request.node.name[:50], match="route")


def test_urls_are_what_sdks_take(server: Mock, deck: Mock) -> None:
    root = server.url()
    assert server.url("openai") == f"{root}/openai/v1"
    assert repr(deck) == f"<Mock {root}/~{deck.name}>"
    assert server.url("anthropic") == f"{root}/anthropic"
    assert server.url("gateway", "anthropic") == f"{root}/gateway"
    assert server.deck("a.b").url("xai") == f"{root}/~a.b/xai/v1"
    with pytest.raises(ProviderError, match="did you mean openai"):
        server.url("opnai")
    with pytest.raises(TokentapeError, match="expected 1 to 64 letters"):
        server.deck("a/b")


def test_variables_point_every_sdk_at_the_deck(deck: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert deck.env["OPENAI_BASE_URL"] == deck.url("openai")
    assert deck.env["ANTHROPIC_BASE_URL"] == deck.url("anthropic")
    assert "OPENAI_API_KEY" not in deck.env
    assert deck.env["ANTHROPIC_API_KEY"] == "tokentape"
    assert "127.0.0.1" in deck.env["NO_PROXY"]


def test_decks_do_not_see_each_other(server: Mock, deck: Mock) -> None:
    other = server.deck("other", tapes=["anthropic/hello"], match="route", speed=2, seed=9)
    assert status(chat(deck.url("openai"))) == 200
    assert status(chat(other.url("openai"))) == 404
    assert ([one.status for one in deck.requests], len(other.requests), len(other.misses)) == ([200], 1, 1)
    assert deck.misses == []
    assert (other.seed, deck.seed) == (9, 0)
    assert other.unplayed == ["anthropic/hello#1"]
    assert "openai/hello#1" not in deck.unplayed
    assert server.deck("other").misses == other.misses  # by name alone it is the same
    assert server.deck("other", match="route").requests == []  # anything else makes it anew
    loaded = server.deck("loaded", tapes=["openai"], match="route", strict=True)
    assert status(chat(loaded.url("openai"))) == 200
    assert "openai/responses-hello#1" in loaded.unplayed
    assert "openai/hello#1" not in loaded.unplayed


def test_a_setting_that_no_deck_has(server: Mock) -> None:
    with pytest.raises(TokentapeError, match="did you mean speed"):
        server.deck("x", sped=1)


def test_a_request_as_it_came(deck: Mock) -> None:
    chat(deck.url("openai"), "Hi", "Authorization: Bearer sk-live-0123456789abcdef", "X-One: 1")
    (seen,) = deck.requests
    assert seen.json["messages"] == [{"role": "user", "content": "Hi"}]
    assert (seen.header("x-one"), seen.provider, seen.operation) == ("1", "openai", "chat")
    assert "0123456789abcdef" not in str(msgspec.to_builtins(seen))


def test_misses_are_told_with_both_values(server: Mock) -> None:
    deck = server.deck("missing", tapes=["openai/hello"], match="normalized")
    assert status(chat(deck.url("openai"), "Something else")) == 404
    with pytest.raises(AssertionError) as error:
        deck.assert_clean()
    said = str(error.value)
    assert said.startswith("no tape matches POST /~missing/openai/v1/chat/completions: the nearest is openai/hello#1")
    assert "  + request: " in said
    assert " POST /~missing/openai/v1/chat/completions → 404, " in said.splitlines()[-1]
    deck.assert_clean(allow="miss")
    assert deck.allowed == {"miss"}
    deck.assert_clean()  # what was allowed once is allowed
    with pytest.raises(ValueError, match="there is no kind 'mis'; expected some of miss, refused, upstream, unplayed"):
        deck.assert_clean(allow={"mis"})


def test_what_the_server_refuses_is_wrong_too(deck: Mock) -> None:
    seen = wires.ask(deck.url(), wires.post(f"/~{deck.name}/!reset@3e;cut@1e/openai/v1/x", b"", "Connection: close"))
    assert status(seen) == 422
    with pytest.raises(AssertionError, match="the server itself answered #"):
        deck.assert_clean()
    deck.reset()
    deck.assert_clean()
    assert deck.requests == []


def test_faults_are_checked_when_they_are_set(deck: Mock) -> None:
    deck.faults = "reset@1e"
    assert deck.faults == ("reset@1e",)
    assert chat(deck.url("openai")).ended == "reset"
    with pytest.raises(TokentapeError, match="did you mean"):
        deck.faults = ["rest@1e"]
    assert deck.faults == ("reset@1e",)
    deck.faults = []
    assert chat(deck.url("openai")).ended == "eof"
    assert [one.faults for one in deck.requests] == [("reset@1e",), ()]


def test_attempts_start_again_after_a_reset(deck: Mock) -> None:
    deck.faults = ["status#1:503"]
    assert [status(chat(deck.url("openai"))) for _ in range(2)] == [503, 200]
    deck.reset()
    assert [status(chat(deck.url("openai"))) for _ in range(2)] == [503, 200]


def test_waiting_for_requests_and_for_anything(deck: Mock) -> None:
    asking = threading.Timer(0.05, lambda: chat(deck.url("openai"), leave_after=1))
    asking.start()
    (seen,) = deck.wait_for(1)
    asking.join()
    assert not seen.in_flight
    assert deck.wait_for(lambda mock: mock.requests[0].tape) == "openai/hello#1"
    with pytest.raises(TimeoutError, match=r"waited 0.01 s for 2 requests to be over\nrequests \(seed 0\):\n  #"):
        deck.wait_for(2, timeout=0.01)
    with pytest.raises(TimeoutError, match="for what was waited for"):
        deck.wait_for(lambda _: None, timeout=0.01)


def test_waiting_in_a_coroutine_lets_its_loop_go_on(deck: Mock) -> None:
    async def run() -> None:
        request = wires.post(f"/~{deck.name}/openai/v1/chat/completions", body_of(), "Connection: close")
        waiting = asyncio.ensure_future(deck.wait_for_async(1))
        reader, writer = await asyncio.open_connection("127.0.0.1", int(deck._house.url.rpartition(":")[2]))
        writer.write(request)
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()
        (seen,) = await waiting
        assert seen.status == 200
        with pytest.raises(TimeoutError):
            await deck.wait_for_async(5, timeout=0.01)

    asyncio.run(run())


def test_many_threads_may_ask_at_once(server: Mock) -> None:
    def work(number: int) -> None:
        deck = server.deck(f"thread-{number}", match="route", faults="status#1:503")
        statuses[number] = [status(chat(deck.url("openai"))) for _ in range(2)]
        deck.assert_clean()

    statuses: dict[int, list[int]] = {}
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert statuses == {number: [503, 200] for number in range(8)}
