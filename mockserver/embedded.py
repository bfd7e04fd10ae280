"""A server and the thread of this process that it runs in: what `mock` and `embed` read and change of it.

Decks are made here from files, by Python code that may name any; over the network `setup` makes them. The recorder is
handed in. Imports `cassettes` and this package.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol, TypeVar

from msgspec.structs import replace

from cassettes import routes
from cassettes.matching import LADDER, Entry, Index, Level
from cassettes.model import TokentapeError
from cassettes.normalise import Rules
from cassettes.redact import Redactor
from cassettes.secrets import secrets_from_env
from cassettes.shipped import shipped_root
from cassettes.store import FolderStore
from cassettes.synth.improvise import Improviser
from mockserver import faulty, setup
from mockserver.app import Forward, Server, Settings
from mockserver.aside import Aside
from mockserver.choose import Chooser, Playing
from mockserver.decks import Deck
from mockserver.handed import HandedTapes, Shelf, Source, source
from mockserver.live import Streams
from mockserver.misses import Misses
from mockserver.mock import Mock
from mockserver.mounts import extra_mounts
from mockserver.tapes import index_of
from mockserver.watched import Watched

T = TypeVar("T")
Faults = str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]
ScenarioGiven = str | Path | Mapping[str, Any]
"""A file (a path, or text of one line), a scenario's text, or a mapping."""


class Standby(Protocol):
    """A recorder that takes what no tape answers: the recorder's package makes it."""

    @property
    def failures(self) -> int: ...
    @property
    def forward(self) -> Forward: ...
    async def drain(self) -> None: ...
    async def close(self) -> None: ...


class Episode(Protocol):
    """What is recorded and what is played meanwhile. `standby`: None where nothing new is recorded; `plays`: the tapes
    that answer; `repeat`: the last interaction for a request answers for ever."""

    @property
    def standby(self) -> Standby | None: ...
    @property
    def plays(self) -> FolderStore | None: ...
    @property
    def repeat(self) -> bool: ...


class EmbeddedError(TokentapeError):
    """A server in this process that is used as it cannot be, or whose recordings were not kept."""


def levels(match: str | None, held: Collection[Source]) -> tuple[Level, ...]:
    """The levels to try: up to `match`; by default by value, but by route where a tape that ships with tokentape is
    named: nobody has asked what is on it."""
    if match == "order":
        return ("exact", "order")
    last = match or ("route" if any(one.is_shipped for one in held) else "normalized")
    return LADDER[: [str(level) for level in LADDER].index(last) + 1]


class Embedded:
    """A server and its thread. `said`: what it had to tell, a line each; `upstreams`: names of mounts that are no
    provider's; `standby` takes the misses of every deck; `records`: keys are real ones; `improviser` answers what no
    tape does."""

    def __init__(
        self,
        index: Index,
        playing: Playing,
        *,
        redactor: Redactor | None = None,
        said: list[str] | None = None,
        upstreams: Collection[str] = (),
        standby: Standby | None = None,
        records: bool = False,
        improviser: Improviser | None = None,
    ) -> None:
        self.redactor = Redactor(secrets_from_env(os.environ)) if redactor is None else redactor
        self.journal = Watched()
        self.said: list[str] = [] if said is None else said
        self.records = records
        self.shelf = Shelf()
        self._aside = Aside("tokentape")
        self._extra = extra_mounts(upstreams)
        self._standbys: list[Standby] = [] if standby is None else [standby]
        forward = None if standby is None else standby.forward
        chooser, settings = Chooser(index, playing, improviser=improviser), Settings(extra=self._extra)
        self._server = Server(chooser, settings, self.redactor, self.said.append, forward, self.journal)

    # -- life -----------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it listens, or has listened."""
        return self._server.url

    @property
    def is_running(self) -> bool:
        """Whether it can be asked."""
        return self._aside.is_running

    def open(self, host: str = "127.0.0.1", port: int = 0) -> Future[str]:
        """Starts the thread and listens. The future raises OSError when it cannot."""
        self._aside.start()
        return self._aside.submit(self._server.start(host, port))

    def close(self) -> Future[None]:
        """Ends every stream and recording, then stops listening. `join` is still to be called."""
        return self._aside.submit(self._close())

    async def _close(self) -> None:
        try:
            for standby in self._standbys:
                await standby.drain()
                await standby.close()
        finally:
            await self._server.stop()

    def join(self) -> None:
        """Ends the thread."""
        self._aside.stop()

    # -- what `Mock` reads ----------------------------------------------------------------------------------------

    def inside(self, function: Callable[[], T]) -> T:
        """What `function` returns, called where the server's state may be looked at."""
        return self._aside.call(function) if self._aside.is_running else function()

    def changed(self, since: int, seconds: float) -> Future[None]:
        """Done when the journal's version is not `since` any more, or after so long."""
        return self._aside.submit(self.journal.changed(since, seconds))

    @property
    def missed(self) -> Misses:
        """The misses of all decks."""
        return self._server.missed

    def deck(self, name: str) -> Deck:
        """The deck, made if it is new. Call it `inside`."""
        return self._server.decks.get(name or None, self._server.hub.now() if self.is_running else 0.0)

    def chooser(self, name: str) -> Chooser:
        """What chooses for a deck."""
        server = self._server
        own = self.inside(lambda: server.decks.own(name or None))
        return server.chooser if own is None else own.chooser(server.chooser.index)

    def mounts(self, name: str) -> frozenset[str]:
        """The mounts on a deck that are no provider's."""
        return self._extra | extra_mounts(self.chooser(name).index.providers)

    @staticmethod
    def named(name: str) -> str:
        """`name`, if a deck can be called so. Raises EmbeddedError."""
        if routes.DECK.fullmatch(name) is None:
            raise EmbeddedError(f"deck {name[:100]!r}: expected 1 to 64 letters, digits, '.', '_' or '-'")
        return name

    # -- what is changed ------------------------------------------------------------------------------------------

    def put(
        self,
        name: str,
        tapes: Sequence[str | Path | Source] | None,
        given: Mapping[str, Any],
        *,
        strict: bool = False,
        rules: Rules | None = None,
        episode: Episode | None = None,
        advice: str = "",
    ) -> Mock:
        """Makes a deck anew, with its own tapes (None: the server's) and settings. Raises TokentapeError.

        `episode`: what is recorded on it; then its `plays` are the tapes, and only what asks the same is answered.
        `advice`: what a miss is told where there are no tapes.
        """
        settings = dict(given)
        scenario = settings.pop("scenario", None)
        made = setup.given(strictly(settings, strict=strict))
        own = self._own(tapes, made, rules, episode)
        deck = Deck(name, own)
        deck.faults, deck.advice = setup.faults_of(made), advice
        chooser = own.chooser(self._server.chooser.index)
        faulty.check(deck.faults, chooser)
        deck.scenario = scenario_of(scenario, chooser, made.seed)
        if episode is not None and episode.standby is not None:
            deck.forward = episode.standby.forward
            self._standbys.append(episode.standby)
        self.inside(lambda: self._put(deck))
        return Mock(self, name, strict=strict)

    def _put(self, deck: Deck) -> None:
        self.journal.forget(deck.name)
        self._server.missed.forget(deck.name)
        self._server.decks.put(deck, self._server.hub.now())

    def _own(
        self,
        tapes: Sequence[str | Path | Source] | None,
        made: setup.Setup,
        rules: Rules | None,
        episode: Episode | None,
    ) -> HandedTapes | setup.SetUpTapes:
        chooser = self._server.chooser
        rules = chooser.index.rules if rules is None else rules
        if tapes is None and episode is None:
            return setup.SetUpTapes(made, chooser)
        sources, entries, files = self._found(tapes or (), rules)
        if episode is None:
            playing = setup.playing_of(made, replace(chooser.playing, levels=levels(None, sources)))
        else:
            # As the recorder files: whatever a looser rule finds would never be recorded.
            playing = replace(setup.playing_of(made, chooser.playing), levels=("key",), repeat=episode.repeat)
            if episode.plays is not None:
                entries = [*index_of(episode.plays, rules=rules).entries, *entries]
                files |= {tape.name: tape.path for tape in episode.plays.tapes}
        return HandedTapes(entries, rules, playing, files)

    def _found(
        self, tapes: Sequence[str | Path | Source], rules: Rules
    ) -> tuple[list[Source], list[Entry], dict[str, Path]]:
        """Loaded tapes by name, others by path."""
        index = self._server.chooser.index
        sources: list[Source] = []
        entries: list[Entry] = []
        for one in tapes:
            loaded = [name for name in index.tapes if isinstance(one, str) and setup.is_called(name, one)]
            if loaded and rules == index.rules:
                entries += [entry for name in loaded for entry in index.tapes[name]]
            else:
                sources.append(one if isinstance(one, Source) else source(one))
        held = self.shelf.held(sources, rules)
        return sources, [*entries, *held.entries], dict(held.files)

    def files(self, name: str) -> dict[str, Path]:
        """Where the tapes that a deck has of its own were read, by their names."""
        own = self.inside(lambda: self._server.decks.own(name))
        return dict(own.files) if isinstance(own, HandedTapes) else {}

    @property
    def decks(self) -> list[str]:
        """The names of the decks that there are, but for the main one."""
        return self.inside(lambda: [deck.name for deck in self._server.decks if deck.name])

    def played(self, name: str) -> set[tuple[Path, int]]:
        """(file, number) of what a deck with tapes of its own has begun to play, but for tapes that are shipped."""
        files, found = self.files(name), set[tuple[Path, int]]()
        for deck, place in self.inside(lambda: tuple(self.journal.played)):
            tape, _, number = place.rpartition("#")
            if deck == name and tape in files and not files[tape].is_relative_to(shipped_root()):
                found.add((files[tape], int(number)))
        return found

    def break_with(self, name: str, faults: Faults) -> None:
        """Other faults for a deck. Raises FaultError where no tape of it takes them."""
        one = isinstance(faults, str | Mapping) or not isinstance(faults, Iterable)
        texts = setup.faults_of(setup.given({"faults": faults if one else list(faults)}))
        faulty.check(texts, self.chooser(name))
        self.inside(lambda: setattr(self.deck(name), "faults", texts))

    def direct(self, name: str, scenario: ScenarioGiven | None) -> None:
        """Another scenario for a deck, None for none. Raises ScenarioError."""
        read = scenario_of(scenario, self.chooser(name), None)
        self.inside(lambda: setattr(self.deck(name), "scenario", read))

    def bind(self, name: str | None) -> None:
        """Requests that name no deck are of this one from now on; None: of the main one."""
        self.inside(lambda: self._server.decks.bind(name))

    def forget(self, name: str) -> None:
        """What a deck was asked. Call it `inside`."""
        self.deck(name).forget()
        self.journal.forget(name)
        self._server.missed.forget(name)

    def remove(self, name: str, standby: Standby | None = None) -> None:
        """Ends what a deck is still playing or recording, and forgets it."""
        if standby is not None:
            self._aside.submit(_end(standby)).result()
            self._standbys.remove(standby)
        self.inside(lambda: self._remove(name))

    def _remove(self, name: str) -> None:
        streams = Streams(self.journal, lambda: self._server.hub)
        for number in [one.n for one in self.journal.live.values() if one.deck == name]:
            streams.do("drop", number, b"")
        self._server.decks.remove(name)
        self.journal.forget(name)
        self._server.missed.forget(name)


async def _end(standby: Standby) -> None:
    await standby.drain()
    await standby.close()


def strictly(settings: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """With `strict` nothing is played twice, unless that is asked for."""
    if strict and settings.get("after_last") is None:
        return {**settings, "after_last": "error"}
    return settings


def scenario_of(given: ScenarioGiven | None, chooser: Chooser, seed: int | None) -> Any:
    """The scenario in a file, a text or a mapping, tried on the tapes. Raises ScenarioError, SetupError."""
    if given is None:
        return None
    if isinstance(given, Path) or (isinstance(given, str) and "\n" not in given and not given.lstrip().startswith("{")):
        from mockserver.rehearsal import Rehearsal
        from mockserver.scenario_file import read

        scenario = read(Path(given), Rehearsal(chooser))
        return scenario if seed is None else replace(scenario, seed=seed)
    if not isinstance(given, str | Mapping):
        raise setup.SetupError(
            f"scenario: found {str(given)[:60]!r}, expected a file, YAML as text, or a mapping with rules"
        )
    text = given if isinstance(given, str) else dict(given)
    return setup.scenario_of(setup.Setup(scenario=text, seed=seed), chooser, tls=False)
