"""The server of a test session: one for the process, a deck for each test. No pytest here: the plugin tells of tests.

Which tapes a test has is `lookup`, what it asks for `wishes`. The recorder is handed in. Imports `cassettes` and this
package.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cassettes import providers
from cassettes.ages import age, older
from cassettes.costs import cost
from cassettes.durations import speed
from cassettes.matching import Index
from cassettes.model import CassetteError
from cassettes.normalise import Rules, rules_of
from mockserver.accepting import accept
from mockserver.choose import Playing
from mockserver.embedded import Embedded, Episode
from mockserver.handed import Source, source
from mockserver.hub import Hub
from mockserver.lookup import Node, find, missing, own_source, shown
from mockserver.mock import Mock
from mockserver.reports import Problem
from mockserver.wishes import DECK, Wish, checked
from mockserver.wrapped import client_variables

Record = Callable[[Path, str, Rules, Embedded], Episode]
"""Makes the recording of a file in a record mode."""


class RigSettings(NamedTuple):
    """What configuration, variables and flags say for the whole session. `timing` holds those of a deck's settings that
    were given (speed, match, seed …); `flags` are those of the command line, before which a test's own marks go."""

    tapes: tuple[Path, ...] = ()
    ignore: tuple[str, ...] = ()
    normalize: tuple[str, ...] = ()
    strict: bool = False
    guard: bool = False
    record: str = "none"
    upstreams: Mapping[str, str] = {}
    mapped: Mapping[str, str] = {}
    deck: Mapping[str, Any] = {}
    flags: Mapping[str, Any] = {}
    accept: bool = False
    max_age: float | None = None

    @property
    def records(self) -> bool:
        """Whether anything is recorded."""
        return self.record != "none"

    @property
    def seed(self) -> int:
        """The seed of every deck that has none of its own."""
        return int({**self.deck, **self.flags}.get("seed") or 0)


def settings_of(values: Mapping[str, Any], flags: Mapping[str, Any]) -> RigSettings:
    """The settings of file and variables, by key, and the `flags` of the command line that were given: record, speed,
    seed, strict, accept, max_age. Raises TokentapeError for a speed that is none, or an age."""
    deck = {key.replace("-", "_"): values[key] for key in values if key.replace("-", "_") in DECK}
    if "seed" in deck:
        deck["seed"] = int(deck["seed"])
    given = {name: flags[name] for name in ("speed", "seed") if flags.get(name) is not None}
    if "speed" in given:
        speed(str(given["speed"]))
    return RigSettings(
        tapes=tuple(Path(one).absolute() for one in values.get("tapes", ())),
        ignore=values.get("ignore", ()),
        normalize=values.get("normalize", ()),
        strict=bool(flags.get("strict") or values.get("strict")),
        guard=bool(values.get("guard")),
        record=flags.get("record") or values.get("record") or "none",
        mapped=dict(providers.parse_mapping(one) for one in values.get("map", ())),
        deck=deck,
        flags=given,
        accept=bool(flags.get("accept")),
        max_age=age(str(oldest)) if (oldest := flags.get("max_age") or values.get("max-age")) else None,
    )


class Running(NamedTuple):
    """A test and its deck. `target`: what it records to, None if it does not; `has_tapes`: something could answer it;
    `shipped`: its tapes are not its own."""

    test: Node
    mock: Mock
    target: Path | None
    episode: Episode | None
    has_tapes: bool
    shipped: bool


class Rig:
    """The server, and the deck of the test that runs. `root` is the folder that paths are told from."""

    def __init__(self, settings: RigSettings, root: Path, record: Record) -> None:
        self.settings = settings
        self.root = root
        self._record = record
        self._count = 0
        self.played: set[tuple[str, int]] = set()
        self.recorded: list[str] = []
        self.told: list[str] = []
        rules = rules_of(settings.ignore, settings.normalize)
        self.house = Embedded(
            Index((), rules), Playing(seed=settings.seed), upstreams=settings.upstreams, records=settings.records
        )

    def open(self) -> str:
        """Starts the server; returns its URL. Raises OSError."""
        return self.house.open().result()

    def close(self) -> None:
        """Ends it."""
        if self.house.is_running:
            self.house.close().result()
            self.house.join()

    def variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What points every client of the process at the server; dummy keys only where nothing is recorded."""
        dummies = not self.settings.records
        return client_variables(self.house.url, environ, self.settings.mapped, dummy_keys=dummies)

    def begin(self, test: Node, wish: Wish, config: object) -> Running:
        """The deck of a test that starts; what names no deck is asked of it from now on. Raises TokentapeError."""
        given, settings = checked(config), self.settings
        fixture = {name: given[name] for name in DECK if name in given}
        marked = {name: value for name, value in (("speed", wish.speed), ("match", wish.match)) if value is not None}
        accepting = {"match": "route"} if settings.accept else {}
        deck = {"speed": "max", **settings.deck, **fixture, **settings.flags, **accepting, **marked}
        strict = wish.strict if wish.strict is not None else bool(settings.strict or given.get("strict"))
        configured = tuple(map(self._path, given.get("tapes", settings.tapes)))
        rules = rules_of(
            (*settings.ignore, *given.get("ignore", ())), (*settings.normalize, *given.get("normalize", ()))
        )
        found = [(name, find(test, name, configured)) for name in wish.tapes]
        target, episode = self._episode(test, found, rules)
        sources = self._sources(test, found, configured, target)
        self._expect_young(sources, rules, strict=strict)
        mock = self.house.put(
            self._deck_name(test),
            sources,
            {**deck, "faults": wish.faults, "scenario": self._scenario(test, wish.scenario)},
            strict=strict and bool(wish.tapes or own_source(test)),
            rules=rules,
            episode=episode,
        )
        self.house.bind(mock.name)
        shipped = any(one.is_shipped for one in sources)
        return Running(test, mock, target, episode, bool(sources) or episode is not None, shipped)

    def problems(self, running: Running) -> list[Problem]:
        """What is wrong when the test is over, but for what it allowed."""
        found = running.mock.problems(running.mock.allowed)
        if not any(one.kind == "miss" for one in found):
            return found
        return [*found, Problem("miss", tuple(self._advice(running)))]

    def _advice(self, running: Running) -> Iterator[str]:
        """What helps against a miss, as one writes it in a test."""
        test, rules = running.test, {miss.rule for miss in running.mock.misses}
        if not running.has_tapes:
            yield f"this test has no tape: `{test.command}` records {shown(test.own, self.root)}"
            return
        for rule in sorted(filter(None, rules)):
            option, _, value = rule.partition(" ")
            if option == "--match":
                yield f'in the mark: match="{value.partition(" ")[0]}"'
            elif option == "--ignore":
                yield f'in tokentape_config: {{"ignore": [{value.replace(" --ignore ", ", ")!r}]}}'
        if not running.shipped:
            yield f"`{test.command.replace('=once', '=all')}` records it anew"

    def _expect_young(self, sources: Sequence[Source], rules: Rules, *, strict: bool) -> None:
        """Tells of tapes that are older than `max_age`. Raises CassetteError for one under `strict`."""
        most = self.settings.max_age
        if most is None:
            return
        entries = self.house.shelf.held([one for one in sources if not one.is_shipped], rules).entries
        old = older(((one.place, one.interaction) for one in entries), Hub.wall_now(), most)
        lines = [f"{one.told(most)} days; --tokentape-record=all records it anew" for one in old]
        if lines and strict:
            raise CassetteError(lines[0])
        self.told += [line for line in lines if line not in self.told]

    def estimate(self, tests: Iterable[tuple[Node, Sequence[str | Path]]]) -> str | None:
        """What those tests, with the tapes that they name, will ask of the providers again; None where nothing is
        recorded anew, or nothing was recorded before."""
        if self.settings.record not in {"all", "rewrite"}:
            return None
        known = [find(one, names[0], self.settings.tapes) if names else own_source(one) for one, names in tests]
        sources = {one for one in known if one is not None and not one.is_shipped}
        entries = self.house.shelf.held(sorted(sources), self.house.chooser("").index.rules).entries
        if not entries:
            return None
        return f"record {self.settings.record} asks again: {cost(one.interaction for one in entries).told}"

    def end(self, running: Running, *, passed: bool = True) -> list[str]:
        """The test is over: what it still holds open is ended, what it records is kept. A line for each recording that
        was not kept as it came. What a test that has `passed` asked is accepted, if that is wanted."""
        self.house.bind(None)
        if self.settings.accept and passed:
            self.told += accept(self.house, running.mock.name, self.root)
        played = self.house.played(running.mock.name)
        standby = running.episode.standby if running.episode is not None else None
        self.house.remove(running.mock.name, standby)
        self.played |= {(self._told(path), number) for path, number in played}
        said = self.house.said.copy()
        self.house.said.clear()
        if standby is None or running.target is None:
            return []
        self._kept(running.target, said)
        return [line for line in said if "error: " in line] if standby.failures else []

    def _kept(self, target: Path, said: Sequence[str]) -> None:
        """Notes what was recorded to `target`: it was played as well."""
        from cassettes.store import read_tape

        self.recorded += [line.partition(": ")[2] for line in said if line.startswith("tokentape: recorded ")]
        if target.is_file():
            numbers = range(1, len(read_tape(target).interactions) + 1)
            self.played |= {(self._told(target), number) for number in numbers}

    def _told(self, path: Path) -> str:
        path = path.absolute()
        return (path.relative_to(self.root) if path.is_relative_to(self.root) else path).as_posix()

    def _deck_name(self, test: Node) -> str:
        self._count += 1
        return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', test.name)[:40].strip('-') or 'test'}.{self._count}"

    def _path(self, given: str | Path) -> Path:
        return self.root / given

    def _scenario(self, test: Node, given: Any) -> Any:
        """A file of a mark counts from the test's folder."""
        if isinstance(given, str) and "\n" not in given and not given.lstrip().startswith("{"):
            return test.file.parent / given
        return test.file.parent / given if isinstance(given, Path) else given

    def _episode(
        self, test: Node, found: list[tuple[str | Path, Source | None]], rules: Rules
    ) -> tuple[Path | None, Episode | None]:
        """What the test records to: the first tape it names, else its own; None where everything is there already."""
        mode = self.settings.record
        if mode == "none":
            return None, None
        first = found[0] if found else None
        known = first[1] if first is not None else own_source(test)
        if mode == "once" and known is not None:
            return None, None
        if known is not None and not known.is_shipped and known.path.is_file():
            target = known.path
        else:
            target = test.folder / f"{first[0]}.yaml" if first is not None else test.own
        return target, self._record(target, mode, rules, self.house)

    def _sources(
        self,
        test: Node,
        found: list[tuple[str | Path, Source | None]],
        configured: tuple[Path, ...],
        target: Path | None,
    ) -> list[Source]:
        """The tapes that answer beside what is recorded. Raises CassetteError for one that is missing."""
        if found:
            rest = found[1:] if target is not None else found
            for name, one in rest:
                if one is None:
                    raise missing(test, name, configured, self.root)
            return [one for _, one in rest if one is not None]
        if target is not None:
            return []
        own = own_source(test)
        return [own] if own is not None else [source(path) for path in configured]
