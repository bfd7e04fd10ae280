"""Answers of our own: provider-shaped errors, the miss, the front page. They are plain aiohttp responses.

What they say comes from `cassettes.routes`; nothing here chooses or plays.
"""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from cassettes import providers, routes
from cassettes.matching import Asked, Index
from cassettes.printable import escape
from mockserver.choose import nearest

FRONT = "/"
CONTROL = "/_tokentape"


def failure(route: routes.Route, status: int, message: str, code: str | None = None) -> web.Response:
    """An error as the client's provider would shape it, with `x-should-retry: false`: trying again cannot help."""
    headers, body = routes.error(route, status, message, code, retry=False)
    return web.Response(status=status, reason=HTTPStatus(status).phrase, headers=list(headers), body=body)


def own(asked: Asked, url: str, index: Index) -> web.Response | None:
    """The answer to a request that is for the server itself, else None."""
    route = asked.route
    if route.faults is not None:
        return failure(
            route, 422, f"faults ({route.faults[:80]!r}) are not known to this version; drop the /!… segment"
        )
    if route.provider is not None:
        return None
    if route.path == FRONT and asked.request.method in {"GET", "HEAD"}:
        return web.Response(text=front_page(url, index))
    if route.path == f"{CONTROL}/health":
        return web.json_response({"status": "ok", "tapes": len(index.entries)})
    return None


def front_page(url: str, index: Index) -> str:
    """The base URLs as text, and how many interactions are loaded."""
    return f"tokentape: {len(index.entries)} interactions loaded\n\n{base_urls(url)}\n"


def base_urls(url: str) -> str:
    """A table of provider and base URL, a line each."""
    rows = [(row.title, providers.client_url(row, url)) for row in providers.load().values()]
    width = max(len(title) for title, _ in rows)
    return "\n".join(f"  {title:<{width}}  {base}" for title, base in rows)


def miss(asked: Asked, url: str, index: Index) -> str:
    """Why nothing matched, in one line: a wrong path, no tapes, or the nearest tape and what to do."""
    if wrong := routes.hint(asked.route, url):
        return wrong
    if not index.entries:
        return "no tapes are loaded; record one with `tokentape record -o DIR`, or serve the shipped ones with `tokentape serve`"
    near = nearest(index, asked)
    if near is None:
        return "no tape is near"
    asked_for = f"{near.interaction.request.method} {escape(near.path)}"
    return f"the nearest is {escape(near.place)} ({asked_for}); --match route takes any of the same operation"
