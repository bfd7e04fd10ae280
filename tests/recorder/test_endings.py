"""Every ending is recorded as what it was, relayed live as what it was, replayed as what it was: seen by raw sockets.

One journey for all cases at once: a scripted upstream, a recorder in front of it, the tapes served, the replay recorded
again. Endings that the client's leaving makes are in `test_client_leaves.py`, those of the recorder's own in `test_stopping.py`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from wires import (
    SSE_HEAD,
    Finish,
    Hold,
    Reset,
    ScriptedUpstream,
    Seen,
    Send,
    Step,
    Tool,
    Until,
    ask,
    chunk,
    event,
    head,
    post,
    tools,
    wait_for,
    whole,
)

from cassettes.model import Interaction
from cassettes.yamlio import load_file

pytestmark = pytest.mark.xdist_group("endings")

ONE, TWO = event("안녕"), event("bye")
LAST = b"0\r\n\r\n"
HALF = b"%x\r\n" % len(TWO) + TWO[:20]
LENGTH = head("Content-Type: text/plain", "Content-Length: 100")
CLOSE_10 = head("Content-Type: text/plain", http="1.0")
CLOSE_11 = head("Content-Type: text/event-stream")
CLOSE = b"Connection: close\r\n\r\n"
PART = b"HTTP/1.1 200 OK\r\nContent-Type: text/ev"


class Got(threading.Event):
    """Set when the client has got `data`: keeps two sends from becoming one read, where a read is a line of the tape."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data = data


def got(data: bytes) -> Until:
    return Until(Got(data))


class Case(NamedTuple):
    """What the upstream does, and what is to be seen of it: `sizes` of the tape's lines, `ended` by a raw client."""

    script: tuple[Step, ...]
    end: tuple[str, str, int]
    sizes: tuple[int, ...] = ()
    ended: str = "eof"


def sent(script: tuple[Step, ...]) -> bytes:
    return b"".join(step.data for step in script if isinstance(step, Send))


def lines(*data: bytes) -> tuple[int, ...]:
    return tuple(map(len, data))


def framed(*data: bytes) -> Send:
    return Send(b"".join(map(chunk, data)))


H, L = Send(SSE_HEAD), Send(LENGTH)
CASES: dict[str, Case] = {
    "eof": Case((H, framed(ONE, TWO), Send(LAST)), ("eof", "body", 0), lines(ONE, TWO), "until"),
    "eof-empty": Case((H, Send(LAST)), ("eof", "body", 0), (), "until"),
    "eof-length": Case((L, Send(b"x" * 60), got(b"x"), Send(b"y" * 40)), ("eof", "body", 0), (60, 40), "until"),
    "fin-before-head": Case((Finish(),), ("cut", "request", 0)),
    "fin-in-head": Case((Send(PART), Finish()), ("cut", "head", 0)),
    "fin-after-head": Case((H, Finish()), ("cut", "body", 0)),
    "fin-between-chunks": Case((H, framed(ONE, TWO), Finish()), ("cut", "body", 0), lines(ONE, TWO)),
    "fin-mid-chunk": Case((H, framed(ONE), Send(HALF), Finish()), ("cut", "body", len(TWO) - 20), (len(ONE), 20)),
    "rst-before-head": Case((Reset(),), ("reset", "request", 0), (), "reset"),
    "rst-in-head": Case((Send(PART), Reset()), ("reset", "head", 0), (), "reset"),
    "rst-after-head": Case((H, Reset()), ("reset", "body", 0), (), "reset"),
    "rst-mid-chunk": Case(
        (H, framed(ONE), Send(HALF), Reset()), ("reset", "body", len(TWO) - 20), (len(ONE), 20), "reset"
    ),
    "rst-between-events": Case((H, framed(ONE), Reset()), ("reset", "body", 0), lines(ONE), "reset"),
    "rst-after-last-event": Case(
        (H, framed(ONE, b"data: [DONE]\n\n"), Reset()), ("reset", "body", 0), (len(ONE), 14), "reset"
    ),
    "close-http10": Case(
        (Send(CLOSE_10), got(CLOSE), Send(b"ab"), got(b"ab"), Send(b"cd"), Finish()), ("eof", "body", 0), (2, 2)
    ),
    "close-http11": Case(
        (Send(CLOSE_11), got(CLOSE), Send(ONE), got(ONE), Send(TWO), Finish()), ("eof", "body", 0), lines(ONE, TWO)
    ),
    "close-empty": Case((Send(CLOSE_11), Finish()), ("eof", "body", 0)),
    "close-rst": Case((Send(CLOSE_11), Send(ONE), Reset()), ("reset", "body", 0), lines(ONE), "reset"),
    "length-short-fin": Case((L, Send(b"x" * 60), Finish()), ("cut", "body", 40), (60,)),
    "length-short-rst": Case((L, Send(b"x" * 60), Reset()), ("reset", "body", 40), (60,), "reset"),
    "length-nothing-fin": Case((L, Finish()), ("cut", "body", 100)),
    "no-http": Case((Send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), Hold()), ("cut", "head", 0)),
    "bad-chunk-size": Case((H, framed(ONE), Send(b"zz\r\n"), Hold()), ("cut", "body", 0), lines(ONE)),
}
STALLED: dict[str, Case] = {
    "idle-before-head": Case((Hold(),), ("timeout", "request", 0)),
    "idle-in-head": Case((Send(PART), Hold()), ("timeout", "head", 0)),
    "idle-after-head": Case((H, Hold()), ("timeout", "body", 0)),
    "idle-between": Case((H, framed(ONE), Hold()), ("timeout", "body", 0), lines(ONE)),
    "idle-mid-chunk": Case((H, framed(ONE), Send(HALF), Hold()), ("timeout", "body", len(TWO) - 20), (len(ONE), 20)),
    "idle-length": Case((L, Send(b"x" * 60), Hold()), ("timeout", "body", 40), (60,)),
}
"""Ended by `--idle-timeout`: a replay stays open until the client leaves, at full speed it is a cut."""
ALL = CASES | STALLED
NOT_RELAYED = {"bad-chunk-size": b"zz\r\n"}
"""What the upstream sends and no client is to get: it is no HTTP."""


class Trip(NamedTuple):
    """One case: seen live, taped, replayed, at full speed, taped from the replay."""

    live: Seen
    tape: Interaction
    replay: Seen
    fast: Seen
    again: Interaction


def notice(script: tuple[Step, ...], data: bytes) -> None:
    for step in script:
        if isinstance(step, Until) and isinstance(step.event, Got) and step.event.data in data:
            step.event.set()


def asked(tool: Tool, names: Mapping[str, Case], quiet: float = 20.0) -> dict[str, Seen]:
    """What raw clients see of each case, all at once. A kept-alive answer is left when its framing says that it is over."""

    def one(name: str) -> Seen:
        until = {"eof": whole, "eof-empty": whole, "eof-length": lambda data: data.endswith(b"y" * 40)}.get(name)
        request = post(f"/up/{name}", json.dumps({"case": name}).encode())
        return ask(tool.url, request, until=until, quiet=quiet, watching=lambda data: notice(names[name].script, data))

    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))


def taped(folder: Path, tool: Tool, count: int) -> dict[str, Interaction]:
    """The interactions in `folder` by their case, once there are `count`."""
    wait_for(lambda: tool.recorded() == count)
    found = (one for path in folder.rglob("*.yaml") for one in load_file(path).interactions)
    return {one.request.uri.rpartition("/")[2]: one for one in found}


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def trips(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Trip]]:
    """All cases, there and back again."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    for step in (step for case in CASES.values() for step in case.script if isinstance(step, Until)):
        step.event.clear()
    loop = ("--loop", request.param)
    base = tmp_path_factory.mktemp("endings")
    first, second = base / "first", base / "second"

    def record(folder: Path, upstream: str, *more: str) -> tuple[str, ...]:
        return ("record", "-o", str(folder), "--upstream", f"up={upstream}", *loop, *more)

    idle = ("--idle-timeout", "500ms")
    with ExitStack() as stack:
        upstream = stack.enter_context(ScriptedUpstream(by_path={name: case.script for name, case in ALL.items()}))
        patient, hasty = stack.enter_context(
            tools(base / "a", record(first, upstream.url), record(first / "idle", upstream.url, *idle))
        )
        live = asked(patient, CASES) | asked(hasty, STALLED)
        tapes = taped(first, patient, len(CASES)) | taped(first / "idle", hasty, len(STALLED))
        serve = ("serve", str(first), "--no-mark", *loop)
        served, fast = stack.enter_context(tools(base / "b", serve, (*serve, "--speed", "max")))
        replay = asked(served, CASES) | asked(served, STALLED, quiet=0.9)
        rushed = asked(fast, ALL)
        patient, hasty = stack.enter_context(
            tools(
                base / "c",
                record(second, f"{served.url}/up"),
                record(second / "idle", f"{served.url}/up", *idle),
            )
        )
        asked(patient, CASES)
        asked(hasty, STALLED)
        again = taped(second, patient, len(CASES)) | taped(second / "idle", hasty, len(STALLED))
        for one in (patient, hasty, served, fast):
            assert "Traceback" not in one.said()
        yield {name: Trip(live[name], tapes[name], replay[name], rushed[name], again[name]) for name in ALL}


def closing(raw: bytes, case: Case) -> bytes:
    """What a client gets of what an upstream sent: a connection that its close delimits is announced as closing."""
    for top in (CLOSE_10, CLOSE_11):
        if raw.startswith(top):
            return top[:-2] + CLOSE + raw[len(top) :]
    return raw


@pytest.mark.parametrize("name", ALL)
def test_the_client_sees_live_what_the_upstream_did(name: str, trips: dict[str, Trip]) -> None:
    case, live = ALL[name], trips[name].live
    expected = sent(case.script).removesuffix(NOT_RELAYED.get(name, b""))
    assert live.raw == closing(expected, case)
    assert live.ended == case.ended


@pytest.mark.parametrize("name", ALL)
def test_the_tape_says_what_it_was(name: str, trips: dict[str, Trip]) -> None:
    case, response = ALL[name], trips[name].tape.response
    end = response.stream.end
    assert (end.type, end.at, end.missing) == case.end
    assert end.client_left_ms is None
    assert tuple(one.size for one in response.stream.chunks) == case.sizes
    assert response.stream.source == "recorded"
    if end.at == "body":
        assert (response.code, response.message) == (200, "OK")
        assert response.stream.head is None
    else:
        assert (response.code, response.message, response.headers) == (502, "no response (tokentape)", ())
        assert (response.stream.head or b"") == sent(case.script)
        assert response.body == b""


@pytest.mark.parametrize("name", ALL)
def test_the_last_line_is_open_exactly_when_bytes_of_its_chunk_are_missing(name: str, trips: dict[str, Trip]) -> None:
    stream = trips[name].tape.response.stream
    assert [one.more for one in stream.chunks[:-1]] == [False] * len(stream.chunks[:-1])
    if stream.chunks:
        assert stream.chunks[-1].more == (stream.framing == "chunked" and stream.end.missing > 0)


def test_an_idle_upstream_is_given_up_after_the_time_and_not_before(trips: dict[str, Trip]) -> None:
    for name in STALLED:
        end = trips[name].tape.response.stream.end
        assert 499.0 <= end.gap_ms < 5000.0, name


@pytest.mark.parametrize("name", ALL)
def test_a_replay_is_seen_as_the_live_answer_was(name: str, trips: dict[str, Trip]) -> None:
    trip = trips[name]
    assert trip.replay.raw == trip.live.raw
    assert trip.replay.ended == ("quiet" if name in STALLED else trip.live.ended)


@pytest.mark.parametrize("name", ALL)
def test_at_full_speed_a_stall_is_a_cut_and_all_else_is_as_it_was(name: str, trips: dict[str, Trip]) -> None:
    trip = trips[name]
    assert trip.fast.raw == trip.live.raw
    assert trip.fast.ended == trip.live.ended


VOLATILE = {"connection", "date"}


def lasting(one: Interaction) -> Interaction:
    """`one` without its times, places and what speaks of one connection only."""
    response, stream = one.response, one.response.stream
    return msgspec.structs.replace(
        one,
        request=msgspec.structs.replace(one.request, uri=one.request.uri.rpartition("/")[2], headers=()),
        response=msgspec.structs.replace(
            response,
            headers=tuple(pair for pair in response.headers if pair[0].lower() not in VOLATILE),
            stream=msgspec.structs.replace(
                stream,
                recorded_at=None,
                headers_ms=0.0,
                # Where framing does not show them, boundaries are best effort on replay (DESIGN 4).
                chunks=tuple(line._replace(gap_ms=0.0) for line in stream.chunks if stream.framing == "chunked"),
                end=msgspec.structs.replace(stream.end, gap_ms=0.0),
            ),
        ),
    )


@pytest.mark.parametrize("name", ALL)
def test_recording_the_replay_makes_the_same_tape(name: str, trips: dict[str, Trip]) -> None:
    trip = trips[name]
    assert lasting(trip.again) == lasting(trip.tape)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bad-chunk-size", "expected a chunk size in hex, found b'zz'"),
        ("no-http", "expected an HTTP/1 status line, found b'SSH-2.0-OpenSSH_9.6'"),
    ],
)
def test_an_upstream_that_breaks_the_framing_is_told_from_one_that_is_cut(
    name: str, reason: str, tmp_path: Path
) -> None:
    with (
        ScriptedUpstream(
            by_path={name: CASES[name].script, "fin-mid-chunk": CASES["fin-mid-chunk"].script}
        ) as upstream,
        tools(tmp_path, ("record", "-o", str(tmp_path / "tapes"), "--upstream", f"up={upstream.url}")) as (tool,),
    ):
        asked(tool, {one: CASES[one] for one in (name, "fin-mid-chunk")})
        wait_for(lambda: tool.recorded() == 2)
        told = [line for line in tool.said().splitlines() if "no HTTP/1" in line]
    assert len(told) == 1
    assert told[0].startswith(f"tokentape: note: /{name}: the upstream's answer is no HTTP/1 ({reason}")
