"""`tokentape.serve` and `tokentape.record` in one's own process: soon ready, soon gone, nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
import wires
from asked import body_of, chat, status
from tapes import taped

import tokentape
from cassettes.model import CassetteError, TokentapeError
from cassettes.store import read_tape
from mockserver.embedded import EmbeddedError


def test_a_server_answers_inside_its_block_and_is_known_after_it():
    with tokentape.serve(speed="max") as mock:
        assert mock.url() == f"http://127.0.0.1:{mock.url().rpartition(':')[2]}"
        assert mock.url("openai") == f"{mock.url()}/openai/v1"
        assert b"data: [DONE]" in chat(mock.url("openai")).raw
    (seen,) = mock.requests
    assert (seen.status, seen.tape, seen.ended_by) == (200, "openai/hello#1", "tape")
    mock.assert_clean()
    with pytest.raises(ConnectionRefusedError):
        chat(mock.url("openai"))


def test_the_same_from_a_running_loop():
    async def run():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0)
                ticks += 1

        ticking = asyncio.ensure_future(tick())
        before = asyncio.all_tasks()
        async with tokentape.serve(speed="max") as mock:
            at = ticks
            assert at, "the loop stood still while the server started"
            answer = await asyncio.to_thread(chat, mock.url("openai"))
            assert status(answer) == 200
            with tokentape.serve() as other:  # the plain one blocks for some ms, and works here too
                assert other.url() != mock.url()
        assert asyncio.all_tasks() == before
        ticking.cancel()
        return ticks - at

    assert asyncio.run(run()) > 0


@pytest.mark.xdist_group("timing")
def test_ready_in_50_ms_and_gone_in_100_with_streams_stalled(record_property):
    ready, gone = [], []
    while len(ready) < 3 or (len(ready) < 20 and (min(ready) >= 50 or min(gone) >= 100)):  # others use this machine too
        start = time.perf_counter()
        with tokentape.serve(speed="max", faults="stall@2e") as mock:
            ready.append((time.perf_counter() - start) * 1000)
            port = int(mock.url().rpartition(":")[2])
            request = wires.post("/openai/v1/chat/completions", body_of())
            peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
            for peer in peers:
                peer.sendall(request)
                assert peer.recv(4096).startswith(b"HTTP/1.1 200")
            start = time.perf_counter()
        gone.append((time.perf_counter() - start) * 1000)
        for peer in peers:
            peer.close()
        assert {one.ended_by for one in mock.requests} == {"shutdown"}
    told = f"ready in {min(ready):.0f}-{max(ready):.0f} ms, gone in {min(gone):.0f}-{max(gone):.0f} ms"
    record_property("printed", told)
    assert min(ready) < 50
    assert min(gone) < 100


def test_nothing_stays_and_nothing_of_the_process_changes():
    def state():
        gc.collect()
        switch = sys.getswitchinterval()
        return (
            threading.enumerate(),
            len(list(Path("/proc/self/fd").iterdir())),
            gc.get_threshold(),
            gc.get_freeze_count(),
            switch,
        )

    with tokentape.serve():  # what Python loads lazily is loaded
        pass
    before, environ = state(), dict(os.environ)
    with tokentape.serve(speed="max") as mock:
        for _ in range(3):
            chat(mock.url("openai"))
        chat(mock.url("openai"), leave_after=100)
        assert dict(os.environ) == environ
        assert gc.get_freeze_count() == before[3]
    assert state() == before


def test_streams_go_on_where_a_test_freezes_the_time(monkeypatch):
    """As freezegun does it: every function of `time` that modules look up stands still."""
    with tokentape.serve(speed=50) as mock:
        with monkeypatch.context() as frozen:
            for name in ("time", "monotonic", "perf_counter"):
                frozen.setattr(time, name, lambda: 1_577_836_800.0)
            request = wires.post("/openai/v1/chat/completions", body_of(), "Connection: close")
            with socket.create_connection(("127.0.0.1", int(mock.url().rpartition(":")[2])), timeout=20) as peer:
                peer.sendall(request)
                while peer.recv(65536):
                    pass
            with pytest.raises(TimeoutError, match=r"waited 0\.05 s for 2 requests"):
                mock.wait_for(2, timeout=0.05)
            assert mock.requests[0].at.startswith("2020-01-01T00:00:0") or mock.requests[0].at.startswith(
                "2019-12-31T23:59"
            )
        assert [one.ended_by for one in mock.requests] == ["tape"]


def test_a_running_loop_of_uvloop_is_no_other_matter():
    uvloop = pytest.importorskip("uvloop")

    async def run():
        async with tokentape.serve(speed="max") as mock:
            return status(await asyncio.to_thread(chat, mock.url("openai")))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(run()) == 200


def test_a_block_that_fails_is_left_as_clean():
    with pytest.raises(ZeroDivisionError), tokentape.serve(strict=True):
        raise ZeroDivisionError
    with pytest.raises(OSError, match=r"[Aa]ddress"), socket.create_server(("127.0.0.1", 0)) as taken:
        tokentape.serve(port=taken.getsockname()[1]).__enter__()

    async def cancelled():
        with pytest.raises(TokentapeError):
            async with tokentape.serve(faults="reset@9999e"):
                pass

    asyncio.run(cancelled())
    assert not [one for one in threading.enumerate() if one.name == "tokentape"]


def test_an_async_block_without_asyncio_starts_and_stops_as_well():
    serving = tokentape.serve(speed="max")

    def drive(coroutine):
        with pytest.raises(StopIteration) as over:
            coroutine.send(None)
        return over.value.value

    mock = drive(serving.__aenter__())
    assert status(chat(mock.url("openai"))) == 200
    drive(serving.__aexit__(None, None, None))
    assert not mock._house.is_running


def test_one_server_is_one_block():
    serving = tokentape.serve(speed="max")
    with serving, pytest.raises(EmbeddedError, match=r"call serve\(\) once for each"):
        serving.__enter__()
    with serving as again:
        assert status(chat(again.url("openai"))) == 200


def test_tapes_of_ones_own_are_matched_by_value_and_shipped_ones_by_route(tmp_path: Path):
    taped(tmp_path, "own", [b"data: 1\n\n"])
    with tokentape.serve(tmp_path, speed="max") as mock:
        assert mock.url("up") == f"{mock.url()}/up"
        answer = wires.ask(mock.url(), wires.post("/up/own", b"", "Connection: close"))
        assert answer.raw.endswith(b"data: 1\n\n\r\n0\r\n\r\n")
        assert mock.requests[0].tape == "own#1"
        assert status(wires.ask(mock.url(), wires.post("/up/other", b"", "Connection: close"))) == 404
    with tokentape.serve("openai/hello", speed="max") as mock:
        assert status(chat(mock.url("openai"), "whatever")) == 200
    with tokentape.serve("openai", match="normalized") as mock:
        assert status(chat(mock.url("openai"), "whatever")) == 404


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"speed": "fast"}, "speed: 'fast' is not a speed; expected a factor above 0"),
        ({"match": "loosely"}, "match: "),
        ({"faults": "rest@3e"}, "did you mean reset"),
        ({"faults": ["reset@99e"]}, "openai/hello#1"),
        ({"scenario": {"rule": []}}, "scenario"),
        ({"scenario": "nowhere.yaml"}, "nowhere.yaml: cannot read it"),
        ({"scenario": 3}, "scenario: found '3', expected a file, YAML as text, or a mapping with rules"),
        ({"faults": 3}, "faults: found '3', expected a text such as 'reset@3e', or a list"),
        ({"ignore": ["x"]}, "$"),
    ],
)
def test_what_cannot_be_used_is_told_when_the_block_is_entered(given, told):
    with pytest.raises(TokentapeError) as error, tokentape.serve("openai/hello", **given):
        pass
    assert told in str(error.value)
    assert not [one for one in threading.enumerate() if one.name == "tokentape"]


def test_a_tape_that_is_not_there_names_the_nearest():
    with pytest.raises(CassetteError, match="did you mean openai/hello"), tokentape.serve("openai/helo"):
        pass


def test_strict_blocks_end_with_what_was_wrong(tmp_path: Path):
    taped(tmp_path, "one", [b"data: 1\n\n"])
    taped(tmp_path, "two", [b"data: 2\n\n"])
    request = wires.post("/up/one", b"", "Connection: close")
    with pytest.raises(AssertionError, match="never played: two#1"), tokentape.serve(tmp_path, strict=True) as mock:
        assert status(wires.ask(mock.url(), request)) == 200
    with pytest.raises(AssertionError, match="was played already"), tokentape.serve(tmp_path, strict=True) as mock:
        assert [status(wires.ask(mock.url(), request)) for _ in range(2)] == [200, 404]
    with tokentape.serve(tmp_path, strict=True) as mock:
        assert status(wires.ask(mock.url(), wires.post("/up/three", b"", "Connection: close"))) == 404
        mock.assert_clean(allow=["miss", "unplayed"])


def test_a_scenario_and_faults_that_change_while_it_runs(tmp_path: Path):
    (tmp_path / "scenario.yaml").write_text('rules:\n- when: {}\n  attempts: [["status:503"], []]\n')
    with tokentape.serve(speed="max", scenario=tmp_path / "scenario.yaml") as mock:
        assert [status(chat(mock.url("openai"))) for _ in range(2)] == [503, 200]
        mock.scenario = {"rules": [{"when": {}, "attempts": [["status:500"]]}], "seed": 5}
        assert (status(chat(mock.url("openai"))), mock.seed) == (500, 5)
        mock.scenario = 'rules:\n- when: {}\n  attempts: [["status:502"]]\n'
        assert status(chat(mock.url("openai"))) == 502
        mock.scenario = None
        mock.faults = [{"fault": "status", "at": "request", "code": 418}]
        assert status(chat(mock.url("openai"))) == 418
        mock.faults = ()
        assert (status(chat(mock.url("openai"))), mock.faults, mock.scenario) == (200, (), None)


# Recording


def answering(text: str) -> list[wires.Step]:
    return [wires.Send(wires.SSE_HEAD + wires.chunk(wires.event(text)) + b"0\r\n\r\n"), wires.Finish()]


def test_a_block_that_records_and_one_that_plays(tmp_path: Path):
    folder = tmp_path / "tapes"
    with wires.ScriptedUpstream(answering("live")) as upstream:
        recording = tokentape.record(folder, upstream={"openai": f"{upstream.url}/v1"})
        with recording as mock:
            assert b"live" in chat(mock.url("openai"), "first", "Authorization: Bearer sk-not-for-the-disk-1234").raw
            assert not set(mock.env) & {"OPENAI_API_KEY"}
    (file,) = folder.rglob("*.yaml")
    assert b"not-for-the-disk" not in file.read_bytes()
    assert read_tape(file).interactions[0].request.uri == f"{upstream.url}/v1/chat/completions"
    with tokentape.record(folder, mode="none") as mock:
        assert b"live" in chat(mock.url("openai"), "first").raw
        assert status(chat(mock.url("openai"), "second")) == 404
    assert len(upstream.requests) == 1


def test_an_async_block_that_records_to_one_file(tmp_path: Path):
    async def run(upstream):
        async with tokentape.record(
            tmp_path / "one.yaml", one_file=True, mode="new_episodes", upstream=upstream
        ) as mock:
            await asyncio.to_thread(chat, mock.url("openai"), "a")
            await asyncio.to_thread(chat, mock.url("openai"), "a")
            assert len(await mock.wait_for_async(2)) == 2

    with wires.ScriptedUpstream(answering("live")) as upstream:
        asyncio.run(run({"openai": f"{upstream.url}/v1"}))
        with tokentape.record(tmp_path / "one.yaml", one_file=True) as once:
            assert [status(chat(once.url("openai"), text)) for text in "ab"] == [200, 404]
    bodies = [json.loads(one.request.body) for one in read_tape(tmp_path / "one.yaml").interactions]
    assert [one["messages"][0]["content"] for one in bodies] == ["a", "a"]


def test_an_upstream_that_cannot_be_reached_and_a_disk_that_cannot_be_written(tmp_path: Path):
    with tokentape.record(tmp_path / "tapes", upstream={"openai": "http://127.0.0.1:9/v1"}) as mock:
        assert status(chat(mock.url("openai"))) == 502
        with pytest.raises(AssertionError, match="the server itself answered"):
            mock.assert_clean()
        mock.assert_clean(allow="upstream")
    (tmp_path / "file").write_text("")
    with wires.ScriptedUpstream(answering("live")) as upstream:
        recording = tokentape.record(tmp_path / "file" / "x", upstream={"openai": f"{upstream.url}/v1"})
        with pytest.raises(TokentapeError, match="cannot record"), recording as mock:
            assert b"live" in chat(mock.url("openai")).raw


def test_what_record_cannot_do_is_told_at_once(tmp_path: Path):
    with pytest.raises(ValueError, match="mode: found 'often', expected one of none, once"):
        tokentape.record(tmp_path, mode="often")
    with pytest.raises(TokentapeError, match="expected http://"):
        tokentape.record(tmp_path, upstream={"openai": "ftp://x"})
    with pytest.raises(CassetteError, match="no such file or folder"), tokentape.record(tmp_path / "no", mode="none"):
        pass
