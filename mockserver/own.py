"""Requests for the server itself: front page, control paths, tapes by name.

Tells them apart and hands each to its module. Imports `cassettes` and this package; `app` plays what comes back.
"""

from __future__ import annotations

from aiohttp import web

from cassettes.matching import Asked
from mockserver import answers, control, eventsource
from mockserver.choose import Chooser, Chosen
from mockserver.decks import Deck
from mockserver.faulty import HEADER, Wanted
from mockserver.guards import Guard
from mockserver.plan import Asking

FRONT = "/"


def is_own(asked: Asked) -> bool:
    """Whether a request is not for a tape but for the server itself."""
    route = asked.route
    if route.provider is not None:
        return False
    if route.path == FRONT:
        return asked.request.method in {"GET", "HEAD"}
    return _is_under(control.PATH, route.path) or _is_under(eventsource.PATH, route.path)


def _is_under(place: str, path: str) -> bool:
    return path == place or path.startswith(place + "/")


class Own:
    """What one server answers itself. `opened` tells where it listens."""

    def __init__(self, house: control.House) -> None:
        self._control = control.Control(house)

    async def answer(
        self,
        asked: Asked,
        asking: Asking,
        url: str,
        guard: Guard,
        chooser: Chooser,
        wanted: Wanted,
        deck: Deck,
        now: float,
    ) -> Chosen | web.Response:
        """The answer to a request that `is_own`; a Chosen, of `chooser`, is to be played and moves no deck's place.
        `deck` counts its attempts; `now`: seconds since 1970. Raises FaultError for faults that cannot act on it."""
        route = asked.route
        if _is_under(eventsource.PATH, route.path):
            return eventsource.EventSource(chooser).answer(asked, asking, url, wanted, deck, now)
        if wanted.own:
            return answers.no_faults(route, f"this path is the server's own; drop the /!… segment or {HEADER}")
        if route.path == FRONT:
            return web.Response(text=answers.front_page(url, chooser.index))
        return await self._control.answer(asked, guard)


def is_journalled(asked: Asked) -> bool:
    """Whether an own request goes into the journal: it wanted a stream. Looking at the server changes no journal."""
    return not (asked.route.path == FRONT or _is_under(control.PATH, asked.route.path))
