"""Gemini's continuation tokens (providers.md 6.6): which interaction answers a hop, and one stream made into two.

A hop is one request of a stream that the SDK puts together of several: each but the first has in its body the token
that the one before it was sent last. Pure. Imports `dialects`, `events`, `folding`, `framing`, `matching`, `model`,
`resume` and the standard library.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, Literal

from msgspec.structs import replace

from cassettes.dialects.base import at, json_bytes, payload
from cassettes.events import event_ends, event_kind
from cassettes.folding import is_stream
from cassettes.matching import Entry
from cassettes.model import Ending, Frame, Interaction, Response, Timeline, TokentapeError
from cassettes.normalise import decoded
from cassettes.resume import Had, Rest, after_event, rest_after
from cassettes.timeline import from_timeline, to_timeline

FIELD: Final = "continuationToken"
_MADE: Final = b"tokentape: go on after event "
_MOST_DIGITS: Final = 9

HopEnd = Literal["cut", "CONTINUATION"]
"""How a hop ends that is not the last: FIN inside the framing, or cleanly with that finishReason in its last event."""


def plain(token: str) -> str:
    """A token in one spelling: an SDK decodes it and may write it back in the other alphabet of base64."""
    return token.replace("-", "+").replace("_", "/").rstrip("=")


def token_of(body: bytes) -> str | None:
    """The token in a request's body; None if it has none."""
    if FIELD.encode() not in body:
        return None
    token = at(decoded(body), FIELD)
    return plain(token) if isinstance(token, str) and token else None


def tokens_sent(response: Response) -> list[tuple[str, int]]:
    """(token, number of events up to and with it) of an answer, in order; of a whole JSON answer the number is 0."""
    if FIELD.encode() not in response.body:
        return []
    if not is_stream(response):
        token = at(decoded(response.body), "candidates", 0, FIELD)
        return [(plain(token), 0)] if isinstance(token, str) and token else []
    return list(_streamed(response))


def _streamed(response: Response) -> Iterator[tuple[str, int]]:
    body = response.body
    ends = event_ends(body, event_kind(response.headers, response.code, body, response.stream.events))
    for number, (start, stop) in enumerate(pairwise((0, *ends)), start=1):
        token = at(payload(body[start:stop]), "candidates", 0, FIELD)
        if isinstance(token, str) and token:
            yield plain(token), number


def answering(token: str | None, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Those of the candidates that can answer a request with that token, which are equal but for it.

    A request without one begins: no hop answers it if there is anything else. One with a token gets what was recorded
    for it; else the interaction behind the one that was sent it last; else that which was sent it on the way, of which
    `rest` is played; a token that no tape knows gets the hops in their order, nothing if there are only beginnings.
    """
    first = tuple(entry for entry in entries if token_of(entry.body) is None)
    if token is None:
        return first or entries
    if known := tuple(entry for entry in entries if token_of(entry.body) == token):
        return known
    for number, entry in enumerate(entries):
        sent = [one for one, _ in tokens_sent(entry.interaction.response)]
        if token in sent:
            after = entries[number + 1] if number + 1 < len(entries) else None
            goes_on = after is not None and after.tape == entry.tape and token_of(after.body) is not None
            if after is not None and goes_on and sent[-1] == token:
                return (after,)
            return first if entry in first else (entry,)
    if event_of(token) is not None:
        return first
    return tuple(entry for entry in entries if token_of(entry.body) is not None)


def rest(token: str, entry: Entry) -> Rest | None:
    """Where an interaction goes on for a request with that token: at its start if it is a hop of its own. None if it
    knows nothing of the token."""
    own, response = token_of(entry.body), entry.interaction.response
    if own == token:
        return Rest(0)
    # A token of ours counts the events of a whole stream, not those of a hop.
    made = event_of(token) if own is None else None
    number = next((events for one, events in tokens_sent(response) if one == token), made)
    return None if number is None else after_event(response, number)


def had(body: bytes) -> Had | None:
    """What a request with that body says to have had."""
    token = token_of(body)
    return None if token is None else Had("token", token)


# -- hops that no provider made ---------------------------------------------------------------------------------------


def made_token(number: int) -> str:
    """A token of our own for a client that had `number` events: the same every time, and it says so itself."""
    return base64.b64encode(b"%b%d" % (_MADE, number)).decode()


def event_of(token: str) -> int | None:
    """The number of events that a token of our own stands for; None for any other."""
    text = plain(token)
    try:
        said = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    digits = said.removeprefix(_MADE)
    return int(digits) if digits != said and digits.isdigit() and len(digits) <= _MOST_DIGITS else None


def forced(timeline: Timeline, response: Response, number: int, end: HopEnd = "cut") -> Timeline:
    """The first hop of a stream that is broken behind its event `number` (from 1), which is given a token of ours.

    `timeline` is that of `response`, its time perhaps edited. The event is written anew and its chunk ends with it;
    nothing before it changes. `cut` comes with it, and so does the clean end after `CONTINUATION`. What is left of the
    stream is `resume.rest_after(timeline, …)` at the same event. Raises TokentapeError where there is no such event, or
    none that can hold a token.
    """
    body = response.body
    ends = (0, *event_ends(body, event_kind(response.headers, response.code, body, response.stream.events)))
    if not 1 <= number < len(ends) - 1:
        most = max(0, len(ends) - 2)
        raise TokentapeError(
            f"event {number} is no place for a hop to end; expected 1 to {most}: one must be behind it"
        )
    start, stop = ends[number - 1], ends[number]
    written = _with_token(body[start:stop], number, end)
    frames: list[Frame] = []
    place = 0
    for frame in timeline.frames:
        before, place = place, place + len(frame.data)
        kept = frame.data[: max(0, start - before)]
        if place >= stop:
            frames.append(Frame(frame.at_ms, kept + written))
            break
        if kept:
            frames.append(frame._replace(data=kept, more=frame.more and len(kept) == len(frame.data)))
    # Of a body with a length the cut must leave something to come, else it is whole.
    missing = len(body) - stop if end == "cut" and timeline.framing == "length" else 0
    ending = Ending(type="cut" if end == "cut" else "eof", missing=missing)
    return replace(timeline, frames=tuple(frames), end=ending, end_at_ms=frames[-1].at_ms, trailers=())


def split(interaction: Interaction, number: int, end: HopEnd = "cut") -> tuple[Interaction, Interaction]:
    """One Gemini stream as two hops on a tape, the first broken behind its event `number`: see `forced`. Both are
    `edited`. Raises TokentapeError as that does, and for a request whose body is no JSON object."""
    request, response = interaction.request, interaction.response
    asked = decoded(request.body)
    if not isinstance(asked, dict):
        raise TokentapeError("a request whose body is no JSON object cannot ask for a hop; expected Gemini's")
    timeline = to_timeline(interaction)
    first = forced(timeline, response, number, end)
    place = after_event(response, number)
    second = rest_after(timeline, place.offset if place else 0)
    stream = response.stream
    kept = {name: getattr(stream, name) for name in ("v", "provider", "dialect", "pacing", "recorded_at", "events")}
    again = replace(request, body=json_bytes({**asked, FIELD: made_token(number)}))
    return (
        from_timeline(request, first, source="edited", **kept),
        from_timeline(again, second, source="edited", **kept),
    )


def _with_token(event: bytes, number: int, end: HopEnd) -> bytes:
    """The event with a token in its first candidate: its one `data:` line is written anew, line ends and all else
    stay."""
    value = payload(event)
    candidates = at(value, "candidates")
    first = at(value, "candidates", 0)
    lines = [line for line in event.splitlines() if line.startswith(b"data:")]
    if not (isinstance(value, dict) and isinstance(candidates, list) and isinstance(first, dict) and len(lines) == 1):
        raise TokentapeError(f"event {number} has no candidate on one data line, which could hold a {FIELD}")
    more = {FIELD: made_token(number)} | ({"finishReason": end} if end == "CONTINUATION" else {})
    plainer = {key: held for key, held in first.items() if key != "finishReason"}
    changed = {**value, "candidates": [{**plainer, **more}, *candidates[1:]]}
    return event.replace(lines[0], b"data: " + json_bytes(changed), 1)
