"""Misses: why no tape answered a request, and the last of them for `/_tokentape/misses`. Pure state, bounded.

What is kept is redacted before it comes in. Imports `cassettes`, `choose` and nothing of the server.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from cassettes import difference, routes
from cassettes.matching import Asked
from cassettes.printable import escape
from cassettes.redact import Redactor
from mockserver.choose import Chooser, Found
from mockserver.decks import Run

MOST = 1000
"""Different misses that are kept; the oldest goes first."""
SHOWN = 200
"""Characters of a method or a path."""


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """A request that no tape answered. `differs` names fields, never values; `rule` is the option under which `matches`
    would have answered; `message` is the line that the client and stderr got."""

    method: str
    path: str
    provider: str | None
    dialect: str
    deck: str | None
    nearest: str | None
    differs: tuple[str, ...]
    rule: str | None
    matches: str | None
    message: str


def miss_of(asked: Asked, url: str, chooser: Chooser, found: Found | None, redactor: Redactor) -> Miss:
    """The miss of `asked` on the server at `url`; `found` is what would have answered, had it not been played."""
    route, request = asked.route, asked.request
    wrong = routes.hint(route, url) if found is None else ""
    played = found[1] if found is not None else None
    told = difference.Miss(played.last.place) if played else difference.Miss() if wrong else chooser.missed(asked)
    message = _played(played) if played is not None else wrong or _told(told, chooser)
    return Miss(
        method=request.method[:SHOWN],
        path=redactor.uri(request.uri)[:SHOWN],
        provider=route.provider,
        dialect=route.dialect,
        deck=route.deck,
        nearest=None if told.nearest is None else redactor.text(told.nearest),
        differs=tuple(redactor.text(field) for field in told.fields),
        rule=None if told.rule is None else redactor.text(told.rule),
        matches=None if told.matches is None else redactor.text(told.matches),
        message=redactor.text(message),
    )


def _told(told: difference.Miss, chooser: Chooser) -> str:
    """Why nothing answers, in one line: there are no tapes, or the nearest tape, what differs and what would help."""
    near = next((entry for entry in chooser.index.entries if entry.place == told.nearest), None)
    if near is None:
        return "no tapes are loaded; `tokentape record -o DIR` records some; `tokentape serve` has the shipped ones"
    differing = f", which differs in {escape(', '.join(told.fields))}" if told.fields else ""
    asked_for = f"{near.interaction.request.method} {escape(near.path)}"
    return f"the nearest is {escape(near.place)} ({asked_for}){differing}{_remedy(told, chooser)}"


def _played(run: Run) -> str:
    count, last = len(run), escape(run.last.place)
    if count == 1:
        return f"the only interaction for this request, {last}, was played already; --after-last repeat plays it again"
    return f"all {count} interactions for this request were played, {last} last; --after-last repeat plays that again"


def _remedy(told: difference.Miss, chooser: Chooser) -> str:
    """What helps against a miss: that depends on how tapes are looked for."""
    if difference.HOP in told.fields:
        return "; no interaction was sent that token or asked with one: --on-miss record records the hop"
    rule = f"; {escape(told.rule)} would have matched {escape(told.matches or '')}" if told.rule else ""
    return rule + ("; --record-mode new_episodes records what is missing" if "key" in chooser.playing.levels else "")


class Misses:
    """The last misses, equal ones counted together. `total` counts all that were noted, `dropped` those that had to
    make room for others, `ever` all there were before the last `clear` too."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._counts: OrderedDict[Miss, int] = OrderedDict()
        self._latest: dict[Miss, int] = {}
        self.total = 0
        self.dropped = 0
        self.ever = 0

    def note(self, miss: Miss, request: int = 0) -> None:
        """Keeps a miss, as the newest. `request`: its number in the journal."""
        self.total += 1
        self.ever += 1
        self._counts[miss] = self._counts.pop(miss, 0) + 1
        self._latest[miss] = request
        if len(self._counts) > self._most:
            gone, count = self._counts.popitem(last=False)
            self.dropped += count
            del self._latest[gone]

    def of(self, deck: str) -> list[tuple[Miss, int]]:
        """The different misses of one deck (`""`: of requests that name none), oldest first, each with the number of
        its latest request in the journal."""
        return [(miss, self._latest[miss]) for miss in self._counts if (miss.deck or "") == deck]

    def forget(self, deck: str) -> None:
        """Forgets those of one deck."""
        for miss, _ in self.of(deck):
            self.total -= self._counts.pop(miss)
            del self._latest[miss]

    def clear(self) -> None:
        """Forgets them all."""
        self._counts.clear()
        self._latest.clear()
        self.total = self.dropped = 0

    def listed(self, deck: str | None = None) -> dict[str, object]:
        """As JSON has them, oldest first; those of one deck or of all. The counts are of all."""
        kept = [(miss, count) for miss, count in self._counts.items() if deck in {None, miss.deck}]
        rows = [{**msgspec.to_builtins(miss), "count": count} for miss, count in kept]
        return {"total": self.total, "dropped": self.dropped, "misses": rows}
