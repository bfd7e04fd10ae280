"""Where a live request goes and with which headers: the pure part of forwarding (DESIGN 5).

No sockets, no files, no environment of its own. Imports `cassettes` and the error of `upstream`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cassettes import providers
from cassettes.framing import HOP_BY_HOP, listed
from cassettes.matching import Asked
from cassettes.model import Headers, Request
from cassettes.provider import Provider
from cassettes.routes import Route, tape_route
from recorder.upstream import UpstreamError

_NOT_FORWARDED = HOP_BY_HOP | {"host", "content-length", "transfer-encoding", "expect", "proxy-authorization"}
_OURS = "x-tokentape"


def upstreams_of(
    given: Iterable[str], environ: Mapping[str, str] | None = None, mapped: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Base URLs by mount: those `given` (`--upstream`), and for a wrapped command (`environ`) the base-URL variables
    that are set already. `mapped` says of a variable which provider it is for. Raises ProviderError."""
    upstreams: dict[str, str] = {}
    variables = {name: row.name for row in providers.load().values() for name in row.base_url_variables}
    for name, provider in (variables | dict(mapped or {})).items():
        url = (environ or {}).get(name, "").strip()
        if not url:
            continue
        if flaw := providers.url_flaw(url):
            # The value is not shown: it may hold a password.
            raise providers.ProviderError(
                f"{name} is set, and its provider is recorded through it, but {flaw}; mend it or unset it"
            )
        upstreams.setdefault(provider, providers.adopted(name, providers.find(provider), url))
    upstreams.update(providers.parse_upstream(text) for text in given)
    return upstreams


def url_for(asked: Asked, upstreams: Mapping[str, str]) -> str:
    """The upstream URL of a request (DESIGN 5). Raises UpstreamError when none is configured for its path."""
    route = asked.route
    rest = route.path + (f"?{route.query}" if route.query else "")
    if route.provider is not None and route.row is None:
        base = upstreams.get(route.provider)
        if base is None:
            raise UpstreamError(
                f"no upstream is configured for /{route.provider}; give --upstream {route.provider}=URL"
            )
        return base.rstrip("/") + rest
    row = _row_of(route, upstreams)
    if row is None or (route.provider is None and route.dialect == "raw"):
        raise UpstreamError(f"no upstream is configured for the path {route.path[:80]!r}; give --upstream NAME=URL")
    if row.is_nowhere and row.name not in upstreams:
        raise UpstreamError(f"{row.title} has no address of its own; give --upstream {row.name}=URL")
    return row.upstream_url(rest, upstreams.get(row.name))


def _row_of(route: Route, upstreams: Mapping[str, str]) -> Provider | None:
    """Whose upstream a request goes to. On a path without mount a model's name alone leads nowhere that was not
    configured: what is meant for a server of one's own must not be sent to a stranger."""
    guessed = providers.lookup(route.likely) if route.likely else None
    if route.row is None and guessed and (guessed.name in upstreams or route.likely_by != "model"):
        return guessed
    return route.row or providers.for_dialect(route.dialect)


def forwarded_headers(request: Request, *, keep_encoding: bool) -> Headers:
    """The client's headers less those of its own connection and ours, in order and case; identity encoding is asked
    for unless `keep_encoding` (a compressed stream cannot be read on the tape)."""
    drop = _NOT_FORWARDED | set(listed(request.headers, "connection"))
    if not keep_encoding:
        drop |= {"accept-encoding"}
    kept = [
        (name, value)
        for name, value in request.headers
        if name.lower() not in drop and not name.lower().startswith(_OURS)
    ]
    if not keep_encoding:
        kept.append(("Accept-Encoding", "identity"))
    if request.body or request.method in {"POST", "PUT", "PATCH"}:
        kept.append(("Content-Length", str(len(request.body))))
    return tuple(kept)


def provider_of(name: str | None, dialect: str, url: str) -> str:
    """The provider that a recording is filed under: the mount's, else that of the upstream's host, else the first that
    speaks the dialect."""
    if name is not None:
        return name
    by_host = tape_route(url)[0]
    first = providers.for_dialect(dialect)
    return by_host or (first.name if first else "unknown")
