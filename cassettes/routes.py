"""What a request line asks for: deck, faults, provider, dialect, operation; and whether a tape has the same path.

Matching is on the raw path, never on a decoded one: `%2F` in a model's name stays what it is. Tables are elsewhere:
mounts in `cassettes.providers`, endpoints in `cassettes.dialects`. Pure.
May import `cassettes.model`, `cassettes.providers`, `cassettes.dialects` and the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote

import msgspec

from cassettes import dialects, providers
from cassettes.dialects import Dialect
from cassettes.model import Headers, TokentapeError, header
from cassettes.providers import Provider

DECK: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
DECK_HEADER: Final = "x-tokentape-deck"
_SHOWN: Final = 200  # characters of a foreign path in a message
# First segments that are an API's own; any other is more likely a gateway's name.
_OWN_SEGMENT = re.compile(r"v[0-9][a-z0-9]*|api|chat|responses|messages|models")
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
    """

    path: str
    query: str = ""
    dialect: str = "raw"
    operation: str | None = None
    provider: str | None = None
    deck: str | None = None
    faults: str | None = None

    @property
    def row(self) -> Provider | None:
        """The provider's row; None without a mount and for extra upstreams."""
        return providers.lookup(self.provider) if self.provider else None


def parse(method: str, target: str, headers: Headers = (), extra: Collection[str] = ()) -> Route:
    """Reads a request target (origin-form or absolute-form); `extra` names the upstreams that are no rows of ours.

    Raises RouteError, and nothing else, for prefixes that break the grammar.
    """
    if origin := _ORIGIN.match(target):
        target = target[origin.end() :] or "/"
    path, _, query = target.partition("?")
    deck, path = _deck(path)
    deck = _agreed(deck, header(headers, DECK_HEADER))
    faults, path = _faults(path)
    name, rest = _mount(path, extra)
    if name is None:
        dialect, operation = _bare(method, path, query, headers)
        return Route(path=path or "/", query=query, dialect=dialect, operation=operation, deck=deck, faults=faults)
    row = providers.lookup(name)
    dialect, operation = _mounted(method, rest, row) if row else ("raw", None)
    return Route(path=rest, query=query, dialect=dialect, operation=operation, provider=name, deck=deck, faults=faults)


def tape_route(uri: str, method: str = "POST") -> tuple[str | None, str, str]:
    """Provider (by host, None if unknown), dialect (by path) and raw path of a tape's request uri."""
    origin = _ORIGIN.match(uri)
    path = re.split(r"[?#]", uri[origin.end() :] if origin else uri, maxsplit=1)[0] or "/"
    row = providers.by_host(origin[1]) if origin else None
    known = dialects.claimants(method, path)
    ours = [dialect for dialect in known if row and dialect.name in row.dialects]
    return row.name if row else None, next((dialect.name for dialect in (*ours, *known)), "raw"), path


def same_path(tape_path: str, route: Route) -> bool:
    """Whether a tape with that path (of its uri, raw) was asked for what the route asks for.

    Base URLs differ between recording and playing, so only the end counts: what an SDK appends to its base URL. A
    wrong path must not pass for a right one (`/openai/chat/completions` is none of OpenAI's): it fits the tapes that
    were recorded with that very path, and not those that have an API version in front of it.
    """
    path = route.path
    if route.provider and route.row is None:
        # The base URL of an extra upstream may be a whole endpoint: `--upstream bot=http://h/chat` and `POST /bot`.
        return tape_path.endswith(path)
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
    row = route.row
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
    base = root + row.mount + _sdk_base(row, dialect)
    example = dialect.request(dialect.default_model, "")[0].partition("?")[0]
    mount = "" if route.provider else _mount_hint(asked)
    return f"the base URL for {row.title} is {base}: requests go to {base}{example} (this one was for {asked}){mount}"


def error(
    route: Route, status: int, message: str, code: str | None = None, *, retry: bool | None = None
) -> tuple[Headers, bytes]:
    """Headers and body of an error response, shaped as the client of that route expects it: by the dialect of the
    path, else by the provider's first."""
    row = route.row
    if row is None:
        return dialects.get(route.dialect).error(status, message, code, retry=retry)
    dialect = row.dialects[0] if route.dialect == "raw" else route.dialect
    return row.error(dialect, status, message, code, retry=retry)


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


def _mounted(method: str, rest: str, row: Provider) -> tuple[str, str | None]:
    """Dialect and operation behind a row's mount: those of the row first; others only give their name."""
    for name in row.dialects:
        dialect = dialects.get(name)
        base = _sdk_base(row, dialect)
        if (found := dialect.split(method, rest)) is None:
            continue
        operation, prefix = found
        return name, operation if prefix in [base + own for own in dialect.prefixes] else None
    return next((dialect.name for dialect in dialects.claimants(method, rest)), "raw"), None


def _bare(method: str, path: str, query: str, headers: Headers) -> tuple[str, str | None]:
    """Dialect and operation of a path without mount. `/v1/models` has several claimants: their marks tell them apart,
    and without any it is the first's (providers.md 9.3)."""
    found = [
        (dialect, *split) for dialect in dialects.claimants(method, path) if (split := dialect.split(method, path))
    ]
    right = [(dialect, operation) for dialect, operation, prefix in found if prefix in dialect.bare]
    if not right:
        return found[0][0].name if found else "raw", None
    dialect, operation = next((claim for claim in right if _marked(claim[0], query, headers)), right[0])
    return dialect.name, operation


def _marked(dialect: Dialect, query: str, headers: Headers) -> bool:
    parameters = {f"?{part.partition('=')[0]}" for part in query.split("&")}
    return any(mark in parameters or header(headers, mark) is not None for mark in dialect.marks)


def _sdk_base(row: Provider, dialect: Dialect) -> str:
    """The path, behind the row's mount, of the base URL for that dialect's SDK."""
    return (row.sdk_path or dialect.sdk_path) if dialect.sdk_path else ""


def _appended(route: Route) -> str | None:
    """What a client appended to its base URL; None if the path is wrong or nothing is known of its API."""
    sdk_path = route.row.sdk_path if route.row else dialects.get(route.dialect).sdk_path
    rest = providers.cut_path(sdk_path, route.path)
    if route.operation:
        return rest
    unknown = route.dialect == "raw" and rest != route.path and len(rest) > 1
    return rest if unknown and providers.cut_path(sdk_path, rest) == rest else None


def _unmounted(asked: str, root: str) -> str:
    near = providers.nearest(_segment(asked, 1)[0])
    row = providers.lookup(near) if near else None
    first = f"did you mean {providers.client_url(row, root)}? " if row else ""
    bases = ", ".join(providers.client_url(each, root) for each in providers.load().values())
    return f"{first}base URLs here are {bases} (this request was for {asked}){_mount_hint(asked)}"


def _mount_hint(asked: str) -> str:
    name = _segment(asked, 1)[0]
    if not providers.NAME.fullmatch(name) or _OWN_SEGMENT.fullmatch(name):
        return ""
    return f"; another upstream is mounted by --upstream {name}=URL"
