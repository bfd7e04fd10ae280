"""The providers there are: the shipped rows (`providers.yaml`), those a user adds, how they are found and read.

What one row says is `cassettes.provider`; which request goes to which row is `cassettes.routes`.
May import `cassettes.model`, `cassettes.dialects`, `cassettes.provider`, msgspec and, when rows are read, yaml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

import msgspec

from cassettes import dialects
from cassettes.model import TokentapeError
from cassettes.provider import NAME, RESERVED, Provider, cut_path, mountable, url_flaw

if TYPE_CHECKING:
    import yaml

__all__ = [
    "NAME",
    "RESERVED",
    "Provider",
    "ProviderError",
    "RowError",
    "cut_path",
    "mountable",
    "url_flaw",
]


class _Mark(Protocol):
    """A place in a YAML file, by either of PyYAML's parsers."""

    line: int


MAX_BYTES: Final = 1024 * 1024
_MAX_DEPTH: Final = 8
_PATH: Final = re.compile(r"(?:/[^/?#]+)+")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_HOST: Final = 255  # RFC 1035 2.3.4, and `*.`; the host of a tape is untrusted


class ProviderError(TokentapeError):
    """A provider or upstream that a command was given and nobody knows or can use."""

    exit_code = 2


class RowError(TokentapeError):
    """A row of a providers file that cannot be read; the message starts with file:line."""

    exit_code = 3


_added: dict[str, Provider] = {}


def load() -> Mapping[str, Provider]:
    """The rows by name, in order: the shipped ones, then those added."""
    return _rows_now()


def extend(rows: Mapping[str, Provider]) -> None:
    """Adds `rows` for the rest of this process. One that has the name of another takes its place.

    For the start of a process (`--providers FILE`), before anything was asked: who has a row keeps what he has.
    """
    _added.update(rows)
    _forget()


def restore() -> None:
    """Back to the shipped rows alone."""
    _added.clear()
    _forget()


def _forget() -> None:
    for known in (_rows_now, _by_name, _by_host):
        known.cache_clear()


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
    label, dot, rest = name[:_MAX_HOST].partition(".")
    if row := rows.get(f"*-{label.rpartition('-')[2]}{dot}{rest}") if "-" in label else None:
        return row
    while 0 < len(name) <= _MAX_HOST:
        if row := rows.get(name):
            return row
        name = name.removeprefix("*.").partition(".")[2]
        name = f"*.{name}" if name else ""
    return None


def for_dialect(dialect: str) -> Provider | None:
    """The first row that speaks the dialect: who is meant where a path names no provider."""
    return next((row for row in load().values() if dialect in row.dialects), None)


def client_url(provider: Provider, root: str, dialect: str | None = None) -> str:
    """What an SDK of `dialect` (default: the provider's first) takes as its base URL for a server at `root`
    (`http://h:p`, a deck included)."""
    path = provider.sdk_path if dialect is None else provider.path_for(dialect)
    return root.rstrip("/") + provider.mount + path


def variable_url(name: str, provider: Provider, root: str) -> str:
    """What the base-URL variable `name` is set to for `provider` on a server at `root`: the form depends on whose SDK
    reads it."""
    if name in provider.base_url_variables:
        own = provider.own_sdk_path
        return root.rstrip("/") + provider.mount + (provider.sdk_path if own is None else own)
    return client_url(provider, root, _read_in(name, provider))


def adopted(name: str, provider: Provider, url: str) -> str:
    """The value `url` of the base-URL variable `name` as an upstream of `provider`, in the form that
    `Provider.upstream_url` takes."""
    dialect = None if name in provider.base_url_variables else _read_in(name, provider)
    return url if dialect is None else provider.base_from(url, dialect)


def _read_in(name: str, provider: Provider) -> str | None:
    """The dialect, spoken by `provider`, of the SDK whose variable `name` is; None for a variable nobody knows."""
    owners = (row.dialects[0] for row in load().values() if name in row.base_url_variables)
    return next((dialect for dialect in owners if dialect in provider.dialects), None)


def own_variables(provider: Provider) -> tuple[str, ...]:
    """The base-URL variables to set for a client of `provider`: its own, else the first of each SDK that speaks one of
    its dialects."""
    if provider.base_url_variables:
        return provider.base_url_variables
    first = (for_dialect(dialect) for dialect in provider.dialects)
    return tuple(dict.fromkeys(row.base_url_variables[0] for row in first if row and row.base_url_variables))


def raw_provider(name: str, url: str) -> Provider:
    """A row for an upstream that is none of ours: `/NAME/rest` goes to `URL/rest`, dialect raw (DESIGN 5)."""
    return Provider(name=name, title=name, base_url=url, dialects=("raw",))


def parse_upstream(text: str) -> tuple[str, str]:
    """The provider's name (or the new one) and URL in the value of `--upstream`, `NAME=URL`. Raises ProviderError."""
    name, equals, url = text.partition("=")
    if not equals:
        raise ProviderError(f"--upstream {text!r}: expected NAME=URL, as in openai=https://api.openai.com/v1")
    if not mountable(name):
        raise ProviderError(
            f"--upstream {text!r}: {name!r} cannot be mounted; expected letters, digits, '.', '_', '-' (at most 64), "
            f"not {' or '.join(sorted(RESERVED))}, nor what an API's own paths begin with (v1, api, chat, models …)"
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
    if not equals or not _VARIABLE.fullmatch(variable):
        raise ProviderError(f"--map {text!r}: expected VARIABLE=PROVIDER, as in OPENAI_BASE_URL=xai")
    return variable, find(name).name


def read(path: Path) -> dict[str, Provider]:
    """The rows of the file at `path`. Raises RowError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RowError(f"{path}: cannot be read ({error.strerror}); expected a YAML file of providers") from None
    return parse(data, str(path))


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
        if "nesting depth" in problem:  # PyYAML 6.0.4 on reads ahead up to a limit of its own: 1,000
            problem = f"nested deeper than {_MAX_DEPTH} levels"
        raise RowError(f"{place}:{_line(mark)}: {problem}") from None


def _check_shape(data: bytes, place: str, loader_class: type[yaml.SafeLoader]) -> None:
    """One pass over the events before anything recursive sees the file (DESIGN 4, loading)."""
    import yaml

    if len(data) > MAX_BYTES:
        raise RowError(f"{place}: a providers file has at most {MAX_BYTES} bytes")
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
    if not mountable(name):
        raise RowError(f"{place}:{line}: {_no_name(name)}")
    if not isinstance(value, yaml.MappingNode):
        raise RowError(f"{place}:{line}: expected a mapping of the provider's fields")
    lines = {field.value: _line(field.start_mark) for field, _ in value.value if isinstance(field, yaml.ScalarNode)}
    if len(lines) != len(value.value):
        raise RowError(f"{place}:{line}: a field of {name} is given twice")
    if "name" in lines:
        raise RowError(f"{place}:{lines['name']}: the name is the key of the row ({name}); drop this field")
    try:
        fields = loader.construct_object(value, deep=True)
        row = msgspec.convert({"title": name, **fields, "name": name}, Provider)
        if "sdk_path" not in lines and url_flaw(row.base_url) is None:
            # What else would the SDK have there: it is given the whole of the base URL.
            row = msgspec.structs.replace(row, sdk_path=urlsplit(row.base_url).path.rstrip("/"))
    except (msgspec.ValidationError, ValueError) as error:  # the latter: a scalar such as 2020-13-45
        raise RowError(f"{place}:{_flaw_line(str(error), lines, line)}: {_taught(str(error))}") from None
    if found := _flaw(row):
        field, flaw = found
        raise RowError(f"{place}:{lines.get(field, line)}: {flaw}")
    return row


def _no_name(name: str) -> str:
    return (
        f"{name!r} is no name for a provider; expected letters, digits, '.', '_', '-', "
        "and not what a path begins with (play, v1, api, chat, models …)"
    )


def _flaw(row: Provider) -> tuple[str, str] | None:
    """The field that cannot be, and why."""
    if flaw := url_flaw(row.base_url):
        return "base_url", f"base_url: {flaw}"
    paths = [("sdk_path", row.sdk_path), ("own_sdk_path", row.own_sdk_path or "")]
    for field, path in (*paths, *(("also_paths", path) for path in row.also_paths)):
        if path and not _PATH.fullmatch(path):
            return field, f"{field} {path!r}; expected a path such as /v1"
    for alias in row.aliases:
        if not mountable(alias):
            return "aliases", _no_name(alias)
    if not row.dialects:
        return "dialects", "a provider speaks at least one dialect"
    for name in row.dialects:
        if name not in dialects.names():
            near = get_close_matches(name, dialects.names(), n=1)
            meant = f"did you mean {near[0]}?" if near else f"known: {', '.join(dialects.names())}"
            return "dialects", f"no dialect {name!r}; {meant}"
    for variable in (*row.base_url_variables, *row.key_variables):
        if not _VARIABLE.fullmatch(variable):
            return _field_of(row, variable), f"{variable!r} is no name for a variable"
    return None


def _field_of(row: Provider, variable: str) -> str:
    return "key_variables" if variable in row.key_variables else "base_url_variables"


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
def _rows_now() -> Mapping[str, Provider]:
    return MappingProxyType({**_shipped(), **_added})


@cache
def _by_name() -> Mapping[str, Provider]:
    # A name beats an alias of another row.
    rows = load()
    return MappingProxyType({alias: row for row in rows.values() for alias in row.aliases} | dict(rows))


@cache
def _by_host() -> Mapping[str, Provider]:
    return MappingProxyType({host: row for row in load().values() for host in row.hosts})
