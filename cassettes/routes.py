"""What a request line asks for: deck, faults, provider, dialect, operation; and whether a tape has the same path.

Matching is on the raw path, never on a decoded one: `%2F` in a model's name stays what it is. Tables are elsewhere:
mounts in `cassettes.providers`, endpoints in `cassettes.dialects`, who is likely meant in `cassettes.evidence`. Pure.
May import these, `cassettes.model` and the standard library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import msgspec

from cassettes import dialects, providers
from cassettes.dialects import Dialect
from cassettes.evidence import PROVIDER_HEADER, By, Evidence, evidence, of_client
from cassettes.model import Headers, TokentapeError, header
from cassettes.provider import Provider, is_under

DECK: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
DECK_HEADER: Final = "x-tokentape-deck"
FAULT_HEADER: Final = "x-tokentape-fault"
_OURS: Final = "x-tokentape-"
_SHOWN: Final = 200  # characters of a foreign path in a message
_NAMED: Final = 4  # base URLs in a message; there are many more
_VERSION = re.compile(r"v[0-9][a-z0-9]*")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+://([^/?#]*+)")


class RouteError(TokentapeError):
    """A path or header of ours that breaks the grammar of DESIGN 6 and 7: the answer is a 400."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A request line, read.

    `provider` is the row's name, or that of an extra upstream, when the path stood behind a mount, else None. `path`
    is the rest behind the mount, raw (empty for the mount itself); `query` is raw, without its `?`. `dialect` is `raw`
    where no grammar knows the path. `operation` is None for `raw` and for a wrong path, that is one that no client
    with the right base URL asks for; a tape may still have it.

    `likely`: whom a path without mount is likely meant for, or that an extra upstream's name; `likely_by`: what says so
    (providers.md 9.3). It shapes errors and prefers tapes; it excludes none, and None says nothing against the default.
    """

    path: str
    query: str = ""
    dialect: str = "raw"
    operation: str | None = None
    provider: str | None = None
    deck: str | None = None
    faults: str | None = None
    likely: str | None = None
    likely_by: By | None = None

    @property
    def row(self) -> Provider | None:
        """The provider's row; None without a mount and for extra upstreams."""
        return providers.lookup(self.provider) if self.provider else None

    @property
    def meant(self) -> Provider | None:
        """The row of the provider that is meant: the mount's, else the likely one, else the first that speaks the
        dialect. None for extra upstreams, and for paths of which nothing is known."""
        if self.provider or self.likely:
            return providers.lookup(self.provider or self.likely or "")
        return providers.for_dialect(self.dialect)


def parse(method: str, target: str, headers: Headers = (), extra: Collection[str] = (), body: bytes = b"") -> Route:
    """Reads a request target (origin-form or absolute-form); `extra` names the upstreams that are no rows of ours.

    `body` is decoded only where a path without mount leaves it to the model, or to the shape of the request, who is
    meant. Raises RouteError, and nothing else, for prefixes and headers of ours that break the grammar.
    """
    host = None
    if origin := _ORIGIN.match(target):
        host, target = origin[1], target[origin.end() :] or "/"
    path, _, query = target.partition("?")
    _check_own(headers)
    deck, path = _deck(path)
    deck = _agreed(deck, header(headers, DECK_HEADER))
    faults, path = _faults(path)
    named = _named(headers, extra)
    name, rest = _mount(path, extra)
    row = providers.lookup(name) if name is not None else None
    if row and (native := _native(row, path, headers, named)):
        row, name, rest = native, native.name, path
    if name is not None:
        dialect, operation = _mounted(method, rest, row, query, headers) if row else ("raw", None)
        if operation is None and (row is None or dialect == "raw"):
            dialect, operation = _of_an_app(method, body, row) or (dialect, operation)
        return Route(
            path=rest, query=query, dialect=dialect, operation=operation, provider=name, deck=deck, faults=faults
        )
    dialect, operation, prefix = _bare(method, path, query, headers, body)
    guess = (
        Evidence(named, "header")
        if named is not None
        else evidence(dialect, prefix, headers, host, lambda: _model(dialect, path, body))
    )
    return Route(
        path=path or "/",
        query=query,
        dialect=dialect,
        operation=operation,
        deck=deck,
        faults=faults,
        likely=guess.provider if guess else None,
        likely_by=guess.by if guess else None,
    )


def tape_route(uri: str, method: str = "POST") -> tuple[str | None, str, str]:
    """Provider (by host, None if unknown), dialect (by path) and raw path of a tape's request uri."""
    origin = _ORIGIN.match(uri)
    path = re.split(r"[?#]", uri[origin.end() :] if origin else uri, maxsplit=1)[0] or "/"
    row = providers.by_host(origin[1]) if origin else None
    known = _claimants(method, path)
    ours = [dialect for dialect in known if row and dialect.name in row.dialects]
    return row.name if row else None, next((dialect.name for dialect in (*ours, *known)), "raw"), path


@lru_cache(256)
def _claimants(method: str, path: str) -> tuple[dialects.Dialect, ...]:
    """Many tapes have one path."""
    return dialects.claimants(method, path)


def same_path(tape_path: str, route: Route) -> bool:
    """Whether a tape with that path (of its uri, raw) was asked for what the route asks for.

    Base URLs differ between recording and playing, so only the end counts: what an SDK appends to its base URL. A
    wrong path must not pass for a right one (`/openai/chat/completions` is none of OpenAI's): it fits the tapes that
    were recorded with that very path, and not those that have an API version in front of it.
    """
    path = route.path
    if route.provider and route.row is None:
        # The base URL of an extra upstream may be a whole endpoint: `--upstream bot=http://h/chat` and `POST /bot`.
        return tape_path.endswith(path) and not _splits_an_endpoint(tape_path, path)
    if (appended := _appended(route)) is not None:
        return tape_path.endswith(appended)
    if not path.startswith("/") or path == "/":
        return tape_path == path
    before = tape_path.removesuffix(path).rpartition("/")[2]
    return tape_path.endswith(path) and not _VERSION.fullmatch(before)


def hint(route: Route, root: str = "http://HOST:PORT") -> str:
    """One sentence that names the right base URL, for the 404 of a wrong path; "" if the path is not wrong.

    `root` is the server's own URL.
    """
    if route.operation or (route.provider and route.row is None):
        return ""
    root = root.rstrip("/") + (f"/~{route.deck}" if route.deck else "")
    asked = ((f"/{route.provider}" if route.provider else "") + route.path)[:_SHOWN]
    dialect = dialects.get(route.dialect)
    row = route.row or (route.meant if route.likely else None)
    if route.dialect == "raw" and _appended(route) is not None:
        return ""  # the base URL was right; the provider has paths that no grammar of ours describes
    if row is None and route.dialect == "raw":
        return _unmounted(asked, root)
    if row is None or (route.dialect != "raw" and route.dialect not in row.dialects):
        row = providers.for_dialect(route.dialect)
    if row is None:
        return ""
    if route.dialect not in row.dialects:
        dialect = dialects.get(row.dialects[0])
    base = providers.client_url(row, root, dialect.name)
    example = base + dialect.request(dialect.default_model, "")[0].partition("?")[0]
    has_own = row.own_sdk_path is not None and row.user_agents
    own = f", for its own SDK {root}{row.mount}{row.own_sdk_path}" if has_own else ""
    mount = "" if route.provider else _mount_hint(asked)
    first = f"the base URL for {row.title} is {base}{own}: requests go to {example}"
    return f"{first} (this one was for {asked}){mount}{_misplaced(route.path)}"


def _misplaced(path: str) -> str:
    """What to say of a deck or of faults that stand behind the mount."""
    found = re.search(r"/([!~][^/]{1,80})", path)
    return f"; decks and faults stand in front of it all: /{found[1]}/openai/v1/…" if found else ""


def error(
    route: Route, status: int, message: str, code: str | None = None, *, retry: bool | None = None
) -> tuple[Headers, bytes]:
    """Headers and body of an error response, shaped as the client of that route expects it: by the dialect of the
    path, else by the provider's first."""
    row = route.row or (route.meant if route.likely else None)
    if row is None:
        return dialects.get(route.dialect).error(status, message, code, retry=retry)
    dialect = row.dialects[0] if route.dialect == "raw" else route.dialect
    return row.error(dialect, status, message, code, retry=retry)


def refusal(route: Route, body: bytes) -> str | None:
    """Why the provider of that mount refuses the request, whatever tapes there are (`Provider.refusal`); else None."""
    row = route.row
    if row is None or route.operation is None or not row.responses_models:
        return None
    return row.refusal(route.dialect, _model(route.dialect, route.path, body))


def _model(dialect: str, path: str, body: bytes) -> str | None:
    return dialects.get(dialect).model(path, _decoded(body))


def _decoded(body: bytes) -> object:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


def _named(headers: Headers, extra: Collection[str]) -> str | None:
    """The provider that the request itself names, in our header."""
    name = header(headers, PROVIDER_HEADER)
    if name is None:
        return None
    if row := providers.lookup(name):
        return row.name
    if name not in extra:
        near = providers.nearest(name)
        meant = f"did you mean {near}?" if near else "`tokentape providers` lists them"
        raise RouteError(f"header {PROVIDER_HEADER} names {name[:65]!r}, which is no provider here; {meant}")
    return name


def _check_own(headers: Headers) -> None:
    """A header of ours that is misspelt would leave the answer as it is, without a word."""
    for name in (name for name, _ in headers if name[:12].lower() == _OURS):
        given, known = name[12:].lower(), [own[12:] for own in (DECK_HEADER, FAULT_HEADER, PROVIDER_HEADER)]
        if given not in known:
            from difflib import get_close_matches

            if near := get_close_matches(given, known, n=1, cutoff=0.7):
                raise RouteError(f"there is no header {name[:65]!r}; did you mean {_OURS}{near[0]}?")


def _deck(path: str) -> tuple[str | None, str]:
    if not path.startswith("/~"):
        return None, path
    name, rest = _segment(path, 2)
    if rest.startswith("/~"):
        raise RouteError(f"two decks in front of the path, /~{name} and {rest[:66]!r}; expected one")
    return _deck_name(name, "path"), rest


def _deck_name(name: str, place: str) -> str:
    if not DECK.fullmatch(name):
        raise RouteError(
            f"deck {name[:65]!r} in the {place}: expected 1 to 64 letters, digits, '.', '_' or '-', not encoded"
        )
    return name


def _agreed(deck: str | None, named: str | None) -> str | None:
    if named is None:
        return deck
    if deck is not None and deck != _deck_name(named, f"header {DECK_HEADER}"):
        raise RouteError(f"the path says deck {deck!r}, the header {DECK_HEADER} says {named!r}; drop one of them")
    return _deck_name(named, f"header {DECK_HEADER}")


def _faults(path: str) -> tuple[str | None, str]:
    if not path.startswith("/!"):
        return None, path
    text, rest = _segment(path, 2)
    if rest.startswith("/!"):
        raise RouteError("two fault segments in front of the path; write one, faults separated by ';'")
    if rest.startswith("/~"):
        raise RouteError("the deck stands before the faults: /~DECK/!FAULTS/…")
    try:
        faults = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise RouteError(f"faults {text[:80]!r}: the percent-encoded octets are not UTF-8") from None
    if not faults:
        raise RouteError("no faults after '/!'; expected /!FAULTS/…, as in /!reset@3e/openai/v1")
    if not rest:
        raise RouteError(
            f"nothing stands behind /!{text[:80]}: a '#' or '?' among the faults ends a URL's path; "
            "write them %23 and %3F, as `tokentape faults --url` prints them"
        )
    return faults, rest


def _segment(path: str, start: int) -> tuple[str, str]:
    """The first segment from its offset `start` on, and the rest with its `/`."""
    end = path.find("/", start)
    return (path[start:], "") if end < 0 else (path[start:end], path[end:])


def _mount(path: str, extra: Collection[str]) -> tuple[str | None, str]:
    """The provider's name and the rest if the first segment is a mount, else None and the whole path."""
    if not path.startswith("/"):
        return None, path
    name, rest = _segment(path, 1)
    if row := providers.lookup(name):
        return row.name, rest
    return (name, rest) if name in extra else (None, path)


def _native(mount: Provider, path: str, headers: Headers, named: str | None) -> Provider | None:
    """The row whose own paths begin as that mount does, if it is meant: `/openai/v1` is Groq's and Azure's too, and
    their clients say who they are; `/openai/deployments/…` is nobody else's."""
    rows = [row for row in providers.load().values() if row is not mount and row.native(path)]
    if not rows:
        return None
    if named is not None:
        return next((row for row in rows if row.name == named), None)
    host = providers.by_host(header(headers, "host") or "")
    client = of_client(rows, headers)
    meant = [row for row in rows if row is host or (client and row.name == client.provider)]
    if meant or is_under(mount.mount + mount.sdk_path, path):
        return meant[0] if meant else None
    return next((row for row in rows if (place := row.native(path)) and place != mount.mount), None)


def _mounted(method: str, rest: str, row: Provider, query: str, headers: Headers) -> tuple[str, str | None]:
    """Dialect and operation behind a row's mount: those of the row first; others only give their name."""
    found = [
        (dialect, operation, row.has_place(name, prefix))
        for name in row.dialects
        if (split := (dialect := dialects.get(name)).split(method, rest))
        for operation, prefix in [split]
    ]
    if not found:
        return next((dialect.name for dialect in dialects.claimants(method, rest)), "raw"), None
    right = [claim for claim in found if claim[2]]
    marked = next((claim for claim in right if _marked(claim[0], query, headers)), None)
    dialect, operation, fits = marked or (right or found)[0]
    return dialect.name, operation if fits else None


def _bare(method: str, path: str, query: str, headers: Headers, body: bytes) -> tuple[str, str | None, str | None]:
    """Dialect, operation and prefix of a path without mount. `/v1/models` has several claimants: their marks tell them
    apart, and without any it is the first's (providers.md 9.3); those of `/api/chat` know their own by the body."""
    found = [
        (dialect, *split) for dialect in dialects.claimants(method, path) if (split := dialect.split(method, path))
    ]
    right = [claim for claim in found if _is_bare(claim[0], claim[2])]
    if not right and not found and (own := _of_an_app(method, body)):
        return *own, None
    if not right:
        return (found[0][0].name, None, found[0][2]) if found else ("raw", None, None)
    meant = next((claim for claim in right if _marked(claim[0], query, headers)), None)
    if meant is None and len(right) > 1:
        value = _decoded(body)
        meant = next((claim for claim in right if claim[0].claims(value)), None)
    dialect, operation, prefix = meant or right[0]
    return dialect.name, operation, prefix


def _of_an_app(method: str, body: bytes, row: Provider | None = None) -> tuple[str, str] | None:
    """Dialect and operation of a request to an app's own endpoint, which may have any path; None if it is none."""
    if method == "GET" or not body.startswith(b"{"):
        return None
    claiming = dialects.claiming(method, _decoded(body))
    if claiming is None or (row is not None and not row.speaks(claiming.name)):
        return None
    return claiming.name, claiming.endpoints[0].operation


def _is_bare(dialect: Dialect, prefix: str) -> bool:
    return prefix in dialect.bare or any(
        row.is_also_at(prefix) for row in providers.load().values() if row.speaks(dialect.name)
    )


def _marked(dialect: Dialect, query: str, headers: Headers) -> bool:
    parameters = {f"?{part.partition('=')[0]}" for part in query.split("&")}
    return any(mark in parameters or header(headers, mark) is not None for mark in dialect.marks)


def _appended(route: Route) -> str | None:
    """What a client appended to its base URL; None if the path is wrong or nothing is known of its API."""
    dialect, path = dialects.get(route.dialect), route.path
    likely = providers.lookup(route.likely) if route.likely and route.dialect != "raw" else None
    row = route.row or likely
    places = [row.path_for(route.dialect)] if row else []
    if route.row is None:
        places.append(dialect.sdk_path)
    sdk_path = next((place for place in places if providers.cut_path(place, path) != path), places[0])
    rest = providers.cut_path(sdk_path, path)
    if route.operation:
        return rest
    unknown = route.dialect == "raw" and rest != path and len(rest) > 1
    return rest if unknown and providers.cut_path(sdk_path, rest) == rest else None


def _splits_an_endpoint(tape_path: str, path: str) -> bool:
    """Whether `path` is a part only of the endpoint that a grammar sees in `tape_path`: `/completions` is no way to say
    `/chat/completions`, wherever the base URL ends."""
    before = tape_path.removesuffix(path).rpartition("/")[2]
    if not path or before == "api" or _VERSION.fullmatch(before):  # where a base URL may well end
        return False
    splits = (dialect.split("POST", tape_path) for dialect in dialects.claimants("POST", tape_path))
    return any(split and len(tape_path) - len(split[1]) > len(path) for split in splits)


def _unmounted(asked: str, root: str) -> str:
    near = providers.nearest(_segment(asked, 1)[0])
    row = providers.lookup(near) if near else None
    first = f"did you mean {providers.client_url(row, root)}? " if row else ""
    rows = list(providers.load().values())
    bases = ", ".join(providers.client_url(each, root) for each in rows[:_NAMED])
    more = f" and {len(rows) - _NAMED} more (`tokentape providers`)" if len(rows) > _NAMED else ""
    return f"{first}base URLs here are {bases}{more} (this request was for {asked}){_mount_hint(asked)}"


def _mount_hint(asked: str) -> str:
    name = _segment(asked, 1)[0]
    if not providers.mountable(name):
        return ""  # an API's own path; any other is more likely a gateway's name
    return f"; another upstream is mounted by --upstream {name}=URL"
