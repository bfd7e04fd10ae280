"""A taped answer in another grammar: the same pieces at the same time, the same ending.

What an answer holds beside its pieces is found by saying them anew in its own grammar: what is missing there is told.
Pure. May import the dialects, the providers, `folding`, `timeline`, `model` and its siblings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from msgspec.structs import replace

from cassettes import dialects, folding, providers
from cassettes.dialects.base import Dialect, at, json_bytes, payload
from cassettes.dialects.delta import NOTHING, Delta, ToolPart
from cassettes.dialects.speech import CREATED, Speech, Spoken, Voice
from cassettes.model import Ending, Frame, Head, Headers, Interaction, Response, Timeline, TokentapeError, header
from cassettes.normalise import decoded
from cassettes.provider import Provider
from cassettes.timeline import arrivals, to_timeline
from cassettes.transpose import whole
from cassettes.transpose.request import Asked, Wanted
from cassettes.transpose.talk import Json, Losses, text_at

_SIGNED: Final = frozenset(("signature", "thoughtSignature", "encrypted_content"))
"""What the one model wrote for itself: a new one of ours is not that."""
_NEW: Final = frozenset(("id", "created", "created_at", "response_id", "responseId", "object", "type"))
"""What every answer has of its own, or by its grammar."""
_KEPT_HEADERS: Final = frozenset(("date", "retry-after"))
_FRAMING: Final = frozenset(("content-type", "content-length", "transfer-encoding", "connection", "keep-alive"))


class Heard(NamedTuple):
    """The pieces of an answer, none of them empty, and the ms since the last request byte at which each had come."""

    said: list[Delta]
    at_ms: list[float]


def transposed(interaction: Interaction, dialect: str, wanted: Wanted, asked: Asked, losses: Losses) -> Timeline:
    """The answer of `interaction`, which is of `dialect`, in the wanted one. Raises TokentapeError for a body that
    cannot be read."""
    response, timeline = interaction.response, to_timeline(interaction)
    if timeline.head is None:
        return timeline
    if header(response.headers, "content-encoding") not in (None, "identity"):
        raise TokentapeError("the body is compressed, so that nothing in it can be read; record it without")
    lost = [name for name, _ in response.headers if name.lower() not in _FRAMING | _KEPT_HEADERS]
    if lost:
        losses.add(f"response headers: {', '.join(dict.fromkeys(lost))}", "they are the other provider's own")
    if response.stream.trailers:
        losses.add("response trailers", "they are the other provider's own")
    if folding.is_stream(response) and response.code < 400:
        return _stream(interaction, timeline, dialect, wanted, asked, losses)
    return _alone(interaction, timeline, dialect, wanted, asked, losses)


def _stream(
    interaction: Interaction, timeline: Timeline, dialect: str, wanted: Wanted, asked: Asked, losses: Losses
) -> Timeline:
    source, target = dialects.get(dialect), dialects.get(wanted.dialect)
    response = interaction.response
    events = list(folding.events(response))
    payloads = [payload(event) for event in events]
    heard = _heard(events, payloads, source, timeline)
    _keepalives(events, payloads, losses)
    told = source.fold(payloads)
    if told is not None and not any(delta.error for delta in heard.said):
        _unheld(told.body, source, heard.said, interaction, losses)
    speech = target.speak(heard.said, _voice(interaction, wanted, asked))
    for one in speech.unsaid:
        losses.add(f"answer: {one.what}", one.why)
    spoken = speech.events
    if timeline.end.type != "eof" and not any(delta.finish or delta.error for delta in heard.said):
        spoken = _unended(speech, heard.said, target, _voice(interaction, wanted, asked))
    times = heard.at_ms or [timeline.frames[-1].at_ms if timeline.frames else timeline.head_at_ms]
    frames: list[Frame] = []
    for data, said in spoken:
        due = times[min(said, len(times) - 1)]
        if frames and frames[-1].at_ms == due:
            frames[-1] = Frame(due, frames[-1].data + data)
        else:
            frames.append(Frame(due, data))
    kind = target.stream_type
    return _answered(timeline, response.code, kind, tuple(frames), losses)


def _alone(
    interaction: Interaction, timeline: Timeline, dialect: str, wanted: Wanted, asked: Asked, losses: Losses
) -> Timeline:
    """An answer that is one JSON body: an error, or the whole of what a stream would have said."""
    source, target, response = dialects.get(dialect), dialects.get(wanted.dialect), interaction.response
    body = decoded(response.body)
    if not isinstance(body, (dict, list)):  # an error that is told as an event is one all the same
        body = next((value for value in folding.payloads(response) if value is not None), None)
    due = timeline.frames[-1].at_ms if timeline.frames else timeline.head_at_ms
    if response.code >= 400:
        headers, made = _error(response, body, wanted)
        kind = header(headers, "content-type") or "application/json"
        return _answered(timeline, response.code, kind, (Frame(due, made),), losses, headers)
    said = whole.deltas(dialect, body)
    if not said:
        raise TokentapeError(f"the body is neither a stream nor an answer of {dialect}")
    _unheld(body, source, said, interaction, losses)
    speech = target.speak(said, _voice(interaction, wanted, asked))
    for one in speech.unsaid:
        losses.add(f"answer: {one.what}", one.why)
    folded = target.fold(payload(event.data) for event in speech.events)
    made = json_bytes(folded.body if folded is not None else None)
    return _answered(timeline, response.code, "application/json", (Frame(due, made),), losses)


def _error(response: Response, body: object, wanted: Wanted) -> tuple[Headers, bytes]:
    error = at(body, "error")
    words = (error, at(error, "message"), at(body, "message"), at(error, "code"))
    message = next((word for word in words if isinstance(word, str) and word), response.message or "error")
    if wanted.row is not None:
        return wanted.row.error(wanted.dialect, response.code, message)
    return dialects.get(wanted.dialect).error(response.code, message)


def _answered(
    timeline: Timeline, code: int, kind: str, frames: tuple[Frame, ...], losses: Losses, own: Headers = ()
) -> Timeline:
    """`timeline` with these frames. Where bytes were missing at the end, none is: how many they were says nothing."""
    head = timeline.head or Head()
    kept = tuple(pair for pair in head.headers if pair[0].lower() in _KEPT_HEADERS)
    taken = {name.lower() for name, _ in kept}
    beside = tuple(pair for pair in own if pair[0].lower() != "content-type" and pair[0].lower() not in taken)
    headers: Headers = (("content-type", kind), *kept, *beside)
    framing = "close" if head.http == "1.0" else "chunked"
    if framing == "chunked":
        headers += (("transfer-encoding", "chunked"),)
    end = timeline.end
    if end.missing:
        losses.add(f"end.missing {end.missing}", "the chunk that was cut is another now; the ending is the same")
        end = Ending(type=end.type, gap_ms=end.gap_ms, client_left_ms=end.client_left_ms)
    return replace(
        timeline,
        head=replace(head, code=code, headers=headers),
        frames=tuple(frame for frame in frames if frame.data),
        end=end,
        framing=framing,
        trailers=(),
    )


def _heard(events: Sequence[bytes], payloads: Sequence[object], dialect: Dialect, timeline: Timeline) -> Heard:
    """The pieces, each at the time of the frame that brought the last byte of its event."""
    told = zip(map(dialect.delta, payloads), arrivals(timeline, map(len, events)), strict=True)
    pairs = [(delta, at_ms) for delta, at_ms in told if delta != NOTHING]
    return Heard([delta for delta, _ in pairs], [at_ms for _, at_ms in pairs])


def _keepalives(events: Sequence[bytes], payloads: Sequence[object], losses: Losses) -> None:
    quiet = sum(
        1
        for event, value in zip(events, payloads, strict=True)
        if (value is None and b"[DONE]" not in event) or at(value, "type") == "ping"
    )
    if quiet:
        losses.add(f"keepalives: {quiet} events", "comments and pings are the other provider's own")


def _voice(interaction: Interaction, wanted: Wanted, asked: Asked) -> Voice:
    row, stream = wanted.row, interaction.response.stream
    model = wanted.model or text_at(asked.body, "model") or (row.default_model if row else "")
    return Voice(
        provider=row.name if row else "",
        model=model or dialects.get(wanted.dialect).default_model,
        seed=hashlib.sha256(interaction.response.body).hexdigest()[:16],
        created=_epoch(stream.recorded_at),
        quirks=frozenset(row.quirks) if row else frozenset(),
        asked=asked.body,
    )


def _epoch(recorded_at: str | None) -> int:
    try:
        return int(datetime.fromisoformat(recorded_at or "").timestamp())
    except (ValueError, OverflowError):
        return CREATED


def _unended(speech: Speech, said: Sequence[Delta], target: Dialect, voice: Voice) -> tuple[Spoken, ...]:
    """The events of an answer that was cut, without those that only end it: what is said whatever comes after."""
    last = said[-1] if said else NOTHING
    more = Delta("…")
    if last.tools:
        more = Delta(tools=(ToolPart(last.tools[-1].number, arguments=" "),))
    elif last.reasoning:
        more = Delta(reasoning="…")
    longer = target.speak([*said, more], voice).events
    same = 0
    for one, other in zip(speech.events, longer, strict=False):
        if one.data != other.data:
            break
        same += 1
    return speech.events[:same]


def _unheld(told: object, source: Dialect, said: Sequence[Delta], interaction: Interaction, losses: Losses) -> None:
    """Tells what the whole answer `told` holds, and the same pieces said anew in its own grammar do not."""
    row: Provider | None = providers.lookup(interaction.response.stream.provider)
    asked = decoded(interaction.request.body)
    voice = Voice(
        provider=row.name if row is not None else "",
        quirks=frozenset(row.quirks) if row is not None else frozenset(),
        asked=asked if isinstance(asked, dict) else {},
    )
    again = source.fold(payload(event.data) for event in source.speak(said, voice).events)
    for place in _missing(told, again.body if again is not None else None, ""):
        losses.add(f"answer{place}", "it is said in no other grammar")


def _missing(told: object, again: object, place: str) -> Iterator[str]:
    if isinstance(told, dict):
        own: Json = again if isinstance(again, dict) else {}
        for key, value in told.items():
            if value in (None, "", [], {}, 0, False) or key in _NEW:
                continue
            if key not in own or own[key] is None or (key in _SIGNED and own[key] != value):
                yield f"{place}.{key}"
            else:
                yield from _missing(value, own[key], f"{place}.{key}")
    elif isinstance(told, list):
        known = again if isinstance(again, list) else []
        for number, value in enumerate(told):
            if number >= len(known):
                yield f"{place}[{number}]"
            else:
                yield from _missing(value, known[number], f"{place}[{number}]")
