"""A server as a process: ready file, signals, a wrapped command, the reload of changed tapes. Used by `serve` and `record`.

Nothing here routes, chooses or writes to a client. Imports asyncio and this package.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from cassettes import providers
from cassettes.model import TokentapeError
from mockserver.app import Server

RELOAD_EVERY = 0.5
"""Seconds between two looks at the tapes' files."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class PortError(TokentapeError):
    """The address cannot be listened on."""

    exit_code = 2


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """How a server runs as a process. `command` is wrapped: it gets `variables` on top of `environ`."""

    host: str = "127.0.0.1"
    port: int = 0
    ready_file: Path | None = None
    command: tuple[str, ...] | None = None
    environ: Mapping[str, str] = {}
    loop: str = "auto"


def client_variables(root: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment that points every SDK at the server at `root`: base URLs, and loopback in NO_PROXY."""
    variables = {
        name: providers.client_url(row, root) for row in providers.load().values() for name in row.base_url_variables
    }
    for name in ("NO_PROXY", "no_proxy"):
        present = [part for part in environ.get(name, "").split(",") if part]
        variables[name] = ",".join(dict.fromkeys([*present, *LOOPBACK]))
    return variables


def write_ready(path: Path, url: str) -> None:
    """Writes the ready file by rename, so that whoever waits for it never reads half of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps({"url": url, "pid": os.getpid()}) + "\n")
    Path(name).replace(path)


def run(server: Server, process: Process, listening: Callable[[str], None], **hooks: Hook) -> int:
    """Runs `server` until a signal or the end of the wrapped command; returns the exit status.

    `listening` is told the URL once it listens. Hooks: `reload` is awaited now and then, `closing` before the end.
    Raises PortError when the address is taken.
    """
    with asyncio.Runner(loop_factory=loop_factory(process.loop)) as runner:
        return runner.run(_serve(server, process, listening, hooks))


Hook = Callable[[], Awaitable[None]]


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop called `name`: `auto` is asyncio's; uvloop only when asked for (DESIGN 6)."""
    if name != "uvloop":
        return None
    try:
        import uvloop
    except ImportError:
        raise MissingLoopError(
            "uvloop is not installed; `pip install tokentape[uvloop]`, or leave --loop out"
        ) from None
    return uvloop.new_event_loop


class MissingLoopError(TokentapeError):
    """The event loop that was asked for is not installed."""

    exit_code = 2


async def _serve(server: Server, process: Process, listening: Callable[[str], None], hooks: Mapping[str, Hook]) -> int:
    try:
        url = await server.start(process.host, process.port)
    except OSError as error:
        raise PortError(
            f"cannot listen on {process.host}:{process.port} ({error.strerror}); choose another with --port, 0 for any"
        ) from None
    ended = asyncio.Event()
    _on_signals(ended)
    tasks: list[asyncio.Task[None]] = []
    try:
        await server.warm_up()
        if "reload" in hooks:
            tasks.append(asyncio.create_task(_now_and_then(server, hooks["reload"])))
        _settle_memory()
        listening(url)
        if process.ready_file is not None:
            write_ready(process.ready_file, url)
        if process.command is not None:
            return await _wrapped(process.command, {**process.environ, **client_variables(url, process.environ)}, ended)
        await ended.wait()
        return 0
    finally:
        for task in tasks:
            task.cancel()
        if "closing" in hooks:
            await hooks["closing"]()
        await server.stop()
        if process.ready_file is not None:
            process.ready_file.unlink(missing_ok=True)


def _settle_memory() -> None:
    # A gen-2 collection over loaded tapes stalls thousands of streams for 100 ms and more (facts/performance.md,
    # pitfall 4). Only here, in our own process: never in a user's.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _on_signals(ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, ended.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ended.set))


async def _now_and_then(server: Server, hook: Hook) -> None:
    while True:
        await server.hub.sleep(RELOAD_EVERY)
        await hook()


async def _wrapped(command: Sequence[str], environ: Mapping[str, str], ended: asyncio.Event) -> int:
    """Runs the command; a signal to us goes to it too. Its status is ours; 128 + n when signal n ended it."""
    try:
        child = await asyncio.create_subprocess_exec(*command, env=dict(environ))
    except OSError as error:
        raise CommandError(f"cannot run {command[0]!r}: {error.strerror}") from None
    waiting = asyncio.ensure_future(child.wait())
    stopping = asyncio.ensure_future(ended.wait())
    await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await waiting
    stopping.cancel()
    status = waiting.result()
    return status if status >= 0 else 128 - status


class CommandError(TokentapeError):
    """The wrapped command cannot be started."""

    exit_code = 2


def say(line: str) -> None:
    """One line of talk on stderr."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - talk goes to stderr, data to stdout
