"""A draft: what a foreign recording says of one interaction, and how that becomes an interaction of a tape.

The importers of this package only read their format and fill drafts; everything that is the same for all of them
(codings, framing, pace, guesses) happens here. May import `cassettes.model`, `events` and its siblings.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Literal

import msgspec

from cassettes.convert import coding, guess, pace
from cassettes.events import event_kind
from cassettes.model import (
    Cassette,
    CassetteError,
    Chunk,
    Ending,
    EventKind,
    Framing,
    Headers,
    Interaction,
    Request,
    Response,
    Stream,
    header,
)
from cassettes.printable import count

UNKNOWN_URI = "https://unknown.invalid/"
"""The URL of a request that a recording does not tell: no host can ever have that name (RFC 2606)."""


_MAX_CODINGS = 3  # every one of them is a pass over the body


class Draft(msgspec.Struct, kw_only=True):
    """One interaction as the recording has it.

    `pieces` are the body's chunks where `bounded`, else any split of it. `gaps_ms` has one gap a piece, or is None
    where the recording kept no time. `reparsed`: the recorder kept a JSON value, not the bytes. `lost` says why this
    exchange cannot be an interaction.
    """

    place: str
    method: str = "POST"
    uri: str = UNKNOWN_URI
    request_headers: Headers = ()
    request_body: bytes = b""
    code: int = 200
    message: str | None = None
    headers: Headers = ()
    pieces: list[bytes] = []
    bounded: bool = False
    gaps_ms: list[float] | None = None
    headers_ms: float = 0.0
    recorded_at: str | None = None
    http: Literal["1.0", "1.1"] = "1.1"
    trailers: Headers = ()
    reparsed: bool = False
    lost: str | None = None


def cassette(drafts: Iterable[Draft]) -> Cassette:
    """The drafts as a cassette, in their order. `notes` says what the tape cannot know from its recording.

    Raises CassetteError for a body that cannot be decoded; decoded bodies share one budget of 64 MB.
    """
    interactions: list[Interaction] = []
    notes: list[str] = []
    room = coding.MAX_BYTES
    synthetic = 0
    for draft in drafts:
        if draft.lost:
            notes.append(f"{draft.place}: left out: {draft.lost}")
            continue
        made, inflated = _interaction(draft, notes, room)
        room -= inflated
        synthetic += made.response.stream.pacing == "synthetic"
        interactions.append(made)
    if synthetic:
        pace_of = f"one event (or recorded chunk) each {pace.SYNTHETIC_GAP_MS:g} ms"
        notes.append(f"no recorded time on {synthetic} of {count(len(interactions), 'interaction')}: {pace_of}")
    return Cassette(interactions=tuple(interactions), notes=tuple(notes))


def interaction(draft: Draft) -> Interaction:
    """One draft as an interaction, its notes dropped."""
    return _interaction(draft, [], coding.MAX_BYTES)[0]


def _interaction(draft: Draft, notes: list[str], room: int) -> tuple[Interaction, int]:
    headers, pieces, inflated = _identity(draft, notes, room)
    body = b"".join(pieces)
    if draft.reparsed:
        notes.append(f"{draft.place}: the recording has the response body as a parsed value; its spelling is ours")
    headers, framing = _framed(draft, headers, body)
    if body and header(headers, "content-type") is None:
        headers = (*headers, ("content-type", guess.media_type(body)))
    events: EventKind | None = None
    if event_kind(headers, draft.code, body) == "none" and guess.is_sse(body) and not _codings(headers):
        events = "sse"  # the header is wrong or was rewritten; the bytes are not
    chunks, end_gap, timed = _chunks(draft, pieces, body, event_kind(headers, draft.code, body, events), notes)
    provider, dialect = guess.guess(draft.method.upper(), draft.uri, body)
    stream = Stream(
        provider=provider,
        dialect=dialect,
        source="imported",
        pacing="recorded" if timed else "synthetic",
        recorded_at=draft.recorded_at,
        http=draft.http,
        framing=framing,
        headers_ms=round(draft.headers_ms, 1),
        chunks=chunks,
        end=Ending(gap_ms=end_gap),
        trailers=draft.trailers if framing == "chunked" else (),
        events=events,
    )
    request = Request(draft.method.upper(), draft.uri, draft.request_headers, draft.request_body)
    response = Response(draft.code, _reason(draft), headers, body, stream)
    return Interaction(request, response), inflated


def _identity(draft: Draft, notes: list[str], room: int) -> tuple[Headers, list[bytes], int]:
    """Headers and pieces with the content codings undone, and the number of bytes that decoding made."""
    pieces = draft.pieces
    codings = _codings(draft.headers)
    if not codings and b"".join(pieces[:2])[:2] == b"\x1f\x8b":
        codings = ["gzip"]  # the header was filtered out of the recording, the bytes were not
    if len(codings) > _MAX_CODINGS:
        raise CassetteError(f"{len(codings)} content codings upon each other", draft.place)
    inflated = 0
    while codings:
        try:
            decoded = coding.undo(pieces, codings[-1], draft.place, room - inflated)
        except coding.Unreadable:
            notes.append(f"{draft.place}: the body stays {codings[-1]}-coded: nothing installed here reads that")
            break
        if decoded is not None:
            pieces = decoded
            inflated += sum(map(len, decoded))
        codings.pop()
    headers = tuple(pair for pair in draft.headers if pair[0].lower() != "content-encoding")
    if codings:
        headers = (*headers, ("content-encoding", ", ".join(codings)))
    return headers, pieces, inflated


def _codings(headers: Headers) -> list[str]:
    """The codings of a body in the order they were applied (RFC 9110 8.4), identity left out."""
    lines = ",".join(value for name, value in headers if name.lower() == "content-encoding")
    names = (one.strip().lower().removeprefix("x-") for one in lines.split(","))
    return [name for name in names if name not in ("", "identity")]


def _framed(draft: Draft, headers: Headers, body: bytes) -> tuple[Headers, Framing]:
    """The framing that the headers tell, and the headers without a Content-Length that is not this body's."""
    bodyless = draft.method.upper() == "HEAD" or draft.code in (204, 304)
    chunked = header(headers, "transfer-encoding") is not None
    stated = header(headers, "content-length")
    if bodyless or (stated == str(len(body)) and not chunked):
        return headers, "length"
    # RFC 9112 6.2 forbids both headers at once; a length from before decoding or rewriting would cut the body off.
    kept = tuple(pair for pair in headers if pair[0].lower() != "content-length")
    return kept, "close" if draft.http == "1.0" else "chunked"


def _chunks(
    draft: Draft, pieces: list[bytes], body: bytes, kind: EventKind, notes: list[str]
) -> tuple[tuple[Chunk, ...], float, bool]:
    if draft.gaps_ms is not None and len(draft.gaps_ms) == len(pieces):
        return *pace.timed(pieces, draft.gaps_ms), True
    if draft.gaps_ms is not None:
        notes.append(f"{draft.place}: {len(draft.gaps_ms)} timings for {len(pieces)} chunks: the timings are left out")
    if draft.bounded:
        return pace.bounded(pieces), 0.0, False
    return pace.paced(body, kind), 0.0, False


def _reason(draft: Draft) -> str:
    """The reason phrase, the standard one where the recording has none."""
    if draft.message is not None:
        return draft.message
    try:
        return HTTPStatus(draft.code).phrase
    except ValueError:
        return ""


def absolute(uri: str, place: str) -> str:
    """`uri` as an absolute URL; a bare path gets the host that means unknown. CassetteError for blanks and controls."""
    if any(ord(char) <= 0x20 or ord(char) == 0x7F for char in uri):
        raise CassetteError(f"a URL with blanks or control characters: {uri[:80]!r}", place)
    if not uri:
        return UNKNOWN_URI
    return uri if "://" in uri else UNKNOWN_URI + uri.lstrip("/")
