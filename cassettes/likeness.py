"""What a request is like: the digests by which the levels compare it, each worked out when it is first asked for.

Two requests are one at a level when their digests of it are equal, so that an index finds tapes by look-up. Pure.
May import `conversation`, `dialects`, `normalise` and the standard library.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple

from cassettes import dialects
from cassettes.conversation import frame, last_user, turns
from cassettes.framing import octets
from cassettes.model import EventKind
from cassettes.normalise import NO_RULES, Rules, decoded, digest, normalised_value, strict_digest

_VERSION = re.compile(r"/v1(?:alpha|beta)/(?=models/|tunedModels/)")


class Digests(NamedTuple):
    """Of the normalised body: with every name in it told apart (`strict`), and without what clocks say (`loose`); of
    what is said in it, and of the last text of the user, each with its frame (None: nothing is said)."""

    strict: bytes
    loose: bytes
    conversation: bytes | None
    last_user: bytes | None


class Likeness:
    """A request with that dialect, raw path, query and body; `body` may be a function that is called once."""

    __slots__ = ("_body", "_digests", "_key", "_rules", "_streams", "_twin", "dialect", "path", "query")

    def __init__(self, dialect: str, path: str, query: str, body: Callable[[], bytes], rules: Rules = NO_RULES) -> None:
        self.dialect = dialect
        self.path = path
        self.query = query
        self._body = body
        self._rules = rules
        self._streams: bool | None = None
        self._digests: Digests | None = None
        self._key: str | None = None
        self._twin: Likeness | None = None

    def is_that_of(self, twin: Likeness) -> None:
        """`twin` has the same dialect, path, query and body: what is worked out there need not be here."""
        self._twin = twin

    @property
    def key(self) -> str:
        """The request key without a deck, under its rules: what attempts are counted by."""
        if self._key is None:
            self._key = _key(self.dialect, self.path, "", self.digests.loose)
        return self._key

    @property
    def streams(self) -> bool:
        """Whether it asks for a stream."""
        if self._streams is None and self._twin is not None:
            self._streams = self._twin.streams
        if self._streams is None:
            self._streams = dialects.get(self.dialect).streams(self.path, self.query, decoded(self._body()))
        return self._streams

    @property
    def form(self) -> EventKind | None:
        """The form in which it asks for its stream; None where the grammar has one alone."""
        return dialects.get(self.dialect).form(self.path, self.query)

    @property
    def digests(self) -> Digests:
        """What it is compared by; of a body of a megabyte this takes some 20 ms."""
        if self._digests is None and self._twin is not None:
            self._digests = self._twin.digests
        if self._digests is None:
            value = normalised_value(decoded(self._body()), self._rules)
            self._digests = Digests(strict_digest(value), digest(value), *self._said(value))
        return self._digests

    def _said(self, value: object) -> tuple[bytes | None, bytes | None]:
        around = frame(self.dialect, self.path, value)
        said, last = turns(self.dialect, value), last_user(self.dialect, value)
        return digest([around, said]) if said else None, digest([around, last]) if last else None


def operation_path(dialect: str, path: str) -> str:
    """`path` with streaming and not streaming made one operation (Gemini names them in the path), and with one version
    for all: google-genai 1 asks `/v1beta` where 3 asks `/v1` (providers.md 6.1)."""
    if dialect != "gemini":
        return path
    return _VERSION.sub("/v1/", path.replace(":streamGenerateContent", ":generateContent"), count=1)


def request_key(dialect: str, path: str, body: bytes, deck: str = "", rules: Rules = NO_RULES) -> str:
    """64 hex digits: hash of deck, dialect, path and normalised body (DESIGN 7). `path` is the route's, `body` the
    redacted one. Of two requests that differ only in what clocks say the key is the same."""
    return _key(dialect, path, deck, digest(normalised_value(decoded(body), rules)))


def _key(dialect: str, path: str, deck: str, loose: bytes) -> str:
    names = (octets(name) for name in (deck, dialect, operation_path(dialect, path)))
    return hashlib.sha256(b"\0".join((*names, loose))).hexdigest()
