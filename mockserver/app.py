"""The server: aiohttp routes and reads a request; a tape answers it, or whoever was handed in as `forward`, or a 404.

Composes the modules of this package; the rules are theirs. Imports aiohttp, `cassettes` and this package; `forward`
comes from `tokentape.py`, so that nothing here knows the recorder.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import NamedTuple, Protocol

import msgspec
from aiohttp import web

from cassettes import routes
from cassettes.framing import text
from cassettes.matching import Asked
from cassettes.model import Headers, Request, TokentapeError
from cassettes.redact import Redactor, redact_body
from cassettes.secrets import secrets_from_request
from mockserver import answers, browsers, wire
from mockserver.catalogue import Catalogue
from mockserver.choose import Chooser, Chosen, Found
from mockserver.decks import Deck, Decks
from mockserver.faults.grammar import FaultError
from mockserver.faulty import Wanted, breaking, key_of, wanted
from mockserver.guards import Guard
from mockserver.hub import Hub
from mockserver.misses import Misses, miss_of
from mockserver.own import Own, is_own
from mockserver.plan import Asking
from mockserver.player import Outcome, Player
from mockserver.relay import Relay

MAX_BODY = 64 * 1024 * 1024
"""Bytes of a request body (DESIGN 6); more is a 413."""
MAX_LINE = 64 * 1024
"""Bytes of a request line or header: a token of a company's own gateway can be longer than aiohttp's 8190."""
ASKED_REMEMBERED = 1024
"""Requests whose reading (route, redacted body) is remembered."""
ASKED_LARGEST = 16 * 1024
"""Bytes of a body up to which that is worth it."""


NOTED_MOST = 1000
"""Tapes of which it is said that they answer another body than theirs."""


class Live(Protocol):
    """A forwarded request whose answer is under way."""

    def left(self) -> None:
        """The client is gone."""


Forward = Callable[[Asked, Relay], Awaitable[Live]]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server behaves beside its tapes. `extra` names mounts that are no provider rows; `ending_drain` in s;
    `origins` and `token` are those of `Guard`."""

    extra: frozenset[str] = frozenset()
    ending_drain: float = 30.0
    origins: frozenset[str] = frozenset()
    token: str = ""


class _Reading(NamedTuple):
    """What a request asks and in which way, whether it asks the server itself, what tapes have for it, and which faults
    are wanted."""

    asked: Asked
    asking: Asking
    own: bool
    found: Found | None
    wanted: Wanted


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
        self._readings: OrderedDict[tuple[object, ...], _Reading] = OrderedDict()
        self._read_for: object = None
        self._catalogue = Catalogue(chooser.index)
        self._extra = settings.extra
        self._connections = wire.Connections()
        self._hub: Hub | None = None
        self._runner: web.ServerRunner | None = None
        self._listening: asyncio.Server | None = None
        self._noted: set[str] = set()
        self._guard = Guard(origins=settings.origins, token=settings.token)
        self._missed = Misses()
        self._own = Own(chooser, self._missed, redactor)
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
        self._guard = msgspec.structs.replace(self._guard, host=host, address=bound.getsockname()[0])
        self._hub = Hub(asyncio.get_running_loop())
        # The low-level server: an Application would resolve a route that is always the same one, for 8 us a request.
        # auto_decompress off: a request body reaches the upstream, and the matcher, as it was sent (DESIGN 6).
        served = web.Server(
            self._enter,
            handler_cancellation=True,
            auto_decompress=False,
            access_log=None,
            logger=wire.Complaints(self._report).logger,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
        )
        self._runner = web.ServerRunner(served, shutdown_timeout=0.2)
        await self._runner.setup()
        # Where nothing waits no deadline counts from a request, so nobody need know when it came.
        self._listening = await wire.accept(served, bound, stamped=not self.chooser.playing.pace.timeless)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{bound.getsockname()[1]}"
        return self.url

    async def warm_up(self) -> None:
        """Asks itself a few times, so that the first client does not pay for what loads lazily (0.5-2 ms)."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        await wire.ask(host.strip("[]"), int(port), 20)

    async def stop(self) -> None:
        """Ends every live stream at once and stops listening."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self._connections.abort_all()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._hub is not None:
            self._hub.close()
            self._hub = None

    # -- requests -----------------------------------------------------------------------------------------------

    def _enter(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        return self._handle_page(request) if "Origin" in request.headers else self._handle(request)

    async def _handle_page(self, request: web.BaseRequest) -> web.StreamResponse:
        """A request of a web page: preflights are answered here, and what is no tape's says who may read it too, else a
        browser shows its page nothing, not even the reason."""
        headers = _headers(request)
        reader = browsers.reader_of(headers, self._guard)
        if request.method == "OPTIONS":
            if reader == browsers.NOBODY and (refusal := self._guard.foreign(headers)) is not None:
                return answers.failure(self._shape(request), refusal.status, refusal.message, refusal.code)
            return answers.options(answers.ANY_METHOD, browsers.preflight(headers, reader or browsers.NOBODY))
        answer = await self._handle(request)
        if isinstance(answer, web.Response) and reader is not None:
            told = browsers.live(answer.headers.items(), reader)
            answer.headers.clear()
            answer.headers.extend(told)
        return answer

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await wire.read_body(request, MAX_BODY)
        start = self.hub.past(wire.came(request))
        if body is None:
            message = f"the body is over {MAX_BODY} bytes"
            return answers.failure(self._shape(request), 413, message, "tokentape_too_large")
        try:
            return await self._answer(request, self._read(request, body), start)
        except routes.RouteError as error:
            return answers.failure(self._shape(request), 400, str(error), "tokentape_bad_path")
        except FaultError as error:
            return answers.no_faults(self._shape(request), str(error))

    async def _answer(self, request: web.BaseRequest, reading: _Reading, start: float) -> web.StreamResponse:
        """Raises FaultError for faults that cannot act on the answer."""
        asked, asking, own, found, wish = reading
        deck = self._decks.get(asked.route.deck)
        if own:
            answer = await self._own.answer(asked, asking, self.url, self._guard, wish, deck, self.hub.wall())
            return await self._play(request, answer, Deck(), start) if isinstance(answer, Chosen) else answer
        if self._forward is None and (refused := answers.provider_refusal(asked, found)) is not None:
            return refused
        chosen = self._pick(found, asked, asking, deck, wish) if found else None
        if chosen is not None:
            if found and found[0] == "order" and chosen.entry.body != asked.body:
                self._note_other_body(asked, chosen)
            return await self._play(request, chosen, deck, start)
        if self._forward is not None and (asked.route.provider is not None or asked.route.dialect != "raw"):
            if (refusal := self._guard.foreign(asked.request.headers)) is not None:
                return answers.failure(asked.route, refusal.status, refusal.message, refusal.code)
            if wish.own:
                return answers.no_faults(asked.route, "no tape answers this request, and what is forwarded stays whole")
            return await self._relay(request, asked, asking, self._forward)
        if request.method == "OPTIONS":
            return answers.options(answers.ANY_METHOD)
        if found is None and (said := self._catalogue.answer(asked)) is not None:
            if wish.own:
                return answers.no_faults(asked.route, "no tape answers this request, and a list of models stays whole")
            return answers.json_response(said.body, said.code)
        return self._miss(asked, found)

    def _pick(self, found: Found, asked: Asked, asking: Asking, deck: Deck, wish: Wanted) -> Chosen | None:
        """The tape that is next, with the faults that act on this attempt. Raises FaultError."""
        chooser = self.chooser
        key = key_of(asked, chooser.index.rules)
        attempt = deck.attempt(key)
        if not wish.faults:
            return chooser.pick(found, asking, deck)
        name, seed = asked.route.deck or "", chooser.playing.seed
        return chooser.pick(found, asking, deck, breaking(wish, key, attempt, name, seed, self.hub.wall()))

    def _note_other_body(self, asked: Asked, chosen: Chosen) -> None:
        """Says once a tape that it answers what it was not recorded for: `order` looks at method and path only."""
        place = chosen.entry.place
        if place in self._noted or len(self._noted) >= NOTED_MOST:
            return
        self._noted.add(place)
        self._report(
            f"tokentape: note: {place} answers {asked.request.method} {asked.route.path[:100]} by order; "
            "it was recorded for another request body (--match normalized makes that a miss)"
        )

    def _miss(self, asked: Asked, found: Found | None) -> web.Response:
        self.misses += 1
        redactor = self._redactor_for(asked.request.headers, asked.request.uri)
        miss = miss_of(asked, self.url, self.chooser, found, redactor)
        self._missed.note(miss)
        self._report(f"tokentape: no tape matches {miss.method} {miss.path}: {miss.message}")
        return answers.failure(asked.route, 404, f"no tape matches: {miss.message}", "tokentape_no_match")

    def _shape(self, request: web.BaseRequest) -> routes.Route:
        headers = _headers(request)
        return answers.shape(request.method, request.raw_path, headers, self._extra)

    def _read(self, request: web.BaseRequest, body: bytes) -> _Reading:
        """What `request` asks. Remembered while the tapes stay, for small bodies: all it depends on is in the key."""
        if self._read_for is not self.chooser.index:
            # Other tapes may bring other mounts: what a path means is read anew.
            self._readings.clear()
            self._read_for = self.chooser.index
            self._catalogue = Catalogue(self.chooser.index)
            self._extra = self._settings.extra | extra_mounts(self.chooser.index.providers)
        key = (request.method, request.raw_path, request.version, request.raw_headers, body)
        reading = self._readings.get(key)
        if reading is None:
            reading = self._read_anew(request, body)
            if len(body) <= ASKED_LARGEST:
                self._readings[key] = reading
                if len(self._readings) > ASKED_REMEMBERED:
                    self._readings.popitem(last=False)
        return reading

    def _read_anew(self, request: web.BaseRequest, body: bytes) -> _Reading:
        headers = _headers(request)
        target = request.raw_path
        route = routes.parse(request.method, target, headers, self._extra, body)
        redactor = self._redactor_for(headers, target)
        # The digests of base64 leaves must not depend on what is secret: they come first, as on the tape.
        asked = Asked(Request(request.method, target, headers, body), route, lambda: redactor.bytes(redact_body(body)))
        reader = browsers.reader_of(headers, self._guard)
        asking = Asking(request.method == "HEAD", request.version < (1, 1), bool(request.keep_alive), reader)
        own = is_own(asked)
        wish = wanted(self.chooser.playing.faults, route, headers, target, tls=request.secure)
        found = None if own else self.chooser.find(asked)
        if found is not None and route.operation is not None:
            asking = asking._replace(whole=not asked.likeness(self.chooser.index.rules).streams)
        return _Reading(asked, asking, own, found, wish)

    def _redactor_for(self, headers: Headers, target: str) -> Redactor:
        """Knows the credentials of that request too; a repeated one costs a look-up."""
        return self._redactor.with_secrets(secrets_from_request(headers, target))

    async def _play(self, request: web.BaseRequest, chosen: Chosen, deck: Deck, start: float) -> web.StreamResponse:
        self.played += 1
        plan = chosen.plan
        takeover = wire.Takeover(request, plan.code)
        keep = plan.action == "keep"

        def delivered() -> None:
            if plan.advances:
                deck.delivered(chosen.candidates, chosen.entry)

        def done(outcome: Outcome) -> None:
            takeover.size = player.bytes_written
            takeover.end(keep=keep and outcome == "played")

        player = Player(plan, takeover.connection, start, delivered, done, self._settings.ending_drain)
        following = player.pump(self.hub.now())
        if following is not None:
            self.hub.add(following, player)
        if takeover.over:
            return takeover
        self._connections.add(takeover)
        try:
            await takeover.finished()
        except asyncio.CancelledError:
            player.stop()
            raise
        return takeover

    async def _relay(
        self, request: web.BaseRequest, asked: Asked, asking: Asking, forward: Forward
    ) -> web.StreamResponse:
        takeover = wire.Takeover(request)
        self._connections.add(takeover)
        relay = Relay(takeover, self.hub, asking, self._settings.ending_drain)
        try:
            live = await forward(asked, relay)
        except TokentapeError as error:
            message = self._redactor_for(asked.request.headers, asked.request.uri).text(str(error))
            self._report(f"tokentape: error: {message}")
            return answers.failure(asked.route, 502, message, "tokentape_upstream")
        try:
            await takeover.finished()
        except asyncio.CancelledError:
            live.left()
            raise
        return takeover


def _headers(request: web.BaseRequest) -> Headers:
    return tuple((text(name), text(value)) for name, value in request.raw_headers)


def extra_mounts(upstreams: Mapping[str, str] | Collection[str]) -> frozenset[str]:
    """The names among `upstreams` that are no provider rows: they are mounted with dialect raw."""
    from cassettes import providers

    return frozenset(name for name in upstreams if providers.lookup(name) is None)
