"""What is worth a line on stderr when a tape answers: once a tape, and of so many tapes at most.

No answers, no sockets. Imports `cassettes` and, for types, `choose` and `plan`.
"""

from __future__ import annotations

from collections.abc import Callable

from cassettes.folding import broken_event
from cassettes.matching import Asked
from cassettes.printable import escape
from mockserver.choose import Chosen, Found
from mockserver.plan import Asking

NOTED_MOST = 1000
"""Tapes of which something is said."""


class Remarks:
    """What was said so far; `report` is told a line."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._noted: set[str] = set()
        self._looked_into: set[str] = set()

    def note(self, asked: Asked, asking: Asking, found: Found, chosen: Chosen) -> None:
        """Says what is worth saying of a tape that answers."""
        if found[0] == "order" and chosen.entry.body != asked.body:
            self._note_other_body(asked, chosen)
        if asking.whole:
            self._note_broken_event(chosen)

    def _note_other_body(self, asked: Asked, chosen: Chosen) -> None:
        """Says once a tape that it answers what it was not recorded for: `order` looks at method and path only."""
        place = chosen.entry.place
        if place in self._noted or len(self._noted) >= NOTED_MOST:
            return
        self._noted.add(place)
        self._report(
            f"tokentape: note: {place} answers {asked.request.method} {asked.route.path[:100]} by order; "
            "it was recorded for another request body (--match normalized makes that a miss)"
        )

    def _note_broken_event(self, chosen: Chosen) -> None:
        """Says once a tape that an event of it is no JSON: folded, the answer lacks what the event had to say."""
        entry = chosen.entry
        if entry.place in self._looked_into or len(self._looked_into) >= NOTED_MOST or entry.dialect == "raw":
            return
        self._looked_into.add(entry.place)
        if (number := broken_event(entry.interaction.response)) is not None:
            self._report(
                f"tokentape: note: event {number} of {escape(entry.place)} is not JSON; "
                "the whole answer is made of the others (a stream has it as it is on the tape)"
            )
