"""Forwards a live request to its upstream and records the answer. No sockets here: `upstream.py` has them.

What plays, routes and reads requests is the mock server; it is handed this `forward` as what to do on a miss. Between
the client's request and the upstream's stands nothing that grows with the request but its headers: its body is masked
while the upstream thinks. Imports `cassettes` and the recorder's own modules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from cassettes.matching import Asked
from cassettes.model import Headers, Request
from cassettes.redact import Redactor
from cassettes.secrets import secrets_from_request
from recorder.filing import Filing
from recorder.leaving import LeavingPolicy, Live
from recorder.outgoing import forwarded_headers, provider_of, url_for
from recorder.recording import Downstream, Recording
from recorder.saving import Finished, Saving
from recorder.spool import Meta, Spool, meta_of, tidy
from recorder.upstream import Target, UpstreamError, exchange, target_of


class Clocks(NamedTuple):
    """The two clocks a recorder needs: monotonic seconds for offsets, the wall time as RFC 3339 for `recorded_at`."""

    monotonic: Callable[[], float]
    wall: Callable[[], str]


class Settings(NamedTuple):
    """What a recorder was told. `upstreams`: base URLs by mount name, the shipped rows' own where absent."""

    upstreams: Mapping[str, str]
    environ: Mapping[str, str]
    idle_timeout: float = 3600.0
    leaving: LeavingPolicy = LeavingPolicy()
    keep_encoding: bool = False


class Recorder:
    """Forwards requests, spools their answers, hands them to the saving.

    `report` is told one line for each tape, failure and secret found. `failures` counts what was not kept as it came.
    """

    def __init__(
        self, filing: Filing, settings: Settings, redactor: Redactor, clocks: Clocks, report: Callable[[str], None]
    ) -> None:
        self._filing = filing
        self._settings = settings
        self._redactor = redactor
        self._clocks = clocks
        self._report = report
        self._saving = Saving(filing, report)
        self._live: set[Live] = set()
        self._saves: set[asyncio.Task[None]] = set()
        self._closed = False
        self._spools_failed = 0
        self.requests = 0

    @property
    def failures(self) -> int:
        """Recordings that were not kept, or not as they came."""
        return self._spools_failed + self._saving.failures

    @property
    def latest(self) -> Path | None:
        """The tape that was written last."""
        return self._saving.latest

    async def forward(self, asked: Asked, downstream: Downstream) -> Live:
        """Sends `asked` upstream; its answer goes to `downstream` and onto a tape.

        Raises UpstreamError when the upstream cannot be reached or trusted; then there is no tape.
        """
        if self._closed:
            raise UpstreamError("the recorder is stopping")
        self.requests += 1
        clock, request = self._clocks.monotonic, asked.request
        begun = clock()
        target = target_of(url_for(asked, self._settings.upstreams))
        headers = forwarded_headers(request, keep_encoding=self._settings.keep_encoding)
        redactor = self._redactor.with_secrets(secrets_from_request(request.headers, request.uri))
        recording = Recording(downstream, redactor, begun, self._spool_failed)
        running = await exchange(
            request.method,
            target,
            headers,
            request.body,
            recording,
            clock=clock,
            environ=self._settings.environ,
            idle_timeout=self._settings.idle_timeout,
        )
        # No byte can come in before this coroutine waits again.
        meta = self._meta(asked, target, headers, redactor)
        recording.keep(self._spool(meta))
        recording.attach(running)
        live = Live(recording, running, self._settings.leaving, clock)
        self._live.add(live)
        save = asyncio.get_running_loop().create_task(self._save(live, asked, meta, redactor))
        self._saves.add(save)
        save.add_done_callback(self._saves.discard)
        return live

    async def drain(self) -> None:
        """Returns when the recordings whose clients have left are over, as `--on-client-close` has it."""
        # What a client did last is in its sockets before its exit is known, and in the event loop some turns later.
        for _ in range(10):
            await asyncio.sleep(0)
        pending = [live.recording.finished for live in self._live if live.has_left]
        if pending:
            policy = self._settings.leaving.what
            self._report(
                f"tokentape: {len(pending)} recording(s) go on without their clients ({policy}); Ctrl-C ends them"
            )
            await asyncio.wait(pending)

    async def close(self) -> None:
        """Ends what is live and waits until every tape is written. What is asked of it afterwards is refused."""
        self._closed = True
        for live in list(self._live):
            live.stop()
        while self._saves:
            await asyncio.wait(self._saves)
        self._saving.close()
        tidy(self._filing.folder)

    def _meta(self, asked: Asked, target: Target, headers: Headers, redactor: Redactor) -> Meta:
        """What is known of the tape before the answer, masked, without the request's body."""
        route = asked.route
        one_file = self._filing.one_file
        if asked.inflated:
            headers = tuple(pair for pair in headers if pair[0].lower() != "content-encoding")
        return meta_of(
            redactor.request(Request(asked.request.method, target.url, headers)),
            file=one_file.name if one_file is not None else "",
            provider=provider_of(route.provider, route.dialect, target.url),
            dialect=route.dialect,
            recorded_at=self._clocks.wall(),
        )

    def _spool(self, meta: Meta) -> Spool | None:
        try:
            return Spool(self._filing.folder, meta)
        except OSError as error:
            self._spool_failed(error)
            return None

    def _spool_failed(self, error: OSError) -> None:
        self._spools_failed += 1
        where = error.filename or self._filing.folder
        self._report(f"tokentape: error: {where}: cannot record ({error.strerror}); the client still gets its stream")

    async def _save(self, live: Live, asked: Asked, meta: Meta, redactor: Redactor) -> None:
        recording, spool = live.recording, live.recording.spool
        try:
            if spool is not None:
                body = await self._saving.beside(lambda: asked.body)
                if not spool.broken:
                    spool.request(meta.with_body(body))
        except OSError as error:
            self._spool_failed(error)
        await asyncio.shield(recording.finished)
        self._live.discard(live)
        if live.malformed:
            # On the tape it looks like any other cut: only here it can be told that the upstream is to blame.
            said = redactor.text(f"{asked.route.path[:200]}: the upstream's answer is no HTTP/1 ({live.malformed})")
            self._report(f"tokentape: note: {said}; it is kept up to there, as cut")
        if spool is not None:
            await self._saving.save(Finished(spool, redactor))
