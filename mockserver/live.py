"""Answers that are under way, and what may be done to them: pause, resume, step, drop, inject (DESIGN 7).

Moves players and the hub's deadlines, writes no bytes itself. Imports `journal`, `stops` and the hub.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import TypeVar

import msgspec

from cassettes.model import TokentapeError
from cassettes.printable import escape
from mockserver.hub import Hub
from mockserver.journal import Journal, Record
from mockserver.player import Player
from mockserver.stops import Stops, stops_of

MOST_INJECTED = 64 * 1024
"""Bytes of one injection."""
VERBS = ("pause", "resume", "step", "drop", "inject")


class StreamError(TokentapeError):
    """Something that cannot be done to a stream, with the status and the code that say so."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a verb that needs none."""


class _Injection(msgspec.Struct, forbid_unknown_fields=True):
    """What is put in: one of the two."""

    text: str | None = None
    base64: str | None = None


_Body = TypeVar("_Body", _Nothing, _Injection)


class Streams:
    """The live answers of one server; `hub` is asked for when it runs."""

    def __init__(self, journal: Journal, hub: Callable[[], Hub]) -> None:
        self._journal = journal
        self._hub = hub

    def listed(self, deck: str | None) -> list[dict[str, object]]:
        """All of them, or those of one deck, in the order in which they were asked for. Events are not counted."""
        now = self._hub().now()
        return [_shown(one, now) for one in self._journal.live.values() if deck in {None, one.deck}]

    def shown(self, n: int) -> dict[str, object]:
        """The one that request `n` gets. Raises StreamError."""
        return _counted(self._record(n), self._hub().now())

    def do(self, verb: str, n: int, body: bytes) -> dict[str, object]:
        """Does `verb` to the answer of request `n`; how it stands then. Raises StreamError."""
        data = injected(body) if verb == "inject" else nothing(body)
        record, hub = self._record(n), self._hub()
        if verb == "drop":
            shown = _counted(record, hub.now())
            _drop(record)
            return shown
        player = record.player
        if player is None:
            message = f"stream {n} comes from an upstream; only a tape can be told to {verb}, it can be dropped"
            raise StreamError(409, "tokentape_relayed", message)
        if verb == "pause":
            _pause(player, hub)
        elif verb == "resume":
            _resume(player, hub)
        elif player.clogged():
            raise StreamError(409, "tokentape_not_read", f"the client of stream {n} does not read; wait, or drop it")
        elif verb == "step":
            _step(player, hub, _stops(record, player))
        else:
            _inject(player, _stops(record, player), data)
        return _counted(record, hub.now())

    def _record(self, n: int) -> Record:
        record = self._journal.live.get(n)
        if record is None:
            over = self._journal.get(n)
            what = "is over" if over is not None else "is not known"
            raise StreamError(404, "tokentape_no_stream", f"stream {n} {what}; GET /_tokentape/streams lists them")
        return record


def _pause(player: Player, hub: Hub) -> None:
    if not player.paused:
        player.pause(hub.now())
        hub.forget(player)


def _resume(player: Player, hub: Hub) -> None:
    if player.paused:
        hub.add(player.resume(hub.now()), player)


def _step(player: Player, hub: Hub, stops: Stops) -> None:
    """Past the last byte a step is the ending."""
    _pause(player, hub)
    over = player.place >= len(player.plan.wire)
    player.step(hub.now(), stops.after(player.place))
    if over:
        _resume(player, hub)


def _inject(player: Player, stops: Stops, data: bytes) -> None:
    framed = stops.injected(player.place, data)
    if isinstance(framed, str):
        raise StreamError(409, "tokentape_no_room", f"nothing can be put in here: {framed}")
    player.inject(framed)


def _drop(record: Record) -> None:
    record.by = "control"
    if record.player is not None:
        record.player.drop()
    elif record.takeover is not None:
        record.takeover.connection.reset()


def _stops(record: Record, player: Player) -> Stops:
    if record.stops is None:
        record.stops = stops_of(player.plan, record.came.asked.request.method)
    return record.stops


def _shown(record: Record, now: float) -> dict[str, object]:
    player, takeover = record.player, record.takeover
    due = player.due_in(now) if player else None
    size = player.bytes_written if player else takeover.size if takeover else record.size
    return {
        "n": record.n,
        "deck": record.deck or None,
        "tape": None if record.place is None else escape(record.place),
        "kind": "played" if player else "relayed",
        "paused": player is not None and player.paused,
        "bytes": size,
        "of": record.total,
        "next_ms": None if due is None else round(due * 1000, 3),
        "events": None,
        "of_events": None,
    }


def _counted(record: Record, now: float) -> dict[str, object]:
    shown, player = _shown(record, now), record.player
    if player is not None:
        stops = _stops(record, player)
        shown |= {"events": stops.passed(player.place), "of_events": stops.events}
    return shown


def nothing(body: bytes) -> bytes:
    """The body of a verb that needs none: empty, or an empty object. Raises StreamError."""
    _decode(body or b"{}", _Nothing)
    return b""


def injected(body: bytes) -> bytes:
    """The bytes that an injection asks for. Raises StreamError."""
    given = _decode(body, _Injection)
    if (given.text is None) == (given.base64 is None):
        raise StreamError(422, "tokentape_bad_injection", "expected either text or base64")
    try:
        data = given.text.encode() if given.text is not None else b64decode(given.base64 or "", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError) as error:
        message = f"{'base64' if given.text is None else 'text'}: {escape(str(error)[:100])}"
        raise StreamError(422, "tokentape_bad_injection", message) from None
    if not 0 < len(data) <= MOST_INJECTED:
        message = f"found {len(data)} bytes, expected 1 to {MOST_INJECTED}"
        raise StreamError(422, "tokentape_bad_injection", message)
    return data


def _decode(body: bytes, kind: type[_Body]) -> _Body:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise StreamError(422, "tokentape_bad_injection", escape(str(error)[:200])) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise StreamError(400, "tokentape_bad_json", f"the body is no JSON: {escape(str(error)[:100])}") from None
