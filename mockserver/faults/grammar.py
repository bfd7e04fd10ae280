"""Faults as people write them: text -> values, the mapping form of YAML and Python, and back (DESIGN 7).

Syntax only: which names and arguments there are is `table`, what a place means is `places`. Errors point at the
character. Imports `cassettes.model` and the standard library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote

from cassettes.model import TokentapeError

MOST = 64
"""Faults of one request."""
LONGEST = 1024 * 1024
"""Characters of a fault list: an inserted event may be large."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_WHERE = re.compile(r'[^;,"#?:\s\x00-\x1f\x7f]+')
_ATTEMPTS = re.compile(r"([1-9][0-9]{0,8})(?:(-)([1-9][0-9]{0,8})|(\+))?(?![0-9])")
_BARE = re.compile(r'[^;,"#?\s\x00-\x1f\x7f]*')
_KEY = re.compile(r"[A-Za-z0-9!$&'*+.^_`|~-]+=")
_PLAIN = re.compile(r'[^;,"#?=\s\x00-\x1f\x7f]+')
_DECODER = json.JSONDecoder()
_FOREVER = 1 << 62


class FaultError(TokentapeError):
    """A fault that is written wrongly, that contradicts another, or that cannot be applied; says which and why."""

    exit_code = 2


class Attempts(NamedTuple):
    """Attempts `first` to `last`, both included, counted from 1."""

    first: int = 1
    last: int = _FOREVER

    def __str__(self) -> str:
        if self.last == _FOREVER:
            return "" if self.first == 1 else f"{self.first}+"
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def overlap(self, other: Attempts) -> bool:
        """Whether an attempt is in both."""
        return self.first <= other.last and other.first <= self.last


ALWAYS = Attempts()


class Arg(NamedTuple):
    """One argument: its key ("" for none) and its value."""

    key: str
    value: str


class Fault(NamedTuple):
    """One fault. `where` is the place as written ("" for none); `optional`: it is left out where it cannot apply."""

    name: str
    where: str = ""
    optional: bool = False
    attempts: Attempts = ALWAYS
    args: tuple[Arg, ...] = ()

    def __str__(self) -> str:
        """As it is written; `parse` gives the same fault back."""
        attempts = f"#{self.attempts}" if self.attempts != ALWAYS else ""
        where = f"@{self.where}" if self.where else ""
        args = ",".join(f"{arg.key}={_written(arg.value)}" if arg.key else _written(arg.value) for arg in self.args)
        return f"{self.name}{'?' * self.optional}{where}{attempts}{':' * bool(self.args)}{args}"


class Written(NamedTuple):
    """A fault with the place of its parts in the text it came from, in characters."""

    fault: Fault
    text: str
    at: int
    where_at: int
    args_at: tuple[int, ...]

    def wrong(self, why: str, at: int | None = None) -> FaultError:
        """An error that points at `at`, else at the name."""
        return pointed(self.text, self.at if at is None else at, why)


def pointed(text: str, at: int, why: str) -> FaultError:
    """An error that shows the character it is about, with what stands around it."""
    start = max(0, at - 20)
    before = "…" * (start > 0) + text[start:at]
    after = text[at : at + 20] + "…" * (len(text) > at + 20)
    return FaultError(f"faults, character {at + 1} ({before}▸{after}): {why}")


def canonical(name: str) -> str:
    """A name as this project writes it: `-` and `_` are one."""
    return name.replace("_", "-").lower()


def parse(text: str) -> tuple[Fault, ...]:
    """The faults of `text`. Raises FaultError."""
    return tuple(written.fault for written in parse_places(text))


def parse_places(text: str) -> tuple[Written, ...]:
    """The faults of `text` with where each part stands. Raises FaultError."""
    if len(text) > LONGEST:
        raise FaultError(f"the faults take {len(text)} characters; expected {LONGEST} at most")
    return tuple(_Reader(text).faults())


def text_of(faults: Iterable[Fault]) -> str:
    """`faults` as one text."""
    return ";".join(map(str, faults))


def url_segment(text: str) -> str:
    """`text` as the path segment that stands behind `/!`: what a URL takes for itself is percent-encoded."""
    return quote(text, safe="!$&'()*+,;=:@~._-")


def from_value(value: object) -> tuple[Fault, ...]:
    """Faults from YAML or Python: a text, a mapping, or a list of both. Raises FaultError."""
    return tuple(written.fault for written in written_of(value))


def written_of(value: object) -> tuple[Written, ...]:
    """As `from_value`, each with the text that its errors point at."""
    if isinstance(value, str):
        return parse_places(value)
    if isinstance(value, Mapping):
        # Through the text, so that a mapping can say what a text can, and errors are the same.
        return parse_places(str(_from_mapping(value)))
    if isinstance(value, (list, tuple)):
        return tuple(written for one in value for written in written_of(one))
    raise FaultError(f"{value!r:.60} is no fault; expected a text such as 'reset@3e', or a mapping with 'fault'")


def _from_mapping(value: Mapping[Any, Any]) -> Fault:
    fields = {str(key).replace("_", "-"): given for key, given in value.items()}
    name = fields.pop("fault", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise FaultError(f"{dict(value)!r:.80}: expected the key 'fault' with the name of one, such as reset")
    where, attempts = fields.pop("at", ""), fields.pop("attempts", "")
    optional = fields.pop("optional", False)
    if not isinstance(optional, bool):
        raise FaultError(f"fault {name}: optional is {optional!r:.40}; expected true or false")
    kept = {str(key).replace("_", "-"): str(key) for key in value}
    args = [Arg(kept[key], _scalar(name, key, one)) for key, one in fields.items() if key != "args"]
    rest = fields.get("args", [])
    bare = rest if isinstance(rest, (list, tuple)) else [rest]
    args = [Arg("", _scalar(name, "args", one)) for one in bare] + args
    read = Attempts()
    if attempts != "":
        found = _ATTEMPTS.fullmatch(str(attempts))
        if found is None:
            raise FaultError(f"fault {name}: attempts is {attempts!r:.40}; expected 1, 1-2 or 2+")
        read = _attempts(found)
    place = _scalar(name, "at", where)
    if place and not _WHERE.fullmatch(place):
        raise FaultError(f"fault {name}: at is {place[:40]!r}; expected a place such as 3e or 50%")
    return Fault(canonical(name), place, optional, read, tuple(args))


def _scalar(name: str, key: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise FaultError(f"fault {name}: {key} is {value!r:.40}; expected a text or a number")


def _attempts(found: re.Match[str]) -> Attempts:
    first = int(found[1])
    return Attempts(first, int(found[3]) if found[3] else _FOREVER if found[4] else first)


def _written(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, why: str) -> NoReturn:
        raise pointed(self.text, self.at, why)

    def take(self, sign: str) -> bool:
        """Whether `sign` comes next; it is passed if so."""
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def blanks(self) -> None:
        while self.take(" "):
            pass

    def faults(self) -> Iterable[Written]:
        count = 0
        while True:
            self.blanks()
            if (count := count + 1) > MOST:
                self.fail(f"more than {MOST} faults")
            yield self.fault()
            self.blanks()
            if self.at == len(self.text):
                return
            if self.text.startswith("#", self.at):
                self.fail("attempts stand before the arguments, as in status#1:429")
            if not self.take(";"):
                self.fail(f"found {self.text[self.at]!r}; expected ';' and another fault, or the end")
            self.blanks()
            if self.at == len(self.text):
                return

    def fault(self) -> Written:
        at = self.at
        name = self.match(_NAME)
        if name is None:
            self.fail("expected the name of a fault, such as reset (`tokentape faults` lists them)")
        optional, attempts, where, where_at = self.take("?"), ALWAYS, "", self.at
        if self.take("@"):
            where_at = self.at
            place = self.match(_WHERE)
            if place is None:
                self.fail("expected a place after '@', such as 3e, 50%, 1500ms or =message_stop")
            where = place[0]
        if self.take("#"):
            found = self.match(_ATTEMPTS)
            if found is None:
                self.fail("expected attempts after '#': 1, 1-2 or 2+")
            attempts = _attempts(found)
            if attempts.last < attempts.first:
                self.fail(f"attempts end before they begin; expected #{attempts.last}-{attempts.first}")
        args: list[Arg] = []
        args_at: list[int] = []
        if self.take(":"):
            while True:
                args_at.append(self.at)
                args.append(self.arg())
                if not self.take(","):
                    break
        fault = Fault(canonical(name[0]), where, optional, attempts, tuple(args))
        return Written(fault, self.text, at, where_at, tuple(args_at))

    def arg(self) -> Arg:
        key = self.match(_KEY)
        named = key[0][:-1] if key else ""
        if self.text.startswith('"', self.at):
            try:
                value, self.at = _DECODER.raw_decode(self.text, self.at)
            except ValueError:
                self.fail(
                    'this JSON string does not end, or holds what JSON does not allow; a line end is \\n, a quote \\"'
                )
            return Arg(named, value)
        bare = self.match(_BARE)
        value = bare[0] if bare else ""
        if not value and not key:
            self.fail("expected an argument: a word, NAME=word, or a JSON string")
        return Arg(named, value)
