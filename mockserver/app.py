"""The server: aiohttp routes and reads a request; a tape answers it, or whoever was handed in as `forward`, or a 404.

Composes the modules of this package; the rules are theirs. Imports aiohttp, `cassettes` and this package; `forward`
comes from `tokentape.py`, so that nothing here knows the recorder.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Protocol, cast

import msgspec
from aiohttp import web

from cassettes import routes
from cassettes.framing import text
from cassettes.matching import Asked
from cassettes.model import Headers, Request, TokentapeError
from cassettes.redact import Redactor, redact_body
from cassettes.secrets import secrets_from_request
from mockserver import answers, arrivals, wire
from mockserver.choose import Chooser, Chosen
from mockserver.decks import Deck, Decks
from mockserver.hub import Hub
from mockserver.plan import Asking
from mockserver.player import Outcome, Player
from mockserver.relay import Relay

MAX_BODY = 64 * 1024 * 1024
"""Bytes of a request body (DESIGN 6); more is a 413."""
ASKED_REMEMBERED = 1024
"""Requests whose reading (route, redacted body) is remembered."""
ASKED_LARGEST = 16 * 1024
"""Bytes of a body up to which that is worth it."""


class Live(Protocol):
    """A forwarded request whose answer is under way."""

    def left(self) -> None:
        """The client is gone."""


Forward = Callable[[Asked, Relay], Awaitable[Live]]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server behaves beside its tapes. `extra` names mounts that are no provider rows; `ending_drain` in s."""

    extra: frozenset[str] = frozenset()
    ending_drain: float = 30.0


class Server:
    """One listening server. `start` and `stop` are called in the same event loop.

    `report` is told one line for each miss and each failed upstream.
    """

    def __init__(
        self,
        chooser: Chooser,
        settings: Settings,
        redactor: Redactor,
        report: Callable[[str], None],
        forward: Forward | None = None,
    ) -> None:
        self.chooser = chooser
        self._settings = settings
        self._redactor = redactor
        self._report = report
        self._forward = forward
        self._decks = Decks()
        self._asked: OrderedDict[tuple[object, ...], Asked] = OrderedDict()
        self._asked_of: object = None
        self._extra = settings.extra
        self._connections = wire.Connections()
        self._hub: Hub | None = None
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None
        self.misses = 0
        self.played = 0
        self.url = ""

    # -- life ---------------------------------------------------------------------------------------------------

    @property
    def hub(self) -> Hub:
        """The timers of the running server."""
        if self._hub is None:
            raise RuntimeError("the server is not running")
        return self._hub

    async def start(self, host: str, port: int) -> str:
        """Listens and returns the server's URL; port 0 lets the kernel choose. Raises OSError if it cannot listen."""
        bound = wire.listen(host, port)
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        app.on_shutdown.append(self._abort_live)
        self._hub = Hub(asyncio.get_running_loop())
        # auto_decompress off: a request body reaches the upstream, and the matcher, as it was sent (DESIGN 6).
        self._runner = web.AppRunner(
            app, handler_cancellation=True, auto_decompress=False, access_log=None, shutdown_timeout=0.2
        )
        await self._runner.setup()
        factory = cast(Callable[[], asyncio.Protocol], self._runner.server)
        self._listening = await asyncio.get_running_loop().create_server(
            arrivals.noting(factory, self.hub.now), sock=bound, backlog=4096
        )
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{bound.getsockname()[1]}"
        return self.url

    async def warm_up(self) -> None:
        """Asks itself a few times, so that the first client does not pay for what loads lazily (0.5-2 ms)."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        await wire.ask(host.strip("[]"), int(port), 20)

    async def stop(self) -> None:
        """Ends every live stream at once and stops listening."""
        self._connections.abort_all()
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._hub is not None:
            self._hub.close()
            self._hub = None

    async def _abort_live(self, _app: web.Application) -> None:
        # Without it a shutdown waits for stalled streams (facts/performance.md, pitfall 7).
        self._connections.abort_all()

    # -- requests -----------------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return answers.failure(routes.Route(path=request.raw_path), 413, f"the body is over {MAX_BODY} bytes")
        start = arrivals.last_byte(request.transport) or self.hub.now()
        try:
            asked = self._read(request, body)
        except routes.RouteError as error:
            return answers.failure(routes.Route(path=request.raw_path), 400, str(error), "tokentape_bad_path")
        if (own := answers.own(asked, self.url, self.chooser.index)) is not None:
            return own
        asking = Asking(request.method == "HEAD", request.version < (1, 1), bool(request.keep_alive))
        deck = self._decks.get(asked.route.deck)
        chosen = self.chooser.choose(asked, asking, deck)
        if chosen is not None:
            return await self._play(request, chosen, deck, start)
        if self._forward is not None and (asked.route.provider is not None or asked.route.dialect != "raw"):
            return await self._relay(request, asked, asking, self._forward)
        self.misses += 1
        redactor = self._redactor_for(asked.request.headers, asked.request.uri)
        message = redactor.text(answers.miss(asked, self.url, self.chooser.index))
        shown = redactor.uri(asked.request.uri)[:200]
        self._report(f"tokentape: no tape matches {asked.request.method} {shown}: {message}")
        return answers.failure(asked.route, 404, message, "tokentape_no_match")

    def _read(self, request: web.Request, body: bytes) -> Asked:
        """The request as a value, remembered for small bodies: its parts are all in the key."""
        if self._asked_of is not self.chooser.index:
            # Other tapes may bring other mounts: what a path means is read anew.
            self._asked.clear()
            self._asked_of = self.chooser.index
            self._extra = self._settings.extra | extra_mounts(self.chooser.index.providers)
        key = (request.method, request.raw_path, request.raw_headers, body)
        asked = self._asked.get(key)
        if asked is not None:
            return asked
        headers: Headers = tuple((text(name), text(value)) for name, value in request.raw_headers)
        target = request.raw_path
        route = routes.parse(request.method, target, headers, self._extra)
        redactor = self._redactor_for(headers, target)
        # The digests of base64 leaves must not depend on what is secret: they come first, as on the tape.
        asked = Asked(Request(request.method, target, headers, body), route, lambda: redactor.bytes(redact_body(body)))
        if len(body) <= ASKED_LARGEST:
            self._asked[key] = asked
            if len(self._asked) > ASKED_REMEMBERED:
                self._asked.popitem(last=False)
        return asked

    def _redactor_for(self, headers: Headers, target: str) -> Redactor:
        """Knows the credentials of that request too; a repeated one costs a look-up."""
        return self._redactor.with_secrets(secrets_from_request(headers, target))

    async def _play(self, request: web.Request, chosen: Chosen, deck: Deck, start: float) -> web.StreamResponse:
        self.played += 1
        takeover = wire.Takeover(request)
        self._connections.add(takeover)
        keep = chosen.plan.action == "keep"

        def delivered() -> None:
            deck.delivered(chosen.candidates, chosen.entry)

        def done(outcome: Outcome) -> None:
            takeover.size = player.bytes_written
            takeover.end(keep=keep and outcome == "played")

        player = Player(chosen.plan, takeover.connection, start, delivered, done, self._settings.ending_drain)
        takeover.code = chosen.plan.code
        following = player.pump(self.hub.now())
        if following is not None:
            self.hub.add(following, player)
        try:
            await takeover.finished()
        except asyncio.CancelledError:
            player.stop()
            raise
        return takeover

    async def _relay(self, request: web.Request, asked: Asked, asking: Asking, forward: Forward) -> web.StreamResponse:
        takeover = wire.Takeover(request)
        self._connections.add(takeover)
        relay = Relay(takeover, self.hub, asking, self._settings.ending_drain)
        try:
            live = await forward(asked, relay)
        except TokentapeError as error:
            self._report(f"tokentape: error: {error}")
            return answers.failure(asked.route, 502, str(error), "tokentape_upstream")
        try:
            await takeover.finished()
        except asyncio.CancelledError:
            live.left()
            raise
        return takeover


def extra_mounts(upstreams: Mapping[str, str] | Collection[str]) -> frozenset[str]:
    """The names among `upstreams` that are no provider rows: they are mounted with dialect raw."""
    from cassettes import providers

    return frozenset(name for name in upstreams if providers.lookup(name) is None)
