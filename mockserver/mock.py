"""`Mock`: a deck of a server in this process, as tests see it. What was asked, what was wrong, what is to break.

Works from any thread: what it reads and changes belongs to the server's loop, and is read and changed there. The server
around it is `embed`. Imports `cassettes` and this package.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cassettes import providers
from cassettes.printable import count
from mockserver import reports
from mockserver.hub import Hub
from mockserver.misses import Miss
from mockserver.nearmiss import unlike
from mockserver.reports import Problem
from mockserver.seen import Seen, seen
from mockserver.verdicts.exchange import exchanges
from mockserver.verdicts.table import verdicts
from mockserver.verdicts.verdict import Terms, Verdict
from mockserver.wrapped import client_variables

if TYPE_CHECKING:
    from mockserver.embedded import Embedded

T = TypeVar("T")
LOOK_EVERY = 0.05
"""Seconds between two looks at what is waited for and is no event of the journal, such as bytes that were sent."""
SETTLING = 0.1
"""Seconds that verdicts wait for answers under way: that a client has left is noticed a moment later."""
KINDS = ("miss", "refused", "upstream", "unplayed")
"""What `assert_clean` finds, and may be told to allow."""


class Mock:
    """A deck: places on the tapes, attempts, faults and journal of its own. `name` is empty for the server's main one.

    `strict`: interactions that were never played are a problem.
    """

    def __init__(self, house: Embedded, name: str = "", *, strict: bool = False) -> None:
        self._house = house
        self.name = name
        self.strict = strict
        self._allowed: frozenset[str] = frozenset()

    # -- where it is ----------------------------------------------------------------------------------------------

    def url(self, provider: str | None = None, dialect: str | None = None) -> str:
        """What that provider's SDK takes as its base URL; without a provider, the root of the deck.

        `dialect`: of the SDK, where it is not the provider's first (`anthropic` for a gateway that speaks both). Raises
        ProviderError, which names the nearest.
        """
        root = self._house.url + (f"/~{self.name}" if self.name else "")
        if provider is None:
            return root
        if providers.lookup(provider) is None and provider in self._house.mounts(self.name):
            return f"{root}/{provider}"
        return providers.client_url(providers.find(provider), root, dialect)

    @property
    def env(self) -> dict[str, str]:
        """The variables that point every SDK at the deck, with dummy keys where no key is set: `{**os.environ, **env}`
        is for a subprocess."""
        return client_variables(self.url(), os.environ, dummy_keys=not self._house.records)

    def deck(
        self,
        name: str,
        *,
        tapes: Sequence[str | Path] | None = None,
        faults: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] | None = None,
        scenario: str | Path | Mapping[str, Any] | None = None,
        strict: bool = False,
        **settings: Any,
    ) -> Mock:
        """The deck called `name` (letters, digits, `.`, `_`, `-`). With any other argument it is made anew.

        `tapes`: files, folders, names of shipped tapes; else it has those of the server. `settings`: match, speed,
        ttft, tps, max_gap, jitter, after_last, seed; what is left out is the server's. Raises TokentapeError.
        """
        if tapes is None and faults is None and scenario is None and not settings:
            return Mock(self._house, self._house.named(name), strict=strict)
        given = {**settings, "faults": faults, "scenario": scenario}
        return self._house.put(self._house.named(name), tapes, given, strict=strict)

    # -- what came ------------------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[Seen]:
        """The requests of this deck as the journal has them, oldest first, redacted."""
        house = self._house
        records = house.inside(lambda: list(house.journal.listed(self.name)))
        wall = Hub.wall(0.0)
        return [seen(one, house.redactor, wall) for one in records]

    @property
    def misses(self) -> list[Miss]:
        """The different requests that no tape answered, oldest first."""
        return [miss for miss, _ in self._house.inside(lambda: self._house.missed.of(self.name))]

    @property
    def unplayed(self) -> list[str]:
        """The places (`tape#1`) of this deck's interactions that nobody asked for."""
        house = self._house
        played = house.inside(lambda: {place for deck, place in house.journal.played if deck == self.name})
        return [entry.place for entry in house.chooser(self.name).index.entries if entry.place not in played]

    @property
    def seed(self) -> int:
        """What everything random in this deck is drawn from."""
        scenario = self._house.inside(lambda: self._house.deck(self.name).scenario)
        seed = None if scenario is None else scenario.seed
        return self._house.chooser(self.name).playing.seed if seed is None else seed

    def wait_for(self, what: int | Callable[[Mock], T], timeout: float = 5.0) -> T | list[Seen]:
        """Waits until so many requests are over, or until `what(mock)` is true; returns the requests, or what it is.

        Raises TimeoutError with the journal after `timeout` (s). Blocks: in a coroutine use `wait_for_async`.
        """
        until = Hub.now() + timeout
        while True:
            version = self._house.journal.version
            if found := self._found(what):
                return found
            self._house.changed(version, self._patience(what, until, timeout)).result()

    async def wait_for_async(self, what: int | Callable[[Mock], T], timeout: float = 5.0) -> T | list[Seen]:  # noqa: ASYNC109 - it tells what came
        """As `wait_for`, for coroutines of an asyncio loop."""
        until = Hub.now() + timeout
        while True:
            version = self._house.journal.version
            if found := self._found(what):
                return found
            await asyncio.wrap_future(self._house.changed(version, self._patience(what, until, timeout)))

    def _found(self, what: int | Callable[[Mock], T]) -> T | list[Seen]:
        if not isinstance(what, int):
            return what(self)
        requests = self.requests
        return requests if sum(not one.in_flight for one in requests) >= what else []

    def _patience(self, what: object, until: float, timeout: float) -> float:
        left = until - Hub.now()
        if left <= 0 or not self._house.is_running:
            wanted = f"{count(what, 'request')} to be over" if isinstance(what, int) else "what was waited for"
            raise TimeoutError(f"waited {timeout:g} s for {wanted}\n{self.report([])}")
        return min(left, LOOK_EVERY)

    # -- what breaks ----------------------------------------------------------------------------------------------

    @property
    def faults(self) -> tuple[str, ...]:
        """What every request of the deck gets, in the grammar of `tokentape faults`; may be set at any time."""
        return self._house.inside(lambda: self._house.deck(self.name).faults)

    @faults.setter
    def faults(self, given: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]) -> None:
        self._house.break_with(self.name, given)

    @property
    def scenario(self) -> object:
        """The deck's scenario, None without one; set to a file, its text, or a mapping."""
        return self._house.inside(lambda: self._house.deck(self.name).scenario)

    @scenario.setter
    def scenario(self, given: str | Path | Mapping[str, Any] | None) -> None:
        self._house.direct(self.name, given)

    def reset(self) -> None:
        """As if nothing had been asked: places, attempts, journal, misses. Faults and scenario stay."""
        self._house.inside(lambda: self._house.forget(self.name))

    # -- what was wrong -------------------------------------------------------------------------------------------

    def problems(self, allow: Collection[str] = ()) -> list[Problem]:
        """What is wrong with what was asked, but for the kinds (KINDS) to `allow`."""
        found = [*self._misses(), *filter(None, map(reports.of_answer, self.requests))]
        if self.strict and (unplayed := self.unplayed):
            found.append(reports.of_unplayed(unplayed))
        return [one for one in found if one.kind not in allow]

    def assert_clean(self, allow: Collection[str] = ()) -> None:
        """Raises AssertionError that tells, for each request that found no tape or that the server refused, what would
        have been right; under `strict` also for interactions that were never played.

        `allow`: kinds of problems that are meant (KINDS); they are no problem at the end of the test either.
        """
        allow = {allow} if isinstance(allow, str) else frozenset(allow)
        if strange := sorted(set(allow) - set(KINDS)):
            raise ValueError(f"allow: there is no kind {strange[0]!r}; expected some of {', '.join(KINDS)}")
        self._allowed = self._allowed | allow
        if problems := self.problems(self._allowed):
            raise AssertionError(self.report(problems))

    @property
    def allowed(self) -> frozenset[str]:
        """What `assert_clean` was told to allow."""
        return self._allowed

    def verdicts(
        self,
        accepted: str | Iterable[str] | None = None,
        *,
        patience_ms: float = 1000.0,
        least_wait_ms: float = 100.0,
        tries: int = 2,
        most_tries: int = 5,
    ) -> list[Verdict]:
        """What the client of this deck did wrong, with the evidence (docs/guide/verdicts.md). Ask when it is done.

        `accepted`: the text, or the texts, that it took for whole answers; None where it reported an error. Times in
        ms: `patience_ms` is the silence after which it should have left a stream, `least_wait_ms` the shortest wait
        before another attempt where the answer names none. `tries`: requests after which it may give up, `most_tries`:
        after which it must.
        """
        until = Hub.now() + SETTLING
        while (
            self._house.is_running and any(one.in_flight for one in self.requests) and (left := until - Hub.now()) > 0
        ):
            self._house.changed(self._house.journal.version, left).result()
        texts = (accepted,) if isinstance(accepted, str) else tuple(accepted or ())
        return self._judged(
            Terms(accepted=texts, patience=patience_ms, least_wait=least_wait_ms, tries=tries, most_tries=most_tries)
        )

    def _judged(self, terms: Terms) -> list[Verdict]:
        house = self._house
        seen = house.inside(lambda: exchanges(house.journal.listed(self.name), Hub.now(), Hub.wall(0.0)))
        return verdicts(seen, terms, house.redactor)

    def report(self, problems: Sequence[Problem]) -> str:
        """The problems, what the client did wrong, the seed and the requests as text; redacted."""
        return reports.told(problems, self.requests, self.seed, map(str, self._judged(Terms())))

    def _misses(self) -> list[Problem]:
        house = self._house
        missed = house.inside(
            lambda: [(miss, house.journal.get(number)) for miss, number in house.missed.of(self.name)]
        )
        index = house.chooser(self.name).index
        problems = []
        for miss, record in missed:
            near = next((entry for entry in index.entries if entry.place == miss.nearest), None)
            lines = unlike(record.came.asked, near, index.rules) if record is not None and near is not None else ()
            problems.append(reports.of_miss(miss, lines))
        return problems
