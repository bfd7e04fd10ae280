"""A server as a process: event loop, signals, ready file, a wrapped command, the reload of changed tapes.

Used by `serve` and `record`. Nothing here routes, chooses or writes to a client. Imports asyncio and this package.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from cassettes.model import TokentapeError
from cassettes.printable import escape
from mockserver.app import Server
from mockserver.ready import ReadyFile
from mockserver.tls import Identity
from mockserver.wrapped import Signals, client_variables, run_wrapped

RELOAD_EVERY = 0.5
"""Seconds between two looks at the tapes' files."""
Hook = Callable[[], Awaitable[None]]


class PortError(TokentapeError):
    """The address cannot be listened on."""

    exit_code = 2


class MissingLoopError(TokentapeError):
    """The event loop that was asked for is not installed."""

    exit_code = 2


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """How a server runs as a process. `command` is wrapped: it gets `client_variables` on top of `environ`, and what
    makes it trust `identity`, which the server shows under TLS."""

    host: str = "127.0.0.1"
    port: int = 0
    ready_file: Path | None = None
    command: tuple[str, ...] | None = None
    environ: Mapping[str, str] = {}
    mapped: Mapping[str, str] = {}
    dummy_keys: bool = False
    loop: str = "auto"
    identity: Identity | None = None


class Hooks(NamedTuple):
    """What is awaited besides serving: `reload` now and then, `drain` when the wrapped command has ended by itself (a
    signal cuts it short), `closing` before the end."""

    reload: Hook | None = None
    drain: Hook | None = None
    closing: Hook | None = None


def run(server: Server, process: Process, listening: Callable[[str], None], hooks: Hooks = Hooks()) -> int:  # noqa: B008
    """Runs `server` until a signal or the end of the wrapped command; returns the exit status.

    `listening` is told the URL once it listens. Raises PortError, ReadyFileError, CommandError, MissingLoopError.
    """
    with asyncio.Runner(loop_factory=loop_factory(process.loop)) as runner:
        return runner.run(_serve(server, process, listening, hooks))


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop called `name`: `auto` is asyncio's; uvloop only when asked for (DESIGN 6)."""
    if name != "uvloop":
        return None
    try:
        import uvloop
    except ImportError:
        raise MissingLoopError(
            "--loop uvloop: uvloop is not installed; `pip install tokentape[uvloop]`, or leave --loop out"
        ) from None
    return uvloop.new_event_loop


async def _serve(server: Server, process: Process, listening: Callable[[str], None], hooks: Hooks) -> int:
    ready = ReadyFile(process.ready_file) if process.ready_file is not None else None
    if ready is not None:
        ready.forget_the_dead()
    url = await _listen(server, process)
    tasks: list[asyncio.Task[None]] = []
    with Signals() as signals:
        try:
            await server.warm_up()
            if hooks.reload is not None:
                tasks.append(asyncio.create_task(_now_and_then(server, hooks.reload)))
            _settle_memory()
            _share_often()
            listening(url)
            if process.identity is not None and process.identity.ca is not None and process.command is None:
                say(f"tokentape: clients have to trust {process.identity.ca} (SSL_CERT_FILE, curl --cacert)")
            if ready is not None:
                ready.write(url, process.identity.ca if process.identity else None)
            if process.command is None:
                await signals.next()
                return 0
            return await _wrap(process, process.command, url, signals, hooks.drain)
        finally:
            for task in tasks:
                task.cancel()
            if hooks.closing is not None:
                await hooks.closing()
            await server.stop()
            if ready is not None:
                ready.remove()


async def _listen(server: Server, process: Process) -> str:
    if not process.host:
        raise PortError("--host is empty, which would listen on every address; expected one, such as 127.0.0.1")
    try:
        return await server.start(process.host, process.port)
    except (OSError, UnicodeError) as error:  # the latter: a host that is no name at all
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise PortError(
            f"cannot listen on {process.host}:{process.port} ({reason}); choose another with --port, 0 for any"
        ) from None


async def _wrap(process: Process, command: tuple[str, ...], url: str, signals: Signals, drain: Hook | None) -> int:
    variables = client_variables(url, process.environ, process.mapped, dummy_keys=process.dummy_keys)
    if process.identity is not None:
        variables |= process.identity.trusted(process.environ)
    ended = await run_wrapped(command, {**process.environ, **variables}, signals)
    if drain is not None and not ended.stopped:
        draining, signalled = asyncio.ensure_future(drain()), asyncio.ensure_future(signals.next())
        await asyncio.wait({draining, signalled}, return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, signalled):
            task.cancel()
        await asyncio.wait({draining, signalled})
    return ended.status


def _settle_memory() -> None:
    # A gen-2 collection over loaded tapes stalls thousands of streams for 100 ms and more (facts/performance.md,
    # pitfall 4). Only here, in our own process: never in a user's.
    gc.collect()
    gc.freeze()
    # The young are looked at often: 0.5 ms each time, where 100,000 of them would hold every stream for 10 ms.
    gc.set_threshold(5_000, 200, 100)


def _share_often() -> None:
    # A thread that saves or reads a tape keeps the interpreter for a switch interval each time the loop lets go of it,
    # which every socket call does: with the default of 5 ms live streams were late by 4 ms (p50) and 20 ms (p90), with
    # this by 0.2 and 0.6 ms.
    sys.setswitchinterval(0.00005)


async def _now_and_then(server: Server, hook: Hook) -> None:
    while True:
        await server.hub.sleep(RELOAD_EVERY)
        await hook()


def say(line: str) -> None:
    """One line of talk on stderr, escaped. A stderr that nobody reads any more is no reason to fail a stream."""
    with contextlib.suppress(OSError, ValueError):
        print(escape(line), file=sys.stderr, flush=True)  # noqa: T201 - talk goes to stderr, data to stdout
