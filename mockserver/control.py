"""The control paths under `/_tokentape/`: health, tapes, misses (DESIGN 7). JSON out; who may ask is `guards`.

Reads what the server has, changes nothing but the list of misses. Imports `cassettes` and this package.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from difflib import get_close_matches
from itertools import groupby

from aiohttp import web

from cassettes.events import event_ends, event_kind
from cassettes.matching import Asked, Entry, Index
from cassettes.printable import escape
from cassettes.redact import Redactor
from mockserver import answers
from mockserver.choose import Chooser
from mockserver.guards import Guard
from mockserver.misses import Misses

PATH = "/_tokentape"
LATER = frozenset({"decks", "requests", "streams", "metrics"})
"""Paths of DESIGN 7 that this version does not have."""
READS = "GET, HEAD"


class Control:
    """Answers the control paths of one server."""

    def __init__(self, chooser: Chooser, misses: Misses, redactor: Redactor) -> None:
        self._chooser = chooser
        self._misses = misses
        self._redactor = redactor
        self._tapes: tuple[Index | None, list[dict[str, object]]] = (None, [])
        self._answers: dict[str, tuple[str, Callable[[str], Awaitable[web.Response]]]] = {
            "health": (READS, self._health),
            "tapes": (READS, self._list_tapes),
            "misses": (f"{READS}, DELETE", self._list_misses),
        }

    async def answer(self, asked: Asked, guard: Guard) -> web.Response:
        """The answer to a request whose path begins with PATH."""
        name = asked.route.path.removeprefix(PATH).strip("/")
        method = asked.request.method
        refusal = guard.control(method, asked.request.headers, is_open=name == "health")
        if refusal is not None:
            challenge = (("WWW-Authenticate", "Bearer"),) if refusal.status == 401 else ()
            return answers.refused(refusal.status, refusal.message, refusal.code, challenge)
        if name not in self._answers:
            return answers.refused(404, self._unknown(name), "tokentape_no_path")
        allowed, answer = self._answers[name]
        if method == "OPTIONS":
            return answers.options(allowed)
        if method not in allowed.split(", "):
            return answers.not_allowed(allowed)
        return await answer(method)

    def _unknown(self, name: str) -> str:
        have = ", ".join(f"{PATH}/{one}" for one in self._answers)
        if name.partition("/")[0] in LATER:
            return f"this version has no {PATH}/{name.partition('/')[0]} yet; it has {have}"
        near = get_close_matches(name, self._answers, n=1)
        meant = f"did you mean {PATH}/{near[0]}? " if near else ""
        return f"there is no control path {escape(name[:100])!r}; {meant}there are {have}"

    async def _health(self, _method: str) -> web.Response:
        return answers.json_response({"status": "ok", "tapes": len(self._chooser.index.entries)})

    async def _list_misses(self, method: str) -> web.Response:
        listed = self._misses.listed()
        if method == "DELETE":
            self._misses.clear()
        return answers.json_response(listed)

    async def _list_tapes(self, _method: str) -> web.Response:
        index = self._chooser.index
        if self._tapes[0] is not index:
            # Counting events takes a look at every body: beside the loop, so that live streams keep their time.
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
            "path": self._redactor.text(entry.path),
            "provider": entry.provider,
            "dialect": entry.dialect,
            "status": response.code,
            "events": len(event_ends(response.body, kind)),
            "ending": stream.end.type,
        }
