"""What a fault is made of: its name, its settings, what a client sees, and the function that does it.

A fault of a third party is a `Kind` too (entry-point group `tokentape.faults`). Imports `grammar`, `places`, `woven`
and `cassettes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Literal, NamedTuple, cast

from cassettes.durations import duration
from cassettes.provider import Provider
from mockserver.faults.grammar import FaultError
from mockserver.faults.places import Place
from mockserver.faults.woven import Woven

Family = Literal["ending", "timing", "framing", "encode", "content", "status", "preset"]
Phase = Literal["status", "content", "waiting", "lines", "encode", "framing", "timing", "ending"]
PHASES: Final[tuple[Phase, ...]] = ("status", "content", "lines", "waiting", "encode", "framing", "timing", "ending")
"""The order in which faults work, whatever order they are written in (DESIGN 7). `lines` (how lines end) and `waiting`
(keepalives, which fill the waits that others make) are parts of content: what is encoded holds their work."""

_SIZE = re.compile(r"([0-9]{1,12})\s*(b|kb?|mb?)?", re.IGNORECASE)
_TIMES = {"": 1, "b": 1, "k": 1024, "kb": 1024, "m": 1024 * 1024, "mb": 1024 * 1024}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
LARGEST = 64 * 1024 * 1024
"""Bytes that one fault may add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A setting of a fault. `shown` says what it is in one word or two; `read` makes its value of the text and raises
    FaultError or TokentapeError; without a `default` it must be given. `equals`: `a=b` is a value of it. `words`: what
    it may be, where that is too long for `shown`."""

    name: str
    shown: str
    read: Callable[[str], Any]
    default: Any = None
    needed: bool = False
    equals: bool = False
    words: str = ""


class Scene(NamedTuple):
    """Where a fault acts: the grammar and the provider of the answer, the seed of all that is random, the target of the
    request, seconds since 1970 (0 where no fault asks), and whether the connection is encrypted."""

    dialect: str
    provider: Provider | None = None
    seed: int = 0
    target: str = "/"
    now: float = 0.0
    tls: bool = False


class Call(NamedTuple):
    """One use of a fault: where, with which values, its own source of chance; `preview`: how the answer will be played,
    with the bytes that there are now."""

    place: Place | None
    given: Mapping[str, Any]
    pairs: tuple[tuple[str, str], ...]
    scene: Scene
    random: Random
    preview: Callable[[], Woven]

    @property
    def spot(self) -> Place:
        """The place of a fault that needs one, or has one by default."""
        if self.place is None:
            raise FaultError("it has no place")
        return self.place


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A fault: `does` changes the response in place, and raises FaultError before it changed anything.

    `place`: whether it takes one (`default`: where, if none is written); `outside`: also before the body, at `request`
    or `headers`. `pairs`: its arguments are NAME=VALUE of the user's own. `clocked`: it asks what time it is;
    `targeted`: what path was asked for.
    `makes_waits`: it moves bytes in time, whatever they are. `breaks`: it changes the ending or the status, so a deck's
    place stays (DESIGN 6). `alone`: only one such fault of the family an attempt.
    """

    name: str
    family: Family
    does: Callable[[Woven, Call], None]
    sees: str
    example: str
    place: Literal["no", "may", "must"] = "no"
    default: str = ""
    outside: bool = False
    arguments: tuple[Argument, ...] = ()
    pairs: bool = False
    phase: Phase | None = None
    random: bool = False
    clocked: bool = False
    targeted: bool = False
    makes_waits: bool = False
    breaks: bool = False
    alone: bool = False

    @property
    def when(self) -> Phase:
        """The phase it works in."""
        return self.phase or cast(Phase, self.family)


def count(text: str) -> int:
    """A number of 1 or more."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if number < 1:
        raise FaultError(f"{text[:40]!r} is no number; expected 1 or more")
    return number


def size(text: str) -> int:
    """Bytes, 1 or more: 8000, 64k or 8mb."""
    found = _SIZE.fullmatch(text)
    number = int(found[1]) * _TIMES[(found[2] or "").lower()] if found else 0
    if number < 1:
        raise FaultError(f"{text[:40]!r} is no size; expected a number of bytes such as 8000, 64k or 8mb")
    if number > LARGEST:
        raise FaultError(f"{text[:40]!r} is too large; expected {LARGEST // 1024 // 1024}mb at most")
    return number


def some_time(text: str) -> float:
    """Milliseconds above 0."""
    ms = duration(text)
    if ms <= 0:
        raise FaultError(f"{text[:40]!r} is no time; expected one above 0, such as 500ms")
    return ms


def choice(*words: str) -> Callable[[str], str]:
    """One of `words`."""

    def read(text: str) -> str:
        word = text.lower().replace("_", "-")
        if word not in words:
            raise FaultError(f"{text[:40]!r} is unknown; expected {', '.join(words)}{nearest(word, words)}")
        return word

    return read


def status_code(text: str) -> int:
    """A final status code."""
    code = int(text) if text.isascii() and text.isdigit() and len(text) == 3 else 0
    if not 200 <= code <= 599:
        raise FaultError(f"{text[:40]!r} is no status code; expected 200 to 599")
    return code


def field_text(text: str) -> str:
    """A header value: it cannot hold CR, LF or NUL (RFC 9110 5.5)."""
    if any(char in text for char in "\r\n\0"):
        raise FaultError("a header value cannot hold CR, LF or NUL")
    return text


def field_name(text: str) -> str:
    """A header name (RFC 9110 5.1)."""
    if not _TOKEN.fullmatch(text):
        raise FaultError(f"{text[:40]!r} is no header name")
    return text


def switch(text: str) -> bool:
    """yes or no."""
    if text.lower() not in {"yes", "no", "true", "false"}:
        raise FaultError(f"{text[:40]!r}: expected yes or no")
    return text.lower() in {"yes", "true"}


def raw(text: str) -> str:
    """The text as it is."""
    return text


def nearest(word: str, words: tuple[str, ...] | list[str]) -> str:
    """`; did you mean X?`, or nothing."""
    from difflib import get_close_matches

    near = get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""
