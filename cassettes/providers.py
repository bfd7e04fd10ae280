"""The providers: rows of data (`providers.yaml`) with names, base URLs, variables and quirks.

Grammars are `cassettes.dialects`; which request goes to which row is `cassettes.routes`. No environment is read here:
callers hand over theirs. May import `cassettes.model`, `cassettes.dialects`, msgspec and, when rows are read, yaml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, Protocol
from urllib.parse import urlsplit

import msgspec

from cassettes import dialects
from cassettes.dialects.base import error_response
from cassettes.model import Headers, TokentapeError

if TYPE_CHECKING:
    import yaml


class _Mark(Protocol):
    """A place in a YAML file, by either of PyYAML's parsers."""

    line: int


NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a provider or upstream may be called: it is a path segment and a folder."""

RESERVED: Final = frozenset({"play"})
"""First path segments that the server keeps for itself (DESIGN 6)."""

MAX_BYTES: Final = 1024 * 1024
_MAX_DEPTH: Final = 8
_MAX_HOST: Final = 255  # RFC 1035 2.3.4, and `*.`; the host of a tape is untrusted


class ProviderError(TokentapeError):
    """A provider or upstream that a command was given and nobody knows or can use."""

    exit_code = 2


class RowError(TokentapeError):
    """A row of a providers file that cannot be read; the message starts with file:line."""

    exit_code = 3


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row.

    `base_url` is what its SDK takes as base URL; `sdk_path` the part of that which is path and which we repeat behind
    our mount, so that the SDK is configured as ever (DESIGN 5). `dialects`: the first is the one `tokentape call`
    speaks. Of `key_variables` the first that is set wins. `hosts` recognise a tape by the host of its uri; `*.` is
    one label or more. `error_style: flat` is xAI's `{"code", "error"}` (providers.md 7).
    """

    name: str
    title: str
    base_url: str
    dialects: tuple[str, ...]
    sdk_path: str = ""
    key_variables: tuple[str, ...] = ()
    base_url_variables: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    default_model: str = ""
    error_style: Literal["dialect", "flat"] = "dialect"
    aliases: tuple[str, ...] = ()

    @property
    def mount(self) -> str:
        """Where it is mounted on our server."""
        return f"/{self.name}"

    def upstream_url(self, incoming_rest: str, base: str | None = None) -> str:
        """Where a request goes: `incoming_rest` is its raw path behind the mount, with its query; `base` another base
        URL, of the form that this provider's SDK takes (`--upstream`, an adopted variable).

        `sdk_path` is cut from the path, as the base URL has it. A path without it lies outside the SDK's base URL, so
        it goes there too: `/openai/x` is `https://api.openai.com/x`, and a client that forgot `/v1` gets the 404 that
        it would get without us.
        """
        url = self.base_url if base is None else base
        rest = cut_path(self.sdk_path, incoming_rest)
        if self.sdk_path and rest == incoming_rest:
            url = url.rstrip("/").removesuffix(self.sdk_path)
        return url.rstrip("/") + rest if rest.startswith("/") else url + rest

    def key(self, environ: Mapping[str, str]) -> tuple[str, str] | None:
        """The variable that holds the key, and the key; None if none is set."""
        return next(((name, environ[name]) for name in self.key_variables if environ.get(name)), None)

    def error(
        self, dialect: str, status: int, message: str, code: str | None = None, *, retry: bool | None = None
    ) -> tuple[Headers, bytes]:
        """Headers and body of an error response as this provider shapes it."""
        if self.error_style == "flat":
            return error_response({"code": code or f"status_{status}", "error": message}, retry=retry)
        return dialects.get(dialect).error(status, message, code, retry=retry)


def cut_path(prefix: str, path: str) -> str:
    """`path` (with its query, if any) without `prefix`, where that ends on an edge: `/v1` is no part of `/v1beta`."""
    rest = path.removeprefix(prefix)
    return rest if rest[:1] in ("", "/", "?") else path


def load() -> Mapping[str, Provider]:
    """The shipped rows by name, in order."""
    return _shipped()


def lookup(name: str) -> Provider | None:
    """The row of that name or alias."""
    return _by_name().get(name)


def find(name: str) -> Provider:
    """The row of that name or alias. Raises ProviderError naming the nearest."""
    if row := lookup(name):
        return row
    near = nearest(name)
    known = ", ".join(load())
    raise ProviderError(f"no provider {name!r}{f'; did you mean {near}?' if near else ''} (known: {known})")


def nearest(name: str) -> str | None:
    """The known name or alias that looks most like `name`."""
    return next(iter(get_close_matches(name.lower(), _by_name(), n=1)), None)


def by_host(host: str) -> Provider | None:
    """The row that a host (`api.openai.com`, with or without port) belongs to."""
    name = host.rpartition("@")[2].partition(":")[0].lower().rstrip(".")
    rows = _by_host()
    while 0 < len(name) <= _MAX_HOST:
        if row := rows.get(name):
            return row
        name = name.removeprefix("*.").partition(".")[2]
        name = f"*.{name}" if name else ""
    return None


def for_dialect(dialect: str) -> Provider | None:
    """The first row that speaks the dialect: who is meant where a path names no provider."""
    return next((row for row in load().values() if dialect in row.dialects), None)


def client_url(provider: Provider, root: str) -> str:
    """What the provider's SDK takes as its base URL for a server at `root` (`http://h:p`, a deck included)."""
    return root.rstrip("/") + provider.mount + provider.sdk_path


def raw_provider(name: str, url: str) -> Provider:
    """A row for an upstream that is none of ours: `/NAME/rest` goes to `URL/rest`, dialect raw (DESIGN 5)."""
    return Provider(name=name, title=name, base_url=url, dialects=("raw",))


def parse_upstream(text: str) -> tuple[str, str]:
    """The provider's name (or the new one) and URL in the value of `--upstream`, `NAME=URL`. Raises ProviderError."""
    name, equals, url = text.partition("=")
    if not equals:
        raise ProviderError(f"--upstream {text!r}: expected NAME=URL, as in openai=https://api.openai.com/v1")
    if not NAME.fullmatch(name) or name in RESERVED:
        raise ProviderError(
            f"--upstream {text!r}: {name!r} cannot be mounted; expected letters, digits, '.', '_', '-' (at most 64), "
            f"not {' or '.join(sorted(RESERVED))}"
        )
    if flaw := url_flaw(url):
        # What may hold a password is not printed.
        shown = f"{name}=…" if "@" in url or "?" in url else text
        raise ProviderError(f"--upstream {shown!r}: {flaw}; expected http://HOST[:PORT][/PATH] or https://…")
    row = lookup(name)
    return (row.name if row else name), url


def parse_mapping(text: str) -> tuple[str, str]:
    """The variable and the provider's name in the value of `--map`, `VARIABLE=PROVIDER`. Raises ProviderError."""
    variable, equals, name = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
        raise ProviderError(f"--map {text!r}: expected VARIABLE=PROVIDER, as in OPENAI_BASE_URL=xai")
    return variable, find(name).name


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


def parse(data: bytes, place: str) -> dict[str, Provider]:
    """The rows of a providers file, by name, in order. Raises RowError (`place`:line) for anything it cannot use."""
    import yaml

    loader_class: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_shape(data, place, loader_class)
        loader = loader_class(data)
        return _rows(loader, loader.get_single_node(), place)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise RowError(f"{place}:{_line(mark)}: {problem}") from None


def _check_shape(data: bytes, place: str, loader_class: type[yaml.SafeLoader]) -> None:
    """One pass over the events before anything recursive sees the file (DESIGN 4, loading)."""
    import yaml

    if len(data) > MAX_BYTES:
        raise RowError(f"{place}: {len(data)} bytes; a providers file has at most {MAX_BYTES}")
    depth = 0
    for event in yaml.parse(data, Loader=loader_class):
        if isinstance(event, yaml.AliasEvent):
            raise RowError(f"{place}:{_line(event.start_mark)}: aliases are not taken here; write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise RowError(f"{place}:{_line(event.start_mark)}: nested deeper than {_MAX_DEPTH} levels")


def _rows(loader: yaml.SafeLoader, root: yaml.Node | None, place: str) -> dict[str, Provider]:
    import yaml

    if not isinstance(root, yaml.MappingNode):
        raise RowError(f"{place}:1: expected a mapping of providers by name")
    rows: dict[str, Provider] = {}
    taken: set[str] = set()
    for key, value in root.value:
        row = _row(loader, key, value, place)
        for name in (row.name, *row.aliases):
            if name in taken:
                raise RowError(f"{place}:{_line(key.start_mark)}: the name {name!r} is taken")
            taken.add(name)
        rows[row.name] = row
    return rows


def _row(loader: yaml.SafeLoader, key: yaml.Node, value: yaml.Node, place: str) -> Provider:
    import yaml

    line = _line(key.start_mark)
    name = key.value if isinstance(key, yaml.ScalarNode) else ""
    if not NAME.fullmatch(name) or name in RESERVED:
        raise RowError(f"{place}:{line}: {name!r} is no name for a provider")
    if not isinstance(value, yaml.MappingNode):
        raise RowError(f"{place}:{line}: expected a mapping of the provider's fields")
    lines = {field.value: _line(field.start_mark) for field, _ in value.value if isinstance(field, yaml.ScalarNode)}
    if len(lines) != len(value.value):
        raise RowError(f"{place}:{line}: a field of {name} is given twice")
    if "name" in lines:
        raise RowError(f"{place}:{lines['name']}: the name is the key of the row ({name}); drop this field")
    try:
        fields = loader.construct_object(value, deep=True)
        row = msgspec.convert(fields | {"name": name}, Provider)
    except (msgspec.ValidationError, ValueError) as error:  # the latter: a scalar such as 2020-13-45
        raise RowError(f"{place}:{_flaw_line(str(error), lines, line)}: {_taught(str(error))}") from None
    if flaw := url_flaw(row.base_url):
        raise RowError(f"{place}:{lines['base_url']}: base_url: {flaw}")
    if row.sdk_path and not re.fullmatch(r"(?:/[^/?#]+)+", row.sdk_path):
        raise RowError(f"{place}:{lines['sdk_path']}: sdk_path {row.sdk_path!r}; expected a path such as /v1")
    if not row.dialects:
        raise RowError(f"{place}:{lines['dialects']}: a provider speaks at least one dialect")
    return row


def _line(mark: _Mark | None) -> int:
    return mark.line + 1 if mark else 1


def _flaw_line(message: str, lines: Mapping[str, int], default: int) -> int:
    """The line of the field that msgspec names, as `unknown field` or as the first step of a path."""
    named = re.search(r"unknown field `([^`]+)`|\$\.(\w+)", message)
    return lines.get(named[1] or named[2], default) if named else default


def _taught(message: str) -> str:
    unknown = re.search(r"unknown field `([^`]+)`", message)
    near = get_close_matches(unknown.group(1), Provider.__struct_fields__, n=1) if unknown else []
    return f"{message}; did you mean {near[0]}?" if near else message


@cache
def _shipped() -> Mapping[str, Provider]:
    file = Path(__file__).with_name("providers.yaml")
    return MappingProxyType(parse(file.read_bytes(), str(file)))


@cache
def _by_name() -> Mapping[str, Provider]:
    return MappingProxyType({name: row for row in load().values() for name in (row.name, *row.aliases)})


@cache
def _by_host() -> Mapping[str, Provider]:
    return MappingProxyType({host: row for row in load().values() for host in row.hosts})
