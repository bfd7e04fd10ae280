"""Forwards a live request to its upstream and records the answer. No sockets here: `upstream.py` has them.

What plays, routes and reads requests is the mock server; it is handed this `forward` as what to do on a miss.
Imports `cassettes` and the recorder's own modules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple

from cassettes.redact import Redactor, redact_body
from cassettes.secrets import secrets_from_request

from cassettes import providers
from cassettes.framing import HOP_BY_HOP
from cassettes.matching import Asked
from cassettes.model import Headers, Request, TokentapeError, header
from recorder.filing import Filing, provider_of
from recorder.recording import Downstream, Recording
from recorder.spool import Spool, meta_of, read
from recorder.upstream import Exchange, Target, UpstreamError, exchange, target_of

_NOT_FORWARDED = HOP_BY_HOP | {"host", "content-length", "transfer-encoding", "expect", "proxy-authorization"}
OnClientClose = tuple[Literal["drain", "stop", "finish"], float]


class Clocks(NamedTuple):
    """The two clocks a recorder needs: monotonic seconds for offsets, the wall time as RFC 3339 for `recorded_at`."""

    monotonic: Callable[[], float]
    wall: Callable[[], str]


class Settings(NamedTuple):
    """What a recorder was told. `upstreams`: base URLs by mount name, the shipped rows' own where absent."""

    upstreams: Mapping[str, str]
    environ: Mapping[str, str]
    idle_timeout: float = 3600.0
    on_client_close: OnClientClose = ("drain", 10.0)
    keep_encoding: bool = False


class Live:
    """A recording that goes on behind an answer. `left()` is called when its client is gone."""

    def __init__(
        self, recording: Recording, running: Exchange, policy: OnClientClose, clock: Callable[[], float]
    ) -> None:
        self.recording = recording
        self._running = running
        self._policy = policy
        self._clock = clock

    def left(self) -> None:
        """Stops, drains or finishes the upstream as `--on-client-close` says."""
        if self.recording.finished.done():
            return
        self.recording.client_left(self._clock())
        self._running.resume()
        what, seconds = self._policy
        if what == "stop":
            self.stop("client_closed")
        elif what == "drain":
            timer = asyncio.get_running_loop().call_later(seconds, self.stop, "client_closed")
            self.recording.finished.add_done_callback(lambda _: timer.cancel())

    def stop(self, ending: Literal["client_closed", "interrupted"]) -> None:
        """Ends the recording from this side."""
        self._running.give_up(ending)


class Recorder:
    """Forwards requests, spools their answers, files the tapes.

    `report` is told one line for each tape, failure and secret found. `saved` is called (in the loop) after each tape.
    """

    def __init__(
        self, filing: Filing, settings: Settings, redactor: Redactor, clocks: Clocks, report: Callable[[str], None]
    ) -> None:
        self._filing = filing
        self._settings = settings
        self._redactor = redactor
        self._clocks = clocks
        self._report = report
        self._live: set[Live] = set()
        self._saves: set[asyncio.Task[None]] = set()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokentape-save")
        self.saved: Callable[[Path], None] | None = None
        self.requests = 0
        self.tapes = 0
        self.failures = 0

    def url_for(self, asked: Asked) -> str:
        """The upstream URL of a request (DESIGN 5). Raises UpstreamError when none is configured for its path."""
        route = asked.route
        rest = route.path + (f"?{route.query}" if route.query else "")
        if route.provider is not None and route.row is None:
            return self._settings.upstreams[route.provider].rstrip("/") + rest
        row = route.row or providers.for_dialect(route.dialect)
        if row is None or (route.provider is None and route.dialect == "raw"):
            raise UpstreamError(f"no upstream is configured for the path {route.path[:80]!r}; give --upstream NAME=URL")
        return row.upstream_url(rest, self._settings.upstreams.get(row.name))

    async def forward(self, asked: Asked, downstream: Downstream) -> Live:
        """Sends `asked` upstream; its answer goes to `downstream` and onto a tape.

        Raises UpstreamError when the upstream cannot be reached or trusted; then there is no tape.
        """
        self.requests += 1
        begun = self._clocks.monotonic()
        target = target_of(self.url_for(asked))
        headers = self._forwarded(asked.request)
        redactor = self._redactor.with_secrets(secrets_from_request(asked.request.headers, asked.request.uri))
        recording = Recording(downstream, redactor, begun, self._spool_failed)
        running = await exchange(
            asked.request.method,
            target,
            headers,
            asked.request.body,
            recording,
            clock=self._clocks.monotonic,
            environ=self._settings.environ,
            idle_timeout=self._settings.idle_timeout,
        )
        # The spool is made while the upstream thinks, not before it is asked; no byte can come in between.
        recording.spool = self._spool(asked, target, headers, redactor)
        recording.attach(running)
        live = Live(recording, running, self._settings.on_client_close, self._clocks.monotonic)
        self._live.add(live)
        save = asyncio.get_running_loop().create_task(self._save(live, asked, target, redactor))
        self._saves.add(save)
        save.add_done_callback(self._saves.discard)
        return live

    async def close(self) -> None:
        """Ends what is live as `interrupted` and waits until every tape is written."""
        for live in list(self._live):
            live.stop("interrupted")
        while self._saves:
            await asyncio.wait(self._saves)
        self._thread.shutdown()

    def _forwarded(self, request: Request) -> Headers:
        """The client's headers less those of its own connection and ours; identity is asked for unless told otherwise."""
        listed = header(request.headers, "connection") or ""
        drop = _NOT_FORWARDED | {name.strip().lower() for name in listed.split(",")}
        kept: list[tuple[str, str]] = []
        for name, value in request.headers:
            lowered = name.lower()
            if lowered in drop or lowered.startswith("x-tokentape"):
                continue
            identity = lowered == "accept-encoding" and not self._settings.keep_encoding
            kept.append((name, "identity" if identity else value))
        if request.body or request.method in {"POST", "PUT", "PATCH"}:
            kept.append(("Content-Length", str(len(request.body))))
        return tuple(kept)

    def _spool(self, asked: Asked, target: Target, headers: Headers, redactor: Redactor) -> Spool | None:
        masked = redactor.request(Request(asked.request.method, target.url, headers, asked.request.body))
        provider = provider_of(asked.route.provider, asked.route.dialect, target.url)
        meta = meta_of(
            Request(masked.method, masked.uri, masked.headers, redact_body(masked.body)),
            file=self._filing.label(self._filing.path_for(asked, provider)),
            provider=provider,
            dialect=asked.route.dialect,
            recorded_at=self._clocks.wall(),
        )
        try:
            return Spool(self._filing.folder, meta)
        except OSError as error:
            self._spool_failed(error)
            return None

    def _spool_failed(self, error: OSError) -> None:
        self.failures += 1
        where = error.filename or self._filing.folder
        self._report(f"tokentape: error: {where}: cannot record ({error.strerror}); the client still gets its stream")

    async def _save(self, live: Live, asked: Asked, target: Target, redactor: Redactor) -> None:
        recording = live.recording
        await asyncio.shield(recording.finished)
        self._live.discard(live)
        spool = recording.spool
        if spool is None:
            return
        spool.close()
        if spool.broken:
            self._kept(spool.path, "the disk refused a write")
            return
        provider = provider_of(asked.route.provider, asked.route.dialect, target.url)
        path = self._filing.path_for(asked, provider)
        try:
            loop = asyncio.get_running_loop()
            line, found = await loop.run_in_executor(self._thread, self._write, spool, path, redactor)
        except (TokentapeError, OSError) as error:
            self._kept(spool.path, str(error))
            return
        self.tapes += 1
        self._report(line)
        if found:
            self.failures += 1
            self._report(
                f"tokentape: error: {path}: {found} secret(s) were left and are masked now; the tape says `edited`"
            )
        if self.saved is not None:
            self.saved(path)

    def _write(self, spool: Spool, path: Path, redactor: Redactor) -> tuple[str, int]:
        """In the saving thread: spool file to tape."""
        taken = read(spool.path)
        interaction, found = self._filing.save(taken, path, redactor)
        spool.remove()
        response = interaction.response
        what = f"{response.code}, {len(response.stream.chunks)} chunks, {len(response.body)} bytes"
        return f"recorded {path}: {what}, {response.stream.end.type}", found

    def _kept(self, path: Path, reason: str) -> None:
        self.failures += 1
        self._report(
            f"tokentape: error: no tape written ({reason}); what had arrived is kept in {path}: "
            f"`tokentape recover {self._filing.folder}` makes a tape of it"
        )
