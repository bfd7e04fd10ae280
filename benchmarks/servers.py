"""The servers that are measured, each a child process on loopback that is ended by its own id."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from benchmarks.tapes import Tape

ROOT = Path(__file__).resolve().parents[1]
READY_WITHIN = 20.0
"""Seconds a server may take until it listens."""


LOOPS = {"tokentape": "asyncio"} | ({"tokentape uvloop": "uvloop"} if find_spec("uvloop") else {})
"""tokentape's names in tables, and the event loop of each that is installed."""


class Server(NamedTuple):
    """A listening child."""

    name: str
    port: int
    pid: int


def free_port() -> int:
    """A port of loopback that was free a moment ago, for programs that cannot be given port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    """The environment of a child: ours, with the checkout first on the path."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


@contextlib.contextmanager
def child(command: Sequence[str | Path], stdout: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `command` until the block ends. What it says on stderr is shown only when it ends by itself."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=stdout, stderr=said, env=environment()
        )
        try:
            yield process
            if process.poll() is not None:
                said.seek(0)
                raise RuntimeError(f"{command} ended by itself: {said.read().decode(errors='replace')[-2000:]}")
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


@contextlib.contextmanager
def tokentape(name: str, *arguments: str | Path, module: str = "tokentape") -> Iterator[Server]:
    """`tokentape ARGUMENTS` on a port of its own."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready.json")
        command = [sys.executable, "-m", module, *arguments, "--port", "0", "--ready-file", ready]
        with child(command) as process:
            until = time.monotonic() + READY_WITHIN
            while not ready.exists() and process.poll() is None and time.monotonic() < until:
                time.sleep(0.001)
            if ready.exists():
                yield Server(name, int(json.loads(ready.read_text())["url"].rpartition(":")[2]), process.pid)
            else:
                process.kill()
                process.wait()


@contextlib.contextmanager
def plain(name: str, *arguments: str | Path, module: str = "plain_aiohttp") -> Iterator[Server]:
    """A baseline in Python, by default the one in plain aiohttp."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    with child(command, subprocess.PIPE) as process:
        line = process.stdout.readline() if process.stdout else b""
        if line.strip():
            yield Server(name, int(line), process.pid)
        else:
            process.wait()


@contextlib.contextmanager
def floor(binary: Path, tape: Tape, *, single: bool = False) -> Iterator[Server]:
    """The C server; `single`: one write per event whatever is due."""
    port = free_port()
    with child([binary, str(port), tape.floor, str(int(single))]) as process:
        until = time.monotonic() + READY_WITHIN
        while process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.002)
        yield Server("C floor", port, process.pid)


@contextlib.contextmanager
def contestants(tape: Tape, binary: Path | None, *options: str, single: bool = False) -> Iterator[list[Server]]:
    """All that play `tape`, running at once: the C floor if there is one, tokentape on two loops, plain aiohttp.

    `single`: each due time is a write of its own, also where several are due.
    """
    with contextlib.ExitStack() as stack:
        found: list[Server] = []
        if binary is not None:
            found.append(stack.enter_context(floor(binary, tape, single=single)))
        module = "benchmarks.each_write" if single else "tokentape"
        for name, loop in LOOPS.items():
            arguments: list[str | Path] = ["serve", tape.folder, "--no-mark", "--loop", loop, *options]
            found.append(stack.enter_context(tokentape(name, *arguments, module=module)))
        found.append(stack.enter_context(plain("plain aiohttp", "serve", tape.plain)))
        yield found
