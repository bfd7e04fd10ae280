"""On which line a key of a TOML file stands: `tomllib` does not say, and an error without its line is hard to mend.

A scan, not a parser: what it is given has been read by `tomllib` already. Knows TOML and nothing of ours. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# Whole strings and comments first, so that no bracket or `=` inside them counts (TOML 1.0, "String" and "Comment").
_TOKEN = re.compile(
    r'(?P<text>"""(?:\\.|[^\\])*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|(?P<comment>\#[^\n]*)|(?P<mark>[][{}=,.\n])|(?P<bare>[A-Za-z0-9_-]+)|(?P<other>[^][{}=,.\n\"'\#A-Za-z0-9_-]+|.)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}

Path = tuple[str, ...]


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def key_lines(text: str) -> dict[Path, int]:
    """Line (from 1) of each key and each table in `text`, by its full path; of a table named twice, the first.

    Keys of inline tables are there too; those of tables in arrays are under the array's own path.
    """
    found: dict[Path, int] = {}
    section: Path = ()
    tokens = _tokens(text)
    for token in tokens:
        if token.text == "[" and token.kind == "mark":
            section = _header(tokens)
            found.setdefault(section, token.line)
        elif token.kind in {"bare", "text"}:
            key = _key(token, tokens)
            found.setdefault((*section, *key), token.line)
            _value(tokens, (*section, *key), found)
    return found


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind not in {"comment", "other"}:
            yield _Token(kind, match[0], line)
        line += match[0].count("\n")


def _header(tokens: Iterator[_Token]) -> Path:
    names: list[str] = []
    for token in tokens:
        if token.text == "\n" and token.kind == "mark":
            break
        if token.kind in {"bare", "text"}:
            names.append(_name(token))
    return tuple(names)


def _key(first: _Token, tokens: Iterator[_Token]) -> Path:
    """The names of a dotted key up to its `=`."""
    names = [_name(first)]
    for token in tokens:
        if token.kind == "mark" and token.text != ".":
            break
        if token.kind in {"bare", "text"}:
            names.append(_name(token))
    return tuple(names)


def _value(tokens: Iterator[_Token], path: Path, found: dict[Path, int]) -> None:
    """Passes over a value to the end of its line, and notes the keys of inline tables that are not inside an array."""
    owners: list[Path | None] = []  # the table that each open bracket is; None inside an array
    expects = False  # a key of an inline table
    for token in tokens:
        if token.kind != "mark":
            if expects and (owner := owners[-1]) is not None:
                path = (*owner, *_key(token, tokens))
                found.setdefault(path, token.line)
                expects = False
        elif token.text == "\n" and not owners:
            return
        elif token.text in "[{":
            owners.append(path if token.text == "{" and None not in owners else None)
            expects = owners[-1] is not None
        elif token.text in "]}":
            owners.pop()
            expects = False
        elif token.text == ",":
            expects = bool(owners) and owners[-1] is not None


def _name(token: _Token) -> str:
    if token.kind == "bare" or token.text[0] == "'":
        return token.text.strip("'")
    return _ESCAPE.sub(_escaped, token.text[1:-1])


def _escaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _SHORT.get(match[3], match[3])
