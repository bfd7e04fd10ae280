"""Answers of our own: provider-shaped errors, JSON, the front page. They are plain aiohttp responses.

What they say comes from `cassettes.routes`; nothing here chooses or plays.
"""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

from aiohttp import web
from msgspec.structs import replace

from cassettes import providers, routes
from cassettes.matching import Asked, Index
from cassettes.model import Headers, TokentapeError, header
from cassettes.normalise import json_flaw
from cassettes.printable import columns, count, escape, pad
from cassettes.synth.cards import CardError
from mockserver.choose import Chooser, Found

ANY_METHOD = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
FAULT = "tokentape_fault"
"""The code of an error about faults."""
CARD = "tokentape_no_card"
"""The code of an error about a test card."""
_COUNTED = frozenset({"count_tokens", "input_tokens"})
LOOSE: frozenset[str] = frozenset({"last-user", "order", "route", "synth"})
"""Levels at which a tape answers other requests than its own."""


def failure(route: routes.Route, status: int, message: str, code: str | None = None) -> web.Response:
    """An error as the client's provider would shape it, with `x-should-retry: false`: trying again cannot help."""
    headers, body = routes.error(route, status, message, code, retry=False)
    return web.Response(status=status, reason=HTTPStatus(status).phrase, headers=list(headers), body=body)


def mistake(error: TokentapeError) -> tuple[int, str, str]:
    """Status, message and code of the answer to who asked for what there is not: a fault that cannot act, a card."""
    status, code = (404, CARD) if isinstance(error, CardError) else (422, FAULT)
    return status, escape(str(error)), code


def shape(method: str, target: str, headers: Headers, extra: Collection[str]) -> routes.Route:
    """How to shape an error about a request that may itself be unreadable: its route with the prefixes of ours left
    out, but for a deck that can be one."""
    kept = tuple(pair for pair in headers if pair[0].lower() != routes.DECK_HEADER)
    deck = header(headers, routes.DECK_HEADER)
    while target.startswith(("/~", "/!")):
        first, slash, rest = target[1:].partition("/")
        deck = first[1:] if first.startswith("~") else deck
        target = slash + rest
    try:
        route = routes.parse(method, target or "/", kept, extra)
    except routes.RouteError:
        route = routes.Route(path=target)
    return replace(route, deck=deck if deck and routes.DECK.fullmatch(deck) else None)


def json_response(value: object, status: int = 200, headers: Headers = ()) -> web.Response:
    """`value` as JSON in ASCII: nothing in it acts on a terminal."""
    return web.json_response(value, status=status, reason=HTTPStatus(status).phrase, headers=list(headers))


def provider_refusal(asked: Asked, found: Found | None, chooser: Chooser) -> web.Response | None:
    """The error that the provider has for every such request, where no tape holds the real one; else None."""
    if found is not None and found[0] not in LOOSE:
        return None
    answered = (
        chooser.improviser is not None or asked.route.operation in _COUNTED if found is None else found[0] != "order"
    )
    if answered and asked.route.operation and (flaw := json_flaw(asked.request.body)):
        # What looks past the body must not hide that the client sends a broken one.
        return failure(asked.route, 400, f"the request body is {flaw}", "tokentape_not_json")
    why = routes.refusal(asked.route, asked.request.body)
    return None if why is None else failure(asked.route, 400, why, "model_not_supported")


def refused(status: int, message: str, code: str, headers: Headers = ()) -> web.Response:
    """An error on a path of our own, which is no provider's."""
    answer = failure(routes.Route(path="/"), status, message, code)
    answer.headers.extend(list(headers))
    return answer


def not_allowed(allowed: str) -> web.Response:
    """405 with the methods that are (RFC 9110 15.5.6)."""
    return refused(405, f"expected {allowed}", "tokentape_method", (("Allow", allowed),))


def size_of(answer: web.Response) -> int:
    """Bytes of its body."""
    return len(answer.body) if isinstance(answer.body, bytes) else 0


def options(allowed: str, headers: Headers = ()) -> web.Response:
    """The answer to OPTIONS."""
    return web.Response(status=204, headers=[("Allow", allowed), *headers])


def no_faults(route: routes.Route, why: str) -> web.Response:
    """422 for faults that cannot act: never a silently healthy stream (DESIGN 7)."""
    return failure(route, 422, escape(why), FAULT)


def front_page(url: str, index: Index) -> str:
    """The base URLs as text, and how many interactions are loaded."""
    loaded = count(len(index.entries), "interaction")
    return f"tokentape: {loaded} loaded\n\n{base_urls(url, index.providers)}\n"


def base_urls(url: str, having: Collection[str] = (), extra: Collection[str] = ()) -> str:
    """A table of provider and base URL, a line each: first those `having` tapes, whose names may be mounts that are no
    provider rows, as those of `extra` are."""
    rows = providers.load()
    shown = [(escape(row.title), providers.client_url(row, url), row.name in having) for row in rows.values()]
    others = sorted({*having, *extra} - set(rows))
    shown += [(escape(name), f"{url.rstrip('/')}/{escape(name)}", name in having) for name in others]
    width = max(columns(title) for title, _, _ in shown)
    ordered = sorted(shown, key=lambda row: not row[2])
    return "\n".join(f"  {pad(title, width)}  {base}{'  (has tapes)' * held}" for title, base, held in ordered)
