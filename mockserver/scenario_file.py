"""Scenario files: YAML -> Scenario, every mistake with file:line:col; and the file that is looked at again and again.

Untrusted input: the limits of cassettes (`cassettes.yamlparse`), a megabyte, and bounded lists. Imports `cassettes`,
`faults` and `scenario`.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from cassettes import dialects
from cassettes.model import CassetteError, TokentapeError
from cassettes.routes import DECK
from cassettes.yamlparse import parse as parse_yaml
from cassettes.yamltree import (
    Items,
    Node,
    Pairs,
    Scalar,
    items,
    mapping,
    near,
    nearest,
    plain,
    scalar,
    shown,
    whole,
    word,
)
from mockserver.faults import table
from mockserver.faults.grammar import MOST, FaultError, text_of
from mockserver.rehearsal import Known
from mockserver.scenario import Chance, Count, Faults, ResetAfter, Rule, Scenario, When

MAX_BYTES: Final = 1024 * 1024
MOST_RULES: Final = 1000
MOST_ATTEMPTS: Final = 1000
MOST_CHANCES: Final = 64
MOST_GLOBS: Final = 64
LONGEST_GLOB: Final = 200
"""Characters; a pattern of many stars takes long to fail."""

KEYS: Final = ("seed", "count", "reset_after", "rules")
RULE_KEYS: Final = ("when", "tape", "attempts", "chance", "count", "reset_after")
WHEN_KEYS: Final = ("provider", "dialect", "model", "path", "deck", "header", "stream")
Reader = Callable[[Node, str], Faults]
_WILD: Final = "*?["
_FORMS: Final = (
    ("path", re.compile("/.*", re.DOTALL), "what begins with /, behind deck, faults and mount: /v1/chat/completions"),
    ("deck", re.compile(f"(?:{DECK.pattern})?"), "1 to 64 letters, digits, '.', '_' or '-', or \"\" for none"),
)
"""What a pattern without wildcards has to be, or it never fits."""
_ARGUMENT: Final = re.compile(r"[A-Za-z_-]+=[^;@]*")
_WANTED: Final = "a scenario (rules: […])"


class ScenarioError(TokentapeError):
    """A scenario that cannot be used; the message starts with file:line:col as far as known."""

    exit_code = 3


def read(path: Path, known: Known | None = None) -> Scenario:
    """The scenario of the file at `path`. Raises ScenarioError."""
    return parse(_bytes(path), str(path), known)


def inline(value: object, place: str, known: Known | None = None) -> Scenario:
    """A scenario given as a value of JSON's kinds. Raises ScenarioError (`place`, and line 1 of its JSON)."""
    try:
        data = json.dumps(value, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ScenarioError(f"{place}: {error}; expected values as JSON has them") from None
    return parse(data, place, known)


def parse(data: bytes, place: str, known: Known | None = None) -> Scenario:
    """The scenario in `data`, YAML or JSON; `place` names it in messages. Raises ScenarioError."""
    if len(data) > MAX_BYTES:
        raise ScenarioError(f"{place}: found {len(data)} bytes; a scenario has at most {MAX_BYTES}")
    place = place if place.isprintable() else ascii(place)[1:-1]
    try:
        return _scenario(parse_yaml(data, place, _WANTED), known or Known())
    except CassetteError as error:
        raise ScenarioError(str(error)) from None


def _bytes(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a FIFO would block
            raise ScenarioError(f"{path}: found no regular file, expected {_WANTED}")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ScenarioError(f"{path}: cannot read it ({error.strerror or error}), expected {_WANTED}") from None


def _scenario(root: Node, known: Known) -> Scenario:
    fields = _fields(root, "the scenario", KEYS)
    if "rules" not in fields:
        raise root.error("found no rules, expected rules: a list of {when: …, attempts: …}")
    nodes = _list(fields["rules"], "rules", MOST_RULES)
    if not nodes:
        raise fields["rules"].error("rules: found none, expected one at least")
    rules: list[Rule] = []
    for number, node in enumerate(nodes, start=1):
        if rules and rules[-1].when.everything:
            raise node.error(f"rule {number} can never fit: rule {number - 1} is for every request; put it last")
        rules.append(_rule(node, f"rule {number}", fields, known))
    seed = whole(fields["seed"], "seed") if "seed" in fields else None
    return Scenario(rules=tuple(rules), seed=seed)


def _rule(node: Node, what: str, above: Mapping[str, Node], known: Known) -> Rule:
    fields = _fields(node, what, RULE_KEYS)
    when = _when(fields["when"], what, known) if "when" in fields else When()
    tape = _tape(fields["tape"], what, known) if "tape" in fields else None

    def read(node: Node, what: str) -> Faults:
        faults = _faults(node, what)
        if flaw := known.flaw(when, tape, faults):
            raise node.error(f"{what}: {flaw}")
        return faults

    # What is given above all rules is for those that do not say it themselves.
    own = {**{key: above[key] for key in ("count", "reset_after") if key in above}, **fields}
    return Rule(
        when=when,
        tape=tape,
        attempts=tuple(_attempts(fields["attempts"], what, read)) if "attempts" in fields else (),
        chance=tuple(_chances(fields["chance"], what, read)) if "chance" in fields else (),
        count=_choice(own.get("count"), f"{what}, count", Count, "request"),
        reset_after=_choice(own.get("reset_after"), f"{what}, reset_after", ResetAfter, "success"),
    )


def _choice(node: Node | None, what: str, kinds: object, default: str) -> Any:
    return default if node is None else word(node, what, get_args(kinds))


def _attempts(node: Node, rule: str, read: Reader) -> Iterable[Faults]:
    nodes = _list(node, f"{rule}, attempts", MOST_ATTEMPTS)
    if not nodes:
        raise node.error(f"{rule}, attempts: found none, expected a list of lists of faults; [[]] has no faults")
    for number, one in enumerate(nodes, start=1):
        faults = read(one, f"{rule}, attempt {number}")
        for fault in (bound.fault for bound in faults if bound.fault.attempts.last < number):
            told = f"{text_of([fault])} can never act here: # counts the deck's life, and this is #{number} or later"
            raise one.error(f"{rule}, attempt {number}: {told}")
        yield faults


def _when(node: Node, rule: str, known: Known) -> When:
    fields = _fields(node, f"{rule}, when", WHEN_KEYS)
    globs: dict[str, tuple[str, ...]] = {
        key: tuple(_globs(fields[key], f"{rule}, {key}"))
        for key in ("provider", "dialect", "model", "path", "deck")
        if key in fields
    }
    for key, names in (("provider", known.providers), ("dialect", dialects.names())):
        for glob in globs.get(key, ()):
            if glob not in names and not any(sign in glob for sign in _WILD):
                raise fields[key].error(f"{rule}: there is no {key} {shown(glob)}; {nearest(glob, sorted(names))}")
    for key, form, wanted in _FORMS:
        for glob in globs.get(key, ()):
            if not any(sign in glob for sign in _WILD) and not form.fullmatch(glob):
                raise fields[key].error(f"{rule}, {key}: no request has {shown(glob)}; expected {wanted}")
    pairs = _pairs(fields["header"], f"{rule}, header") if "header" in fields else []
    header = tuple((name.text.lower(), tuple(_globs(value, f"{rule}, header {name.text}"))) for name, value in pairs)
    return When(**globs, header=header, stream=_switch(fields.get("stream"), f"{rule}, stream"))


def _switch(node: Node | None, what: str) -> bool | None:
    if node is None:
        return None
    value = node.value() if isinstance(node, Scalar) else None
    if not isinstance(value, bool):
        raise node.error(f"{what}: expected true (asks for a stream) or false")
    return value


def _globs(node: Node, what: str) -> Iterable[str]:
    """A pattern, or a list of them: one must fit."""
    nodes = _list(node, what, MOST_GLOBS) if isinstance(node, Items) else [node]
    if not nodes:
        raise node.error(f"{what}: found an empty list, expected a pattern such as gpt-*")
    for one in nodes:
        text = scalar(one, what).text
        if len(text) > LONGEST_GLOB:
            raise one.error(f"{what}: found {len(text)} characters, expected a pattern of {LONGEST_GLOB} at most")
        yield text


def _tape(node: Node, what: str, known: Known) -> str:
    name = scalar(node, f"{what}, tape").text
    if known.tapes is not None and (flaw := tape_flaw(name, known.tapes)) is not None:
        raise node.error(f"{what}: {flaw}")
    return name


def tape_flaw(name: str, tapes: Mapping[str, int]) -> str | None:
    """Why `name`, a tape or `NAME#n`, is none of `tapes` (with their numbers of interactions); None if it is one."""
    tape, sign, number = name.rpartition("#")
    if name in tapes:
        return None
    if sign and tape in tapes:
        if number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= tapes[tape]:
            return None
        return f"the tape {shown(tape)} has no interaction #{number[:20]}; it has #1 to #{tapes[tape]}"
    guess = near(name, tapes)
    meant = f"did you mean {guess}?" if guess else "`tokentape list` lists them"
    return f"there is no tape {shown(name)}; {meant}"


def _faults(node: Node, what: str) -> Faults:
    """The faults of one attempt: a list, a text or a mapping; nothing or [] for none."""
    if node.is_null:
        return ()
    for part in _list(node, what, MOST) if isinstance(node, Items) else ():
        _read(part, what)  # each where it stands, for the line of its mistake
    faults = _read(node, what)
    if len(faults) > MOST:
        raise node.error(f"{what}: found {len(faults)} faults, expected {MOST} at most")
    return faults


def _read(node: Node, what: str) -> Faults:
    value = plain(node)
    try:
        return table.read(value)
    except FaultError as error:
        # [status:429, retry-after=1] is a list of two in YAML.
        torn = isinstance(value, str) and _ARGUMENT.fullmatch(value) is not None
        hint = '; quote a fault that has a comma, as in "status:429,retry-after=1"' if torn else ""
        raise node.error(f"{what}: {error}{hint}") from None


def _chances(node: Node, rule: str, read: Reader) -> Iterable[Chance]:
    pairs = _pairs(node, f"{rule}, chance")
    if len(pairs) > MOST_CHANCES:
        raise node.error(f"{rule}, chance: found {len(pairs)} faults, expected {MOST_CHANCES} at most")
    if not pairs:
        raise node.error(f"{rule}, chance: found none, expected faults with their share, such as {{reset@50%: 0.05}}")
    for key, value in pairs:
        what = f"{rule}, chance of {shown(key.text)}"
        share = value.value() if isinstance(value, Scalar) else None
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise value.error(f"{what}: expected a share of the requests from 0 to 1, such as 0.05")
        yield Chance(read(key, what), float(share))


def _fields(node: Node, what: str, known: tuple[str, ...]) -> dict[str, Node]:
    """The values of a mapping that has only `known` keys; what is null is not there."""
    pairs = mapping(node, what)
    fields = pairs.fields()
    for key in pairs.others(known):
        raise key.error(f"{what}: found the key {shown(key.text)}, {nearest(key.text, known)}")
    return {key: value for key, value in fields.items() if not value.is_null}


def _pairs(node: Node, what: str) -> list[tuple[Scalar, Node]]:
    pairs: Pairs = mapping(node, what)
    pairs.fields()  # no key stands twice
    return pairs.pairs


def _list(node: Node, what: str, most: int) -> list[Node]:
    found = items(node, what)
    if len(found) > most:
        raise node.error(f"{what}: found {len(found)}, expected {most} at most")
    return found


class ScenarioFile:
    """A scenario's file, read again when it was changed. `report` is told a line for each change.

    `known` is asked for what may be named each time, as tapes come and go; `seed` wins over the file's. Raises
    ScenarioError for the first version; a later one that cannot be used leaves the scenario as it was.
    """

    def __init__(
        self, path: Path, known: Callable[[], Known], report: Callable[[str], None], seed: int | None = None
    ) -> None:
        self._path = path
        self._known = known
        self._report = report
        self._seed = seed
        self._seen = _bytes(path)
        self._failed = ""
        self.scenario = self._parsed(self._seen)

    def _parsed(self, data: bytes) -> Scenario:
        scenario = parse(data, str(self._path), self._known())
        return scenario if self._seed is None else msgspec.structs.replace(scenario, seed=self._seed)

    def look(self) -> bool:
        """Whether `scenario` is another one now. Reads the file (a megabyte at most): a time stamp can lie."""
        try:
            data = _bytes(self._path)
            if data == self._seen:
                self._failed = ""
                return False
            scenario = self._parsed(data)
        except ScenarioError as error:
            if str(error) != self._failed:
                self._failed = str(error)
                self._report(f"tokentape: error: {error}; the scenario stays as it was")
            return False
        self._seen, self._failed, self.scenario = data, "", scenario
        self._report(f"tokentape: loaded the scenario {self._path}")
        return True
