"""What a web page of another origin needs to read an answer: the CORS headers, and the answer to a preflight. Pure.

An answer differs by nothing but who may read it (`Reader`), which is part of the way of asking: plans stay compiled
once, and a request without Origin costs nothing. Clauses are those of the Fetch standard. Imports `cassettes.model`
and `guards`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cassettes.model import Headers, header
from mockserver.guards import ANY, Guard

Reader = str | None
"""Who may read an answer: None where no page asks, NOBODY for a foreign one, else what Access-Control-Allow-Origin
says."""
NOBODY = ""
CORS = "access-control-"
MAX_AGE = "600"
"""Seconds for which a browser need not ask again."""
_TOKENS = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z, \t]+")
# Which headers a page may read without being told (Fetch 2.2.6), and those that are not its business.
_READABLE = frozenset({"cache-control", "content-language", "content-length", "content-type", "expires", "pragma"})
_UNREADABLE = frozenset({"set-cookie", "set-cookie2", "connection", "transfer-encoding", "vary"})


def reader_of(headers: Headers, guard: Guard) -> Reader:
    """Who may read the answer to a request with these headers."""
    origin = header(headers, "origin")
    if origin is None:
        return None
    if guard.trusts(origin):
        return origin
    return ANY if ANY in guard.origins else NOBODY


def live(headers: Iterable[tuple[str, str]], reader: str) -> list[tuple[str, str]]:
    """The headers of an answer for `reader`: the CORS headers are ours, those of a tape yield. A foreign page finds
    none, whatever the tape says."""
    kept = [(name, value) for name, value in headers if not name.lower().startswith(CORS)]
    if reader == NOBODY:
        return kept
    exposed = dict.fromkeys(name.lower() for name, _ in kept)
    shown = ", ".join(name for name in exposed if name not in _READABLE | _UNREADABLE)
    return [*kept, *granted(reader), *([("Access-Control-Expose-Headers", shown)] if shown else [])]


def granted(reader: str) -> Headers:
    """That `reader` may read the answer. Pages that send credentials too, but for `*`: then no cookie of a proxy before
    us may be used by just any page."""
    if reader == ANY:
        return (("Access-Control-Allow-Origin", ANY),)
    return (
        ("Access-Control-Allow-Origin", reader),
        ("Access-Control-Allow-Credentials", "true"),
        ("Vary", "Origin"),
    )


def preflight(headers: Headers, reader: str) -> Headers:
    """The headers of the answer to an OPTIONS request of a page that may read: whatever it wants to send, it may."""
    method = header(headers, "access-control-request-method")
    names = header(headers, "access-control-request-headers")
    found = [*granted(reader)]
    if method is not None and _TOKENS.fullmatch(method):
        found.append(("Access-Control-Allow-Methods", method))
    if names is not None and _TOKENS.fullmatch(names):
        found.append(("Access-Control-Allow-Headers", names))
    # Chromium's question whether a public page may reach a private address (Private Network Access).
    if (header(headers, "access-control-request-private-network") or "").lower() == "true":
        found.append(("Access-Control-Allow-Private-Network", "true"))
    found.append(("Access-Control-Max-Age", MAX_AGE))
    return (*found, ("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers"))
