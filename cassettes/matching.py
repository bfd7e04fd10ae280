"""Which recorded interaction answers a live request: the request key, the levels, the index over a set of tapes.

Pure. The live request is compared after the same redaction and base64 rule that the tape went through (DESIGN 4, 5).
Levels that need normalisation (`normalized`, `conversation`, `last-user`) have their place in `LEVELS` and no rule yet.
Imports `model`, `framing`, `dialects`, `routes`, `redact`, `secrets` and the standard library.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

import msgspec

from cassettes import dialects
from cassettes.framing import octets
from cassettes.model import Interaction, Request
from cassettes.redact import redact_body
from cassettes.routes import Route, same_path, tape_route
from cassettes.secrets import is_secret_parameter

Level = Literal["exact", "key", "route", "order"]
LEVELS: tuple[Level, ...] = ("exact", "key", "route", "order")
NOT_IN_KEY = frozenset({"stream", "continuationToken"})
"""Body fields that do not change what is asked: streamed or not, and Gemini's hops (DESIGN 7; providers.md 6.6)."""


class Asked:
    """A live request: `request.uri` is the raw request target, `route` what it means, `body` what is compared:
    the request's body after redaction and the base64 rule.

    `body` may be given as a function, called when it is first needed: masking takes a while (20 ms for 100 KB of
    code), and a request that no tape can answer need not wait for it on its way upstream.
    """

    __slots__ = ("_body", "_canonical", "request", "route")

    def __init__(self, request: Request, route: Route, body: bytes | Callable[[], bytes]) -> None:
        self.request = request
        self.route = route
        self._body = body
        self._canonical: bytes | None = None

    @property
    def body(self) -> bytes:
        """The body as it is compared and taped."""
        if not isinstance(self._body, bytes):
            self._body = self._body()
        return self._body

    @property
    def canonical(self) -> bytes:
        """Digest of the body as a value (`canonical_body`)."""
        if self._canonical is None:
            self._canonical = _digest(self.body)
        return self._canonical

    @property
    def key(self) -> str:
        """The request key without a deck."""
        return request_key(self.route.dialect, self.route.path, self.body)


class Entry(NamedTuple):
    """One interaction of a loaded tape, with what it is compared by. `number` counts from 1; `place` is
    `<tape>#<n>`, as `x-tokentape` says it."""

    tape: str
    number: int
    interaction: Interaction
    provider: str | None
    dialect: str
    path: str
    query: str
    operation: str | None
    body: bytes
    place: str


def canonical_body(body: bytes) -> bytes:
    """`body` as a value: JSON with sorted keys, without the fields that do not change what is asked."""
    try:
        value = json.loads(body)
        if isinstance(value, dict):
            value = {key: item for key, item in value.items() if key not in NOT_IN_KEY}
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return body


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(canonical_body(body)).digest()


def operation_path(dialect: str, path: str) -> str:
    """`path` with streaming and not streaming made one operation (Gemini names them in the path)."""
    return path.replace(":streamGenerateContent", ":generateContent") if dialect == "gemini" else path


def request_key(dialect: str, path: str, body: bytes, deck: str = "") -> str:
    """64 hex digits: hash of deck, dialect, path and canonical body. `path` is the route's, `body` the redacted one."""
    names = (octets(name) for name in (deck, dialect, operation_path(dialect, path)))
    parts = (*names, canonical_body(body))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def entry_of(tape: str, number: int, interaction: Interaction) -> Entry:
    """The entry of an interaction; provider and dialect that the tape states win over what its URI says."""
    stream, request = interaction.response.stream, interaction.request
    provider, dialect, path = tape_route(request.uri, request.method)
    query = request.uri.partition("?")[2].partition("#")[0]
    stated = stream.provider if stream.provider != "unknown" else provider
    own = stream.dialect if stream.dialect != "raw" else dialect
    operation = dialects.get(own).operation(request.method, path)
    body, place = redact_body(request.body), f"{tape}#{number}"
    return Entry(tape, number, interaction, stated, own, path, query, operation, body, place)


def query_of(query: str) -> tuple[str, ...]:
    """The query's fields without `key` and what else is a secret: they are masked on the tape."""
    return tuple(sorted(part for part in query.split("&") if part and not is_secret_parameter(part.partition("=")[0])))


def _asking(query: str) -> tuple[str, ...]:
    """As `query_of`, and without what says how Gemini streams (providers.md 6)."""
    return tuple(part for part in query_of(query) if not part.startswith("alt="))


class Index:
    """The entries of a set of tapes in tape-name order (bytewise), then number; found by level."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(sorted(entries, key=lambda entry: (octets(entry.tape), entry.number)))
        self.providers = frozenset(entry.provider for entry in self.entries if entry.provider is not None)
        self._by_method: dict[str, list[Entry]] = defaultdict(list)
        self._digests: dict[str, bytes] = {}
        for entry in self.entries:
            self._by_method[entry.interaction.request.method].append(entry)

    def find(self, level: Level, asked: Asked) -> tuple[Entry, ...]:
        """The entries that answer `asked` at `level`, in order."""
        route, rule = asked.route, _RULES[level]
        # The mount of an upstream that is no provider of ours is raw, though its paths may look like a dialect's.
        foreign = route.provider is not None and route.row is None
        found = tuple(
            entry
            for entry in self._by_method.get(asked.request.method, ())
            if _same_provider(route, entry) and (foreign or entry.dialect == route.dialect) and rule(asked, entry)
        )
        return tuple(entry for entry in found if self._same_body(asked, entry)) if level == "key" else found

    def _same_body(self, asked: Asked, entry: Entry) -> bool:
        """Whether both bodies are the same value; that of a tape is worked out once."""
        digest = self._digests.get(entry.place)
        if digest is None:
            digest = self._digests[entry.place] = _digest(entry.body)
        return digest == asked.canonical


def _same_provider(route: Route, entry: Entry) -> bool:
    # A mount names its provider; a bare path is taken for whatever tape speaks its dialect.
    return route.provider is None or entry.provider in {None, route.provider}


def _order(asked: Asked, entry: Entry) -> bool:
    return same_path(entry.path, asked.route)


def _exact(asked: Asked, entry: Entry) -> bool:
    return _order(asked, entry) and query_of(entry.query) == query_of(asked.route.query) and entry.body == asked.body


def _key(asked: Asked, entry: Entry) -> bool:
    route = msgspec.structs.replace(asked.route, path=operation_path(entry.dialect, asked.route.path))
    own = operation_path(entry.dialect, entry.path)
    return same_path(own, route) and _asking(entry.query) == _asking(asked.route.query)


def _route(asked: Asked, entry: Entry) -> bool:
    if asked.route.operation is None:
        return same_path(entry.path, asked.route)
    return entry.operation == asked.route.operation


_RULES: dict[Level, Callable[[Asked, Entry], bool]] = {"exact": _exact, "key": _key, "route": _route, "order": _order}
