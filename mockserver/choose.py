"""From a live request to the plan that answers it: levels, the deck's place, timing, a compiled plan per way of asking.

Pure but for a seeded random source. What was worked out for a request is remembered (bounded), so that a repeated
request costs a dictionary look-up. Imports `cassettes`, `decks` and `plan`.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import OrderedDict
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote
from weakref import WeakValueDictionary

import msgspec

from cassettes import dialects, hops, routes
from cassettes.difference import FAR, Comparison, Miss, missed
from cassettes.events import event_ends, event_kind
from cassettes.folding import folded
from cassettes.framing import octets
from cassettes.matching import LADDER, Asked, Entry, Index, Level
from cassettes.model import Request, Timeline, TokentapeError
from cassettes.redact import Redactor
from cassettes.reframing import reframed
from cassettes.resume import rest_of
from cassettes.timeline import to_timeline
from cassettes.timing import AS_RECORDED, Pace, paced
from mockserver.decks import Deck, Run
from mockserver.plan import MARK, Asking, Plan, compile_plan
from mockserver.resuming import Resuming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cassettes.synth.improvise import Improvised, Improviser
    from mockserver.counting import Attempt
    from mockserver.faulty import Breaking

REMEMBERED = 4096
"""Requests whose candidates are remembered."""
REHEARSED = 64
"""Interactions that are found and compiled before the first request."""
REHEARSED_BYTES = 2 * 1024 * 1024
"""Bytes of requests and answers after which that ends: the server is to be ready soon."""
PLANS = 256
"""Compiled plans that are kept; one holds its tape's bytes once more."""
PLAN_BYTES = 256 * 1024 * 1024
"""Bytes of all of them together; the newest stays whatever its size."""
COMPARED = 50
"""Tapes that a miss is compared with to name the nearest."""
COMPARED_BYTES = 2 * 1024 * 1024
"""Bytes of their request bodies after which no more are looked into: a megabyte takes 20 ms."""


class Playing(msgspec.Struct, frozen=True, kw_only=True):
    """How tapes are chosen and played. `levels` are tried in order; `repeat`: after the last interaction, it again;
    `faults`: those of the command line, as written."""

    levels: tuple[Level, ...] = LADDER[:2]
    repeat: bool = True
    pace: Pace = AS_RECORDED
    seed: int = 0
    mark: bool = True
    faults: tuple[str, ...] = ()


class Chosen(NamedTuple):
    """An answer: the plan, and where it came from so that the deck's place can move on (None: it stays); which faults
    are in it, and those that were optional and left out; which attempt it is, and whether attempts restart once it was
    delivered; the `rule` of the scenario, from 1, and the seed."""

    plan: Plan
    entry: Entry
    candidates: Run | None
    breaking: Breaking | None = None
    left_out: tuple[str, ...] = ()
    attempt: Attempt | None = None
    restarts: bool = False
    rule: int = 0
    seed: int | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the journal says beside the rest."""
        if not self.left_out and not self.rule and (self.attempt is None or not self.attempt.ambiguous):
            return ()
        notes = [f"fault_not_applied: {one}" for one in self.left_out]
        if self.attempt is not None and self.attempt.ambiguous:
            notes.append("ambiguous_attempt: an equal request was still being answered")
        if self.attempt is not None and self.rule:
            notes.append(f"scenario: rule {self.rule}, attempt {self.attempt.number}")
        return tuple(notes)

    @property
    def faultless(self) -> bool:
        """Whether no fault acts in it."""
        breaking = self.breaking
        return breaking is None or len(self.left_out) == len(breaking.faults) or breaking.spent(self.entry)


class Compiled(NamedTuple):
    """A plan, and the optional faults that could not be applied, with the reason."""

    plan: Plan
    left_out: tuple[str, ...] = ()


Found = tuple[Level | Literal["synth"], Run]
"""`synth`: no tape answers, and what does was made for the request."""


class Chooser:
    """Chooses among the interactions of an index. Replace the index with `reload`. `plan_bytes`: of the compiled plans
    that are kept; `improviser`: who answers where no tape does, None for nobody."""

    def __init__(
        self, index: Index, playing: Playing, plan_bytes: int = PLAN_BYTES, improviser: Improviser | None = None
    ) -> None:
        self.index = index
        self.playing = playing
        self.improviser = improviser
        self._most_bytes = plan_bytes
        self._found: OrderedDict[tuple[object, ...], Found | None] = OrderedDict()
        # Of a thousand requests with one list of candidates the list is kept once.
        self._runs: WeakValueDictionary[str, Run] = WeakValueDictionary()
        self._plans: OrderedDict[tuple[object, ...], Compiled] = OrderedDict()
        self._plan_bytes = 0
        self.resuming = Resuming()

    def reload(self, index: Index) -> None:
        """Other tapes from now on; what is being played goes on."""
        self.index = index
        self.resuming.forget()
        self._found.clear()
        self._runs.clear()
        self._plans.clear()
        self._plan_bytes = 0

    def rehearse(self, redactor: Redactor) -> None:
        """Finds and compiles the first tapes before anyone asks: the first request is else late by 1 ms for what is
        worked out, and for what Python has not run yet. Half a millisecond a tape, REHEARSED_BYTES at most."""
        size = 0
        for entry in self.index.entries[:REHEARSED]:
            size += len(entry.body) + len(entry.interaction.response.body)
            if size > REHEARSED_BYTES:
                break
            method, target = entry.interaction.request.method, entry.path + (f"?{entry.query}" if entry.query else "")
            with contextlib.suppress(TokentapeError):  # a tape's path may begin as a deck's, and be none
                route = routes.parse(method, target, (), (), entry.body)
                self.find(Asked(Request(method, target, (), entry.body), route, redactor.bytes(entry.body)))
                self.plan(entry, Asking())
            entry.likeness.digests, entry.likeness.streams  # noqa: B018 - worked out when they are first looked at
        self._found.clear()

    def choose(self, asked: Asked, asking: Asking, deck: Deck) -> Chosen | None:
        """The answer to `asked`, or None: nothing matches, or everything was played and nothing repeats."""
        found = self.find(asked)
        return None if found is None else self.pick(found, asking, deck)

    def pick(self, found: Found, asking: Asking, deck: Deck, breaking: Breaking | None = None) -> Chosen | None:
        """The answer that is next for `deck` among what `find` found; None when all was played and nothing repeats.

        Raises FaultError for a fault of `breaking` that cannot be applied to it."""
        level, run = found
        entry = deck.choose(run, unplayed=level == "order", repeat=self.playing.repeat or level == "synth")
        if asking.had is not None and (goes_on := self.resuming.among(run, entry, asking.had)) is not None:
            entry, rest = goes_on
            asking = asking._replace(rest=rest if rest.offset else None)
        asking = asking._replace(had=None) if asking.had is not None else asking
        if entry is None:
            return None
        plan, left_out = self.broken(entry, asking, None, breaking)
        return Chosen(plan, entry, run, breaking, left_out)

    def take(self, entry: Entry, asking: Asking, breaking: Breaking | None) -> Chosen:
        """The answer of that very interaction: it moves no deck's place. Raises FaultError as `pick` does."""
        plan, left_out = self.broken(entry, asking, None, breaking)
        return Chosen(plan, entry, None, breaking, left_out)

    def plan(self, entry: Entry, asking: Asking, pace: Pace | None = None) -> Plan:
        """The compiled plan of `entry` for that way of asking, at the chooser's own pace if none is given."""
        return self.broken(entry, asking, pace, None).plan

    def broken(self, entry: Entry, asking: Asking, pace: Pace | None, breaking: Breaking | None) -> Compiled:
        """As `plan`, with the faults of `breaking` in it. Raises FaultError for one that cannot be applied."""
        key = (entry.place, asking, pace, breaking.key if breaking is not None else None)
        compiled = self._plans.get(key)
        if compiled is not None:
            self._plans.move_to_end(key)
            return compiled
        own = self.playing.pace if pace is None else pace
        compiled = self._plans[key] = self._compile(entry, asking, own, breaking)
        self._plan_bytes += len(compiled.plan.wire)
        while len(self._plans) > 1 and (len(self._plans) > PLANS or self._plan_bytes > self._most_bytes):
            self._plan_bytes -= len(self._plans.popitem(last=False)[1].plan.wire)
        return compiled

    def find(self, asked: Asked) -> Found | None:
        """The level at which tapes answer `asked`, and the run of their interactions. For as long as `index` stays."""
        if not self.index.entries and self.improviser is None:
            return None  # `asked.body` is not looked at: it may not be worked out yet
        route = asked.route
        # The digest, not the body: of a thousand requests of megabytes nothing is kept.
        method, path = asked.request.method, route.path
        key = (method, route.provider, route.likely, route.dialect, path, route.query, asked.digest)
        if key in self._found:
            return self._found[key]
        found = self._found[key] = self._find(asked)
        if len(self._found) > REMEMBERED:
            self._found.popitem(last=False)
        return found

    def _find(self, asked: Asked) -> Found | None:
        if self.improviser is not None and self.improviser.plays_card(asked):
            return self._improvised(asked)
        if entries := self.index.named(asked):
            return "exact", self._run(entries)
        for level in self.playing.levels:
            if entries := self._hops(asked, level, self.index.find(level, asked)):
                return level, self._run(entries)
        return self._improvised(asked)

    def improvised(self, asked: Asked) -> Improvised | None:
        """What is made for a request that no tape answers. Raises CardError for a test card that does not exist."""
        return None if self.improviser is None else self.improviser.answer(asked)

    @property
    def cards(self) -> Sequence[str]:
        """The test cards that are played."""
        return self.improviser.cards if self.improviser is not None else ()

    def faults_of(self, asked: Asked) -> str:
        """The faults that belong to what was made for a request: those of its test card, or of its row in the table."""
        made = self.improvised(asked)
        return made.faults if made is not None else ""

    def _improvised(self, asked: Asked) -> Found | None:
        made = self.improvised(asked)
        return None if made is None else ("synth", self._run((made.entry,)))

    def _hops(self, asked: Asked, level: Level, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """Those of the candidates that answer this hop of a stream (providers.md 6.6). `order` is the tape's own order,
        whatever is asked, unless the token says more."""
        if asked.route.dialect != "gemini":
            return entries
        token = hops.token_of(asked.body)
        if level == "order":
            return (hops.answering(token, entries) if token else ()) or entries
        return hops.answering(token, entries)

    def _run(self, entries: tuple[Entry, ...]) -> Run:
        run = Run(entries)
        return self._runs.setdefault(run.key, run)

    def tape(self, name: str) -> Sequence[Entry]:
        """The interactions of the tape called `name`, or the one of `NAME#n`; none if it is not loaded."""
        if entries := self.index.tapes.get(name):
            return entries
        tape, _, number = name.rpartition("#")
        return [one for one in self.index.tapes.get(tape, ()) if str(one.number) == number]

    def among(self, entries: Sequence[Entry], asked: Asked) -> Found | None:
        """Those of `entries` that the dialect and operation of `asked` are for; where none is, those of its method, as
        whoever names a tape wants that one."""
        route = asked.route
        fitting = [one for one in entries if (one.dialect, one.operation) == (route.dialect, route.operation)]
        found = fitting or [one for one in entries if one.interaction.request.method == asked.request.method]
        return ("exact", self._run(tuple(found))) if found else None

    def missed(self, asked: Asked) -> Miss:
        """What is to say of a request that nothing answers: the nearest tape, what differs, what would have matched."""
        return missed(asked, self.index, nearest(self.index, asked), self.playing.levels)

    def _compile(self, entry: Entry, asking: Asking, pace: Pace, breaking: Breaking | None) -> Compiled:
        timeline, response, whole, other = self.timeline(entry, pace), entry.interaction.response, None, None
        if asking.whole:
            whole = folded(response, timeline, dialects.get(entry.dialect))
            timeline = whole or timeline
        elif asking.rest is not None:
            timeline = rest_of(timeline, asking.rest)
        elif asking.form is not None:
            other = reframed(response, timeline, asking.form)
            timeline = other or timeline
        extra = ((MARK, quote(octets(entry.place), safe="/#:@+,;=~!")),) if self.playing.mark else ()
        if breaking is None:
            return Compiled(compile_plan(timeline, asking, extra))
        from mockserver.faults.breaking import broken, tape_side

        kind = event_kind(response.headers, response.code, response.body, response.stream.events)
        kind = asking.form if other is not None and asking.form is not None else kind
        tape = tape_side(timeline, kind, asking, folded=whole is not None)
        if not breaking.has_case:
            return Compiled(*broken(tape, breaking.faults, breaking.scene(entry), asking, extra))
        from mockserver.cases.playing import Asker, unfold

        # A case often has a stream of its own, which is played instead.
        unfolded = unfold(breaking.faults, Asker(breaking.attempt, entry.dialect, breaking.had, asking.whole))
        if unfolded.timeline is not None:
            tape = tape_side(unfolded.timeline, "sse", asking, folded=False)
        plan, left_out = broken(tape, unfolded.faults, breaking.scene(entry), asking, extra)
        return Compiled(plan, (*unfolded.left_out, *left_out))

    def timeline(self, entry: Entry, pace: Pace) -> Timeline:
        """The response of `entry` at that pace."""
        timeline = to_timeline(entry.interaction)
        if pace != AS_RECORDED:
            response = entry.interaction.response
            kind = event_kind(response.headers, response.code, response.body, response.stream.events)
            ends = event_ends(response.body, kind) if pace.tps else []
            text = dialects.get(entry.dialect).text
            timeline = paced(timeline, pace, self._random(entry), ends, lambda event: bool(text(event)))
        return timeline

    def _random(self, entry: Entry) -> Random:
        """Seeded by what does not depend on the order of requests: same seed, same bytes, in any process."""
        digest = hashlib.sha256(octets(f"{self.playing.seed}\0{entry.place}")).digest()
        return Random(int.from_bytes(digest[:8]))


def nearest(index: Index, asked: Asked) -> Entry | None:
    """The tape to name in a miss, the one that differs least (the first of equals): of those with the same provider,
    dialect and path, else the same operation, else that operation at another provider, else one of the same provider,
    else any."""
    comparison = Comparison(asked, index.rules)
    own = (entry for entry in index.entries if entry.provider == asked.route.provider is not None)
    return (
        _least(comparison, index.find("order", asked))
        or _least(comparison, index.find("route", asked))
        or _least(comparison, index.alike(asked))
        or _least(comparison, tuple(islice(own, COMPARED)))
        or next(iter(index.entries), None)
    )


def _least(comparison: Comparison, entries: tuple[Entry, ...]) -> Entry | None:
    """The entry from which a request differs least, among the first COMPARED of them."""
    found, least, size = None, FAR + 1, 0
    for entry in entries[:COMPARED]:
        distance = comparison.distance(entry) if size < COMPARED_BYTES else FAR
        size += len(entry.body)
        if distance < least:
            found, least = entry, distance
    return found
