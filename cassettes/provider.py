"""One provider: a row of data, and what follows from it alone: where a request goes, what its SDK is given, its errors.

The rows there are and how they are found: `cassettes.providers`. No environment is read here: callers hand over theirs.
May import `cassettes.model`, `cassettes.dialects`, msgspec and the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from cassettes import dialects
from cassettes.dialects.base import error_response
from cassettes.model import Headers

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a provider or upstream may be called: it is a path segment and a folder."""

RESERVED: Final = frozenset({"play"})
"""First path segments that the server keeps for itself (DESIGN 6)."""

OWN_SEGMENT: Final = re.compile(r"v[0-9][a-z0-9]*|api|chat|responses|messages|models")
"""First segments of the providers' own paths: a mount of that name would take every bare path from them."""


def mountable(name: str) -> bool:
    """Whether a provider or upstream may have that name."""
    return bool(NAME.fullmatch(name)) and name not in RESERVED and not OWN_SEGMENT.fullmatch(name)


Quirk = Literal[
    "sparse-chunks",
    "usage-in-last-chunk",
    "usage-without-choices",
    "usage-with-choice",
    "usage-in-x-groq",
    "null-last-content",
    "filter-first",
    "role-in-every-chunk",
    "whole-tool-calls",
    "reasoning-key",
    "error-event",
    "error-chunk",
]
"""How a provider's chat chunks differ from OpenAI's (providers.md 8; those of shipped rows are seen in recordings).

`sparse-chunks`: they hold `id` and `choices` alone. Usage comes `in-last-chunk`, with the finish; in a chunk of its own
`without-choices` or `with-choice`; or once more `in-x-groq`. `null-last-content`: the last `delta.content` is null.
`filter-first`: before all, a chunk without choices says what a filter found in the prompt. `role-in-every-chunk`: not
in the first alone. `whole-tool-calls`: a call comes in one chunk. `reasoning-key`: thoughts are in `delta.reasoning`.
`error-event`: a stream that fails ends with an event called `error`, without `[DONE]`; `error-chunk`: with a chunk.
"""


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row. Where a column says nothing of its source: the provider's documentation, as providers.md 3-8 quotes it.

    Addresses. `base_url` is what the SDK of the first dialect takes as base URL (a host under `.invalid`: none is
    known); `sdk_path` the part of it which is path and which we repeat behind our mount, so that the SDK is configured
    as ever (DESIGN 5). `own_sdk_path` is that part for the provider's own SDK where it differs (Groq's takes a URL
    without path, providers.md 9.1). `also_paths` may stand where `sdk_path` does, `{}` for any segment. `hosts`
    recognise a tape by the host of its uri; `*.` is one label or more, `*-` the start of one.

    Variables. Of `key_variables` the first that is set wins. `only_if_used`: a wrapped command is given no variable of
    this row unless it has one already: openai's module client refuses to choose between OpenAI's and Azure's
    (openai/lib/_module_runtime.py, `load_client`).

    Who asks (providers.md 9.3), for paths that name nobody: starts of keys and user agents, `marks` (request headers
    that only its clients send), patterns of models.

    Quirks. `error_style: flat` is xAI's `{"code", "error"}` (providers.md 7). `responses_models`: the only models that
    `/responses` knows (providers.md 8.3). `keepalive`: the lines sent while a model thinks, the usual one first
    (providers.md 1, 8). `quirks`: `Quirk`.
    """

    name: str
    base_url: str
    title: str = ""
    dialects: tuple[str, ...] = ("openai-chat",)
    sdk_path: str = ""
    own_sdk_path: str | None = None
    also_paths: tuple[str, ...] = ()
    key_variables: tuple[str, ...] = ()
    base_url_variables: tuple[str, ...] = ()
    only_if_used: bool = False
    hosts: tuple[str, ...] = ()
    default_model: str = ""
    aliases: tuple[str, ...] = ()
    key_prefixes: tuple[str, ...] = ()
    user_agents: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    error_style: Literal["dialect", "flat"] = "dialect"
    responses_models: tuple[str, ...] = ()
    keepalive: tuple[str, ...] = ()
    quirks: tuple[Quirk, ...] = ()

    @property
    def mount(self) -> str:
        """Where it is mounted on our server."""
        return f"/{self.name}"

    @property
    def is_nowhere(self) -> bool:
        """Whether no address is known (RFC 6761 6.4): to record it, `--upstream` must say one."""
        return (urlsplit(self.base_url).hostname or "").endswith(".invalid")

    def speaks(self, dialect: str) -> bool:
        """Whether the dialect is one of its own; of `raw`, which is none, everyone has some."""
        return dialect == "raw" or dialect in self.dialects

    def path_for(self, dialect: str) -> str:
        """The path, behind the mount, of the base URL that an SDK of `dialect` is given.

        `sdk_path` is that of the first dialect. SDKs that count the version as part of the base URL (OpenAI's) have it
        there, the others append it themselves: `/api/v1` for one is `/api` for the other.
        """
        own, first = dialects.get(dialect).sdk_path, dialects.get(self.dialects[0]).sdk_path
        if dialect == "raw" or own == first:
            return self.sdk_path
        return self.sdk_path + own if own else self.sdk_path.removesuffix(first)

    def has_place(self, dialect: str, prefix: str) -> bool:
        """Whether `prefix` (raw, behind the mount) may stand before the tail of an endpoint of `dialect`."""
        base = self.path_for(dialect)
        usual = (base + own for own in dialects.get(dialect).prefixes)
        return prefix in usual or self.is_also_at(prefix)

    def is_also_at(self, prefix: str) -> bool:
        """Whether `prefix` is one of `also_paths`."""
        return any(_fits(pattern, prefix) for pattern in self.also_paths)

    def native(self, path: str) -> str | None:
        """The start of `path` that is the provider's own, as on its own host (`/openai/v1`); None if there is none."""
        places = (self.sdk_path, *self.also_paths)
        return next((place for place in places if place and is_under(place, path)), None)

    def upstream_url(self, incoming_rest: str, base: str | None = None) -> str:
        """Where a request goes: `incoming_rest` is its raw path behind the mount, with its query; `base` another base
        URL, of the form that this provider's SDK takes (`--upstream`, an adopted variable).

        `sdk_path` is cut from the path, as the base URL has it. A path without it lies outside the SDK's base URL, so
        it goes there too: `/openai/x` is `https://api.openai.com/x`, and a client that forgot `/v1` gets the 404 that
        it would get without us.
        """
        url = self.base_url if base is None else self._whole(base)
        rest = cut_path(self.sdk_path, incoming_rest)
        if self.sdk_path and rest == incoming_rest:
            url = url.rstrip("/").removesuffix(self.sdk_path)
        return url.rstrip("/") + rest if rest.startswith("/") else url + rest

    def _whole(self, url: str) -> str:
        """`url` in the form of `base_url`, should it be in that of the provider's own SDK."""
        own = self.own_sdk_path
        if own is None or url.rstrip("/").endswith(self.sdk_path):
            return url
        return url.rstrip("/") + self.sdk_path.removeprefix(own)

    def base_from(self, url: str, dialect: str) -> str:
        """The base URL `url`, which an SDK of `dialect` was given for this provider, in the form of `base_url`."""
        theirs = self.path_for(dialect)
        if self.sdk_path.startswith(theirs):
            return url if theirs == self.sdk_path else url.rstrip("/") + self.sdk_path.removeprefix(theirs)
        return url.rstrip("/").removesuffix(theirs)

    def key(self, environ: Mapping[str, str]) -> tuple[str, str] | None:
        """The variable that holds the key, and the key; None if none is set."""
        return next(((name, environ[name]) for name in self.key_variables if environ.get(name)), None)

    def is_used(self, environ: Mapping[str, str]) -> bool:
        """Whether one of its variables is set."""
        return any(environ.get(name) for name in (*self.base_url_variables, *self.key_variables))

    def refusal(self, dialect: str, model: str | None) -> str | None:
        """Why it would refuse a request for `model` in `dialect`; None if it would not. A request without a model is
        refused for other reasons than this."""
        known = self.responses_models
        if dialect != "openai-responses" or not known or model is None:
            return None
        if any(fnmatchcase(model, pattern) for pattern in known):
            return None
        return f"{self.title} has the Responses API for {' and '.join(known)} only, not for {model[:100]!r}"

    def error(
        self, dialect: str, status: int, message: str, code: str | None = None, *, retry: bool | None = None
    ) -> tuple[Headers, bytes]:
        """Headers and body of an error response as this provider shapes it."""
        if self.error_style == "flat":
            return error_response({"code": code or f"status_{status}", "error": message}, retry=retry)
        return dialects.get(dialect).error(status, message, code, retry=retry)


def is_under(pattern: str, path: str) -> bool:
    """Whether `path` begins with `pattern`, of which `{}` is any segment."""
    theirs, ours = pattern.split("/"), path.split("/")
    return len(theirs) <= len(ours) and all(one in ("{}", other) for one, other in zip(theirs, ours, strict=False))


def _fits(pattern: str, path: str) -> bool:
    return pattern.count("/") == path.count("/") and is_under(pattern, path)


def cut_path(prefix: str, path: str) -> str:
    """`path` (with its query, if any) without `prefix`, where that ends on an edge: `/v1` is no part of `/v1beta`."""
    rest = path.removeprefix(prefix)
    return rest if rest[:1] in ("", "/", "?") else path


def url_flaw(url: str) -> str | None:
    """What keeps `url` from being a base URL; None if it is one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme not in ("http", "https"):
        return f"the scheme is {parts.scheme!r}" if parts.scheme else "there is no scheme"
    if not parts.hostname or port == 0:
        return "there is no host" if not parts.hostname else "port 0 is nowhere"
    if parts.query or parts.fragment:
        return "a base URL has no query and no fragment"
    if "@" in parts.netloc:
        return "a base URL has no user and password (credentials come with the client's requests)"
    if any(ord(char) <= 0x20 or ord(char) == 0x7F for char in url):
        return "there is a space or control character in it"
    return None
