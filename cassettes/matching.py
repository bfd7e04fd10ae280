"""Which recorded interaction answers a live request: the levels, and the index over a set of tapes.

Pure. The live request is compared after the same redaction and base64 rule that the tape went through (DESIGN 4, 5);
what it is like at a level is `likeness`. Imports `model`, `framing`, `dialects`, `routes`, `likeness`, `normalise`,
`redact`, `secrets` and the standard library.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

import msgspec

from cassettes import dialects
from cassettes.framing import octets, text
from cassettes.likeness import Likeness, operation_path, request_key
from cassettes.model import Interaction, Request, header
from cassettes.normalise import NO_RULES, Rules, decoded
from cassettes.redact import redact_body
from cassettes.routes import Route, same_path, tape_route
from cassettes.secrets import is_secret_parameter

__all__ = [
    "LADDER",
    "LEVELS",
    "Asked",
    "Entry",
    "Index",
    "Level",
    "entry_of",
    "operation_path",
    "query_of",
    "request_key",
]

Level = Literal["exact", "normalized", "conversation", "last-user", "route", "order", "key"]
LADDER: tuple[Level, ...] = ("exact", "normalized", "conversation", "last-user", "route")
"""The levels of `--match`, tried in this order up to the named one."""
LEVELS: tuple[Level, ...] = (*LADDER, "order", "key")
"""All of them: `order` stands beside the ladder, `key` is the recorder's."""


class Asked:
    """A live request: `request.uri` is the raw request target, `route` what it means, `body` what is compared:
    the request's body after redaction and the base64 rule.

    `body` may be given as a function, called when it is first needed: masking takes a while (20 ms for 100 KB of
    code), and a request that no tape can answer need not wait for it on its way upstream. `inflated`: `body` is without
    the content coding that the request came in.
    """

    __slots__ = ("_body", "_digest", "_likeness", "_rules", "inflated", "request", "route")

    def __init__(
        self, request: Request, route: Route, body: bytes | Callable[[], bytes], *, inflated: bool = False
    ) -> None:
        self.request = request
        self.inflated = inflated
        self.route = route
        self._body = body
        self._digest: bytes | None = None
        self._likeness: Likeness | None = None
        self._rules = NO_RULES

    @property
    def body(self) -> bytes:
        """The body as it is compared and taped."""
        if not isinstance(self._body, bytes):
            self._body = self._body()
        return self._body

    @property
    def settled(self) -> bool:
        """Whether `body` was worked out already."""
        return isinstance(self._body, bytes)

    @property
    def digest(self) -> bytes:
        """SHA-256 of `body`; worked out once."""
        if self._digest is None:
            self._digest = hashlib.sha256(self.body).digest()
        return self._digest

    def likeness(self, rules: Rules = NO_RULES) -> Likeness:
        """What it is compared by under `rules`; worked out once for the rules of one index."""
        if self._likeness is None or self._rules is not rules:
            route = self.route
            self._likeness = Likeness(route.dialect, route.path, route.query, lambda: self.body, rules)
            self._rules = rules
        return self._likeness

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
    likeness: Likeness

    @property
    def streams(self) -> bool:
        """Whether a stream was asked for; of a tape that does not know its request, whether one came."""
        kind = header(self.interaction.response.headers, "content-type") or ""
        return kind.lower().startswith("text/event-stream") or self.likeness.streams


def entry_of(tape: str, number: int, interaction: Interaction, rules: Rules = NO_RULES) -> Entry:
    """The entry of an interaction; provider and dialect that the tape states win over what its URI says."""
    stream, request = interaction.response.stream, interaction.request
    provider, dialect, path = tape_route(request.uri, request.method)
    query = request.uri.partition("?")[2].partition("#")[0]
    stated = stream.provider if stream.provider != "unknown" else provider
    own = stream.dialect if stream.dialect != "raw" else dialect
    operation = dialects.get(own).operation(request.method, path)
    body, place = redact_body(request.body), f"{tape}#{number}"
    likeness = Likeness(own, path, query, lambda: body, rules)
    return Entry(tape, number, interaction, stated, own, path, query, operation, body, place, likeness)


def query_of(query: str) -> tuple[str, ...]:
    """The query's fields without `key` and what else is a secret: they are masked on the tape."""
    return tuple(sorted(part for part in query.split("&") if part and not is_secret_parameter(part.partition("=")[0])))


def _asking(query: str) -> tuple[str, ...]:
    """As `query_of`, and without what says how Gemini streams (providers.md 6)."""
    return tuple(part for part in query_of(query) if not part.startswith("alt="))


_MODEL = re.compile(rb'"model"\s*+:\s*+"((?:[^"\\]|\\.)*+)"')

Group = tuple[str, ...]
"""Entries that a request can be looked for among: of one method and last segment of the path, or one operation."""


class Index:
    """The entries of a set of tapes in tape-name order (bytewise), then number; found by level.

    `rules` are those that the entries were made with. A level's digests are worked out for a group of entries when it
    is first looked for; from then on a request costs look-ups. `tapes` are the entries by tape.
    """

    def __init__(self, entries: Iterable[Entry], rules: Rules = NO_RULES) -> None:
        self.entries = tuple(sorted(entries, key=lambda entry: (octets(entry.tape), entry.number)))
        self.rules = rules
        self.providers = frozenset(entry.provider for entry in self.entries if entry.provider is not None)
        self.tapes: dict[str, list[Entry]] = defaultdict(list)
        self._groups: dict[Group, list[Entry]] = defaultdict(list)
        self._tables: dict[tuple[str, Group], dict[bytes, list[Entry]]] = {}
        for entry in self.entries:
            self.tapes[entry.tape].append(entry)
            method = entry.interaction.request.method
            self._groups[(method,)].append(entry)
            self._groups[method, _tail(entry.path)].append(entry)
            if entry.operation is not None:
                self._groups[method, entry.dialect, entry.operation].append(entry)

    def find(self, level: Level, asked: Asked) -> tuple[Entry, ...]:
        """The entries that answer `asked` at `level`, in order. Of streamed and whole answers those that are asked for,
        if there are any; where no mount says whose, those of whom the request is likely meant for, else of whose
        grammar it is (providers.md 9.3): OpenAI's tapes and xAI's never take turns on a bare path."""
        found = _FINDERS[level](self, asked)
        if found and level == "exact" and found[0].dialect == asked.route.dialect:
            # A body that is the tape's own is not read anew: that takes half a millisecond of the first byte's time.
            asked.likeness(self.rules).is_that_of(found[0].likeness)
        if level == "order" or len(found) < 2:
            return found
        found = _likely(asked.route, found) or found
        if level == "exact":
            return found
        streams = asked.likeness(self.rules).streams
        return tuple(entry for entry in found if entry.streams == streams) or found

    def named(self, asked: Asked) -> tuple[Entry, ...]:
        """The interactions of the tape that the request names as its model: lists of models have the tapes in them
        (DESIGN 6), and a client that chooses one there has no other way to say so."""
        route, dialect = asked.route, dialects.get(asked.route.dialect)
        if route.operation is None:
            return ()
        hints = {dialect.model(route.path, None), *map(text, _MODEL.findall(asked.body))}
        if hints.isdisjoint(self.tapes):
            return ()  # the body is read only where the name of a tape is in it
        named = self.tapes.get(dialect.model(route.path, decoded(asked.body)) or "", ())
        return _fitting(asked, named, lambda _, entry: entry.operation == route.operation)

    def alike(self, asked: Asked) -> tuple[Entry, ...]:
        """The entries with the dialect and operation of `asked`, whosever they are."""
        return tuple(self._groups.get(self.by_operation(asked), ())) if asked.route.operation else ()

    def by_path(self, asked: Asked) -> Group:
        """The group of the entries that can have the path."""
        method, path = asked.request.method, asked.route.path
        return (method, _tail(path)) if "/" in path else (method,)

    def by_operation(self, asked: Asked) -> Group:
        """The group of the entries with the operation; that of the path where no grammar knows it."""
        route = asked.route
        if route.operation is None:
            return self.by_path(asked)
        return asked.request.method, route.dialect, route.operation

    def among(self, group: Group, asked: Asked, rule: Callable[[Asked, Entry], bool]) -> tuple[Entry, ...]:
        """The entries of a group that fit the request's provider, dialect, and `rule`."""
        return _fitting(asked, self._groups.get(group, ()), rule)

    def equal(
        self,
        what: str,
        group: Group,
        asked: Asked,
        value: bytes | None,
        rule: Callable[[Asked, Entry], bool],
    ) -> tuple[Entry, ...]:
        """As `among`, only those whose `what` (a key of `_COMPARED`) is `value`; none for None."""
        if value is None or group not in self._groups:
            return ()
        table = self._tables.get((what, group))
        if table is None:
            table = self._tables[what, group] = defaultdict(list)
            for entry in self._groups[group]:
                if (own := _COMPARED[what](entry)) is not None:
                    table[own].append(entry)
        return _fitting(asked, table.get(value, ()), rule)


_COMPARED: dict[str, Callable[[Entry], bytes | None]] = {
    "body": lambda entry: entry.body,
    "strict": lambda entry: entry.likeness.digests.strict,
    "loose": lambda entry: entry.likeness.digests.loose,
    "conversation": lambda entry: entry.likeness.digests.conversation,
    "last-user": lambda entry: entry.likeness.digests.last_user,
}


def _tail(path: str) -> str:
    """The last segment of a path; both operations of Gemini have the same."""
    return operation_path("gemini", path).rpartition("/")[2]


def _fitting(asked: Asked, entries: Iterable[Entry], rule: Callable[[Asked, Entry], bool]) -> tuple[Entry, ...]:
    route = asked.route
    # The mount of an upstream that is no provider of ours is raw, though its paths may look like a dialect's.
    foreign = route.provider is not None and route.row is None
    return tuple(
        entry
        for entry in entries
        if _same_provider(route, entry) and (foreign or entry.dialect == route.dialect) and rule(asked, entry)
    )


def _same_provider(route: Route, entry: Entry) -> bool:
    # A mount names its provider; a bare path is taken for whatever tape speaks its dialect.
    return route.provider is None or entry.provider in {None, route.provider}


def _likely(route: Route, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Of entries that a bare path may have those of whom it is meant for."""
    if route.provider is not None:
        return ()
    if route.likely:
        return tuple(entry for entry in entries if entry.provider == route.likely)
    # Nothing says whose: a tape that does not say it either is as good as one of the dialect's own provider.
    default = route.meant
    return tuple(entry for entry in entries if entry.provider in {None, default.name}) if default else ()


def _same_path(asked: Asked, entry: Entry) -> bool:
    return same_path(entry.path, asked.route)


def _same_target(asked: Asked, entry: Entry) -> bool:
    return _same_path(asked, entry) and query_of(entry.query) == query_of(asked.route.query)


def _same_operation(asked: Asked, entry: Entry) -> bool:
    """Path and query but for what says how Gemini streams."""
    route = msgspec.structs.replace(asked.route, path=operation_path(entry.dialect, asked.route.path))
    own = operation_path(entry.dialect, entry.path)
    return same_path(own, route) and _asking(entry.query) == _asking(asked.route.query)


def _any(asked: Asked, entry: Entry) -> bool:
    return asked.route.operation is not None or same_path(entry.path, asked.route)


def _exact(index: Index, asked: Asked) -> tuple[Entry, ...]:
    return index.equal("body", index.by_path(asked), asked, asked.body, _same_target)


def _normalized(index: Index, asked: Asked) -> tuple[Entry, ...]:
    digests, group = asked.likeness(index.rules).digests, index.by_path(asked)
    return (
        index.equal("strict", group, asked, digests.strict, _same_operation)
        or index.equal("loose", group, asked, digests.loose, _same_operation)
        # A tape that does not know what was asked, as those made of an answer alone, answers what its path is asked.
        or index.equal("body", group, asked, b"", _same_operation)
    )


def _key(index: Index, asked: Asked) -> tuple[Entry, ...]:
    loose = asked.likeness(index.rules).digests.loose
    return index.equal("loose", index.by_path(asked), asked, loose, _same_operation)


def _conversation(index: Index, asked: Asked) -> tuple[Entry, ...]:
    said = asked.likeness(index.rules).digests.conversation
    return index.equal("conversation", index.by_operation(asked), asked, said, _any)


def _last_user(index: Index, asked: Asked) -> tuple[Entry, ...]:
    said = asked.likeness(index.rules).digests.last_user
    return index.equal("last-user", index.by_operation(asked), asked, said, _any)


def _route(index: Index, asked: Asked) -> tuple[Entry, ...]:
    return index.among(index.by_operation(asked), asked, _any)


def _order(index: Index, asked: Asked) -> tuple[Entry, ...]:
    return index.among(index.by_path(asked), asked, _same_path)


_FINDERS: dict[Level, Callable[[Index, Asked], tuple[Entry, ...]]] = {
    "exact": _exact,
    "normalized": _normalized,
    "conversation": _conversation,
    "last-user": _last_user,
    "route": _route,
    "order": _order,
    "key": _key,
}
