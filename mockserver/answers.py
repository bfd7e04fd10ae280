"""Answers of our own: provider-shaped errors, the miss, the front page. They are plain aiohttp responses.

What they say comes from `cassettes.routes`; nothing here chooses or plays.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from http import HTTPStatus

from aiohttp import web

from cassettes import providers, routes
from cassettes.difference import differences
from cassettes.matching import Asked, Entry, Index, Level
from cassettes.model import Headers, header
from cassettes.printable import count, escape
from mockserver.choose import Chooser, Found, nearest

FRONT = "/"
CONTROL = "/_tokentape"
FAULT_HEADER = "x-tokentape-fault"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_ORIGIN_HOST = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::[0-9]+)?")


def failure(route: routes.Route, status: int, message: str, code: str | None = None) -> web.Response:
    """An error as the client's provider would shape it, with `x-should-retry: false`: trying again cannot help."""
    headers, body = routes.error(route, status, message, code, retry=False)
    return web.Response(status=status, reason=HTTPStatus(status).phrase, headers=list(headers), body=body)


def shape(method: str, target: str, headers: Headers, extra: Collection[str]) -> routes.Route:
    """How to shape an error about a request that may itself be unreadable: its route with the prefixes of ours (deck,
    faults) left out."""
    kept = tuple(pair for pair in headers if pair[0].lower() != routes.DECK_HEADER)
    while target.startswith(("/~", "/!")):
        _, slash, rest = target[1:].partition("/")
        target = slash + rest
    try:
        return routes.parse(method, target or "/", kept, extra)
    except routes.RouteError:
        return routes.Route(path=target)


def own(asked: Asked, url: str, index: Index) -> web.Response | None:
    """The answer to a request that is for the server itself, else None."""
    route = asked.route
    faults = route.faults or header(asked.request.headers, FAULT_HEADER)
    if faults is not None:
        # Never a silently healthy stream (DESIGN 7).
        message = f"faults ({faults[:80]!r}) are not known to this version; drop the /!… segment or {FAULT_HEADER}"
        return failure(route, 422, message, "tokentape_fault")
    if route.provider is not None:
        return None
    if route.path == FRONT and asked.request.method in {"GET", "HEAD"}:
        return web.Response(text=front_page(url, index))
    if route.path == f"{CONTROL}/health":
        return web.json_response({"status": "ok", "tapes": len(index.entries)})
    return None


def foreign_origin(asked: Asked) -> str | None:
    """The origin of the web page that asks, if it is not one of this machine (RFC 6454 7). Any page that a browser has
    open can send requests to loopback; with a recorder they would reach a provider and the disk."""
    origin = header(asked.request.headers, "origin")
    if origin is None:
        return None
    host = _ORIGIN_HOST.fullmatch(origin)
    own = host is not None and (host[1] in LOOPBACK or host[1].endswith(".localhost"))
    return None if own else escape(origin[:100])


def front_page(url: str, index: Index) -> str:
    """The base URLs as text, and how many interactions are loaded."""
    return f"tokentape: {count(len(index.entries), 'interaction')} loaded\n\n{base_urls(url)}\n"


def base_urls(url: str) -> str:
    """A table of provider and base URL, a line each."""
    rows = [(row.title, providers.client_url(row, url)) for row in providers.load().values()]
    width = max(len(title) for title, _ in rows)
    return "\n".join(f"  {title:<{width}}  {base}" for title, base in rows)


def miss(asked: Asked, url: str, chooser: Chooser, found: Found | None) -> str:
    """Why nothing answers, in one line: all of `found` was played, the path is wrong, there are no tapes; else the
    nearest tape, what differs from it and what to do."""
    if found is not None:
        return _played(found[1])
    if wrong := routes.hint(asked.route, url):
        return wrong
    near = nearest(chooser.index, asked)
    if near is None:
        return "no tapes are loaded; `tokentape record -o DIR` records some; `tokentape serve` has the shipped ones"
    differing = differences(asked, near)
    told = f", which differs in {escape(', '.join(differing))}" if differing else ""
    asked_for = f"{near.interaction.request.method} {escape(near.path)}"
    return f"the nearest is {escape(near.place)} ({asked_for}){told}{_remedy(chooser.playing.levels)}"


def _played(candidates: tuple[Entry, ...]) -> str:
    count, last = len(candidates), escape(candidates[-1].place)
    if count == 1:
        return f"the only interaction for this request, {last}, was played already; --after-last repeat plays it again"
    return f"all {count} interactions for this request were played, {last} last; --after-last repeat plays that again"


def _remedy(levels: tuple[Level, ...]) -> str:
    """What helps against a miss: that depends on how tapes are looked for."""
    if "key" in levels:
        return "; --record-mode new_episodes records what is missing"
    return "" if "route" in levels else "; --match route takes any tape of the same operation"
