"""The dialects by name: those built in, then those of the entry-point group `tokentape.dialects`, loaded on demand.

An entry point names a `Dialect` value (`openai-legacy = my_package.grammar:DIALECT`). Built-in names stay ours.
May import the grammars beside it and `cassettes.model`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from cassettes.dialects import anthropic, cohere, gemini, ollama, openai_chat, openai_responses, raw
from cassettes.dialects.base import Dialect, Endpoint
from cassettes.model import TokentapeError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["GROUP", "Dialect", "Endpoint", "claimants", "get", "names"]

GROUP: Final = "tokentape.dialects"

_MODULES: Final = (openai_chat, openai_responses, anthropic, gemini, ollama, cohere, raw)
_BUILT_IN: Final[dict[str, Dialect]] = {module.DIALECT.name: module.DIALECT for module in _MODULES}


def get(name: str) -> Dialect:
    """The dialect of that name; an unknown name is played as raw. Raises TokentapeError if an installed one is bad."""
    if built_in := _BUILT_IN.get(name):
        return built_in
    return _loaded(name) if name in _installed() else raw.DIALECT


def names() -> tuple[str, ...]:
    """Every known name, built-in ones first. Loads nothing."""
    return (*_BUILT_IN, *sorted(_installed()))


def claimants(method: str, path: str) -> tuple[Dialect, ...]:
    """The dialects that know `path` (raw, no query), whatever its prefix. Installed ones that do not load are left
    out: a request is no place to report them, `get` does."""
    return tuple(dialect for name in names() if (dialect := _usable(name)) and dialect.operation(method, path))


@cache
def _installed() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in _BUILT_IN}


@cache
def _loaded(name: str) -> Dialect:
    entry = _installed()[name]
    try:
        dialect = entry.load()
    except Exception as error:
        raise TokentapeError(f"entry point {name} = {entry.value} ({GROUP}) does not load: {error!r}") from error
    if not isinstance(dialect, Dialect):
        raise TokentapeError(
            f"entry point {name} = {entry.value} ({GROUP}) is a {type(dialect).__name__}; "
            "expected a value whose class derives from cassettes.dialects.base.Dialect"
        )
    return dialect


@cache
def _usable(name: str) -> Dialect | None:
    try:
        return get(name)
    except TokentapeError:
        return None
