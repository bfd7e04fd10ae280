"""A client that leaves: the three policies of `--on-client-close`, on the tape and on the wire again.

An upstream that ends by itself after the client has left keeps its own ending; else the tape says `client_closed`.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from wires import (
    SSE_HEAD,
    Hold,
    Reset,
    ScriptedUpstream,
    Seen,
    Send,
    Step,
    Tool,
    Until,
    Wait,
    ask,
    chunk,
    connected,
    event,
    post,
    receive,
    tools,
    wait_for,
)

from cassettes.model import Ending, Interaction
from cassettes.timeline import to_timeline
from cassettes.yamlio import load_file

pytestmark = pytest.mark.xdist_group("leaving")

ONE, TWO = event("one"), event("two")
LAST = b"0\r\n\r\n"
HALF = b"%x\r\n" % len(TWO) + TWO[:20]
DRAIN = 1.0


class Case(NamedTuple):
    """`policy` of the recorder; the client leaves once it has got what ends in `leave_at` (None: before any byte), and
    the upstream's `then` follows."""

    policy: str
    leave_at: bytes | None
    then: tuple[Step, ...]
    end: Ending
    sizes: tuple[int, ...]


TWO_LATER = (Wait(0.3), Send(chunk(TWO)))
BOTH = (len(ONE), len(TWO))
CLOSED = Ending(type="client_closed")
CASES = {
    "stop": Case("stop", chunk(ONE), (Hold(),), CLOSED, BOTH[:1]),
    "stop-mid-chunk": Case(
        "stop", HALF, (Hold(),), Ending(type="client_closed", missing=len(TWO) - 20), (len(ONE), 20)
    ),
    "stop-before-head": Case("stop", None, (Hold(),), Ending(type="client_closed", at="request"), ()),
    "drain": Case("drain:1s", chunk(ONE), (*TWO_LATER, Hold()), CLOSED, BOTH),
    "drain-eof": Case("drain:1s", chunk(ONE), (*TWO_LATER, Send(LAST)), Ending(type="eof"), BOTH),
    "drain-reset": Case("drain:1s", chunk(ONE), (*TWO_LATER, Reset()), Ending(type="reset"), BOTH),
    "finish": Case("finish", chunk(ONE), (*TWO_LATER, Send(LAST)), Ending(type="eof"), BOTH),
}
POLICIES = ("stop", "drain:1s", "finish")


class Trip(NamedTuple):
    """One case: whether the upstream saw us leave, the tape, its replay at its own speed and at full speed."""

    tape: Interaction
    replay: Seen
    fast: Seen


def script(name: str, left: threading.Event) -> tuple[Step, ...]:
    case = CASES[name]
    begin: tuple[Step, ...] = ()
    if case.leave_at is not None:
        begin = (Send(SSE_HEAD + chunk(ONE)), *((Send(HALF),) if case.leave_at == HALF else ()))
    return (*begin, Until(left), *case.then)


def request(name: str) -> bytes:
    return post(f"/up/{name}", json.dumps({"case": name}).encode())


def leave(name: str, tool: Tool, upstream: ScriptedUpstream, left: threading.Event) -> None:
    """The client of one case: comes, gets what it waits for and goes."""
    case = CASES[name]
    if case.leave_at is None:
        host, _, port = tool.url.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(request(name))
            wait_for(lambda: any(f"/{name} ".encode() in one for one in upstream.requests))
    else:
        wanted = case.leave_at
        assert ask(tool.url, request(name), until=lambda data: data.endswith(wanted)).ended == "until"
    left.set()


def record(folder: Path, upstream: str, policy: str) -> tuple[str, ...]:
    return ("record", "-o", str(folder), "--upstream", f"up={upstream}", "--on-client-close", policy)


def taped(folder: Path, tool: Tool, count: int) -> dict[str, Interaction]:
    wait_for(lambda: tool.recorded() == count)
    found = (one for path in folder.rglob("*.yaml") for one in load_file(path).interactions)
    return {one.request.uri.rpartition("/")[2]: one for one in found}


def replayed(tool: Tool, quiet: float) -> dict[str, Seen]:
    with ThreadPoolExecutor(len(CASES)) as pool:
        until = {name: (lambda data: data.endswith(LAST)) for name, case in CASES.items() if case.end.type == "eof"}
        seen = pool.map(lambda name: ask(tool.url, request(name), quiet=quiet, until=until.get(name)), CASES)
        return dict(zip(CASES, seen, strict=True))


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Trip]]:
    base = tmp_path_factory.mktemp("leaving")
    left = {name: threading.Event() for name in CASES}
    scripts: Mapping[str, tuple[Step, ...]] = {name: script(name, left[name]) for name in CASES}
    tapes: dict[str, Interaction] = {}
    with ExitStack() as stack:
        upstream = stack.enter_context(ScriptedUpstream(by_path=scripts))
        folders = [base / "tapes" / policy.partition(":")[0] for policy in POLICIES]
        commands = [record(folder, upstream.url, policy) for folder, policy in zip(folders, POLICIES, strict=True)]
        recorders = dict(zip(POLICIES, stack.enter_context(tools(base / "a", *commands)), strict=True))
        with ThreadPoolExecutor(len(CASES)) as pool:
            list(pool.map(lambda name: leave(name, recorders[CASES[name].policy], upstream, left[name]), CASES))
        for folder, policy in zip(folders, POLICIES, strict=True):
            tapes |= taped(folder, recorders[policy], sum(case.policy == policy for case in CASES.values()))
        # Every upstream that still held its stream open was left when its recording ended.
        assert wait_for(upstream.left.is_set)
        serve = ("serve", str(base / "tapes"), "--no-mark")
        served, fast = stack.enter_context(tools(base / "b", serve, (*serve, "--speed", "max")))
        slowly, quickly = replayed(served, 2.5), replayed(fast, 20.0)
        yield {name: Trip(tapes[name], slowly[name], quickly[name]) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_the_tape_says_who_ended_it(name: str, trips: dict[str, Trip]) -> None:
    case, stream = CASES[name], trips[name].tape.response.stream
    assert (stream.end.type, stream.end.at, stream.end.missing) == (case.end.type, case.end.at, case.end.missing)
    assert tuple(one.size for one in stream.chunks) == case.sizes


@pytest.mark.parametrize("name", CASES)
def test_the_leaving_is_noted_where_the_upstream_ended_by_itself(name: str, trips: dict[str, Trip]) -> None:
    timeline = to_timeline(trips[name].tape)
    left = timeline.end.client_left_ms
    if CASES[name].end.type == "client_closed":
        assert left is None
    else:
        assert left is not None
        first, second = timeline.frames
        assert first.at_ms <= left < second.at_ms


def test_a_drain_lasts_as_long_as_was_said(trips: dict[str, Trip]) -> None:
    timeline = to_timeline(trips["drain"].tape)
    assert timeline.end_at_ms >= DRAIN * 1000
    assert to_timeline(trips["stop"].tape).end_at_ms < DRAIN * 1000


@pytest.mark.parametrize("name", CASES)
def test_a_replay_has_all_that_came_and_stalls_where_the_client_left(name: str, trips: dict[str, Trip]) -> None:
    case, trip = CASES[name], trips[name]
    sent = b"".join(step.data for step in script(name, threading.Event()) if isinstance(step, Send))
    ended = {"eof": "until", "reset": "reset"}.get(case.end.type)
    assert trip.replay.raw == trip.fast.raw == sent
    assert trip.replay.ended == (ended or "quiet")
    assert trip.fast.ended == (ended or "eof")


def test_a_stall_that_the_client_leaves_is_recorded_as_client_closed_again(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with (
        ScriptedUpstream((Send(SSE_HEAD + chunk(ONE)), Hold())) as upstream,
        tools(tmp_path, record(first, upstream.url, "stop")) as (recorder,),
    ):
        ask(recorder.url, request("one"), until=lambda data: data.endswith(chunk(ONE)))
        tape = taped(first, recorder, 1)["one"]
        assert upstream.left.wait(5)
    with (
        tools(tmp_path, ("serve", str(first))) as (served,),
        tools(tmp_path, record(second, f"{served.url}/up", "stop")) as (recorder,),
    ):
        ask(recorder.url, request("one"), until=lambda data: data.endswith(chunk(ONE)))
        again = taped(second, recorder, 1)["one"]
    for one in (tape, again):
        stream = one.response.stream
        assert (stream.end.type, stream.end.at, one.response.body) == ("client_closed", "body", ONE)


def test_a_client_that_resets_has_left_too(tmp_path: Path) -> None:
    with (
        ScriptedUpstream((Send(SSE_HEAD + chunk(ONE)), Hold())) as upstream,
        tools(tmp_path, record(tmp_path / "tapes", upstream.url, "stop")) as (recorder,),
    ):
        with connected(recorder.url) as client:
            client.sendall(request("one"))
            assert receive(client, len(SSE_HEAD + chunk(ONE))) == SSE_HEAD + chunk(ONE)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert upstream.left.wait(5)
        tape = taped(tmp_path / "tapes", recorder, 1)["one"]
    assert tape.response.stream.end.type == "client_closed"
