"""The values of a YAML file as nodes that know their place, and what may be asked of them.

Built by `cassettes.yamlparse`, whose MAX_DEPTH bounds every tree, so that walks may recurse. No file is opened here.
May import `cassettes.model` only.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import re
from collections.abc import Iterable
from typing import NamedTuple

from cassettes.model import CassetteError

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,300}|[0-9]{1,300}(?:\.[0-9]{0,300})?)(?:[eE][-+]?[0-9]{1,9})?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_BLANKS = re.compile(rb"[ \t\r\n]+")
_SHOWN = 48


def shown(text: str) -> str:
    """`text` quoted for a message: one line, control characters escaped, cut to a readable length."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def near(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` looks like a slip of."""
    return next(iter(difflib.get_close_matches(word[:100], list(known), 1)), None)


def nearest(word: str, known: Iterable[str]) -> str:
    """What a message says of an unknown `word`: the known one nearest to it, or all of them."""
    names = list(known)
    guess = near(word, names)
    return f"did you mean {guess}?" if guess else f"expected one of {', '.join(names)}"


class Spot(NamedTuple):
    """A place in a file, line and column counted from 0; its text is `file:line:col`, counted from 1."""

    source: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.source}:{self.line + 1}:{self.column + 1}"


class Node:
    """A value of the file. `nodes`, `chars` and `height` (levels) count all that it holds, aliases written out."""

    __slots__ = ("chars", "height", "nodes", "spot", "tag")
    kind = "a value"

    def __init__(self, spot: Spot, tag: str) -> None:
        self.spot, self.tag = spot, tag
        self.nodes = self.height = 1
        self.chars = 0

    @property
    def is_null(self) -> bool:
        return False

    def error(self, message: str) -> CassetteError:
        """The mistake at this node, to be raised."""
        return CassetteError(message, str(self.spot))


class Scalar(Node):
    """Text. Only what stood there `plain` can be a number, a boolean or null."""

    __slots__ = ("style", "text")
    kind = "text"

    def __init__(self, spot: Spot, tag: str, text: str, style: str) -> None:
        super().__init__(spot, tag)
        self.text, self.style = text, style
        self.chars = len(text)

    @property
    def is_null(self) -> bool:
        return self.tag == "null" or (not self.style and not self.tag and self.text in _NULLS)

    def value(self) -> object:
        """str, bytes, int, float, bool or None by the core schema of YAML 1.2: no dates, no yes/no, no 1_000."""
        text, tag = self.text, self.tag
        if tag == "binary":
            return self.encoded()
        if tag == "str" or (self.style and not tag):
            return text
        if self.is_null:
            return None
        if text in _BOOLS and tag in {"", "bool"}:
            return _BOOLS[text]
        if tag in {"", "int"} and _INT.fullmatch(text):
            return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
        if tag in {"", "int", "float"} and _FLOAT.fullmatch(text):
            return float(text)
        if tag in {"", "float"} and _NOT_FINITE.fullmatch(text):
            return float(text.replace(".", ""))
        if tag:
            raise self.error(f"found {shown(text)}, expected a value of the type !!{tag}")
        return text

    def encoded(self) -> bytes:
        """The bytes this text stands for: its UTF-8, or what a `!!binary` says. Raises CassetteError."""
        try:
            if self.tag == "binary":
                return base64.b64decode(_BLANKS.sub(b"", self.text.encode("ascii")), validate=True)
            return self.text.encode()
        except binascii.Error as error:
            raise self.error(f"found a !!binary that is not base64 ({error}), expected A-Z a-z 0-9 + / =") from None
        except UnicodeEncodeError:
            wanted = "base64" if self.tag == "binary" else "UTF-8 text, or !!binary for other bytes"
            raise self.error(f"found characters that cannot be read as bytes, expected {wanted}") from None

    def decoded(self) -> str:
        """The text, a `!!binary` as UTF-8 with surrogateescape (the form heads have in `cassettes.model`)."""
        return self.encoded().decode("utf-8", "surrogateescape")


class Items(Node):
    """A sequence."""

    __slots__ = ("items",)
    kind = "a list"

    def __init__(self, spot: Spot, tag: str) -> None:
        super().__init__(spot, tag)
        self.items: list[Node] = []


class Pairs(Node):
    """A mapping, its keys being scalars in the order of the file; `key` waits for its value while the file is read."""

    __slots__ = ("key", "pairs")
    kind = "a mapping"

    def __init__(self, spot: Spot, tag: str) -> None:
        super().__init__(spot, tag)
        self.pairs: list[tuple[Scalar, Node]] = []
        self.key: Scalar | None = None

    def others(self, known: Iterable[str]) -> list[Scalar]:
        """The keys that are not `known`."""
        names = frozenset(known)
        return [key for key, _ in self.pairs if key.text not in names]

    def fields(self) -> dict[str, Node]:
        """The values by key. Raises CassetteError when a key stands twice: PyYAML keeps the last without a word."""
        found: dict[str, Node] = {}
        for key, value in self.pairs:
            if key.text in found:
                raise key.error(f"found the key {shown(key.text)} twice in one mapping, expected it once")
            found[key.text] = value
        return found


def plain(node: Node) -> object:
    """`node` as Python values: dict (keys str), list, str, bytes, int, float, bool, None; for other tools' formats."""
    if isinstance(node, Pairs):
        return {key: plain(value) for key, value in node.fields().items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    if isinstance(node, Scalar):
        return node.value()
    raise node.error("found nothing, expected a value")


def mapping(node: Node, what: str) -> Pairs:
    """`node` if it is a mapping; `what` names it in the CassetteError raised otherwise."""
    if not isinstance(node, Pairs):
        raise node.error(f"{what}: found {_kind(node)}, expected a mapping")
    return node


def items(node: Node, what: str) -> list[Node]:
    """The items of a list. Raises CassetteError for anything else."""
    if not isinstance(node, Items):
        raise node.error(f"{what}: found {_kind(node)}, expected a list")
    return node.items


def scalar(node: Node, what: str) -> Scalar:
    """`node` if it is text of any kind. Raises CassetteError for null, lists and mappings."""
    if not isinstance(node, Scalar) or node.is_null:
        raise node.error(f"{what}: found {_kind(node)}, expected text")
    return node


def word(node: Node, what: str, known: Iterable[str]) -> str:
    """One of the `known` words; the CassetteError names the nearest."""
    text = scalar(node, what).text
    if text not in (names := tuple(known)):
        raise node.error(f"{what}: found {shown(text)}, {nearest(text, names)}")
    return text


def number(node: Node, what: str) -> float:
    """A number >= 0, as plain text or quoted. Raises CassetteError."""
    text = scalar(node, what).text
    if not _FLOAT.fullmatch(text) or not 0 <= (value := float(text)) < 1e12:
        raise node.error(f"{what}: found {shown(text)}, expected a number from 0 to below 1e12")
    return value


def whole(node: Node, what: str, low: int = 0, high: int = 2**53) -> int:
    """A whole number within `low` and `high`, as plain text or quoted. Raises CassetteError."""
    text = scalar(node, what).text
    if not _INT.fullmatch(text) or not text.isdecimal() or not low <= (value := int(text)) <= high:
        raise node.error(f"{what}: found {shown(text)}, expected a whole number from {low} to {high}")
    return value


def _kind(node: Node) -> str:
    return "null" if node.is_null else node.kind
