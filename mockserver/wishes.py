"""What a test wishes for in its marks: tapes, faults, a scenario, speed, match, strictness. No pytest here. Pure.

Imports `cassettes.model`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from cassettes.model import TokentapeError

FIELDS = ("faults", "scenario", "speed", "match", "strict")
"""Keyword arguments of the mark."""
DECK = ("speed", "ttft", "tps", "max_gap", "jitter", "match", "after_last", "seed")
"""Settings of a deck that are no test's own."""
CONFIG = (*DECK, "strict", "tapes", "ignore", "normalize")
"""What the fixture `tokentape_config` may hold."""


class WishError(TokentapeError):
    """A mark or a configuration that asks for what there is not."""

    exit_code = 2


class Mark(NamedTuple):
    """One `@pytest.mark.tokentape(*args, **kwargs)`."""

    args: Sequence[Any]
    kwargs: Mapping[str, Any]


class Wish(NamedTuple):
    """What the marks of a test say together; None where they say nothing."""

    tapes: tuple[str | Path, ...] = ()
    faults: Any = None
    scenario: Any = None
    speed: str | float | None = None
    match: str | None = None
    strict: bool | None = None


def wish_of(marks: Iterable[Mark]) -> Wish:
    """The marks of a test, the closest first: it goes before those of its class and module. Raises WishError."""
    tapes: tuple[str | Path, ...] = ()
    said: dict[str, Any] = {}
    for mark in marks:
        for name, value in mark.kwargs.items():
            if name not in FIELDS:
                raise WishError(f"mark tokentape: there is no argument {name!r}{_near(name, FIELDS)}")
            said.setdefault(name, value)
        for tape in mark.args:
            if not isinstance(tape, str | Path) or not str(tape):
                raise WishError(f"mark tokentape: found {tape!r}, expected names of tapes, such as 'openai/hello'")
        tapes = tapes or tuple(mark.args)
    if not isinstance(said.get("strict", False), bool):
        raise WishError(f"mark tokentape: strict: found {said['strict']!r}, expected True or False")
    return Wish(tapes, **said)


def checked(config: object) -> dict[str, Any]:
    """What the fixture `tokentape_config` returned. Raises WishError."""
    if not isinstance(config, Mapping):
        raise WishError(f"tokentape_config: found {type(config).__name__}, expected a dict such as {{'speed': 2}}")
    for name in config:
        if name not in CONFIG:
            raise WishError(f"tokentape_config: there is no setting {name!r}{_near(str(name), CONFIG)}")
    return dict(config)


def _near(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; expected {', '.join(names)}"
