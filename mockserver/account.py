"""A record of the journal as JSON: redacted, text where it is text, times in ms. Worked out when somebody asks.

Pure; may run beside the loop's thread. Imports `cassettes` and `journal`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime

from cassettes import dialects
from cassettes.framing import octets
from cassettes.matching import Asked
from cassettes.normalise import decoded
from cassettes.printable import escape
from cassettes.redact import Redactor
from cassettes.secrets import secrets_from_request
from mockserver.journal import BODY_KEPT, Came, Record

_MODEL = re.compile(rb'"model"\s*+:\s*+"([^"\\]{1,200})"')
_SHOWN = 2000


def account(record: Record, redactor: Redactor, wall: float) -> dict[str, object]:
    """`record` as JSON has it. `wall`: what the wall clock (s) shows when the hub's shows 0."""
    came, asked = record.came, record.came.asked
    request, route = asked.request, asked.route
    redactor = redactor.with_secrets(secrets_from_request(request.headers, request.uri))
    player, takeover = record.player, record.takeover
    size = player.bytes_written if player else takeover.size if takeover else record.size
    first, last = (player.first, player.last) if player else (record.first, record.last)
    return {
        "n": record.n,
        "at": datetime.fromtimestamp(wall + record.start, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
        "deck": record.deck or None,
        "method": _clean(request.method),
        "path": _clean(redactor.uri(request.uri)),
        "headers": [[_clean(name), _clean(value)] for name, value in redactor.headers(request.headers)],
        "body": body_of(came),
        "provider": route.provider,
        "dialect": route.dialect,
        "operation": route.operation,
        "model": _model(asked, redactor),
        "key": record.key,
        "attempt": record.attempt,
        "tape": None if record.place is None else _clean(record.place),
        "level": record.level,
        "faults": list(record.faults),
        "seed": record.seed,
        "notes": list(record.notes),
        "status": takeover.code if takeover and not record.status else record.status,
        "bytes": size,
        "of": record.total,
        "first_byte_ms": _since(record.start, first),
        "last_byte_ms": _since(record.start, last),
        "end_ms": _since(record.start, record.end),
        "in_flight": record.in_flight,
        "ending": record.ending,
        "ended_by": record.by,
    }


def body_of(came: Came) -> dict[str, object]:
    """A body as far as it is kept: its size as it came, the digest of it redacted, and its redacted beginning."""
    kept = came.asked.body if came.cut is None else came.cut
    digest = came.asked.digest if came.cut is None else came.digest
    shown = kept[:BODY_KEPT]
    whole = came.cut is None and len(kept) <= BODY_KEPT
    text: str | None = None
    try:
        text = shown.decode()
    except UnicodeDecodeError as error:
        # Cut inside a character, text is still text.
        if not whole and error.start >= len(shown) - 3:
            text = shown[: error.start].decode()
    return {
        "bytes": came.size,
        "sha256": None if digest is None else digest.hex(),
        "text": text,
        "base64": None if text is not None else b64encode(shown).decode(),
        "whole": whole,
    }


def _model(asked: Asked, redactor: Redactor) -> str | None:
    route = asked.route
    if route.operation is None:
        return None
    dialect = dialects.get(route.dialect)
    model = dialect.model(route.path, decoded(asked.body))
    if model is None and (found := _MODEL.search(asked.body)):  # of a body that was cut
        model = found[1].decode("utf-8", "replace")
    return None if model is None else _clean(redactor.text(model))[:_SHOWN]


def _since(start: float, then: float | None) -> float | None:
    return None if then is None else round(max(0.0, then - start) * 1000, 3)


def _clean(text: str) -> str:
    """Text that any JSON parser takes: bytes that are no UTF-8 as U+FFFD, controls written out."""
    return escape(octets(text).decode("utf-8", "replace"))
