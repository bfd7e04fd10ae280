"""A text that a regular expression of JSON Schema fits: of every choice the first, of every repetition the fewest.

For patterns as schemas have them: literals, classes, groups, alternatives, repetitions, anchors. What it cannot read it
does not answer: the caller checks. Pure; imports the standard library alone.
"""

from __future__ import annotations

import re
import warnings
from typing import Final

_CLASSES: Final = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "n": "\n", "t": "\t", "r": "\r"}
_ESCAPED_WIDTH: Final = {"x": 2, "u": 4}
_REPEAT: Final = re.compile(r"\{(\d{1,4})(?:,\d*)?\}")
_LONGEST: Final = 4096
_TRIED: Final = "aA0 -_.@/:,~!\u00e9\uac00"


class _UnreadableError(Exception):
    """Something that is not read here."""


def example_of(pattern: str) -> str | None:
    """A text in which `pattern` is found; None where none was."""
    try:
        text, end = _alternatives(pattern, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what another grammar means by it is no matter of ours
            return text if end == len(pattern) and re.search(pattern, text) else None
    except (_UnreadableError, re.error, RecursionError, ValueError, OverflowError):
        return None


def _alternatives(pattern: str, at: int) -> tuple[str, int]:
    """The text of the first of `a|b|c` from `at`, and where they end."""
    first, at = _sequence(pattern, at)
    while at < len(pattern) and pattern[at] == "|":
        _, at = _sequence(pattern, at + 1)
    return first, at


def _sequence(pattern: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while at < len(pattern) and pattern[at] not in "|)":
        text, at = _atom(pattern, at)
        times, at = _times(pattern, at)
        if len(text) * times > _LONGEST:
            raise _UnreadableError
        parts.append(text * times)
    return "".join(parts), at


def _atom(pattern: str, at: int) -> tuple[str, int]:
    sign = pattern[at]
    if sign in "^$":
        return "", at + 1
    if sign == ".":
        return "a", at + 1
    if sign == "\\":
        return _escape(pattern, at + 1)
    if sign == "[":
        return _set(pattern, at)
    if sign == "(":
        return _group(pattern, at + 1)
    if sign in "*+?":
        raise _UnreadableError
    return sign, at + 1


def _escape(pattern: str, at: int) -> tuple[str, int]:
    sign = pattern[at : at + 1]
    if sign in _ESCAPED_WIDTH:
        end = at + 1 + _ESCAPED_WIDTH[sign]
        return chr(int(pattern[at + 1 : end], 16)), end
    if sign in ("b", "B"):
        return "", at + 1
    if not sign or sign.isdigit() or sign in ("p", "P", "k"):
        raise _UnreadableError
    return _CLASSES.get(sign, sign), at + 1


def _set(pattern: str, at: int) -> tuple[str, int]:
    """One character of a class: asked of the class itself, as negations and ranges are."""
    end = at + 1 + (pattern[at + 1 : at + 2] == "^")
    end += pattern[end : end + 1] == "]"
    while pattern[end : end + 1] != "]":
        if end >= len(pattern):
            raise _UnreadableError
        end += 1 + (pattern[end] == "\\")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits = re.compile(pattern[at : end + 1])
    inside = pattern[at + 1 : end].lstrip("^")
    found = next((char for char in (*_TRIED, *inside) if fits.fullmatch(char)), None)
    if found is None:
        raise _UnreadableError
    return found, end + 1


def _group(pattern: str, at: int) -> tuple[str, int]:
    if pattern.startswith("?:", at):
        at += 2
    elif pattern.startswith("?", at):
        raise _UnreadableError
    text, end = _alternatives(pattern, at)
    if pattern[end : end + 1] != ")":
        raise _UnreadableError
    return text, end + 1


def _times(pattern: str, at: int) -> tuple[int, int]:
    sign = pattern[at : at + 1]
    times = 1
    if sign in ("*", "?") and sign:
        times, at = 0, at + 1
    elif sign == "+":
        at += 1
    elif found := _REPEAT.match(pattern, at):
        times, at = int(found[1]), found.end()
    else:
        return 1, at
    return times, at + (pattern[at : at + 1] == "?")
