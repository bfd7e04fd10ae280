"""A sweep: CMD runs once on the whole tape and once for each place at which a stream is cut, several at a time.

One server serves all: a run's base URLs name its deck and its fault (`/~sweep7/!cut@123b`). Nothing here prints.
Imports asyncio and this package.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Final
from urllib.parse import quote

import msgspec

from cassettes.matching import Index
from cassettes.model import TokentapeError
from cassettes.redact import Redactor
from cassettes.secrets import secrets_from_env
from mockserver.app import Server, Settings
from mockserver.choose import Chooser, Chosen, Found, Playing
from mockserver.cuts import Cut, Kind
from mockserver.decks import Deck
from mockserver.faulty import Breaking
from mockserver.hub import Hub
from mockserver.judgements import Judged, Ran
from mockserver.plan import Asking
from mockserver.wrapped import CommandError, Signals, client_variables

SHORTEST_LIMIT: Final = 30.0
"""Seconds a run may take at least; else ten times as long as the uncut one."""
SAID: Final = 4096
"""Bytes at the end of a run's stderr in which its last line is looked for."""
TAKEN: Final = 3.0
"""Seconds a killed run has to go before it is killed for good."""


class UncutError(TokentapeError):
    """The command does not take the whole tape, so that nothing can be learnt from a cut one."""


class UnaskedError(UncutError):
    """The command sent no request at all."""

    exit_code = 5


class StoppedError(TokentapeError):
    """A signal came: the sweep is over, its runs are ended."""

    exit_code = 130


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """The command and how it is run: `kind` of cut, `limit` s for a run (None: by the uncut one), `jobs` at a time;
    `mapped` as in `client_variables`."""

    command: tuple[str, ...]
    environ: Mapping[str, str]
    kind: Kind = "cut"
    mapped: Mapping[str, str] = {}
    limit: float | None = None
    jobs: int = 1


class Swept(Chooser):
    """Breaks the interaction that is swept alone: what a client asks before it stays whole. `reached` holds the faults
    with which it was asked for, "" for none; each run has one of its own."""

    def __init__(self, index: Index, playing: Playing, place: str) -> None:
        super().__init__(index, playing)
        self._place = place
        self.reached: set[str] = set()

    def pick(self, found: Found, asking: Asking, deck: Deck, breaking: Breaking | None = None) -> Chosen | None:
        """As ever, and without a fault for other interactions."""
        chosen = super().pick(found, asking, deck)
        if chosen is None or chosen.entry.place != self._place:
            return chosen
        self.reached.add(breaking.text if breaking is not None else "")
        return chosen if breaking is None else super().pick(found, asking, deck, breaking)


async def sweep(
    chooser: Swept,
    client: Client,
    cuts: Sequence[Cut],
    uncut: Callable[[Ran], None],
    told: Callable[[Judged], None],
) -> None:
    """Serves `chooser` on a port of its own and runs everything. `uncut` hears of the whole run, `told` of each other,
    in the order they end. Raises UncutError, CommandError, StoppedError."""
    server = Server(chooser, Settings(), Redactor(secrets_from_env(client.environ)), lambda _miss: None)
    url = await server.start("127.0.0.1", 0)
    try:
        with Signals() as signals:
            work = asyncio.create_task(_all(_Runs(server.hub, chooser, url, client), cuts, uncut, told))
            signalled = asyncio.create_task(signals.next())
            try:
                await asyncio.wait({work, signalled}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                signalled.cancel()
                work.cancel()
                await asyncio.wait({work, signalled})
            if work.cancelled():
                raise StoppedError("interrupted: what ran was ended; the places that are left are not judged")
            work.result()
    finally:
        await server.stop()


async def _all(runs: _Runs, cuts: Sequence[Cut], uncut: Callable[[Ran], None], told: Callable[[Judged], None]) -> None:
    client = runs.client
    whole = await runs.run("sweep0", "", client.limit)
    _check(whole, client)
    uncut(whole)
    limit = client.limit or max(SHORTEST_LIMIT, 10 * whole.seconds)
    places = iter(enumerate(cuts, start=1))

    async def one_after_another() -> None:
        for number, cut in places:
            ran = await runs.run(f"sweep{number}", f"{client.kind}@{cut.at}b", limit)
            told(Judged(cut, ran, ran.printed == whole.printed))

    jobs = [asyncio.create_task(one_after_another()) for _ in range(min(client.jobs, len(cuts)))]
    try:
        await asyncio.gather(*jobs)
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)


def _check(whole: Ran, client: Client) -> None:
    """Raises UncutError unless the command took the whole tape."""
    shown = client.command[0]
    if whole.status != 0:
        ended = "was killed" if whole.status is None else f"exited with {whole.status}"
        why = f" ({whole.said})" if whole.said else ""
        raise UncutError(
            f"{shown} {ended} on the uncut tape{why}; expected exit 0: mend that first, else every cut looks noticed"
        )
    if not whole.asked:
        raise UnaskedError(
            f"{shown} asked nothing of the tape: it does not read the base-URL variables (`tokentape env` shows them), "
            "or needs --map VARIABLE=PROVIDER"
        )


def address(url: str, deck: str, fault: str) -> str:
    """The root that base URLs of a run begin with."""
    return f"{url}/~{deck}" + (f"/!{quote(fault, safe='@:')}" if fault else "")


class _Runs:
    """The runs of one client against a server that listens at `url`."""

    def __init__(self, hub: Hub, chooser: Swept, url: str, client: Client) -> None:
        self.client = client
        self._hub = hub
        self._chooser = chooser
        self._url = url

    async def run(self, deck: str, fault: str, limit: float | None) -> Ran:
        """One run, killed after `limit` s (None: never) with all that it started."""
        client, root = self.client, address(self._url, deck, fault)
        variables = client_variables(root, client.environ, client.mapped, dummy_keys=True)
        begun = self._hub.now()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = await _started(client.command, {**client.environ, **variables}, out, err)
            status = await _status(child, limit)
            took = self._hub.now() - begun
            return Ran(status, fault in self._chooser.reached, _digest(out), _last_line(err), took)


async def _status(child: asyncio.subprocess.Process, limit: float | None) -> int | None:
    """The exit status, 128 + n when signal n ended it; None when it had to be killed."""
    try:
        async with asyncio.timeout(limit):
            status = await child.wait()
    except TimeoutError:
        return None
    finally:
        if child.returncode is None:
            await _end(child)
    return status if status >= 0 else 128 - status


async def _started(
    command: Sequence[str], environ: Mapping[str, str], out: IO[bytes], err: IO[bytes]
) -> asyncio.subprocess.Process:
    """Files, not pipes: what a run leaves behind in the background must not keep it from being over."""
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            env=dict(environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=sys.platform != "win32",
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CommandError(f"cannot run {command[0]!r} ({reason}); expected a program behind `--`") from None


async def _end(child: asyncio.subprocess.Process) -> None:
    """Ends a run that is still there: asked first, then killed."""
    _signal(child, signal.SIGTERM)
    try:
        async with asyncio.timeout(TAKEN):
            await child.wait()
    except TimeoutError:
        pass
    finally:
        if child.returncode is None:
            _signal(child, getattr(signal, "SIGKILL", signal.SIGTERM))
            await child.wait()


def _signal(child: asyncio.subprocess.Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            child.terminate()
        else:
            os.killpg(child.pid, number)


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type] # a temporary file is one


def _last_line(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - SAID))
    rows = file.read().decode("utf-8", "replace").strip().splitlines()
    return rows[-1].strip() if rows else ""
