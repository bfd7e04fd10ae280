"""The control paths under `/_tokentape/` (DESIGN 7): what the server has, did and does, and its decks. JSON out.

Goes by the table of `operations`; who may ask is `guards`. What takes long (parsing tapes, telling of many requests) is
done beside the loop's thread, so that live streams keep their time. Imports `cassettes` and this package.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from aiohttp import web

from cassettes.events import event_ends, event_kind
from cassettes.matching import Asked, Entry, Index
from cassettes.model import TokentapeError
from cassettes.printable import escape
from cassettes.redact import Redactor
from mockserver import answers, metrics, setup
from mockserver.account import account
from mockserver.choose import Chooser
from mockserver.decks import Deck, Decks
from mockserver.guards import Guard
from mockserver.hub import Hub
from mockserver.journal import Journal, Record
from mockserver.live import VERBS, StreamError, Streams
from mockserver.misses import Misses
from mockserver.operations import OPERATIONS, PREFIX, PROMETHEUS, Operation, Place, QueryError, place_of, unknown

if TYPE_CHECKING:
    from mockserver.scenario import Scenario
    from mockserver.verdicts.verdict import Terms, Verdict

PATH = PREFIX
MOST_OWN = 256 * 1024 * 1024
"""Characters of inline tapes on all decks together."""
MOST_SHOWN = 1000
"""Places and attempts of a deck that are shown, the last ones."""


class House(NamedTuple):
    """What of a server the control paths read and change. `tls`: what it encrypts with, if it does."""

    chooser: Chooser
    decks: Decks
    journal: Journal
    misses: Misses
    redactor: Redactor
    hub: Callable[[], Hub]
    tls: ssl.SSLContext | None = None


class _Call(NamedTuple):
    """A control request that the table knows."""

    operation: Operation
    values: dict[str, Any]
    body: bytes


class Control:
    """Answers the control paths of one server."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._streams = Streams(house.journal, house.hub)
        self._tapes: tuple[Index | None, list[dict[str, object]]] = (None, [])
        self._answers: dict[str, Callable[[_Call], Awaitable[web.Response]]] = {
            "health": self._health,
            "describe": self._describe,
            "listTapes": self._list_tapes,
            "listDecks": self._list_decks,
            "removeDecks": self._remove_decks,
            "getDeck": self._get_deck,
            "putDeck": self._put_deck,
            "removeDeck": self._remove_deck,
            "listRequests": self._list_requests,
            "removeRequests": self._remove_requests,
            "getRequest": self._get_request,
            "listMisses": self._list_misses,
            "removeMisses": self._remove_misses,
            "listVerdicts": self._list_verdicts,
            "listStreams": self._list_streams,
            "getStream": self._get_stream,
            "metrics": self._metrics,
            **dict.fromkeys(VERBS, self._do),
        }
        unanswered = {one.id for one in OPERATIONS} ^ set(self._answers)
        if unanswered:
            raise RuntimeError(f"the table and its answers differ in {sorted(unanswered)}")

    async def answer(self, asked: Asked, guard: Guard) -> web.Response:
        """The answer to a request whose path begins with PATH."""
        path = asked.route.path.removeprefix(PATH).strip("/")
        method = asked.request.method
        refusal = guard.control(method, asked.request.headers, is_open=path == "health")
        if refusal is not None:
            challenge = (("WWW-Authenticate", "Bearer"),) if refusal.status == 401 else ()
            return answers.refused(refusal.status, refusal.message, refusal.code, challenge)
        place = place_of(path)
        if place is None:
            return answers.refused(404, unknown(path), "tokentape_no_path")
        if method == "OPTIONS":
            return answers.options(place.allowed)
        operation = place.operation(method)
        if operation is None:
            return answers.not_allowed(place.allowed)
        if len(asked.request.body) > operation.most:
            message = f"the body is over {operation.most} bytes"
            return answers.refused(413, message, "tokentape_too_large")
        try:
            return await self._answers[operation.id](_call(operation, place, asked))
        except QueryError as error:
            return answers.refused(400, str(error), "tokentape_bad_query")
        except StreamError as error:
            return answers.refused(error.status, str(error), error.code)

    # -- what there is --------------------------------------------------------------------------------------------

    async def _health(self, _call: _Call) -> web.Response:
        return answers.json_response({"status": "ok", "tapes": len(self._house.chooser.index.entries)})

    async def _describe(self, _call: _Call) -> web.Response:
        from mockserver import openapi  # with importlib.metadata 18 ms of a start

        return answers.json_response(openapi.document())

    async def _list_tapes(self, _call: _Call) -> web.Response:
        index = self._house.chooser.index
        if self._tapes[0] is not index:
            # Counting events takes a look at every body: beside the loop.
            self._tapes = (index, await asyncio.to_thread(self._tapes_of, index))
        return answers.json_response({"tapes": self._tapes[1]})

    def _tapes_of(self, index: Index) -> list[dict[str, object]]:
        return [
            {"name": tape, "interactions": [self._row(entry) for entry in entries]}
            for tape, entries in groupby(index.entries, key=lambda entry: entry.tape)
        ]

    def _row(self, entry: Entry) -> dict[str, object]:
        response, stream = entry.interaction.response, entry.interaction.response.stream
        kind = event_kind(response.headers, response.code, response.body, stream.events)
        return {
            "n": entry.number,
            "method": entry.interaction.request.method,
            "path": self._house.redactor.text(entry.path),
            "provider": entry.provider,
            "dialect": entry.dialect,
            "status": response.code,
            "events": len(event_ends(response.body, kind)),
            "ending": stream.end.type,
        }

    # -- decks ----------------------------------------------------------------------------------------------------

    async def _list_decks(self, _call: _Call) -> web.Response:
        now = self._house.hub().now()
        self._house.decks.expire(now)
        return answers.json_response({"decks": [self._deck(one, now, brief=True) for one in self._house.decks]})

    async def _remove_decks(self, _call: _Call) -> web.Response:
        return answers.json_response({"removed": self._house.decks.clear()})

    async def _get_deck(self, call: _Call) -> web.Response:
        now = self._house.hub().now()
        self._house.decks.expire(now)
        deck = self._house.decks.peek(call.values["name"])
        return answers.json_response(self._deck(deck, now)) if deck is not None else _no_deck(call)

    async def _put_deck(self, call: _Call) -> web.Response:
        house, name = self._house, call.values["name"]
        try:
            asked_for = setup.read(call.body)
            taken = sum(deck.own.size for deck in house.decks if deck.own is not None and deck.name != name)
            own, scenario = await asyncio.to_thread(_made, asked_for, house.chooser, house.tls is not None)
            if taken + own.size > MOST_OWN:
                message = f"all decks' own tapes would be over {MOST_OWN} characters; DELETE decks that are done"
                return answers.refused(413, message, "tokentape_decks_full")
        except setup.SetupError as error:
            status = 400 if error.code == "tokentape_bad_json" else 422
            return answers.refused(status, str(error), error.code)
        except TokentapeError as error:  # the loader's, with the tape's name, line and column
            return answers.refused(422, escape(house.redactor.text(str(error))), "tokentape_bad_tape")
        new = house.decks.peek(name) is None
        now = house.hub().now()
        deck = house.decks.put(Deck(name, own), now)
        deck.faults, deck.scenario = setup.faults_of(asked_for), scenario
        return answers.json_response(self._deck(deck, now), 201 if new else 200)

    async def _remove_deck(self, call: _Call) -> web.Response:
        if not self._house.decks.remove(call.values["name"]):
            return _no_deck(call)
        return answers.json_response({"removed": 1})

    def _deck(self, deck: Deck, now: float, *, brief: bool = False) -> dict[str, object]:
        """A deck as JSON; `brief`: without its places and attempts."""
        own = deck.own
        tapes = None if own is None else list(own.chooser(self._house.chooser.index).index.tapes)
        places = [] if brief else deck.places[-MOST_SHOWN:]
        attempts = {} if brief else deck.attempts
        return {
            "name": deck.name or None,
            "own": own is not None,
            "tapes": tapes,
            "faults": list(deck.faults),
            "rules": len(deck.scenario.rules) if deck.scenario is not None else None,
            "requests": deck.requests,
            "misses": deck.misses,
            "live": deck.live,
            "idle_s": round(max(0.0, now - deck.used), 3),
            "places": [{"first": first, "delivered": done, "of": most} for first, done, most in places],
            "attempts": [{"key": key, "count": count} for key, count in list(attempts.items())[-MOST_SHOWN:]],
        }

    # -- journal --------------------------------------------------------------------------------------------------

    async def _list_requests(self, call: _Call) -> web.Response:
        journal = self._house.journal
        found = list(journal.listed(call.values.get("deck"), call.values["since"]))[-call.values["limit"] :]
        told = await asyncio.to_thread(self._accounts, found)
        last = {"total": journal.total, "dropped": journal.dropped, "last": found[-1].n if found else 0}
        return answers.json_response({**last, "requests": told})

    async def _remove_requests(self, call: _Call) -> web.Response:
        return answers.json_response({"removed": self._house.journal.clear(call.values.get("deck"))})

    async def _get_request(self, call: _Call) -> web.Response:
        record = self._house.journal.get(call.values["n"])
        if record is None:
            message = f"request {call.values['n']} is not in the journal; GET {PATH}/requests lists those that are"
            return answers.refused(404, message, "tokentape_no_request")
        (told,) = await asyncio.to_thread(self._accounts, [record])
        return answers.json_response(told)

    def _accounts(self, records: list[Record]) -> list[dict[str, object]]:
        wall = self._house.hub().wall(0.0)
        return [account(one, self._house.redactor, wall) for one in records]

    async def _list_misses(self, call: _Call) -> web.Response:
        return answers.json_response(self._house.misses.listed(call.values.get("deck")))

    async def _remove_misses(self, _call: _Call) -> web.Response:
        listed = self._house.misses.listed()
        self._house.misses.clear()
        return answers.json_response(listed)

    async def _list_verdicts(self, call: _Call) -> web.Response:
        from mockserver.verdicts.verdict import Terms

        accepted = (call.values["accepted"],) if "accepted" in call.values else ()
        patience, least_wait = call.values["patience_ms"], call.values["least_wait_ms"]
        terms = Terms(accepted=accepted, patience=patience, least_wait=least_wait)
        records = list(self._house.journal.listed(call.values.get("deck")))
        found = await asyncio.to_thread(self._judged, records, terms)
        return answers.json_response({"verdicts": msgspec.to_builtins(found)})

    def _judged(self, records: list[Record], terms: Terms) -> list[Verdict]:
        from mockserver.verdicts.exchange import exchanges
        from mockserver.verdicts.table import verdicts

        hub = self._house.hub()
        return verdicts(exchanges(records, hub.now(), hub.wall(0.0)), terms, self._house.redactor)

    # -- what is under way ----------------------------------------------------------------------------------------

    async def _list_streams(self, call: _Call) -> web.Response:
        return answers.json_response({"streams": self._streams.listed(call.values.get("deck"))})

    async def _get_stream(self, call: _Call) -> web.Response:
        return answers.json_response(self._streams.shown(call.values["n"]))

    async def _do(self, call: _Call) -> web.Response:
        return answers.json_response(self._streams.do(call.operation.id, call.values["n"], call.body))

    async def _metrics(self, _call: _Call) -> web.Response:
        text = metrics.exposition(self._counters())
        return web.Response(text=text, headers={"Content-Type": f"{PROMETHEUS}; charset=utf-8"})

    def _counters(self) -> Iterator[metrics.Metric]:
        house, journal = self._house, self._house.journal
        by_status = [
            ({"provider": provider, "status": str(status)}, count)
            for (provider, status), count in sorted(journal.answered.items())
        ]
        by_end = [({"by": str(by)}, count) for by, count in sorted(journal.ended.items())]
        for name, kind, about, samples in (
            ("tokentape_requests_total", "counter", "Requests that are over, by provider and status.", by_status),
            ("tokentape_ended_total", "counter", "The same, by who ended the answer.", by_end),
            ("tokentape_sent_bytes_total", "counter", "Wire bytes of those answers.", [({}, journal.sent)]),
            ("tokentape_misses_total", "counter", "Requests that no tape answered.", [({}, house.misses.ever)]),
            ("tokentape_streams", "gauge", "Answers that are under way.", [({}, len(journal.live))]),
            ("tokentape_decks", "gauge", "Decks, the main one included.", [({}, len(house.decks))]),
            ("tokentape_decks_expired_total", "counter", "Decks forgotten for idleness.", [({}, house.decks.expired)]),
            ("tokentape_journal_dropped_total", "counter", "Requests the journal let go.", [({}, journal.dropped)]),
        ):
            yield metrics.Metric(name, kind, about, samples)


def _call(operation: Operation, place: Place, asked: Asked) -> _Call:
    """The values of a request's parameters. Under `/~DECK/` a deck that is not named is that one. Raises QueryError."""
    values: dict[str, Any] = operation.query(asked.route.query)
    if asked.route.deck is not None and any(one.name == "deck" for one in operation.parameters):
        values.setdefault("deck", asked.route.deck)
    for parameter in operation.parameters:
        if parameter.place != "path":
            continue
        written = place.written[parameter.name]
        read = parameter.read(written)
        if read is None:
            message = f"{parameter.name}: found {escape(written[:100])!r}, expected {parameter.expected}"
            raise StreamError(404, "tokentape_no_path", message)
        values[parameter.name] = read
    return _Call(operation, values, asked.request.body)


def _no_deck(call: _Call) -> web.Response:
    message = f"there is no deck {call.values['name']}; a deck appears with its first request, or by PUT"
    return answers.refused(404, message, "tokentape_no_deck")


def _made(asked_for: setup.Setup, chooser: Chooser, tls: bool) -> tuple[setup.SetUpTapes, Scenario | None]:
    """What a deck is given. Raises SetupError."""
    own = setup.SetUpTapes(asked_for, chooser)
    mine = own.chooser(chooser.index)
    setup.try_faults(asked_for, mine, tls=tls)
    return own, setup.scenario_of(asked_for, mine, tls=tls)
