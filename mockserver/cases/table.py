"""All cases by id, which are stable for ever, and their list as text. Pure; imports the topic files.

A topic is loaded when a case is first asked for: who breaks nothing does not pay for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Final

from cassettes.model import TokentapeError
from mockserver.cases.case import Case

TOPICS: Final = ("tcp", "http", "chunking", "lines", "fields", "ends", "errors", "deltas", "timing", "retry")


class CaseError(TokentapeError):
    """There is no such case, or no server can show it; says which is nearest, or why."""

    exit_code = 2


@cache
def table() -> Mapping[str, Case]:
    """Every case by its id, in the order of topics."""
    found: dict[str, Case] = {}
    for topic in TOPICS:
        for case in import_module(f"mockserver.cases.{topic}").CASES:
            if case.id in found:
                raise ValueError(f"two cases are called {case.id}")
            found[case.id] = case
    return found


def get(name: str) -> Case:
    """The case of that id. Raises CaseError, naming the nearest."""
    ident = name.strip().lower().replace("_", "-")
    if ident in table():
        return table()[ident]
    near = get_close_matches(ident, table(), n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else "; `tokentape cases` lists them"
    raise CaseError(f"there is no case {name[:40]!r}{hint}")


def served(name: str) -> Case:
    """The case of that id if a server can show it. Raises CaseError."""
    case = get(name)
    if case.unserved:
        raise CaseError(f"a server cannot show the case {case.id}: {case.unserved}")
    return case
