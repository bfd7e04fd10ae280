"""`GET /play/<tape>`: a tape by its name, for an EventSource, which can send neither a body nor a header of its choice.

With the `Last-Event-ID` of one that reconnects it is the rest behind that event; a 204 where nothing is left, which
keeps an EventSource from asking for ever; all of it where no event has that id (WHATWG HTML 9.2).
Finds the interaction and how fast it is to be played; what plays it is the server's, and no deck's place moves.
Imports `cassettes`, `choose` and `answers`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from urllib.parse import parse_qsl, quote, unquote

from aiohttp import web
from msgspec.structs import replace

from cassettes.durations import speed
from cassettes.matching import Asked, Entry
from cassettes.model import TokentapeError, header
from cassettes.printable import escape
from cassettes.resume import LAST_EVENT_ID
from cassettes.timing import Pace
from mockserver import answers
from mockserver.choose import Chooser, Chosen
from mockserver.decks import Deck, Run
from mockserver.faulty import Wanted, breaking
from mockserver.plan import Asking

PATH = "/play"
PARAMETERS = ("n", "speed", "fault")
_SHOWN = 100


class EventSource:
    """The tapes of a chooser by name."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser

    def answer(
        self, asked: Asked, asking: Asking, url: str, wanted: Wanted, deck: Deck, now: float
    ) -> Chosen | web.Response:
        """What to play, or an answer that says why not, or the list of tapes. `deck` counts the attempts; `now`:
        seconds since 1970. Raises FaultError for faults that cannot act."""
        if asked.request.method not in {"GET", "HEAD"}:
            return answers.not_allowed("GET, HEAD")
        name = unquote(asked.route.path.removeprefix(PATH).removeprefix("/"), errors="surrogateescape")
        tapes = self._chooser.index.tapes
        if not name:
            rows = [_row(tape, entries, url) for tape, entries in tapes.items()]
            return answers.json_response({"tapes": rows})
        if name not in tapes:
            return answers.refused(404, _unknown(name, tapes), "tokentape_no_tape")
        return self._chosen(asked, asking, name, wanted, deck, now)

    def _chosen(
        self, asked: Asked, asking: Asking, name: str, wish: Wanted, deck: Deck, now: float
    ) -> Chosen | web.Response:
        entries = self._chooser.index.tapes[name]
        given = parse_qsl(asked.route.query, keep_blank_values=True)
        if (flaw := _flaw([key for key, _ in given])) is not None:
            return answers.refused(400, flaw, "tokentape_bad_query")
        wanted = dict(given)
        if wanted.get("fault"):
            wish = wish.also(wanted["fault"])
        try:
            entry = entries[_number(wanted.get("n") or "1", name, len(entries)) - 1]
            pace = self._pace(wanted.get("speed"))
        except TokentapeError as error:
            return answers.refused(400, str(error), "tokentape_bad_query")
        ident = header(asked.request.headers, LAST_EVENT_ID)
        rest = self._chooser.resuming.after_id(entry, ident) if ident else None
        asking = asking._replace(rest=rest if rest is not None and rest.offset else None)
        attempt = deck.counting.begin(f"play {entry.place}", now)
        deck.counting.end(attempt)
        acting = breaking(wish, attempt, deck.name, self._chooser.playing.seed, now)
        plan, left_out = self._chooser.broken(entry, asking, pace, acting)
        return Chosen(plan, entry, Run((entry,)), acting, left_out)

    def _pace(self, written: str | None) -> Pace | None:
        return replace(self._chooser.playing.pace, speed=speed(written)) if written else None


def _row(tape: str, entries: Sequence[Entry], url: str) -> dict[str, object]:
    place = quote(tape, errors="surrogateescape")
    return {"name": tape, "interactions": len(entries), "url": f"{url}{PATH}/{place}"}


def _unknown(name: str, tapes: Mapping[str, Sequence[Entry]]) -> str:
    near = get_close_matches(name, tapes, n=1, cutoff=0.4)
    meant = f"; did you mean {escape(near[0])}?" if near else f"; GET {PATH} lists them"
    return f"there is no tape {escape(name[:_SHOWN])!r}{meant if tapes else '; no tapes are loaded'}"


def _flaw(names: list[str]) -> str | None:
    expected = ", ".join(PARAMETERS)
    for name in names:
        if name not in PARAMETERS:
            return f"there is no parameter {escape(name[:_SHOWN])!r} of {PATH}; expected {expected}"
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    return f"the parameter {twice} is given twice; expected it once" if twice else None


def _number(written: str, name: str, count: int) -> int:
    number = int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 0
    if 1 <= number <= count:
        return number
    held = "1" if count == 1 else f"1 to {count}"
    raise TokentapeError(f"n={escape(written[:20])} is no interaction of {escape(name)}; expected {held}")
