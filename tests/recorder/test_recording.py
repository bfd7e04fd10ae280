"""A recording in flight: relayed before it is spooled, held back for a slow client, relayed whole when the disk fails."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, cast

import pytest
from wires import (
    SSE_HEAD,
    ScriptedUpstream,
    Send,
    ask,
    chunk,
    event,
    memory,
    post,
    settled,
    tokentape,
    tool,
    tools,
    wait_for,
)

from cassettes.framing import Fact
from cassettes.model import Framing, Head, Interaction, Request
from cassettes.redact import Redactor
from cassettes.yamlio import load_file
from recorder.recording import HIGH_WATER, LOW_WATER, Recording
from recorder.spool import FOLDER, Spool, meta_of, read
from recorder.upstream import Exchange

ONE, TWO = event("one\n"), event("two\n")
LAST = b"0\r\n\r\n"
SECRET = "sk-proj-0123456789abcdefABCDEF"
HEAD = Head(code=200, headers=(("Content-Type", "text/event-stream"), ("X-Tokentape", "a#1"), ("X-Key", SECRET)))


class Client:
    """A `Downstream` that notes what it was told; `seen_on_disk` is what the spool held at each body."""

    def __init__(self, *, dechunks: bool = False) -> None:
        self.dechunks = dechunks
        self.left = False
        self.told: list[object] = []
        self.waiting = 0
        self.spool: Path | None = None
        self.seen_on_disk: list[bytes] = []

    def informational(self, head: Head) -> None:
        self.told.append(head.code)

    def head(self, head: Head, framing: Framing) -> None:
        self.told += [head.code, framing]

    def body(self, data: bytes) -> None:
        self.told.append(data)
        if self.spool is not None:
            self.seen_on_disk.append(self.spool.read_bytes())

    def buffered(self) -> int:
        return self.waiting

    def end(self, action: Literal["keep", "close", "reset", "stall"]) -> None:
        self.told.append(action)


class Upstream:
    """Stands for the exchange: notes when it is paused."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.resumed = asyncio.Event()

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")
        self.resumed.set()


def run(scene: Callable[[], Awaitable[None]]) -> None:
    async def play() -> None:
        await scene()

    asyncio.run(play())


def spool_in(folder: Path) -> Spool:
    request = Request("POST", "http://up.example/v1", (), b"{}")
    return Spool(
        folder, meta_of(request, file="a.yaml", provider="up", dialect="raw", recorded_at="2026-11-20T09:30:00.000Z")
    )


def recording(client: Client, folder: Path | None, failures: list[OSError] | None = None) -> Recording:
    made = Recording(client, Redactor((SECRET.encode(),)), 0.0, (failures if failures is not None else []).append)
    if folder is not None:
        made.spool = spool_in(folder)
        client.spool = made.spool.path
    return made


def data(*pieces: tuple[bytes, int]) -> list[Fact]:
    return [Fact("data", data=raw, left=left) for raw, left in pieces]


def taken(made: Recording) -> Interaction:
    assert made.spool is not None
    return read(made.spool.path).interaction


def test_what_comes_is_relayed_first_and_spooled_then(tmp_path: Path) -> None:
    async def scene() -> None:
        client = Client()
        made = recording(client, tmp_path)
        made.sent(1.0)
        made.received(1.1, [Fact("informational", Head(code=100)), Fact("informational", Head(code=103))], b"")
        made.received(1.2, [Fact("head", HEAD, framing="chunked")], b"")
        made.received(1.3, data((ONE, 0)), chunk(ONE))
        # In this turn of the loop other streams may still be read and relayed.
        assert made.spool is not None
        assert ONE not in made.spool.path.read_bytes()
        await asyncio.sleep(0)
        assert ONE in made.spool.path.read_bytes()
        made.received(
            1.4, [*data((TWO, 0)), Fact("end", trailers=(("X-Sum", "7"), ("X-Tokentape-T", "1")))], chunk(TWO) + LAST
        )
        made.ended(1.5, "eof", "body", 0, b"")
        await made.finished
        assert client.told == [103, 200, "chunked", chunk(ONE), chunk(TWO) + LAST, "keep"]
        assert [ONE in seen for seen in client.seen_on_disk] == [False, True]
        one = taken(made).response
        assert one.body == ONE + TWO
        assert [(round(line.gap_ms), line.size) for line in one.stream.chunks] == [(100, len(ONE)), (100, len(TWO))]
        assert (one.stream.headers_ms, one.stream.end.gap_ms) == (200.0, 100.0)
        assert one.stream.trailers == (("X-Sum", "7"),)
        assert [(early.at_ms, early.code) for early in one.stream.informational] == [(100.0, 103)]
        # Our own mark is no part of the answer; secrets never reach the disk.
        assert dict(one.headers) == {"Content-Type": "text/event-stream", "X-Key": "*" * len(SECRET)}
        assert SECRET.encode() not in client.seen_on_disk[-1]

    run(scene)


def test_an_http10_client_gets_the_bytes_without_their_chunks(tmp_path: Path) -> None:
    async def scene() -> None:
        client = Client(dechunks=True)
        made = recording(client, tmp_path)
        made.received(0.1, [Fact("head", HEAD, framing="chunked")], b"")
        made.received(0.2, data((ONE, 0), (TWO[:5], 9)), chunk(ONE) + b"e\r\n" + TWO[:5])
        assert client.told[2:] == [ONE + TWO[:5]]

    run(scene)


def test_what_has_passed_already_is_kept_and_not_relayed_again(tmp_path: Path) -> None:
    """Once the head is with the client, and where the client takes chunks."""

    async def scene() -> None:
        client, older = Client(), Client(dechunks=True)
        made, other = recording(client, tmp_path), recording(older, None)
        assert made.passing is None
        for one in (made, other):
            one.received(0.1, [Fact("head", HEAD, framing="chunked")], b"")
        assert other.passing is None
        assert made.passing is not None
        made.passing(chunk(ONE))
        made.received(0.2, data((ONE, 0)), b"")
        made.ended(0.3, "eof", "body", 0, b"")
        assert client.told[2:] == [chunk(ONE), "keep"]
        assert taken(made).response.body == ONE

    run(scene)


def test_what_has_passed_holds_the_upstream_back_too() -> None:
    async def scene() -> None:
        client, upstream = Client(), Upstream()
        made = recording(client, None)
        made.attach(cast(Exchange, upstream))
        made.received(0.1, [Fact("head", HEAD, framing="chunked")], b"")
        client.waiting = HIGH_WATER + 1
        made.received(0.2, data((ONE, 0)), b"")
        assert upstream.told == ["pause"]
        made.ended(0.3, "eof", "body", 0, b"")

    run(scene)


def test_a_secret_in_the_answer_is_masked_on_disk_and_whole_for_the_client(tmp_path: Path) -> None:
    async def scene() -> None:
        client = Client()
        made = recording(client, tmp_path)
        first, second = f"data: {SECRET[:9]}".encode(), f"{SECRET[9:]}\n\n".encode()
        made.received(0.1, [Fact("head", HEAD, framing="close")], b"")
        made.received(0.2, data((first, 0)), first)
        made.received(0.3, data((second, 0)), second)
        made.ended(0.4, "eof", "body", 0, b"")
        assert client.told[2:4] == [first, second]
        one = taken(made).response
        assert one.body == b"data: " + b"*" * len(SECRET) + b"\n\n"
        assert [line.size for line in one.stream.chunks] == [len(first), len(second)]

    run(scene)


@pytest.mark.parametrize(
    ("ending", "action"),
    [("eof", "keep"), ("cut", "close"), ("reset", "reset"), ("timeout", "close"), ("interrupted", "close")],
)
def test_an_ending_is_passed_on_once(ending: Any, action: str, tmp_path: Path) -> None:
    async def scene() -> None:
        client = Client()
        made = recording(client, tmp_path)
        part = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=" + SECRET.encode()
        made.heading(0.1, part)
        made.ended(0.2, ending, "head", 0, part)
        made.ended(0.3, "reset", "head", 0, part)
        assert client.told == [part, action]
        stream = taken(made).response.stream
        assert (stream.end.type, stream.end.at) == (ending, "head")
        assert stream.head == part.replace(SECRET.encode(), b"*" * len(SECRET))

    run(scene)


def test_the_leaving_of_the_client_is_noted_beside_an_ending_of_the_upstreams_own(tmp_path: Path) -> None:
    async def scene() -> None:
        for ending, noted in (("eof", 200.0), ("reset", 200.0), ("client_closed", None)):
            client = Client()
            made = recording(client, tmp_path)
            made.received(0.1, [Fact("head", HEAD, framing="chunked")], b"")
            made.client_left(0.2)
            made.client_left(0.3)
            made.ended(0.4, ending, "body", 0, b"")  # type: ignore[arg-type]
            assert client.left
            assert taken(made).response.stream.end.client_left_ms == noted

    run(scene)


def test_the_upstream_is_not_read_while_the_client_is_slow(tmp_path: Path) -> None:
    async def scene() -> None:
        client, upstream = Client(), Upstream()
        made = recording(client, tmp_path)
        made.attach(cast(Exchange, upstream))
        made.received(0.1, [Fact("head", HEAD, framing="chunked")], b"")
        client.waiting = HIGH_WATER
        made.received(0.2, data((ONE, 0)), chunk(ONE))
        assert upstream.told == []
        client.waiting = HIGH_WATER + 1
        made.received(0.2, data((ONE, 0)), chunk(ONE))
        made.received(0.2, data((ONE, 0)), chunk(ONE))
        assert upstream.told == ["pause"]
        client.waiting = LOW_WATER + 1
        await asyncio.sleep(0.02)
        assert upstream.told == ["pause"]
        client.waiting = LOW_WATER
        async with asyncio.timeout(5):
            await upstream.resumed.wait()
        assert upstream.told == ["pause", "resume"]

    run(scene)


def test_a_disk_that_fails_is_told_once_and_the_relay_goes_on(tmp_path: Path) -> None:
    async def scene() -> None:
        client, failures = Client(), cast(list[OSError], [])
        made = recording(client, tmp_path, failures)
        client.spool = None
        assert made.spool is not None
        made.received(0.1, [Fact("head", HEAD, framing="chunked")], b"")
        os.close(made.spool._file)  # every write fails from here on
        made.received(0.2, data((ONE, 0)), chunk(ONE))
        made.received(0.3, data((TWO, 0)), chunk(TWO))
        made.ended(0.4, "eof", "body", 0, b"")
        made.spool._file = -1
        assert client.told[2:] == [chunk(ONE), chunk(TWO), "keep"]
        assert len(failures) == 1
        assert made.finished.done()

    run(scene)


# The real thing

BLOCK = b"".join(chunk(event(f"{n:0400}\n")) for n in range(100))
LONG = SSE_HEAD + BLOCK * 20 + LAST
SHORT = SSE_HEAD + chunk(ONE) + LAST
CLOSING = "Connection: close"


def closing(sent: bytes) -> bytes:
    return sent.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 KB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def errors(said: str) -> list[str]:
    assert "Traceback" not in said
    return [line for line in said.splitlines() if "error" in line]


def test_a_full_disk_is_told_and_the_client_still_gets_its_whole_stream(small_disk: Path, tmp_path: Path) -> None:
    folder = small_disk / "tapes"
    with (
        ScriptedUpstream((Send(LONG),), (Send(SHORT),)) as upstream,
        tool(tmp_path, "record", "-o", str(folder), "--upstream", f"up={upstream.url}") as recorder,
    ):
        live = ask(recorder.url, post("/up/long", b"{}", CLOSING))
        assert (live.raw, live.ended) == (closing(LONG), "eof")
        first, second = wait_for(lambda: len(found := errors(recorder.said())) == 2 and found)
        assert "cannot record (No space left on device)" in first
        assert "no tape written" in second
        assert f"tokentape recover {folder}" in second
        # What stands in the way is gone: the next recording is a tape.
        (kept,) = (folder / FOLDER).glob("*.spool")
        size = kept.stat().st_size
        kept.unlink()
        ask(recorder.url, post("/up/short", b"{}", CLOSING))
        wait_for(lambda: recorder.recorded() == 1)
    assert recorder.process.returncode == 1
    assert size > 100_000
    (tape,) = folder.rglob("*.yaml")
    assert load_file(tape).interactions[0].response.body == ONE


def test_a_disk_with_no_room_for_the_tape_keeps_what_arrived(small_disk: Path, tmp_path: Path) -> None:
    folder = small_disk / "tapes"
    long = SSE_HEAD + BLOCK * 3 + LAST
    with (
        ScriptedUpstream((Send(long),)) as upstream,
        tool(tmp_path, "record", "-o", str(folder), "--upstream", f"up={upstream.url}") as recorder,
    ):
        live = ask(recorder.url, post("/up/long", b"{}", CLOSING))
        assert (live.raw, live.ended) == (closing(long), "eof")
        (line,) = wait_for(lambda: errors(recorder.said()))
        assert "No space left on device" in line
        assert f"tokentape recover {folder}" in line
        assert not list(folder.rglob("*.yaml"))
    assert recorder.process.returncode == 1
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    done = tokentape("recover", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    (tape,) = folder.rglob("*.yaml")
    response = load_file(tape).interactions[0].response
    assert response.body == b"".join(event(f"{n:0400}\n") for n in range(100)) * 3
    assert response.stream.end.type == "eof"


def test_a_file_that_may_not_grow_is_told_and_the_client_still_gets_its_whole_stream(tmp_path: Path) -> None:
    folder = tmp_path / "tapes"
    with (
        ScriptedUpstream((Send(LONG),), (Send(SHORT),)) as upstream,
        tools(
            tmp_path, ("record", "-o", str(folder), "--upstream", f"up={upstream.url}"), shell="ulimit -f 200"
        ) as (recorder,),
    ):  # fmt: skip
        live = ask(recorder.url, post("/up/long", b"{}", CLOSING))
        assert (live.raw, live.ended) == (closing(LONG), "eof")
        first, second = wait_for(lambda: len(found := errors(recorder.said())) == 2 and found)
        assert "cannot record (File too large)" in first
        assert "no tape written" in second
        ask(recorder.url, post("/up/short", b"{}", CLOSING))
        wait_for(lambda: recorder.recorded() == 1)
    assert recorder.process.returncode == 1
    # What had arrived is there for `recover`: as far as the disk took it.
    done = tokentape("recover", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    bodies = {
        one.request.uri.rpartition("/")[2]: one.response
        for path in folder.rglob("*.yaml")
        for one in load_file(path).interactions
    }
    body = b"".join(event(f"{n:0400}\n") for n in range(100)) * 20
    assert len(bodies["long"].body) > 50_000
    assert body.startswith(bodies["long"].body)
    assert bodies["long"].stream.end.type == "interrupted"
    assert bodies["short"].body == ONE


@pytest.mark.parametrize("place", ["below a file", "read-only"])
def test_a_folder_that_cannot_be_written_is_told_and_the_client_gets_its_stream(
    place: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if place == "read-only":
        disk = request.getfixturevalue("small_disk")
        folder = disk / "tapes"
        folder.mkdir()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    else:
        (tmp_path / "file").write_bytes(b"")
        folder = tmp_path / "file" / "tapes"
    with (
        ScriptedUpstream((Send(LONG),)) as upstream,
        tool(tmp_path, "record", "-o", str(folder), "--upstream", f"up={upstream.url}") as recorder,
    ):
        for _ in range(2):
            live = ask(recorder.url, post("/up/long", b"{}", CLOSING))
            assert (live.raw, live.ended) == (closing(LONG), "eof")
        lines = wait_for(lambda: len(found := errors(recorder.said())) == 2 and found)
        assert all(str(folder) in line and "cannot record" in line for line in lines)
    assert recorder.process.returncode == 1


@pytest.mark.xdist_group("timing")
def test_a_client_that_stops_reading_costs_no_memory_and_gets_all_in_the_end(tmp_path: Path) -> None:
    # Nor is its slowness the upstream's silence: it lasts longer than the idle timeout.
    idle = ("--idle-timeout", "1s")
    megabytes = SSE_HEAD + BLOCK * 390 + LAST
    assert len(megabytes) > 20_000_000
    go_on = threading.Event()

    def reading(_: bytes) -> None:
        go_on.wait(60)

    with (
        ScriptedUpstream((Send(SHORT),), (Send(megabytes),)) as upstream,
        tool(tmp_path, "record", "-o", str(tmp_path / "tapes"), "--upstream", f"up={upstream.url}", *idle) as recorder,
        ThreadPoolExecutor(1) as pool,
    ):
        ask(recorder.url, post("/up/short", b"{}", CLOSING))
        wait_for(lambda: recorder.recorded() == 1)
        before, sent = memory(recorder.process), upstream.sent
        slow = pool.submit(
            ask, recorder.url, post("/up/long", b"{}", CLOSING), watching=reading, receive_buffer=16 * 1024
        )
        wait_for(lambda: upstream.sent > sent)
        assert settled(lambda: upstream.sent, 1.5) < 10_000_000
        grown = memory(recorder.process) - before
        go_on.set()
        assert slow.result().raw == closing(megabytes)
        wait_for(lambda: recorder.recorded() == 2, 30)
        assert "timeout" not in recorder.said()
        assert grown < 2_000_000
