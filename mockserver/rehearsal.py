"""What a scenario may name on a server, and whether its faults can act there: tried before anybody asks.

Pure: compiles plans and throws them away. Imports `cassettes`, `choose`, `faulty` and `scenario`.
"""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase

from cassettes.matching import Entry
from cassettes.printable import escape
from mockserver.choose import Chooser
from mockserver.counting import Attempt
from mockserver.faults.grammar import ALWAYS, FaultError, text_of
from mockserver.faults.table import add_up, read
from mockserver.faulty import CHECKED, Wanted, broken_by
from mockserver.plan import Asking
from mockserver.scenario import Faults, Globs, When, known_providers

TRIED = 500
"""Different fault lists of a scenario that are tried; what comes after them is told of when it is asked for."""


class Known:
    """What a scenario may name: the `tapes` that are loaded (None: any), each with its number of interactions, and
    `providers`, rows and others."""

    def __init__(self, more: Collection[str] = ()) -> None:
        self.tapes: dict[str, int] | None = None
        self.providers = frozenset((*known_providers(), *more))

    def flaw(self, when: When, tape: str | None, faults: Faults) -> str | None:  # noqa: ARG002 - no tapes are known
        """Why `faults` can act on no answer to the requests of `when`; None if they can or if nobody knows."""
        return None


class Rehearsal(Known):
    """The tapes of a chooser. Of several that a rule may play, one that takes the faults is enough: the others are told
    of when they are asked for. `deck`: the faults that all answers of its deck get. May run beside the
    server's own work."""

    def __init__(
        self, chooser: Chooser, more: Collection[str] = (), *, tls: bool = False, deck: Collection[str] = ()
    ) -> None:
        super().__init__((*chooser.index.providers, *more))
        self.tapes = {tape: len(entries) for tape, entries in chooser.index.tapes.items()}
        self._tls = tls
        self._whose = "the deck's own or the command line's" if deck else "the command line's"
        self._chooser = Chooser(chooser.index, chooser.playing)
        # What every answer gets contradicts a rule on each attempt; what is for some attempts may never meet it.
        given = (one for text in (*chooser.playing.faults, *deck) for one in read(text))
        self._given = tuple(one for one in given if one.fault.attempts == ALWAYS)
        self._told: dict[tuple[When, str | None, str], str | None] = {}

    def flaw(self, when: When, tape: str | None, faults: Faults) -> str | None:
        key = (when, tape, text_of(one.fault for one in faults))
        if key not in self._told:
            if len(self._told) >= TRIED or not faults:
                return None
            self._told[key] = self._contradicted(faults) or self._tried(self._entries(when, tape), faults)
        return self._told[key]

    def _contradicted(self, faults: Faults) -> str | None:
        try:
            add_up(self._given, faults)
        except FaultError as error:
            return f"{error} (the first is {self._whose})"
        return None

    def _entries(self, when: When, tape: str | None) -> list[Entry]:
        if tape is not None:
            return list(self._chooser.tape(tape)[:CHECKED])
        return [one for one in self._chooser.index.entries if _may_play(when, one)][:CHECKED]

    def _tried(self, entries: list[Entry], faults: Faults) -> str | None:
        first: str | None = None
        for entry in entries:
            breaking = broken_by(faults, Wanted(tls=self._tls), Attempt(""), 0, 0.0)
            try:
                self._chooser.broken(entry, Asking(), None, breaking)
            except FaultError as error:
                first = first or f"on the tape {escape(entry.place)} {error}"
            else:
                return None
        return first


def _may_play(when: When, entry: Entry) -> bool:
    return _fits(when.dialect, entry.dialect) and (entry.provider is None or _fits(when.provider, entry.provider))


def _fits(globs: Globs, text: str) -> bool:
    return not globs or any(fnmatchcase(text, glob) for glob in globs)
