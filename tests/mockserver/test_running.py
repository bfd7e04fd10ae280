"""A server as a process: what is awaited when, what ends it, what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from mockserver.app import Server
from mockserver.ready import ReadyFileError
from mockserver.running import Hooks, MissingLoopError, PortError, Process, loop_factory, run, say
from mockserver.wrapped import CommandError


@pytest.fixture(autouse=True)
def memory_as_it_was() -> Iterator[None]:
    """`run` settles the memory of what it takes for its own process; here it is pytest's."""
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    sys.setswitchinterval(interval)


class Unread(io.StringIO):
    """A stderr whose reader has left."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


class FakeServer:
    """Notes what is done to it."""

    def __init__(self, done: list[str], error: OSError | None = None) -> None:
        self.done = done
        self.hub = self
        self._error = error

    async def start(self, host: str, port: int) -> str:
        if self._error is not None:
            raise self._error
        self.done.append(f"start {host} {port}")
        return "http://127.0.0.1:4000"

    async def warm_up(self) -> None:
        """Nothing loads lazily here."""

    async def sleep(self, _seconds: float) -> None:
        await asyncio.sleep(0)

    async def stop(self) -> None:
        self.done.append("stop")


class Scene:
    """A run of a fake server; `done` is what happened, in order."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def hook(self, name: str, *numbers: int) -> Any:
        """A hook that sends these signals to this process."""

        async def called() -> None:
            self.done.append(name)
            for number in numbers:
                os.kill(os.getpid(), number)
            if name == "drain for ever":
                await asyncio.Event().wait()

        return called

    def run(self, *, error: OSError | None = None, hooks: Hooks = Hooks(), **process: Any) -> int:  # noqa: B008
        server = cast(Server, FakeServer(self.done, error))
        return run(server, Process(**process), lambda url: self.done.append(f"listening {url}"), hooks)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_well(number: int) -> None:
    scene = Scene()
    hooks = Hooks(reload=scene.hook("reload", number), closing=scene.hook("closing"), drain=scene.hook("drain"))
    assert scene.run(host="127.0.0.1", port=7, hooks=hooks) == 0
    assert scene.done[:2] == ["start 127.0.0.1 7", "listening http://127.0.0.1:4000"]
    assert scene.done[-2:] == ["closing", "stop"]
    assert set(scene.done[2:-2]) == {"reload"}


def test_the_command_runs_between_listening_and_the_end(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    ready = tmp_path / "ready.json"
    command = ("sh", "-c", f'cp {ready} {seen} && echo "$XAI_BASE_URL" >> {seen} && exit 3')
    scene = Scene()
    environ = {"PATH": os.environ.get("PATH", ""), "XAI_BASE_URL": "http://elsewhere"}
    hooks = Hooks(drain=scene.hook("drain"), closing=scene.hook("closing"))
    assert scene.run(command=command, environ=environ, ready_file=ready, hooks=hooks) == 3
    assert scene.done[1:] == ["listening http://127.0.0.1:4000", "drain", "closing", "stop"]
    assert seen.read_text().splitlines() == [
        f'{{"url": "http://127.0.0.1:4000", "pid": {os.getpid()}}}',
        "http://127.0.0.1:4000/xai/v1",
    ]
    assert not ready.exists()


def test_a_command_that_was_told_to_stop_is_not_drained() -> None:
    scene = Scene()
    code = f"import os, time; os.kill({os.getpid()}, 15); time.sleep(60)"
    assert scene.run(command=(sys.executable, "-c", code), hooks=Hooks(drain=scene.hook("drain"))) == 143
    assert "drain" not in scene.done


def test_a_signal_cuts_the_drain_short() -> None:
    scene = Scene()
    hooks = Hooks(drain=scene.hook("drain for ever", signal.SIGTERM), closing=scene.hook("closing"))
    assert scene.run(command=("true",), environ={"PATH": os.environ.get("PATH", "")}, hooks=hooks) == 0
    assert scene.done[-3:] == ["drain for ever", "closing", "stop"]


def test_dummy_keys_are_set_where_they_are_asked_for(tmp_path: Path) -> None:
    for wanted in (True, False):
        command = ("sh", "-c", f'echo "$OPENAI_API_KEY" > {tmp_path}/key')
        Scene().run(command=command, environ={"PATH": os.environ.get("PATH", "")}, dummy_keys=wanted)
        assert (tmp_path / "key").read_text() == ("tokentape\n" if wanted else "\n")


def test_whatever_fails_after_the_start_stops_the_server(tmp_path: Path) -> None:
    for error, process in (
        (ReadyFileError, {"ready_file": tmp_path / "no" / "r"}),
        (CommandError, {"command": ("./no-such-program",)}),
    ):
        scene = Scene()
        with pytest.raises(error):
            scene.run(hooks=Hooks(closing=scene.hook("closing")), **process)
        assert scene.done[-2:] == ["closing", "stop"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(98, "Address already in use"), r"cannot listen on h:7 \(Address already in use\); choose another"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (OSError("odd"), r"\(odd\)"),
    ],
)
def test_an_address_that_cannot_be_had(error: OSError, words: str) -> None:
    with pytest.raises(PortError, match=words) as caught:
        Scene().run(host="h", port=7, error=error)
    assert caught.value.exit_code == 2


def test_no_address_at_all_is_not_every_address() -> None:
    with pytest.raises(PortError, match="--host is empty"):
        Scene().run(host="")


def test_event_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loop_factory("auto") is None
    assert loop_factory("asyncio") is None
    uvloop = pytest.importorskip("uvloop")
    assert loop_factory("uvloop") is uvloop.new_event_loop
    scene = Scene()
    assert scene.run(loop="uvloop", hooks=Hooks(reload=scene.hook("reload", signal.SIGTERM))) == 0
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(MissingLoopError, match="pip install"):
        loop_factory("uvloop")


def test_talk_is_one_escaped_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    say("a\x1b[31m\nb")
    assert capsys.readouterr() == ("", "a\\x1b[31m\\nb\n")
    monkeypatch.setattr(sys, "stderr", Unread())
    say("nobody hears this")
