"""The server: aiohttp routes and reads a request; a tape answers it, or whoever was handed in as `forward`, or a 404.

Composes the modules of this package; the rules are theirs. Imports aiohttp, `cassettes` and this package; `forward`
comes from `tokentape.py`, so that nothing here knows the recorder.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

import msgspec
from aiohttp import web

from cassettes import routes
from cassettes.matching import Asked
from cassettes.model import Request, TokentapeError
from cassettes.redact import Redactor
from cassettes.synth.cards import CardError
from mockserver import answers, browsers, secure, wire
from mockserver.again import Again, again
from mockserver.catalogue import Catalogue
from mockserver.choose import Chooser, Chosen
from mockserver.control import House
from mockserver.decks import Deck, Decks
from mockserver.faults.grammar import FaultError
from mockserver.guards import Guard
from mockserver.hub import Hub
from mockserver.journal import By, Came, Ending, Journal, Record
from mockserver.misses import Misses, miss_of
from mockserver.outcomes import begun, ended
from mockserver.own import Own, is_journalled
from mockserver.player import Outcome, Player
from mockserver.reading import Reading, Readings, headers_of
from mockserver.relay import Relay
from mockserver.remarks import Remarks
from mockserver.repeats import Repeats
from mockserver.staging import Moment, Stage, staged
from mockserver.stored import OPERATIONS, Stored

if TYPE_CHECKING:
    from mockserver.scenario import Scenario

MAX_BODY = 64 * 1024 * 1024
"""Bytes of a request body (DESIGN 6); more is a 413."""
MAX_LINE = 64 * 1024
"""Bytes of a request line or header: a token of a company's own gateway can be longer than aiohttp's 8190."""


KEPT_ALIVE = 86_400.0
"""Seconds after which aiohttp ends a connection that seems idle to it: it does not see repeated requests."""


class Live(Protocol):
    """A forwarded request whose answer is under way."""

    def left(self) -> None:
        """The client is gone."""


Forward = Callable[[Asked, Relay], Awaitable[Live]]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server behaves beside its tapes. `extra` names mounts that are no provider rows; `ending_drain` in s;
    `origins` and `token` are those of `Guard`; `tls`: https is spoken, with this."""

    extra: frozenset[str] = frozenset()
    ending_drain: float = 30.0
    origins: frozenset[str] = frozenset()
    token: str = ""
    tls: ssl.SSLContext | None = None


class Server:
    """One listening server. `start` and `stop` are called in the same event loop.

    `report` is told one line for each miss and each failed upstream. `scenario` is for decks that have none of their
    own; another may be set at any time.
    """

    def __init__(
        self,
        chooser: Chooser,
        settings: Settings,
        redactor: Redactor,
        report: Callable[[str], None],
        forward: Forward | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.chooser = chooser
        self.scenario: Scenario | None = None
        self._settings = settings
        self._redactor = redactor
        self._report = report
        self._forward = forward
        self.decks = Decks()
        self.journal = Journal() if journal is None else journal
        self._stopping = False
        self._stamped = not chooser.playing.pace.timeless
        self._connections = wire.Connections()
        self._hub: Hub | None = None
        self._runner: web.ServerRunner | None = None
        self._listening: asyncio.Server | None = None
        self._entry: secure.Entry | None = None
        self._remarks = Remarks(report)
        self._guard = Guard(origins=settings.origins, token=settings.token)
        self._readings = Readings(
            chooser, self.decks, redactor, self._guard, extra=settings.extra, tls=settings.tls is not None
        )
        self._repeats = Repeats()
        self._readings.anew = self._repeats.clear
        self.missed = Misses()
        self._stored = Stored(chooser)
        house = House(chooser, self.decks, self.journal, self.missed, redactor, lambda: self.hub, settings.tls)
        self._own = Own(house)
        self.misses = self.played = 0
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
        self._stopping = False
        self._guard = msgspec.structs.replace(self._guard, host=host, address=bound.getsockname()[0])
        self._readings.guard = self._guard
        self._hub = Hub(asyncio.get_running_loop())
        # The low-level server: an Application would resolve a route that is always the same one, for 8 us a request.
        # auto_decompress off: a request body reaches the upstream, and the matcher, as it was sent (DESIGN 6).
        served = web.Server(
            self._enter,
            handler_cancellation=True,
            auto_decompress=False,
            access_log=None,
            keepalive_timeout=KEPT_ALIVE,
            logger=wire.Complaints(self._report).logger,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
        )
        self._runner = web.ServerRunner(served, shutdown_timeout=0.2)
        await self._runner.setup()
        # Where nothing waits no deadline counts from a request, so nobody need know when it came.
        stamped = not self.chooser.playing.pace.timeless
        if self._settings.tls is None:
            self._listening = await wire.accept(served, bound, self._repeat, stamped=stamped)
        else:
            self._entry = secure.Entry(self._settings.tls, self._report, self._hub, stamped=stamped)
            self._listening = await self._entry.accept(served, bound)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http{'s' if self._entry else ''}://{shown}:{bound.getsockname()[1]}"
        return self.url

    async def warm_up(self) -> None:
        """Asks itself a few times, so that the first client does not pay for what loads lazily (0.5-2 ms)."""
        self.chooser.rehearse(self._redactor)
        host, _, port = self.url.partition("://")[2].rpartition(":")
        await wire.ask(host.strip("[]"), int(port), 20, secure.unchecked() if self._entry else None)

    async def stop(self) -> None:
        """Ends every live stream at once and stops listening."""
        self._stopping = True
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self._connections.abort_all()
        if self._entry is not None:
            self._entry.abort_waiting()
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
        headers = headers_of(request)
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
        hub = self.hub
        start = hub.past(wire.came(request)) if self._stamped else hub.now()
        if body is None:
            message = f"the body is over {MAX_BODY} bytes"
            return self._refused(request, 413, message, "tokentape_too_large", start)
        try:
            return await self._answer(request, self._readings.read(request, body), start)
        except routes.RouteError as error:
            return self._refused(request, 400, str(error), "tokentape_bad_path", start)
        except (FaultError, CardError) as error:
            return self._refused(request, *answers.mistake(error), start)

    async def _answer(self, request: web.BaseRequest, reading: Reading, start: float) -> web.StreamResponse:
        """The answer of a tape, or of whoever else has one. Raises FaultError for faults that cannot act on it."""
        if reading.own:
            return await self._handle_own(request, reading, start)
        asked, found = reading.asked, reading.found
        deck = self.decks.get(asked.route.deck, start)
        forward = deck.forward or self._forward
        if forward is None and (refused := answers.provider_refusal(asked, found, reading.chooser)) is not None:
            return self._told(reading.came, start, refused)
        stage, alone = Stage(asked, reading.asking, found, reading.wanted), True
        if (found is None or found[0] == "route") and asked.route.operation in OPERATIONS:
            held = self._store(reading).answer(asked, reading.asking, deck, start, made_here=forward is not None)
            if isinstance(held, web.Response):
                reading.wanted.refuse("a response that is asked for by its id stays whole, but with stream=true")
                return self._told(reading.came, start, held)
            if held is not None:
                stage, alone = Stage(asked, held.asking, held.entry, reading.wanted), False
        chosen = self._staged(stage, reading, deck, start)
        if chosen is not None:
            door = wire.door_of(request) if alone else None
            known = door is not None and door.only is not None and self._repeats.remember(door.only, reading)
            return await self._play(request, chosen, deck, start, reading, door if known else None)
        if forward is not None and (asked.route.provider is not None or asked.route.dialect != "raw"):
            if (refusal := self._guard.foreign(asked.request.headers)) is not None:
                foreign = answers.failure(asked.route, refusal.status, refusal.message, refusal.code)
                return self._told(reading.came, start, foreign)
            reading.wanted.refuse("no tape answers this request, and what is forwarded stays whole")
            return await self._relay(request, reading, deck, start, forward)
        return self._told(reading.came, start, self._unplayed(reading, deck))

    def _staged(self, stage: Stage, reading: Reading, deck: Deck, start: float) -> Chosen | None:
        """What of a tape answers, counted as an attempt; None where nothing does. Raises FaultError."""
        asked, found = reading.asked, reading.found
        chosen = staged(stage, reading.chooser, deck.scenario or self.scenario, deck, Moment(start, self.hub.wall_now))
        if chosen is not None:
            if found is not None and chosen.candidates is found[1]:
                self._remarks.note(asked, reading.asking, found, chosen)
            if asked.route.operation == "responses":
                self._store(reading).begun(asked, chosen.entry, deck, start)
        return chosen

    def _repeat(self, door: wire.Door, data: bytes) -> bool:
        """Answers a request whose bytes came before, where nothing but its deck's place can have changed since."""
        known = self._repeats.get(data)
        if known is None or self.scenario is not None or self._stopping or not self._readings.current():
            return False
        reading = known.reading
        start = self.hub.past(door.came) if self._stamped else self.hub.now()
        deck = self.decks.get(reading.asked.route.deck, start)
        if deck.faults or deck.scenario is not None:
            return False
        if known.again is not None and known.again.deck is deck:
            door.came = None
            self._answer_again(door, known.again, start, reading)
            return True
        stage = Stage(reading.asked, reading.asking, reading.found, reading.wanted)
        chosen = self._staged(stage, reading, deck, start)
        if chosen is None:
            return False
        door.came = None
        known.again = again(chosen, deck, reading)
        self._begin(door, chosen, deck, start, reading)
        return True

    def _answer_again(self, door: wire.Door, again: Again, start: float, reading: Reading) -> None:
        """Writes what is the same each time, and leaves it to a player where the client does not take it at once."""
        deck, line = again.deck, door.connection
        attempt = deck.counting.begin(again.key, start)
        if reading.asked.route.operation == "responses":
            self._store(reading).begun(reading.asked, again.entry, deck, start)
        if attempt.ambiguous or line.buffered():
            self._begin(door, again.chosen(attempt), deck, start, reading)
            return
        now = self.hub.now()
        line.write(again.wire)
        if line.buffered() or line.is_closing():
            self._begin(door, again.chosen(attempt), deck, start, reading, given=now)
        else:
            self.played += 1
            again.over(attempt, self.journal, start, now)
            door.size = len(again.wire)

    async def _handle_own(self, request: web.BaseRequest, reading: Reading, start: float) -> web.StreamResponse:
        asked = reading.asked
        deck = self.decks.get(asked.route.deck, start) if is_journalled(asked) else Deck()
        wish = reading.wanted.in_deck(deck.faults)
        answer = await self._own.answer(
            asked, reading.asking, self.url, self._guard, reading.chooser, wish, deck, self.hub.wall_now()
        )
        if isinstance(answer, Chosen) or is_journalled(asked):
            return await self._give(request, answer, start, reading)
        return answer

    async def _give(
        self, request: web.BaseRequest, answer: Chosen | web.Response, start: float, reading: Reading
    ) -> web.StreamResponse:
        """Plays what was asked for by name, so that no place moves, or tells what was said of it."""
        if isinstance(answer, web.Response):
            return self._told(reading.came, start, answer)
        return await self._play(request, answer, Deck(reading.asked.route.deck or ""), start, reading)

    def _store(self, reading: Reading) -> Stored:
        """The responses on the tapes that the request's deck has."""
        own = self.decks.own(reading.asked.route.deck)
        if own is None:
            return self._stored
        own.stored = own.stored or Stored(reading.chooser)
        return own.stored

    def _unplayed(self, reading: Reading, deck: Deck) -> web.Response:
        """The server's own answer where no tape has one."""
        asked = reading.asked
        if asked.request.method == "OPTIONS":
            return answers.options(answers.ANY_METHOD)
        own = reading.chooser is not self.chooser
        catalogue = Catalogue(reading.chooser.index, reading.chooser.cards) if own else self._readings.catalogue
        if reading.found is None and (said := catalogue.answer(asked)) is not None:
            reading.wanted.refuse("no tape answers this request, and what the server says itself stays whole")
            return answers.json_response(said.body, said.code)
        deck.misses += 1
        return self._miss(reading, deck.advice)

    def _refused(
        self, request: web.BaseRequest, status: int, message: str, code: str, start: float
    ) -> web.StreamResponse:
        """The answer to a request that cannot be read; the journal has its head."""
        route = self._shape(request)
        asked = Asked(Request(request.method, request.raw_path, headers_of(request)), route, b"")
        notes = (f"fault_not_applied: {message}",) if code == answers.FAULT else ()
        return self._told(Came(asked), start, answers.failure(route, status, message, code), notes)

    def _told(self, came: Came, start: float, answer: web.Response, notes: tuple[str, ...] = ()) -> web.Response:
        """An answer of the server's own, which is over as soon as it is made, with its record in the journal."""
        name = came.asked.route.deck or ""
        if (deck := self.decks.peek(name)) is not None:
            deck.requests += 1
        record = self.journal.begin(came, name, start, answer.status, answers.size_of(answer))
        record.size, record.notes = answers.size_of(answer), notes
        self.journal.end(record, self.hub.now(), "server", "kept-alive")
        return answer

    def _miss(self, reading: Reading, advice: str) -> web.Response:
        self.misses += 1
        asked = reading.asked
        redactor = self._readings.redactor_for(asked.request.headers, asked.request.uri)
        miss = miss_of(asked, self.url, reading.chooser, reading.found, redactor, advice)
        self.missed.note(miss, self.journal.total + 1)
        self._report(f"tokentape: no tape matches {miss.method} {miss.path}: {miss.message}")
        return answers.failure(asked.route, 404, f"no tape matches: {miss.message}", "tokentape_no_match")

    def _shape(self, request: web.BaseRequest) -> routes.Route:
        headers = headers_of(request)
        return self.decks.meant(answers.shape(request.method, request.raw_path, headers, self._readings.extra))

    async def _play(
        self,
        request: web.BaseRequest,
        chosen: Chosen,
        deck: Deck,
        start: float,
        reading: Reading,
        door: wire.Door | None = None,
    ) -> web.StreamResponse:
        """`door`: where `request` is known to be the only one that came through it."""
        takeover = wire.Takeover(request, chosen.plan.code, door)
        player = self._begin(takeover, chosen, deck, start, reading)
        if not takeover.over:
            try:
                await takeover.finished()
            except asyncio.CancelledError:
                player.stop()
                raise
        return takeover

    def _begin(
        self,
        taken: wire.Takeover | wire.Door,
        chosen: Chosen,
        deck: Deck,
        start: float,
        reading: Reading,
        given: float | None = None,
    ) -> Player:
        """Begins to play on the connection that was taken, and ends that when the tape is over. `given`: when (s) all
        of it was written, if it was."""
        self.played += 1
        deck.requests += 1
        deck.live += 1
        plan = chosen.plan
        record = self.journal.keep(begun(self.journal.total + 1, chosen, deck, start, reading))

        def delivered() -> None:
            if plan.advances and chosen.candidates is not None:
                deck.delivered(chosen.candidates, chosen.entry)
            if chosen.restarts and chosen.attempt is not None:
                deck.counting.restart(chosen.attempt)

        def done(outcome: Outcome) -> None:
            if chosen.attempt is not None:
                deck.counting.end(chosen.attempt)
            deck.live -= 1
            kept = plan.action == "keep" and outcome == "played"
            over = (player.last or start) if kept else self.hub.now()
            self.journal.end(record, over, *ended(outcome, plan, stopping=self._stopping))
            taken.size = record.size
            taken.end(keep=kept)

        player = record.player = Player(plan, taken.connection, start, delivered, done, self._settings.ending_drain)
        if given is not None:
            player.given(given)
        taken.begin(player)
        following = player.pump(self.hub.now())
        if following is not None:
            self.hub.add(following, player)
        if not player.finished:
            self.journal.live[record.n] = record
            self._connections.add(taken)
        return player

    async def _relay(
        self, request: web.BaseRequest, reading: Reading, deck: Deck, start: float, forward: Forward
    ) -> web.StreamResponse:
        asked = reading.asked
        takeover = wire.Takeover(request)
        deck.requests += 1
        deck.live += 1
        record = self.journal.begin(reading.came, deck.name, start)
        record.takeover = takeover
        self.journal.live[record.n] = record
        self._connections.add(takeover)
        relay = Relay(takeover, self.hub, reading.asking, self._settings.ending_drain)
        by: By = "server"
        ending: Ending = "aborted"
        try:
            live = await forward(asked, relay)
            try:
                await takeover.finished()
            except asyncio.CancelledError:
                live.left()
                raise
            by, ending = "upstream", "kept-alive" if takeover.keep_alive else "fin"
        except asyncio.CancelledError:
            by, ending = ("shutdown", "aborted") if self._stopping else ("client", "client-left")
            raise
        except TokentapeError as error:
            message = self._readings.redactor_for(asked.request.headers, asked.request.uri).text(str(error))
            self._report(f"tokentape: error: {message}")
            ending = "kept-alive"
            return self._unreached(asked, message, record)
        finally:
            deck.live -= 1
            record.status, record.size = record.status or takeover.code, record.size or takeover.size
            self.journal.end(record, self.hub.now(), record.by or by, ending)
        return takeover

    def _unreached(self, asked: Asked, message: str, record: Record) -> web.StreamResponse:
        answer = answers.failure(asked.route, 502, message, "tokentape_upstream")
        record.status, record.size = 502, answers.size_of(answer)
        return answer
