"""Which faults a request asks for, and which of them act on it: sources added up, attempts counted, chance seeded.

Sources come in the order CLI, URL, header (DESIGN 7). Pure; nothing of `faults` but its errors is loaded before a fault
is asked for. Imports `cassettes` and `faults`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cassettes import providers
from cassettes.framing import octets
from cassettes.matching import Entry
from cassettes.model import header
from cassettes.resume import LAST_EVENT_ID
from mockserver.counting import Attempt
from mockserver.faults.grammar import FaultError
from mockserver.plan import Asking

if TYPE_CHECKING:
    from cassettes.model import Headers
    from cassettes.routes import Route
    from mockserver.choose import Chooser
    from mockserver.faults.kinds import Scene
    from mockserver.faults.table import Bound

HEADER = "x-tokentape-fault"
CHECKED = 200
"""Interactions that a fault of the command line is tried on before it is believed to fit none."""


class Wanted(NamedTuple):
    """What a request asks for: `given` on the command line, `asked` by itself, in its URL or a header; `faults` are
    both. `target` is its raw path without `/!FAULTS`; `tls`: its connection is encrypted; `had`: its
    Last-Event-ID."""

    given: tuple[Bound, ...] = ()
    asked: tuple[Bound, ...] = ()
    faults: tuple[Bound, ...] = ()
    target: str = "/"
    tls: bool = False
    had: str = ""

    @property
    def own(self) -> bool:
        """Whether the request names faults itself."""
        return bool(self.asked)

    def refuse(self, why: str) -> None:
        """Raises FaultError if the request names faults: an answer that cannot have any is then a mistake."""
        if self.asked:
            raise FaultError(why)

    def in_deck(self, texts: Sequence[str]) -> Wanted:
        """With those of its deck, which come after the command line's. Raises FaultError."""
        if not texts:
            return self
        from mockserver.faults.table import add_up, read

        return self._replace(faults=add_up(self.given, *(read(text) for text in texts), self.asked))

    def also(self, text: str) -> Wanted:
        """With the faults of one more source of the request's own. Raises FaultError."""
        from mockserver.faults.table import add_up, read

        more = read(text)
        return self._replace(asked=(*self.asked, *more), faults=add_up(self.faults, more))


NOTHING = Wanted()


class Breaking(NamedTuple):
    """The faults that act on one request (at least one), and what else the plan depends on."""

    faults: tuple[Bound, ...]
    text: str
    attempt: int
    seed: int
    target: str
    now: float
    tls: bool
    had: str = ""

    @property
    def has_case(self) -> bool:
        """Whether one of them stands for others (`mockserver.cases`)."""
        return any(one.kind.family == "preset" for one in self.faults)

    @property
    def key(self) -> tuple[object, ...]:
        """What tells its plan from others; what no fault asks for is left out, so that plans are shared."""
        kinds = [one.kind for one in self.faults]
        seed = self.seed if any(kind.random for kind in kinds) else 0
        target = self.target if any(kind.targeted for kind in kinds) else ""
        now = int(self.now) if any(kind.clocked for kind in kinds) else 0
        case = (self.attempt, self.had) if self.has_case else ()
        return (self.text, seed, target, now, self.tls, case)

    def spent(self, entry: Entry) -> bool:
        """Whether nothing of it acts on this attempt: cases alone, which are over, so that `entry` comes as it is."""
        if not self.has_case:
            return False
        from mockserver.cases.playing import Asker, unfold

        unfolded = unfold(self.faults, Asker(self.attempt, entry.dialect, self.had))
        return not unfolded.faults and unfolded.timeline is None

    def scene(self, entry: Entry) -> Scene:
        """Where its faults act when `entry` is played."""
        from mockserver.faults.kinds import Scene

        row = providers.lookup(entry.provider) if entry.provider else None
        return Scene(entry.dialect, row, self.seed, self.target, self.now, self.tls)


def wanted(given: Sequence[str], route: Route, headers: Headers, target: str, *, tls: bool) -> Wanted:
    """The faults of the command line (`given`), the URL and the header. Raises FaultError."""
    own = [route.faults, *(value for name, value in headers if name.lower() == HEADER)]
    asked = [text for text in own if text]
    if any(text == "" for text in own):
        raise FaultError(f"the header {HEADER} is empty; expected faults such as reset@3e")
    # A deck, or the query of /play, may add faults to none: they too ask for these.
    about = Wanted(target=_without_faults(target), tls=tls, had=header(headers, LAST_EVENT_ID) or "")
    if not given and not asked:
        return about
    from mockserver.faults.table import add_up, read

    mine, theirs = add_up(*map(read, given)), add_up(*map(read, asked))
    return about._replace(given=mine, asked=theirs, faults=add_up(mine, theirs))


def _without_faults(target: str) -> str:
    """The request target without the segment that holds faults."""
    segments = target.split("/")
    at = next((number for number in (1, 2) if segments[number : number + 1] and segments[number].startswith("!")), None)
    return target if at is None else "/".join(segments[:at] + segments[at + 1 :])


def breaking(wish: Wanted, attempt: Attempt, deck: str, seed: int, now: float) -> Breaking | None:
    """The faults of `wish` that act on `attempt` in `deck`; None if none does. `seed` is the server's."""
    if not wish.faults:
        return None
    from mockserver.faults.breaking import acting

    return broken_by(acting(wish.faults, attempt.life), wish, attempt, attempt_seed(seed, deck, attempt), now)


def broken_by(faults: tuple[Bound, ...], wish: Wanted, attempt: Attempt, seed: int, now: float) -> Breaking | None:
    """`faults`, which all act on `attempt`; None for none. `seed` is that of the attempt."""
    if not faults:
        return None
    from mockserver.faults.grammar import text_of

    text = text_of(one.fault for one in faults)
    return Breaking(faults, text, attempt.life, seed, wish.target, now, wish.tls, wish.had)


def attempt_seed(seed: int, deck: str, attempt: Attempt) -> int:
    """The seed of all that is random in an attempt: from the server's seed, deck, request key and which of the key's
    requests it is (DESIGN 7), so that it is the same in another process, whatever else is asked meanwhile."""
    digest = hashlib.sha256(octets(f"{seed}\0{deck}\0{attempt.key}\0{attempt.serial}")).digest()
    return int.from_bytes(digest[:8])


def check(given: Sequence[str], chooser: Chooser, *, tls: bool = False) -> None:
    """Raises FaultError where faults of the command line fit no tape at all: then no answer would ever be broken as
    asked. Where some tape takes them, the others are told of when they are asked for."""
    from mockserver.faults.table import add_up, read

    faults = add_up(*(read(text) for text in given))
    first: FaultError | None = None
    for entry in chooser.index.entries[:CHECKED]:
        try:
            for attempt in sorted({one.fault.attempts.first for one in faults}):
                now = breaking(Wanted(faults=faults, tls=tls), Attempt("", life=attempt), "", 0, 0.0)
                chooser.broken(entry, Asking(), None, now)
        except FaultError as error:
            first = first or FaultError(f"{entry.place}: {error}")
        else:
            return
    if first is not None:
        raise first


def texts(given: Iterable[str]) -> tuple[str, ...]:
    """The faults of the command line, each source read once so that a mistake is told before anything starts."""
    from mockserver.faults.table import add_up, read

    kept = tuple(given)
    add_up(*(read(text) for text in kept))
    return kept
