"""A wrapped command (`serve -- CMD`, `record -- CMD`): its environment, its signals, its status.

No server here. Imports asyncio and `cassettes`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from cassettes import providers
from cassettes.model import TokentapeError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
DUMMY_KEY = "tokentape"
"""What a key variable is set to where a tape answers and none is set: SDKs refuse to start without a key."""


class CommandError(TokentapeError):
    """The wrapped command cannot be started."""

    exit_code = 2


def client_variables(
    root: str, environ: Mapping[str, str], mapped: Mapping[str, str] | None = None, *, dummy_keys: bool = False
) -> dict[str, str]:
    """The variables that point every SDK at the server at `root`: base URLs, and loopback in NO_PROXY.

    `mapped` says of a base-URL variable which provider it is for (`--map`). `dummy_keys`: a provider that a variable
    leads to, and none of whose key variables is set, gets a dummy in the first. Rows that are `only_if_used` are left
    out where `environ` does not use them.
    """
    rows = [row for row in providers.load().values() if not row.only_if_used or row.is_used(environ)]
    variables = {name: providers.variable_url(name, row, root) for row in rows for name in row.base_url_variables}
    for name, provider in (mapped or {}).items():
        variables[name] = providers.variable_url(name, providers.find(provider), root)
    # Clients read either spelling, most of them the lower one first: both get what both said.
    present = [part.strip() for name in ("no_proxy", "NO_PROXY") for part in environ.get(name, "").split(",")]
    bypass = ",".join(dict.fromkeys([*filter(None, present), *LOOPBACK]))
    variables |= dict.fromkeys(("no_proxy", "NO_PROXY"), "*" if "*" in present else bypass)
    if dummy_keys:
        led = [row for row in rows if row.base_url_variables]
        led += [providers.find(name) for name in (mapped or {}).values()]
        variables |= {row.key_variables[0]: DUMMY_KEY for row in led if row.key_variables and not row.key(environ)}
    return variables


class Signals:
    """SIGINT, SIGTERM and SIGHUP of this process, in the order they came. Enter it in the running event loop."""

    def __init__(self) -> None:
        self._came: asyncio.Queue[int] = asyncio.Queue()
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> Signals:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and not (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):  # nohup
                self._catch(number)
        return self

    def _catch(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            loop.add_signal_handler(number, self._came.put_nowait, number)
            self._undo.append(partial(loop.remove_signal_handler, number))
        except NotImplementedError:  # Windows
            before = signal.signal(number, lambda n, _: loop.call_soon_threadsafe(self._came.put_nowait, n))
            self._undo.append(partial(signal.signal, number, before))

    def __exit__(self, *_: object) -> None:
        for undo in self._undo:
            undo()

    async def next(self) -> int:
        """The number of the next signal."""
        return await self._came.get()


class Ended(NamedTuple):
    """How a wrapped command ended. `stopped`: a signal to us came before."""

    status: int
    stopped: bool


async def run_wrapped(command: Sequence[str], environ: Mapping[str, str], signals: Signals) -> Ended:
    """Runs `command` to its end. Its status is ours, 128 + n when signal n ended it (as a shell says it).

    Every signal that comes to us goes to it too, as the same signal. Raises CommandError when it cannot be started.
    """
    try:
        child = await asyncio.create_subprocess_exec(*command, env=dict(environ))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CommandError(f"cannot run {command[0]!r} ({reason}); expected a program behind `--`") from None
    waiting = asyncio.ensure_future(child.wait())
    stopped = False
    while True:
        signalled = asyncio.ensure_future(signals.next())
        await asyncio.wait({waiting, signalled}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            signalled.cancel()
            status = waiting.result()
            return Ended(status if status >= 0 else 128 - status, stopped)
        stopped = True
        if not _has_it_already(signalled.result()):
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signalled.result())


def _has_it_already(number: int) -> bool:
    """Ctrl-C goes to the whole foreground process group of a terminal, the command included. Twice is too often: it
    would end a pytest that is printing its summary."""
    if number != signal.SIGINT or sys.platform == "win32":
        return number == signal.SIGINT
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
