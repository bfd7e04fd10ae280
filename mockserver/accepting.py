"""`--tokentape-accept`: what a test's client asked becomes the requests of its tapes, whose answers stay. Writes tapes.

A deck that accepts takes tapes by route: what was asked need not be what is on them. Imports `cassettes`, `embedded`
and `lookup`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cassettes.accepting import accepted, diff, request_of
from cassettes.matching import Entry
from cassettes.model import Request
from cassettes.printable import count
from cassettes.shipped import shipped_root
from cassettes.store import put
from cassettes.yamlio import read_file
from mockserver.embedded import Embedded
from mockserver.lookup import shown

SAME = frozenset({"exact", "normalized"})
"""Levels at which a tape has the request already: the next run finds it there as well."""
MOST_LINES = 200
"""Lines of a diff that are shown."""


def accept(house: Embedded, deck: str, root: Path) -> Iterator[str]:
    """Rewrites the tapes of `deck`; yields what was done, a line each, and the diffs. Raises TokentapeError."""
    files = house.files(deck)
    for file, requests in _asked(house, deck, files).items():
        old = read_file(file)
        new = accepted(old, str(file), requests)
        if new == old:
            continue
        put(file, new)
        yield f"accepted {count(len(requests), 'request')} on {shown(file, root)}"
        lines = list(diff(old, new, shown(file, root)))
        yield from lines[:MOST_LINES]
        if len(lines) > MOST_LINES:
            yield f"… {len(lines) - MOST_LINES} more lines"


def _asked(house: Embedded, deck: str, files: dict[str, Path]) -> dict[Path, dict[int, Request]]:
    """For each file the first request that each of its interactions answered without being what was asked."""
    entries: dict[str, Entry] = {one.place: one for one in house.chooser(deck).index.entries}
    found: dict[Path, dict[int, Request]] = {}
    for record in house.inside(lambda: list(house.journal.listed(deck))):
        entry = entries.get(record.place or "")
        if entry is None or record.level is None or record.level in SAME or record.came.cut is not None:
            continue
        file = files.get(entry.tape)
        if file is None or file.is_relative_to(shipped_root()):
            continue
        found.setdefault(file, {}).setdefault(entry.number, request_of(record.came.asked, entry, house.redactor))
    return found
