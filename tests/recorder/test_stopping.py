"""A recorder that stops in mid-stream: killed, its spool makes tapes of all that had arrived; ended, it writes them itself.

Both are `interrupted` on the tape and play as a cut, with a warning.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from wires import (
    SSE_HEAD,
    Hold,
    ScriptedUpstream,
    Seen,
    Send,
    Step,
    Tool,
    Until,
    Wait,
    ask,
    chunk,
    event,
    head,
    post,
    tokentape,
    tool,
    wait_for,
)

from cassettes.model import CassetteError, Interaction
from cassettes.yamlio import load_file
from recorder.spool import FOLDER, read

pytestmark = pytest.mark.xdist_group("stopping")

ONE, TWO = event("하나\n"), event("two\n")
HALF = b"%x\r\n" % len(TWO) + TWO[:20]
PART = b"HTTP/1.1 200 OK\r\nContent-Type: text/ev"
LENGTH = head("Content-Type: text/plain", "Content-Length: 100")
CLOSE = head("Content-Type: text/plain")
SENT: dict[str, tuple[bytes, ...]] = {
    "before-head": (),
    "in-head": (PART,),
    "after-head": (SSE_HEAD,),
    "between": (SSE_HEAD, chunk(ONE), chunk(TWO)),
    "mid-chunk": (SSE_HEAD, chunk(ONE) + HALF),
    "paused-in-chunk": (SSE_HEAD + HALF, TWO[20:40]),
    "many": (SSE_HEAD, *(chunk(event(str(n))) for n in range(500))),
    "length": (LENGTH, b"x" * 60),
    "close": (CLOSE, b"abc\n"),
}
"""What comes before the recorder stops; then the upstream stays silent."""
EXPECTED: dict[str, tuple[str, int, tuple[int, ...]]] = {
    "before-head": ("request", 0, ()),
    "in-head": ("head", 0, ()),
    "after-head": ("body", 0, ()),
    "between": ("body", 0, (len(ONE), len(TWO))),
    "mid-chunk": ("body", len(TWO) - 20, (len(ONE), 20)),
    "paused-in-chunk": ("body", len(TWO) - 40, (20, 20)),
    "many": ("body", 0, tuple(len(event(str(n))) for n in range(500))),
    "length": ("body", 40, (60,)),
    "close": ("body", 0, (4,)),
}
"""`end.at`, `end.missing` and the sizes of the lines."""


def script(name: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for data in SENT[name]:
        steps += [Send(data), Wait(0.02)] if name != "many" else [Send(data)]
    return (*steps, Hold())


def request(name: str) -> bytes:
    return post(f"/up/{name}", json.dumps({"case": name}).encode())


def body_of(name: str) -> bytes:
    """The bytes that are to be on the tape."""
    sizes = EXPECTED[name][2]
    wire = b"".join(SENT[name])
    if name == "many":
        return b"".join(event(str(n)) for n in range(500))
    whole = {"between": ONE + TWO, "mid-chunk": ONE + TWO[:20], "paused-in-chunk": TWO[:40]}.get(name)
    return whole if whole is not None else wire[len(wire) - sum(sizes) :]


def spooled(folder: Path) -> dict[str, bytes]:
    """What the spool holds of each case: the body, or the partial head."""
    found: dict[str, bytes] = {}
    for path in (folder / FOLDER).glob("*.spool"):
        try:
            one = read(path).interaction
        except CassetteError:
            continue  # just made
        found[one.request.uri.rpartition("/")[2]] = one.response.stream.head or one.response.body
    return found


def arrived() -> dict[str, bytes]:
    return {name: PART if name == "in-head" else body_of(name) for name in SENT}


Stopped = tuple[dict[str, Future[Seen]], Tool]


@contextmanager
def in_flight(folder: Path, base: Path, *more: str) -> Iterator[Stopped]:
    """A recorder with all cases under way: all that was sent has arrived, and what clients will have seen."""
    with (
        ScriptedUpstream(by_path={name: script(name) for name in SENT}) as upstream,
        tool(base, "record", "-o", str(folder), "--upstream", f"up={upstream.url}", *more) as recorder,
        ThreadPoolExecutor(len(SENT)) as pool,
    ):
        seen = {name: pool.submit(ask, recorder.url, request(name), quiet=30.0) for name in SENT}
        wait_for(lambda: spooled(folder) == arrived())
        yield seen, recorder


def tapes(folder: Path) -> dict[str, Interaction]:
    found = (one for path in folder.rglob("*.yaml") for one in load_file(path).interactions)
    return {one.request.uri.rpartition("/")[2]: one for one in found}


def check(folder: Path, seen: dict[str, Seen], base: Path) -> None:
    """The tapes, and their replay beside what the clients saw when the recorder stopped."""
    made = tapes(folder)
    assert set(made) == set(SENT)
    for name, one in made.items():
        stream, (at, missing, sizes) = one.response.stream, EXPECTED[name]
        assert (stream.end.type, stream.end.at, stream.end.missing) == ("interrupted", at, missing), name
        held = tuple(line.size for line in stream.chunks)
        # A busy machine reads both parts of a chunk at once; then they are one line.
        assert held == sizes or (name == "paused-in-chunk" and held == (sum(sizes),)), name
        assert one.response.body == body_of(name), name
        assert (stream.head or b"") == (PART if name == "in-head" else b""), name
    assert not (folder / FOLDER).exists()
    with tool(base, "serve", str(folder), "--no-mark", "--speed", "max") as served:
        for name, live in seen.items():
            replay = ask(served.url, request(name))
            assert replay.raw == live.raw, name
            assert replay.ended == live.ended == "eof", name
        assert f"and {len(SENT) - 1} more: interaction #1 was interrupted" in served.said()


def test_a_killed_recorder_loses_nothing_that_had_arrived(tmp_path: Path) -> None:
    folder = tmp_path / "tapes"
    with in_flight(folder, tmp_path / "a") as (futures, recorder):
        modes = {path.stat().st_mode & 0o777 for path in (folder / FOLDER).iterdir()}
        recorder.process.kill()
        recorder.process.wait()
        seen = {name: future.result() for name, future in futures.items()}
    assert modes == {0o600}
    assert not tapes(folder)
    done = tokentape("recover", str(folder), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    assert {row["ending"] for row in rows} == {"interrupted"}
    assert sorted(row["bytes"] for row in rows) == sorted(len(body_of(name)) for name in SENT)
    # What had come of a head was not relayed: a client gets whole heads only.
    assert seen.pop("in-head").raw == b""
    check_without_head(folder, seen, tmp_path / "b")


def check_without_head(folder: Path, seen: dict[str, Seen], base: Path) -> None:
    live = Seen(reads=[(0.0, PART)], ended="eof")
    check(folder, {**seen, "in-head": live}, base)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_an_ended_recorder_writes_its_tapes_first(number: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "tapes"
    with in_flight(folder, tmp_path / "a") as (futures, recorder):
        os.kill(recorder.process.pid, number)
        seen = {name: future.result() for name, future in futures.items()}
        assert recorder.process.wait(5) == 0
        assert recorder.recorded() == len(SENT)
        assert "error" not in recorder.said()
        assert not list((tmp_path / "a").glob("ready-*"))
    check(folder, seen, tmp_path / "b")


def test_a_drain_that_the_end_of_the_recorder_cuts_short_was_ended_by_the_client(tmp_path: Path) -> None:
    folder, more = tmp_path / "tapes", threading.Event()
    with (
        ScriptedUpstream((Send(SSE_HEAD + chunk(ONE)), Until(more), Send(chunk(TWO)), Hold())) as upstream,
        tool(tmp_path, "record", "-o", str(folder), "--upstream", f"up={upstream.url}") as recorder,
    ):
        ask(recorder.url, request("one"), until=lambda data: data.endswith(chunk(ONE)))
        more.set()
        wait_for(lambda: spooled(folder) == {"one": ONE + TWO})
        recorder.process.terminate()
        assert recorder.process.wait(5) == 0
    (one,) = tapes(folder).values()
    assert (one.response.stream.end.type, one.response.body) == ("client_closed", ONE + TWO)


# recover


def left_behind(folder: Path, base: Path) -> Path:
    """The spool file of a recorder that was killed after one event."""
    with (
        ScriptedUpstream((Send(SSE_HEAD + chunk(ONE)), Hold())) as upstream,
        tool(base, "record", "-o", str(folder), "--upstream", f"up={upstream.url}") as recorder,
    ):
        before = set((folder / FOLDER).glob("*.spool"))
        ask(recorder.url, request("one"), until=lambda data: data.endswith(chunk(ONE)))
        (path,) = wait_for(lambda: set((folder / FOLDER).glob("*.spool")) - before)
        wait_for(lambda: ONE in path.read_bytes())
        recorder.process.kill()
        recorder.process.wait()
    return Path(path)


def test_recover_leaves_live_recordings_alone(tmp_path: Path) -> None:
    folder, go_on = tmp_path / "tapes", threading.Event()
    with (
        ScriptedUpstream((Send(SSE_HEAD + chunk(ONE)), Until(go_on), Send(chunk(TWO) + b"0\r\n\r\n"))) as upstream,
        tool(tmp_path / "live", "record", "-o", str(folder), "--upstream", f"up={upstream.url}") as recorder,
        ThreadPoolExecutor(1) as pool,
    ):
        live = pool.submit(ask, recorder.url, request("live"), until=lambda data: data.endswith(b"0\r\n\r\n"))
        wait_for(lambda: spooled(folder) == {"live": ONE})
        alone = tokentape("recover", str(folder))
        assert (alone.returncode, alone.stdout) == (0, "")
        assert "nothing to recover" in alone.stderr
        left_behind(folder, tmp_path / "dead")
        done = tokentape("recover", str(folder))
        assert done.returncode == 0
        assert [line.endswith(f"{len(ONE)} bytes in 1 chunk, interrupted") for line in done.stdout.splitlines()] == [
            True
        ]
        assert spooled(folder) == {"live": ONE}
        go_on.set()
        assert live.result().wire_body == chunk(ONE) + chunk(TWO) + b"0\r\n\r\n"
        wait_for(lambda: "live" in tapes(folder))
    assert {name: one.response.stream.end.type for name, one in tapes(folder).items()} == {
        "live": "eof",
        "one": "interrupted",
    }


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("another file", lambda data: b"not of ours\n" + data),
        ("no JSON", lambda data: data.replace(b'"method"', b'"method', 1)),
        ("no request", lambda data: data.splitlines(keepends=True)[0]),
        ("empty", lambda data: data[:0]),
    ],
)
def test_a_damaged_spool_is_told_in_one_line_and_kept(name: str, damage: object, tmp_path: Path) -> None:
    folder = tmp_path / "tapes"
    good = left_behind(folder, tmp_path / "run")
    damaged = good.with_name("0-damaged.spool")
    data: bytes = damage(good.read_bytes())  # type: ignore[operator]
    damaged.write_bytes(data)
    done = tokentape("recover", str(folder))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("tokentape: error: ")
    assert line.count(damaged.name) == 1
    assert damaged.read_bytes() == data
    # The one beside it is recovered all the same.
    assert not good.exists()
    assert tapes(folder)["one"].response.body == ONE


def test_a_torn_last_record_costs_nothing_before_it(tmp_path: Path) -> None:
    folder = tmp_path / "tapes"
    path = left_behind(folder, tmp_path / "run")
    data = path.read_bytes()
    cut = data.rindex(ONE) + 30
    path.write_bytes(data[:cut])
    done = tokentape("recover", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert tapes(folder)["one"].response.body == ONE[:30]
