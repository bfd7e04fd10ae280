"""An answer as an interaction: spoken by a dialect, timed as the provider's streams are, `source: synthetic`.

Pure: same arguments, same bytes, in any process. Imports `cassettes` and what is beside it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import accumulate
from random import Random
from typing import NamedTuple

from cassettes.dialects import Dialect
from cassettes.dialects.base import payload
from cassettes.dialects.delta import Delta
from cassettes.dialects.speech import Saying, Speech, Unsaid, Voice
from cassettes.model import Ending, Frame, Head, Headers, Interaction, Request, Timeline
from cassettes.provider import Provider
from cassettes.synth.answer import Answer, deltas
from cassettes.synth.heads import head_of
from cassettes.synth.rhythm import Rhythm, drawn, rhythm_of, share_drawn
from cassettes.timeline import from_timeline
from cassettes.timing import AS_RECORDED, Pace, paced

END_GAP = 0.1
"""ms from the last chunk to the end of the body."""


@dataclass(frozen=True)
class Manner:
    """Who answers, in which dialect, and how: `pace` changes the measured times, `seed` decides all chance; `comments`:
    keepalives before the first event, as many as were measured if None."""

    row: Provider
    dialect: Dialect
    pace: Pace = AS_RECORDED
    seed: str = "0"
    comments: int | None = None

    @property
    def rhythm(self) -> Rhythm:
        """The provider's, or the nearest."""
        return rhythm_of(self.row.name, self.dialect.name)

    def voice(self, model: str, answer: Answer, **asked: object) -> Voice:
        """The voice of a stream of this provider; other answers have other ids."""
        said = f"{self.seed}\0{self.row.name}\0{self.dialect.name}\0{model}\0{answer!r}"
        seed = hashlib.sha256(said.encode()).hexdigest()
        fields: Mapping[str, object] = {"quirks": frozenset(self.row.quirks), **asked}
        return replace(Voice(self.row.name, model, seed), **fields)  # type: ignore[arg-type]


class Synthetic(NamedTuple):
    """An interaction that was made, and what of its answer the dialect has no place for."""

    interaction: Interaction
    unsaid: tuple[Unsaid, ...] = ()


def synthetic(request: Request, answer: Answer, voice: Voice, manner: Manner) -> Synthetic:
    """`answer` to `request`. Raises TokentapeError for a dialect that says nothing."""
    rhythm, chance = manner.rhythm, voice.chance("rhythm")
    said = list(deltas(answer, rhythm, voice.chance("cutting")))
    speech = manner.dialect.speak(said, voice)
    comments = round(drawn(rhythm.comments, chance)) if manner.comments is None else manner.comments
    if manner.row.keepalive and comments:
        speech = _with_comments(speech, manner.row.keepalive[0], comments)
    head_at = drawn(rhythm.head_ms, chance)
    head = Head(headers=(*head_of(voice, manner.dialect.stream_type, head_at), *manner.dialect.stream_headers))
    timeline = timed(speech, says_of(speech, said, manner.dialect), head, head_at, rhythm, chance)
    timeline = _paced(timeline, manner, speech, voice.chance("pace"))
    return Synthetic(taped(request, timeline, manner), speech.unsaid)


def failure(request: Request, status: int, message: str, manner: Manner, code: str | None = None) -> Interaction:
    """The error response of that status, as the provider words it."""
    headers, body = manner.row.error(manner.dialect.name, status, message, code)
    whole: Headers = (*headers, ("Content-Length", str(len(body))))
    head_at = drawn(manner.rhythm.head_ms, Random(f"{manner.seed}\0{status}"))
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    timeline = Timeline(
        head=Head(code=status, message=phrase, headers=whole),
        head_at_ms=head_at,
        frames=(Frame(head_at, body),),
        end=Ending(),
        end_at_ms=head_at,
        framing="length",
    )
    return taped(request, timeline, manner)


def taped(request: Request, timeline: Timeline, manner: Manner) -> Interaction:
    """`timeline` as the answer to `request`, on a tape that says that nobody recorded it."""
    stated = {"provider": manner.row.name, "dialect": manner.dialect.name}
    return from_timeline(request, timeline, source="synthetic", pacing="synthetic", **stated)


def timed(speech: Speech, says: Sequence[bool], head: Head, head_at: float, rhythm: Rhythm, chance: Random) -> Timeline:
    """The events of `speech` in chunks, each after a gap of its kind. `says`: which of them hold a piece of it."""
    at, frames = head_at, []
    for number, (data, said) in enumerate(_chunks(speech, says, rhythm, chance)):
        kind = rhythm.first_ms if number == 0 else rhythm.said_ms if said else rhythm.silent_ms
        at += drawn(kind, chance)
        frames.append(Frame(at, data))
    return Timeline(head=head, head_at_ms=head_at, frames=tuple(frames), end=Ending(), end_at_ms=at + END_GAP)


def says_of(speech: Speech, said: Sequence[Delta], dialect: Dialect) -> list[bool]:
    """For each event whether it holds a piece of the answer. Only where several go with one piece are they read."""
    going = Counter(event.said for event in speech.events)
    return [
        _says(said[event.said]) and (going[event.said] == 1 or _says(dialect.delta(payload(event.data))))
        for event in speech.events
    ]


def _says(delta: Delta) -> bool:
    return bool(delta.text or delta.reasoning or delta.refusal or any(part.arguments for part in delta.tools))


def _chunks(speech: Speech, says: Sequence[bool], rhythm: Rhythm, chance: Random) -> Iterator[tuple[bytes, bool]]:
    """The bytes of each chunk, and whether a piece of the answer is in it."""
    held: list[bytes] = []
    said, wanted = False, share_drawn(rhythm.together, chance)
    for event, speaks in zip(speech.events, says, strict=True):
        held.append(event.data)
        said = said or speaks
        if len(held) >= wanted:
            yield b"".join(held), said
            held.clear()
            said, wanted = False, share_drawn(rhythm.together, chance)
    if held:
        yield b"".join(held), said


def _with_comments(speech: Speech, line: str, count: int) -> Speech:
    """Keepalives before the first event."""
    saying = Saying()
    for _ in range(count):
        saying.add(f"{line}\n\n".encode())
    return speech._replace(events=(*saying.speech().events, *speech.events))


def _paced(timeline: Timeline, manner: Manner, speech: Speech, chance: Random) -> Timeline:
    if manner.pace == AS_RECORDED:
        return timeline
    ends = list(accumulate(len(event.data) for event in speech.events))
    return paced(timeline, manner.pace, chance, ends, lambda event: bool(manner.dialect.text(event)))
