"""Forwarding without sockets: what happens between a client's request, the upstream's, the answer and the tape."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cassettes.framing import Fact
from cassettes.matching import Asked
from cassettes.model import Head, Request
from cassettes.redact import Redactor
from cassettes.routes import parse
from cassettes.yamlio import load_file
from recorder import proxy
from recorder.filing import Filing
from recorder.leaving import LeavingPolicy
from recorder.proxy import Clocks, Recorder, Settings
from recorder.upstream import UpstreamError

SECRET = "hunter-horse-battery-staple-9"
SSE = Head(headers=(("content-type", "text/event-stream"), ("transfer-encoding", "chunked")))


class Client:
    """A `Downstream` that takes everything."""

    dechunks = False
    left = False

    def __init__(self) -> None:
        self.got: list[Any] = []

    def informational(self, head: Head) -> None:
        self.got.append(head)

    def head(self, head: Head, framing: str) -> None:
        self.got.append((head, framing))

    def body(self, data: bytes) -> None:
        self.got.append(data)

    def buffered(self) -> int:
        return 0

    def end(self, action: str) -> None:
        self.got.append(action)


class Upstream:
    """Stands in for `exchange`: keeps what was asked, says what a test tells it to."""

    malformed = ""

    def __init__(self, *, gone: bool = False, refuses: bool = False) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.listener: Any = None
        self._gone = gone
        self._refuses = refuses
        self.at = 100.0

    async def __call__(self, *asked: Any, clock: Any, **settings: Any) -> Upstream:
        self.asked.append((*asked[:4], settings))
        self.listener = asked[4]
        if self._refuses:
            raise UpstreamError("http://h: connection refused")
        if self._gone:
            self.listener.ended(clock(), "reset", "request", 0, b"")
        return self

    def says(self, *pieces: bytes) -> None:
        facts = [Fact("data", data=piece) for piece in pieces]
        self.listener.received(self.at, [Fact("head", head=SSE, framing="chunked"), *facts], b"".join(pieces))

    def ends(self, ending: str = "eof") -> None:
        self.listener.ended(self.at, ending, "body", 0, b"")

    def give_up(self, ending: str) -> None:
        self.ends(ending)

    def pause(self) -> None: ...
    def resume(self) -> None: ...


def asked(body: bytes | Callable[[], bytes] = b'{"model":"m"}', target: str = "/openai/v1/chat/completions") -> Asked:
    headers = (("Authorization", f"Bearer {SECRET}"), ("x-tokentape-deck", "a"))
    return Asked(Request("POST", target, headers, b'{"model":"m"}'), parse("POST", target), body)


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a scene with a recorder of `tmp_path`, its upstream and the lines it says."""

    def run(
        scene: Callable[[Recorder, Upstream, list[str]], Awaitable[Any]],
        upstream: Upstream | None = None,
        leaving: LeavingPolicy = LeavingPolicy(),  # noqa: B008
        filing: Filing | None = None,
    ) -> Any:
        other = upstream or Upstream()
        monkeypatch.setattr(proxy, "exchange", other)
        lines: list[str] = []

        async def whole() -> Any:
            clocks = Clocks(lambda: 100.0, lambda: "2026-11-20T09:30:00.000Z")
            settings = Settings({"openai": "http://h/v1"}, {}, leaving=leaving)
            recorder = Recorder(filing or Filing(tmp_path), settings, Redactor(), clocks, lines.append)
            try:
                return await scene(recorder, other, lines)
            finally:
                await recorder.close()

        return asyncio.run(whole())

    return run


def taped(folder: Path) -> Any:
    (path,) = folder.rglob("*.yaml")
    (interaction,) = load_file(path).interactions
    return interaction


def test_a_request_is_forwarded_and_its_answer_is_on_tape(play: Any, tmp_path: Path) -> None:
    async def scene(recorder: Recorder, upstream: Upstream, lines: list[str]) -> Client:
        client = Client()
        await recorder.forward(asked(), client)
        upstream.says(b"data: 1\n\n")
        upstream.ends()
        await recorder.close()
        ((method, target, headers, body, settings),) = upstream.asked
        assert (method, target.url, body) == ("POST", "http://h/v1/chat/completions", b'{"model":"m"}')
        assert dict(headers) == {
            "Authorization": f"Bearer {SECRET}",
            "Accept-Encoding": "identity",
            "Content-Length": "13",
        }
        assert settings == {"environ": {}, "idle_timeout": 3600.0}
        assert lines == [f"tokentape: recorded {recorder.latest}: 200, 1 chunk, 9 bytes, eof"]
        assert (recorder.requests, recorder.failures) == (1, 0)
        return client

    assert play(scene).got == [(SSE, "chunked"), b"data: 1\n\n", "keep"]
    interaction = taped(tmp_path)
    assert interaction.request.uri == "http://h/v1/chat/completions"
    assert SECRET not in str(interaction)
    assert interaction.response.stream.recorded_at == "2026-11-20T09:30:00.000Z"


def test_a_compressed_request_goes_on_as_it_came_and_is_taped_without_its_coding(play: Any, tmp_path: Path) -> None:
    coded, target = gzip.compress(b'{"model":"m"}', mtime=0), "/openai/v1/chat/completions"
    request = Request("POST", target, (("Content-Encoding", "gzip"),), coded)

    async def scene(recorder: Recorder, upstream: Upstream, _lines: list[str]) -> None:
        await recorder.forward(Asked(request, parse("POST", target), b'{"model":"m"}', inflated=True), Client())
        upstream.says(b"data: 1\n\n")
        upstream.ends()
        ((_, _, headers, body, _),) = upstream.asked
        assert (dict(headers)["Content-Encoding"], body) == ("gzip", coded)

    play(scene)
    taken = taped(tmp_path).request
    assert taken.body == b'{"model":"m"}'
    assert "content-encoding" not in [name.lower() for name, _ in taken.headers]


def test_the_body_is_masked_while_the_upstream_thinks(play: Any, tmp_path: Path) -> None:
    """It may take 100 ms for a body of 500 KB: the upstream's request is on its way before that begins."""
    order: list[str] = []

    def masked() -> bytes:
        order.append(f"masked after {len(upstream.asked)} request")
        return b'{"model":"masked"}'

    async def scene(recorder: Recorder, upstream: Upstream, _lines: list[str]) -> None:
        await recorder.forward(asked(masked), Client())
        order.append("forwarded")
        upstream.says(b"data: 1\n\n")
        upstream.ends()

    upstream = Upstream()
    play(scene, upstream)
    assert order == ["forwarded", "masked after 1 request"]
    assert taped(tmp_path).request.body == b'{"model":"masked"}'


def test_an_upstream_that_is_gone_before_it_was_asked_is_on_tape(play: Any, tmp_path: Path) -> None:
    async def scene(recorder: Recorder, _upstream: Upstream, _lines: list[str]) -> Client:
        client = Client()
        await recorder.forward(asked(), client)
        return client

    assert play(scene, Upstream(gone=True)).got == ["reset"]
    end = taped(tmp_path).response.stream.end
    assert (end.type, end.at) == ("reset", "request")


def test_an_upstream_that_cannot_be_reached_leaves_nothing(play: Any, tmp_path: Path) -> None:
    async def scene(recorder: Recorder, _upstream: Upstream, lines: list[str]) -> None:
        with pytest.raises(UpstreamError):
            await recorder.forward(asked(), Client())
        with pytest.raises(UpstreamError, match="--upstream NAME=URL"):
            await recorder.forward(asked(target="/elsewhere"), Client())
        assert (recorder.requests, recorder.failures, lines) == (2, 0, [])

    play(scene, Upstream(refuses=True))
    assert list(tmp_path.iterdir()) == []


def test_a_recorder_that_stops_keeps_what_is_live_and_takes_no_more(play: Any, tmp_path: Path) -> None:
    async def scene(recorder: Recorder, upstream: Upstream, _lines: list[str]) -> None:
        await recorder.forward(asked(), Client())
        upstream.says(b"data: 1\n\n")
        await recorder.close()
        with pytest.raises(UpstreamError, match="stopping"):
            await recorder.forward(asked(), Client())

    play(scene)
    assert taped(tmp_path).response.stream.end.type == "interrupted"
    assert taped(tmp_path).response.body == b"data: 1\n\n"


def test_a_drain_waits_for_those_whose_client_has_left_only(play: Any, tmp_path: Path) -> None:
    async def scene(recorder: Recorder, upstream: Upstream, lines: list[str]) -> None:
        gone = await recorder.forward(asked(), Client())
        upstream.says(b"data: 1\n\n")
        first = upstream.listener
        await recorder.forward(asked(lambda: b'{"model":"other"}'), Client())
        gone.left()
        draining = asyncio.ensure_future(recorder.drain())
        for _ in range(50):  # turns of the loop
            await asyncio.sleep(0)
        assert lines == ["tokentape: 1 recording(s) go on without their clients (finish); Ctrl-C ends them"]
        assert not draining.done()
        first.ended(101.0, "eof", "body", 0, b"")
        await draining

    play(scene, leaving=LeavingPolicy("finish", 0))
    endings = {path.name[:2]: load_file(path).interactions[0].response.stream.end for path in tmp_path.rglob("*.yaml")}
    assert {name: end.type for name, end in endings.items()} == {"m-": "eof", "ot": "interrupted"}
    assert endings["m-"].client_left_ms is not None


def test_a_drain_with_nothing_to_wait_for_is_over_at_once(play: Any) -> None:
    async def scene(recorder: Recorder, upstream: Upstream, lines: list[str]) -> list[str]:
        await recorder.forward(asked(), Client())
        await recorder.drain()
        upstream.ends("cut")
        return list(lines)

    assert play(scene) == []


def test_a_folder_that_cannot_be_written_is_told_and_the_client_gets_all(play: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    async def scene(recorder: Recorder, upstream: Upstream, lines: list[str]) -> list[Any]:
        client = Client()
        await recorder.forward(asked(), client)
        upstream.says(b"data: 1\n\n")
        upstream.ends()
        await recorder.close()
        assert recorder.failures == 1
        (line,) = lines
        assert "cannot record (Not a directory); the client still gets its stream" in line
        return client.got

    got = play(scene, filing=Filing(tmp_path / "file" / "tapes"))
    assert got == [(SSE, "chunked"), b"data: 1\n\n", "keep"]


def test_one_file_is_named_in_the_spool_so_that_recover_finds_it(play: Any, tmp_path: Path) -> None:
    async def scene(recorder: Recorder, _upstream: Upstream, _lines: list[str]) -> bytes:
        await recorder.forward(asked(), Client())
        (spool,) = (tmp_path / ".tokentape-spool").glob("*.spool")
        return spool.read_bytes()

    assert b'"file":"all.yaml"' in play(scene, filing=Filing(tmp_path, "once", tmp_path / "all.yaml"))
