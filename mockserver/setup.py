"""What a deck is given of its own: tapes by loaded name or as text, how they are matched and paced.

From JSON to a chooser, or a `SetupError` that says at which field what is wrong. Never a path: what the server may read
is said where it is started. No answers, no I/O. Imports `cassettes` and `choose`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from cassettes.durations import duration, rate, speed
from cassettes.matching import LADDER, Entry, Index, Level, entry_of
from cassettes.model import TokentapeError
from cassettes.normalise import Rules
from cassettes.printable import escape
from cassettes.timing import Pace
from mockserver.choose import Chooser, Playing

if TYPE_CHECKING:
    from mockserver.scenario import Scenario
    from mockserver.stored import Stored

MOST_TAPES = 100
"""Entries of `tapes`."""
PLAN_BYTES = 4 * 1024 * 1024
"""Bytes of compiled plans that a deck's own chooser keeps; the newest stays whatever its size."""
_SHOWN = 100
Match = Literal["exact", "normalized", "conversation", "last-user", "route", "order"]
AfterLast = Literal["repeat", "error"]
_CHOICES = {"match": get_args(Match), "after_last": get_args(AfterLast)}


class SetupError(TokentapeError):
    """A setup that no deck can have. `code` is the error's code."""

    exit_code = 3

    def __init__(self, message: str, code: str = "tokentape_bad_deck") -> None:
        super().__init__(message)
        self.code = code


class InlineTape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tape as text: `text` is a cassette in YAML or JSON, `name` what it is called on the deck."""

    name: str
    text: str


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of a PUT. Durations and rates are written as on the command line; what is absent is the server's."""

    tapes: list[str | InlineTape] | None = None
    match: Match | None = None
    after_last: AfterLast | None = None
    speed: str | float | None = None
    ttft: str | None = None
    tps: str | float | None = None
    max_gap: str | None = None
    jitter: str | None = None
    seed: int | None = None
    faults: str | list[str | dict[str, Any]] = []
    scenario: str | dict[str, Any] | None = None


def read(body: bytes) -> Setup:
    """The setup in a JSON body. Raises SetupError."""
    try:
        setup = msgspec.json.decode(body or b"{}", type=Setup)
    except msgspec.ValidationError as error:
        raise SetupError(_plain(str(error))) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise SetupError(f"the body is no JSON: {escape(str(error)[:_SHOWN])}", "tokentape_bad_json") from None
    faults_of(setup)
    return setup


def given(settings: Mapping[str, Any]) -> Setup:
    """The setup that Python code gives: what is None is not given, `faults` may be one. Raises SetupError."""
    known = {name: value for name, value in settings.items() if value is not None}
    faults = known.get("faults")
    if faults is not None and not isinstance(faults, str | dict | list | tuple):
        raise SetupError(
            escape(f"faults: found {str(faults)[:_SHOWN]!r}, expected a text such as 'reset@3e', or a list")
        )
    if isinstance(faults, str | dict):
        known["faults"] = [faults]
    try:
        setup = msgspec.convert(known, Setup)
    except msgspec.ValidationError as error:
        raise SetupError(_plain(str(error))) from None
    faults_of(setup)
    return setup


def _told(error: Exception) -> str:
    """A mistake in faults, which says so itself where it has a place in their text."""
    return str(error) if str(error).startswith("faults") else f"faults: {error}"


def faults_of(setup: Setup) -> tuple[str, ...]:
    """The deck's faults as one text each. Raises SetupError."""
    if not setup.faults:
        return ()
    from mockserver.faults.grammar import FaultError, text_of
    from mockserver.faults.table import read as bound

    try:
        return tuple(text_of([one.fault]) for one in bound(setup.faults))
    except FaultError as error:
        raise SetupError(escape(_told(error)), "tokentape_fault") from None


def try_faults(setup: Setup, chooser: Chooser, *, tls: bool) -> None:
    """Raises SetupError where the deck's faults contradict the command line's, or fit no tape of its `chooser`: then no
    answer would be broken as asked."""
    given = faults_of(setup)
    if not given:
        return
    from mockserver.faults.grammar import FaultError
    from mockserver.faulty import check

    try:
        check((*chooser.playing.faults, *given), chooser, tls=tls)
    except FaultError as error:
        raise SetupError(escape(_told(error)), "tokentape_fault") from None


def scenario_of(setup: Setup, chooser: Chooser, *, tls: bool) -> Scenario | None:
    """The deck's scenario (text: YAML), tried on the tapes of its `chooser`. Raises SetupError."""
    if setup.scenario is None:
        return None
    from mockserver.rehearsal import Rehearsal
    from mockserver.scenario_file import ScenarioError, inline, parse

    given, known = setup.scenario, Rehearsal(chooser, tls=tls, deck=faults_of(setup))
    try:
        if isinstance(given, str):
            scenario = parse(given.encode(), "scenario", known)
        else:
            scenario = inline(given, "scenario", known)
    except (ScenarioError, UnicodeEncodeError) as error:
        raise SetupError(escape(str(error)), "tokentape_bad_scenario") from None
    return scenario if setup.seed is None else msgspec.structs.replace(scenario, seed=setup.seed)


def _plain(message: str) -> str:
    """A message of msgspec with the place first, as our others have it."""
    what, _, place = message.partition(" - at ")
    place = place.strip("`").removeprefix("$").removeprefix(".")
    if what.startswith("Invalid enum value ") and place in _CHOICES:
        *first, last = _CHOICES[place]
        what = f"found {what.removeprefix('Invalid enum value ')}, expected {', '.join(first)} or {last}"
    near = _near_field(what)
    return escape(f"{place}: {what}{near}" if place else f"{what}{near}")[:300]


def _near_field(message: str) -> str:
    if "unknown field" not in message:
        return ""
    found = message.rpartition("unknown field ")[2].strip("`")
    if found in {"path", "file", "folder"}:
        return "; a deck takes no path, only names of loaded tapes and text"
    near = get_close_matches(found, Setup.__struct_fields__, n=1)
    return f"; did you mean {near[0]}?" if near else f"; expected {', '.join(Setup.__struct_fields__)}"


class SetUpTapes:
    """A deck's own chooser. Loaded tapes are followed by name: after a reload of the server's the deck has the new.

    Making one parses tapes: not in the thread of the loop. `stored`: the responses on them, once they were asked for;
    `size`: characters of the inline ones.
    """

    def __init__(self, setup: Setup, chooser: Chooser) -> None:
        self._named = None if setup.tapes is None else tuple(one for one in setup.tapes if isinstance(one, str))
        given = [one for one in setup.tapes or () if isinstance(one, InlineTape)]
        if len(setup.tapes or ()) > MOST_TAPES:
            raise SetupError(f"tapes: found {len(setup.tapes or ())}, expected {MOST_TAPES} at most")
        self._inline = tuple(_inline(given, chooser.index.rules))
        self.stored: Stored | None = None
        self.size = sum(len(one.text) for one in given)
        self._followed = chooser.index
        for at, name in enumerate(self._named or ()):
            if not any(is_called(tape, name) for tape in chooser.index.tapes):
                raise SetupError(f"tapes[{at}]: {_no_tape(name, chooser.index)}")
        if clash := next((one.tape for one in self._inline if one.tape in set(self._names(chooser.index))), None):
            raise SetupError(f"tapes: two are called {escape(clash)}; give the inline one another name")
        playing = playing_of(setup, chooser.playing)
        self._own = Chooser(self._index(chooser.index), playing, PLAN_BYTES, chooser.improviser)

    def chooser(self, index: Index) -> Chooser:
        """The deck's chooser, now that `index` is the server's."""
        if index is not self._followed:
            self._followed = index
            self._own.reload(self._index(index))
        return self._own

    def _names(self, index: Index) -> list[str]:
        named = self._named
        return [tape for tape in index.tapes if named is None or any(is_called(tape, name) for name in named)]

    def _index(self, index: Index) -> Index:
        if self._named is None:
            return index
        taken = (entry for tape in self._names(index) for entry in index.tapes[tape])
        return Index((*taken, *self._inline), index.rules)


def is_called(tape: str, name: str) -> bool:
    """Whether `name` is the tape's or that of a folder it is in."""
    return tape == name or tape.startswith(name.rstrip("/") + "/")


def _no_tape(name: str, index: Index) -> str:
    near = get_close_matches(name, index.tapes, n=1, cutoff=0.4)
    meant = f"; did you mean {escape(near[0])}?" if near else ""
    return f"no loaded tape is called {escape(name[:_SHOWN])!r}{meant} (GET /_tokentape/tapes lists them)"


def _inline(given: Iterable[InlineTape], rules: Rules) -> Iterable[Entry]:
    from cassettes.yamlio import load

    seen: set[str] = set()
    for at, tape in enumerate(given):
        if not 0 < len(tape.name) <= 200 or not tape.name.isprintable() or tape.name in seen:
            what = "given twice" if tape.name in seen else "no name for a tape"
            raise SetupError(f"tapes: name {escape(tape.name[:_SHOWN])!r} is {what}; expected 1 to 200 characters")
        seen.add(tape.name)
        try:
            data = tape.text.encode()
        except UnicodeEncodeError:
            raise SetupError(f"tapes: the text of inline tape {at + 1} holds a lone surrogate") from None
        # The loader's own errors say `name:line:col: …`.
        for number, interaction in enumerate(load(data, tape.name).interactions, start=1):
            yield entry_of(tape.name, number, interaction, rules)


def playing_of(setup: Setup, playing: Playing) -> Playing:
    """How the server plays, with what `setup` changes of it. Raises SetupError."""
    levels: tuple[Level, ...] = playing.levels
    if setup.match is not None:
        levels = ("exact", "order") if setup.match == "order" else LADDER[: LADDER.index(setup.match) + 1]
    return msgspec.structs.replace(
        playing,
        levels=levels,
        repeat=playing.repeat if setup.after_last is None else setup.after_last == "repeat",
        pace=_pace(setup, playing.pace),
        seed=playing.seed if setup.seed is None else setup.seed,
    )


def _pace(setup: Setup, pace: Pace) -> Pace:
    read: tuple[tuple[str, str, Callable[[str], float]], ...] = (
        ("speed", "speed", speed),
        ("ttft", "ttft_ms", duration),
        ("tps", "tps", rate),
        ("max_gap", "max_gap_ms", duration),
        ("jitter", "jitter_ms", duration),
    )
    changed: dict[str, float] = {}
    for name, field, parse in read:
        given = getattr(setup, name)
        if given is None:
            continue
        try:
            changed[field] = parse(given if isinstance(given, str) else repr(given))
        except TokentapeError as error:
            raise SetupError(f"{name}: {escape(str(error))}") from None
    return msgspec.structs.replace(pace, **changed)
