"""A request as the journal has it, as a Python value: what came, what answered, how it ended. Redacted.

What a field means is said in `account`, which makes it. Pure. Imports `cassettes.model` and this package.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from cassettes import model
from mockserver.account import account

if TYPE_CHECKING:
    from cassettes.redact import Redactor
    from mockserver.journal import Record


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One request and what became of it. Times are ms since its last byte; None where that did not happen.

    `path` is as it came, deck included; `body` redacted, and all of it only where `whole` (the journal keeps up to 64
    KB). `tape`: the place of the interaction that answered, `openai/hello#1`; None: the server itself, or an upstream.
    `attempt`: which request for the same it was, from 1. `faults`: those that acted; `seed` is theirs. `bytes` of `of`
    have left. `ending`: what became of the connection; `ended_by`: tape, upstream, server, client, shutdown, control or
    fault; None while it is `in_flight`.
    """

    n: int
    at: str
    deck: str | None
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    whole: bool
    provider: str | None
    dialect: str
    operation: str | None
    model: str | None
    key: str | None
    attempt: int | None
    tape: str | None
    level: str | None
    faults: tuple[str, ...]
    seed: int | None
    notes: tuple[str, ...]
    status: int
    bytes: int
    of: int | None
    first_byte_ms: float | None
    last_byte_ms: float | None
    end_ms: float | None
    in_flight: bool
    ending: str
    ended_by: str | None

    @property
    def json(self) -> Any:
        """The body as JSON. Raises ValueError where it is none, or is not kept whole."""
        if not self.whole:
            raise ValueError(f"the body of request {self.n} was longer than the journal keeps: read Seen.body")
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The first value of a request header, whatever its case; None if it is absent."""
        return model.header(self.headers, name)


def seen(record: Record, redactor: Redactor, wall: float) -> Seen:
    """`record` as a value. `wall`: what the wall clock (s) shows when the hub's shows 0."""
    came = record.came
    fields: dict[str, Any] = account(record, redactor, wall)
    fields |= {
        "headers": tuple((name, value) for name, value in fields["headers"]),
        "body": came.asked.body if came.cut is None else came.cut,
        "whole": came.cut is None,
        "faults": tuple(fields["faults"]),
        "notes": tuple(fields["notes"]),
    }
    return Seen(**fields)
