"""Who is likely meant by a request whose path names no provider (providers.md 9.3). The tables are columns of the rows.

Pure; nothing is decided here: `cassettes.routes` says what a guess is good for.
May import `cassettes.model`, `cassettes.providers`, `cassettes.secrets` and the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Final, Literal, NamedTuple

from cassettes import providers
from cassettes.model import Headers, header
from cassettes.provider import Provider
from cassettes.secrets import scheme_length

By = Literal["header", "host", "path", "model", "agent", "key"]

PROVIDER_HEADER: Final = "x-tokentape-provider"
_KEY_HEADERS: Final = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
_COMMON: Final = frozenset({"", "/v1"})
"""Prefixes of paths that say nothing: every second API has them."""


class Evidence(NamedTuple):
    """The provider that is likely meant, and what says so, strongest first: our header, the host that was asked for, a
    prefix of the path, the model, the user agent, the key."""

    provider: str
    by: By


def evidence(
    dialect: str, prefix: str | None, headers: Headers, host: str | None, model: Callable[[], str | None]
) -> Evidence | None:
    """The strongest evidence, among the providers that speak `dialect`; None where there is none.

    `prefix` is what stands before the tail of the endpoint, `host` the authority of an absolute request target. `model`
    is called when nothing stronger decides. Several providers have models called `vendor/name`: user agent and key say
    which of them, else it is the first.
    """
    rows = [row for row in providers.load().values() if row.speaks(dialect)]
    if (row := providers.by_host(host or header(headers, "host") or "")) and row in rows:
        return Evidence(row.name, "host")
    if prefix is not None and prefix not in _COMMON:
        for row in rows:
            if prefix == row.path_for(dialect) or row.is_also_at(prefix):
                return Evidence(row.name, "path")
    client = of_client(rows, headers)
    if any(row.models for row in rows) and (name := model()):
        having = [row.name for row in rows if any(fnmatchcase(name, pattern) for pattern in row.models)]
        if having:
            return client if client and client.provider in having else Evidence(having[0], "model")
    return client


def of_client(rows: Iterable[Provider], headers: Headers) -> Evidence | None:
    """What the client's user agent and key say: of two keys' prefixes the longer one. `OpenAI/*` says nothing, as
    OpenAI's SDK is used for everybody."""
    agent = (header(headers, "user-agent") or "").lower()
    found: tuple[int, str] | None = None
    keys = [_bare(value) for name in _KEY_HEADERS if (value := header(headers, name))]
    for row in rows:
        if any(agent.startswith(start.lower()) for start in row.user_agents):
            return Evidence(row.name, "agent")
        marked = any(header(headers, mark) is not None for mark in row.marks)
        lengths = [len(start) for start in row.key_prefixes if any(key.startswith(start) for key in keys)]
        longest = max([*lengths, *([0] if marked else [])], default=None)
        if longest is not None and (found is None or longest > found[0]):
            found = longest, row.name
    return Evidence(found[1], "key") if found else None


def _bare(value: str) -> str:
    return value[scheme_length(value) :].strip()
