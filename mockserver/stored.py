"""Responses by their id, as OpenAI keeps them: polled, streamed on, cancelled, deleted, and what they were asked with.

Any tape that holds the response answers; a deck knows which of them it has made and when. A response of `background:
true` goes on whether or not anyone reads it: until its tape is over it is polled as its last lifecycle event so far
has it, the hub's clock counting from its request at the server's pace (at `--speed max` it is there at once). A tape
that was recorded of such a request answers before all this. Imports `cassettes`, `answers`, `choose`, `decks`, `plan`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from cassettes import dialects, folding
from cassettes.dialects.base import at, payload
from cassettes.dialects.openai_responses import DIALECT, OpenAIResponses
from cassettes.dialects.openai_responses_fold import response_of
from cassettes.dialects.openai_responses_items import input_items
from cassettes.matching import Asked, Entry, Index
from cassettes.normalise import decoded
from cassettes.printable import escape
from cassettes.resume import Rest, after_sequence, events_of
from mockserver import answers
from mockserver.choose import Chooser
from mockserver.decks import Deck, Life
from mockserver.plan import Asking

OPERATIONS = frozenset({"response", "cancel", "delete", "input_items"})
"""The operations of a response that is there."""
MOST = 1000
"""Responses that were made for a request and are kept; the oldest go first."""
_RUNNING = frozenset({"queued", "in_progress"})
_SHOWN = 100


class Held(NamedTuple):
    """A response on a tape: the answer as it was in the end; of a stream its (`sequence_number`, end offset) of each
    event, and (end offset, response) of each lifecycle event."""

    entry: Entry
    body: dict[str, object]
    numbers: tuple[tuple[int, int], ...] = ()
    states: tuple[tuple[int, dict[str, object]], ...] = ()

    @property
    def ended(self) -> bool:
        """Whether the tape has the end of it."""
        return self.body.get("status") not in _RUNNING


class Going(NamedTuple):
    """A stream that goes on: the interaction that is to be played, and how, from where on."""

    entry: Entry
    asking: Asking


class Stored:
    """The responses on the tapes of a chooser. They are read when one is first asked for, all of them."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser
        self._index: Index | None = None
        self._held: dict[str, list[Held]] = {}
        # Those that no tape holds: what was made for a request is known once it was asked for.
        self._made: OrderedDict[str, Entry] = OrderedDict()

    def begun(self, asked: Asked, entry: Entry, deck: Deck, now: float) -> None:
        """A deck has made the response of `entry` at `now` (s, the hub's clock)."""
        detached = b'"background"' in asked.body and at(decoded(asked.body), "background") is True
        deck.lives.begin(entry.place, Life(now, detached))
        if entry.tape not in self._chooser.index.tapes and self._made.setdefault(entry.place, entry) is entry:
            self._index = None
            if len(self._made) > MOST:
                self._made.popitem(last=False)

    def answer(
        self, asked: Asked, asking: Asking, deck: Deck, now: float, *, made_here: bool = False
    ) -> web.Response | Going | None:
        """The answer at `now`; None for an id that no tape has, and with `made_here` for one that the deck did not
        make."""
        route = asked.route
        if route.operation not in OPERATIONS or route.dialect != "openai-responses":
            return None
        segments = route.path.split("/")
        name = unquote(segments[-1] if route.operation in {"response", "delete"} else segments[-2])
        holders = [one for one in self._holders(name) if route.provider in {None, one.entry.provider}]
        life = next((life for one in holders if (life := deck.lives.get(one.entry.place))), None)
        if not holders or (made_here and life is None):
            return None
        if deck.lives.is_deleted(name, life):
            return _refused(404, f"Response with id '{escape(name[:_SHOWN])}' not found.")
        query = dict(parse_qsl(route.query))
        if route.operation == "input_items":
            made = next((one for one in holders if one.entry.operation == "responses"), holders[0])
            return answers.json_response(input_items(decoded(made.entry.body), query))
        if route.operation == "delete":
            deck.lives.delete(name, now)
            return answers.json_response(DIALECT.deleted(name))
        held = next((one for one in reversed(holders) if one.ended), holders[-1])
        if route.operation == "cancel":
            return self._cancelled(_streamed(holders, 0) or held, life, now)
        if query.get("stream") == "true":
            return self._streamed(holders, query.get("starting_after"), asking, life)
        return answers.json_response(self._polled(_streamed(holders, 0) or held, life, now))

    def _holders(self, name: str) -> list[Held]:
        if self._index is not self._chooser.index:
            self._index, self._held = self._chooser.index, {}
            for entry in (*self._index.entries, *self._made.values()):
                for ident, one in _held(entry):
                    self._held.setdefault(ident, []).append(one)
        return self._held.get(name, [])

    def _polled(self, held: Held, life: Life | None, now: float) -> object:
        """The response as it is by now."""
        if life is None or not _detached(held, life) or not held.states:
            return held.body
        place = self._place(held.entry, now if life.cancelled is None else life.cancelled, life)
        past = [state for stop, state in held.states if stop <= place]
        last = past[-1] if past else held.states[0][1]
        if life.cancelled is not None:
            return last | {"background": True, "status": "cancelled"}
        over = place >= len(held.entry.interaction.response.body) or last.get("status") not in _RUNNING
        return held.body if over else last | {"background": True}

    def _cancelled(self, held: Held, life: Life | None, now: float) -> web.Response:
        """Only a response of `background: true` can be cancelled; one that is over is told as it is (OpenAPI,
        cancelResponse)."""
        if not (_detached(held, life) if life else held.body.get("background") is True):
            return _refused(400, "Cannot cancel a synchronous response.")
        if life is not None and life.cancelled is None and at(self._polled(held, life, now), "status") in _RUNNING:
            life.cancelled = now
        return answers.json_response(self._polled(held, life, now))

    def _streamed(
        self, holders: list[Held], after: str | None, asking: Asking, life: Life | None
    ) -> web.Response | Going:
        """The events behind number `after`, all of them if none is given; of a cancelled response those that it had
        by then."""
        number = -1 if after is None else _number(after)
        if number is None:
            said = f"Invalid value for 'starting_after': expected a sequence number, got '{escape(after or '')[:20]}'."
            return _refused(400, said, "starting_after")
        held = _streamed(holders, number)
        if held is None:
            place = holders[0].entry.place
            said = f"{escape(place)} holds this response as one JSON: only what was created with stream=true streams."
            return _refused(400, said, "stream")
        rest = after_sequence(held.numbers, number)
        if life is not None and life.cancelled is not None:
            until = self._place(held.entry, life.cancelled, life)
            ends = [end for _, end in held.numbers if end <= until]
            rest = Rest(min(rest.offset, until := max(ends, default=0)), until=until)
        return Going(held.entry, asking._replace(whole=False, had=None, rest=rest))

    def _place(self, entry: Entry, now: float, life: Life) -> int:
        """How many bytes of the body there are at `now`."""
        timeline = self._chooser.timeline(entry, self._chooser.playing.pace)
        elapsed = (now - life.created) * 1000.0
        offsets = [frame.at_ms for frame in timeline.frames]
        places = list(accumulate((len(frame.data) for frame in timeline.frames), initial=0))
        return places[bisect_left(offsets, elapsed + _ROUNDING)]


_ROUNDING = 1e-6


def _detached(held: Held, life: Life) -> bool:
    return life.detached or held.body.get("background") is True


def _number(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def _streamed(holders: list[Held], number: int) -> Held | None:
    """Of the tapes that have it as a stream the one that begins early enough, and of those the longest."""
    streams = [one for one in holders if one.numbers]
    early = [one for one in streams if one.numbers[0][0] <= number + 1]
    return max(early or streams, key=lambda one: one.numbers[-1][0], default=None)


def _refused(status: int, message: str, param: str | None = None) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": None}
    return answers.json_response({"error": error}, status)


def _held(entry: Entry) -> Iterator[tuple[str, Held]]:
    """The response that a tape holds, with its id."""
    dialect = dialects.get(entry.dialect)
    if not isinstance(dialect, OpenAIResponses):
        return
    response = entry.interaction.response
    events: list[tuple[int, object]] = []
    if folding.is_stream(response):
        events = [(stop, payload(event)) for stop, event in events_of(response)]
    folded = dialect.fold(one for _, one in events) if events else None
    body = folded.body if folded is not None else decoded(response.body)
    name = at(body, "id")
    if isinstance(body, dict) and isinstance(name, str) and body.get("object") == "response":
        yield name, Held(entry, body, tuple(_numbers(events)), tuple(_states(events)))


def _numbers(events: list[tuple[int, object]]) -> Iterator[tuple[int, int]]:
    for stop, event in events:
        number = at(event, "sequence_number")
        if isinstance(number, int) and not isinstance(number, bool):
            yield number, stop


def _states(events: list[tuple[int, object]]) -> Iterator[tuple[int, dict[str, object]]]:
    for stop, event in events:
        if isinstance(state := response_of(event), dict):
            yield stop, state
