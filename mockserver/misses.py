"""Misses: why no tape answered a request, and the last of them for `/_tokentape/misses`. Pure state, bounded.

What is kept is redacted before it comes in. Imports `cassettes`, `choose` and nothing of the server.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from cassettes import routes
from cassettes.difference import differences
from cassettes.matching import LEVELS, Asked, Entry, Level
from cassettes.printable import escape
from cassettes.redact import Redactor
from mockserver.choose import Chooser, Found, nearest

MOST = 1000
"""Different misses that are kept; the oldest goes first."""
SHOWN = 200
"""Characters of a method or a path."""


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """A request that no tape answered. `differs` names fields, never values; `rule` is the strictest `--match` that
    would have found a tape; `message` is the line that the client and stderr got."""

    method: str
    path: str
    provider: str | None
    dialect: str
    deck: str | None
    nearest: str | None
    differs: tuple[str, ...]
    rule: Level | None
    message: str


def miss_of(asked: Asked, url: str, chooser: Chooser, found: Found | None, redactor: Redactor) -> Miss:
    """The miss of `asked` on the server at `url`; `found` is what would have answered, had it not been played."""
    route, request = asked.route, asked.request
    wrong = routes.hint(route, url) if found is None else ""
    near = None if wrong else found[1][-1] if found else nearest(chooser.index, asked)
    differing = tuple(differences(asked, near)) if near is not None and found is None else ()
    return Miss(
        method=request.method[:SHOWN],
        path=redactor.uri(request.uri)[:SHOWN],
        provider=route.provider,
        dialect=route.dialect,
        deck=route.deck,
        nearest=None if near is None else redactor.text(near.place),
        differs=tuple(redactor.text(field) for field in differing),
        rule=None if found or wrong else _rule(asked, chooser),
        message=redactor.text(wrong or _told(near, differing, chooser, found)),
    )


def _rule(asked: Asked, chooser: Chooser) -> Level | None:
    untried = (level for level in LEVELS if level not in chooser.playing.levels)
    return next((level for level in untried if chooser.index.find(level, asked)), None)


def _told(near: Entry | None, differing: tuple[str, ...], chooser: Chooser, found: Found | None) -> str:
    """Why nothing answers, in one line: all of `found` was played, there are no tapes, or the nearest tape, what
    differs from it and what to do."""
    if found is not None:
        return _played(found[1])
    if near is None:
        return "no tapes are loaded; `tokentape record -o DIR` records some; `tokentape serve` has the shipped ones"
    told = f", which differs in {escape(', '.join(differing))}" if differing else ""
    asked_for = f"{near.interaction.request.method} {escape(near.path)}"
    return f"the nearest is {escape(near.place)} ({asked_for}){told}{_remedy(chooser.playing.levels)}"


def _played(candidates: tuple[Entry, ...]) -> str:
    count, last = len(candidates), escape(candidates[-1].place)
    if count == 1:
        return f"the only interaction for this request, {last}, was played already; --after-last repeat plays it again"
    return f"all {count} interactions for this request were played, {last} last; --after-last repeat plays that again"


def _remedy(levels: tuple[Level, ...]) -> str:
    """What helps against a miss: that depends on how tapes are looked for."""
    if "key" in levels:
        return "; --record-mode new_episodes records what is missing"
    return "" if "route" in levels else "; --match route takes any tape of the same operation"


class Misses:
    """The last misses, equal ones counted together. `total` counts all that were noted, `dropped` those that had to
    make room for others."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._counts: OrderedDict[Miss, int] = OrderedDict()
        self.total = 0
        self.dropped = 0

    def note(self, miss: Miss) -> None:
        """Keeps a miss, as the newest."""
        self.total += 1
        self._counts[miss] = self._counts.pop(miss, 0) + 1
        if len(self._counts) > self._most:
            self.dropped += self._counts.popitem(last=False)[1]

    def clear(self) -> None:
        """Forgets them all."""
        self._counts.clear()
        self.total = self.dropped = 0

    def listed(self) -> dict[str, object]:
        """As JSON has them, oldest first."""
        rows = [{**msgspec.to_builtins(miss), "count": count} for miss, count in self._counts.items()]
        return {"total": self.total, "dropped": self.dropped, "misses": rows}
