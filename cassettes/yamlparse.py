"""Bytes of a YAML file -> a tree of nodes: the guard between untrusted files and everything else.

One iterative pass over the parser's events does all of it, because PyYAML's own composer recurses (deep nesting kills
the process, libyaml build included) and writes aliases and merge keys out without limit. What a tree means is
`cassettes.yamlread`. No file is opened here. May import `cassettes.model`, `cassettes.yamltree` and yaml.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

import yaml

from cassettes.model import CassetteError
from cassettes.yamltree import Items, Node, Pairs, Scalar, Spot, plain, shown

MAX_BYTES = 64 * 1024 * 1024
"""Largest cassette in bytes: as a file, inflated, and as text with its aliases written out."""
MAX_DEPTH = 32
MAX_ALIASES = 1_000
MAX_NODES = 250_000
"""Most values in a file, aliases written out. A recorded interaction has about 60."""
MAX_RATIO = 1_000

CASSETTE = "a cassette (version: 1, interactions: […])"
"""What a file is expected to be, and in brackets what that looks like."""

_GZIP = b"\x1f\x8b"
_RATIO_FLOOR = 1 << 20  # a mebibyte of the same byte is no attack, whatever its ratio
# What YAML allows in a file (1.2, 5.1 c-printable) and therefore what both parsers take.
_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_PREFIX = "tag:yaml.org,2002:"
_CORE = ("str", "binary", "int", "float", "bool", "null", "map", "seq")
_TAGS: dict[str | None, str] = {
    None: "",
    "!": "str",
    "!binary": "binary",  # ruby's spelling
    **{_PREFIX + name: name for name in _CORE},
    # Written by vcrpy for clients that send tuples, files or iterators (its serializers/yamlserializer.py).
    _PREFIX + "python/str": "str",
    _PREFIX + "python/unicode": "str",
    _PREFIX + "python/tuple": "seq",
    _PREFIX + "python/object/new:_io.BytesIO": "file",
    _PREFIX + "python/object/apply:builtins.iter": "iterator",
}
_FITTING: dict[type[Node], set[str]] = {
    Scalar: {"", "str", "binary", "int", "float", "bool", "null"},
    Items: {"", "seq"},
    Pairs: {"", "map", "file", "iterator"},
}


def parse(data: bytes, source: str, wanted: str = CASSETTE) -> Node:
    """The one document in `data` (YAML, or gzip of it). `source` is the file's name for messages, `wanted` what it
    should be.

    Raises CassetteError, one line with file:line:col: over a limit, not UTF-8, not YAML, an unknown tag.
    """
    return _Tree(source, wanted).grown(_events(_text(inflated(data, source), source), source, wanted))


def parse_plain(data: bytes, source: str) -> object:
    """`parse` as plain Python values (dict, list, str, bytes, numbers, bool, None), for other tools' recordings."""
    return plain(parse(data, source))


def inflated(data: bytes, source: str) -> bytes:
    """`data`, gunzipped when it starts as gzip does (RFC 1952), at most MAX_BYTES. Raises CassetteError.

    The size that the trailer declares is judged first and is all that gets inflated: a bomb costs nothing.
    """
    _expect_size(len(data), source)
    if not data.startswith(_GZIP):
        return data
    declared = int.from_bytes(data[-4:], "little")
    if declared > MAX_BYTES or declared > max(_RATIO_FLOOR, MAX_RATIO * len(data)):
        raise CassetteError(
            f"found gzip data of {len(data)} bytes that declares {declared} (or is cut short),"
            f" expected at most {MAX_BYTES >> 20} MB and {MAX_RATIO}:1",
            source,
        )
    member = zlib.decompressobj(wbits=31)
    try:
        found = member.decompress(data, declared + 1)
    except zlib.error as error:
        raise CassetteError(f"found damaged gzip data ({error}), expected a whole .yaml.gz", source) from None
    if not member.eof or member.unused_data:
        raise CassetteError("found gzip data cut short or followed by more, expected one whole member", source)
    return found


def _expect_size(size: int, source: str) -> None:
    if size > MAX_BYTES:
        raise CassetteError(
            f"found more than {MAX_BYTES >> 20} MB, the largest cassette; split its interactions over files", source
        )


def _text(data: bytes, source: str) -> str:
    """`data` as text without its BOM. Raises CassetteError naming the first byte that is not UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CassetteError("found UTF-16, expected UTF-8; `iconv -f UTF-16 -t UTF-8` converts it", f"{source}:1:1")
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        if source.endswith(".gz"):
            raise CassetteError(
                f"found no gzip data (it starts with the bytes {data[:4].hex(' ')}), expected a gzipped cassette",
                source,
            ) from None
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise CassetteError(
            f"found the byte 0x{data[error.start]:02x} that is not UTF-8; bodies of other bytes stand as !!binary",
            f"{source}:{line}:{column}",
        ) from None


def _events(text: str, source: str, wanted: str) -> Iterator[yaml.Event]:
    """The parser's events, its errors as CassetteError."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # wheels without libyaml: 50 times slower, same events
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
        if "nesting depth" in (error.problem or ""):  # PyYAML 6.0.4 on reads ahead up to a limit of its own: 1,000
            raise _too_deep(place, wanted) from None
        context = f" {error.context}" if error.context else ""
        raise CassetteError(f"not YAML: {error.problem}{context}; expected {_short(wanted)}", place) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        raise _unprintable(text, source) from None


def _too_deep(place: str, wanted: str) -> CassetteError:
    """The error for nesting over MAX_DEPTH at `place`."""
    return CassetteError(f"found more than {MAX_DEPTH} levels of nesting, expected {_short(wanted)}", place)


def _short(wanted: str) -> str:
    """What was wanted, without what it looks like."""
    return wanted.partition(" (")[0]


def _unprintable(text: str, source: str) -> CassetteError:
    """The error for a character that YAML forbids, which parsers report without a usable place."""
    found = _UNPRINTABLE.search(text)
    if not found:
        return CassetteError("not YAML: found an escape of no character, expected a cassette", source)
    at = found.start()
    place = f"{source}:{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"
    return CassetteError(f"found the character U+{ord(found[0]):04X}, which YAML has only as an escape", place)


class _Tree:
    """The tree while it grows: the open containers, the anchors, and what has been spent of the limits."""

    def __init__(self, source: str, wanted: str) -> None:
        self.source, self.wanted = source, wanted
        self.open: list[Items | Pairs] = []
        self.root: Node | None = None
        self.anchors: dict[str, Node] = {}
        self.aliases = self.nodes = self.chars = self.documents = 0

    def grown(self, events: Iterator[yaml.Event]) -> Node:
        """The root, once all events are spent. Raises CassetteError."""
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.MappingStartEvent):
                self._start(event, Pairs)
            elif isinstance(event, yaml.SequenceStartEvent):
                self._start(event, Items)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._attach(self.open.pop())
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    raise CassetteError("found a second document (---), expected one a file", str(self._spot(event)))
        if self.root is None:
            raise CassetteError(f"found an empty file, expected {self.wanted}", self.source)
        return self.root

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        spot = self._spot(event)
        node = Scalar(spot, self._tag(event.tag, Scalar, spot), event.value, event.style or "")
        if event.anchor:
            self.anchors[event.anchor] = node
        self._spend(node, spot)
        self._attach(node)

    def _start(self, event: yaml.CollectionStartEvent, shape: type[Items | Pairs]) -> None:
        spot = self._spot(event)
        node = shape(spot, self._tag(event.tag, shape, spot))
        if len(self.open) == MAX_DEPTH:
            raise _too_deep(str(spot), self.wanted)
        if event.anchor:
            self.anchors[event.anchor] = node
        self._spend(node, spot)
        self.open.append(node)

    def _alias(self, event: yaml.AliasEvent) -> None:
        spot = self._spot(event)
        name = shown("*" + (event.anchor or ""))
        node = self.anchors.get(event.anchor or "")
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            raise CassetteError(f"found more than {MAX_ALIASES} aliases, expected values written out", str(spot))
        if node is None:
            raise CassetteError(f"found the alias {name} of no anchor, expected its anchor above", str(spot))
        if any(node is parent for parent in self.open):
            raise CassetteError(f"found the alias {name} inside its own anchor, expected no recursion", str(spot))
        if len(self.open) + node.height > MAX_DEPTH:
            raise CassetteError(f"found more than {MAX_DEPTH} levels of nesting through {name}", str(spot))
        self._spend(node, spot)
        self._attach(node)

    def _attach(self, node: Node) -> None:
        """Hand a whole node to the container that is open."""
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent, Items):
            parent.items.append(node)
        elif parent.key is not None:
            parent.pairs.append((parent.key, node))
            parent.key = None
        else:
            parent.key = self._key(node)
        parent.nodes += node.nodes
        parent.chars += node.chars
        parent.height = max(parent.height, node.height + 1)

    @staticmethod
    def _key(node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            raise node.error(f"found {node.kind} as the key of a mapping, expected text")
        if node.text == "<<" and not node.style and not node.tag:
            raise node.error("found a merge key (<<), expected the keys written out")
        return node

    def _spend(self, node: Node, spot: Spot) -> None:
        """Count a new node, or at an alias all that its anchor holds, which is what stops a bomb before it is built."""
        self.nodes += node.nodes
        self.chars += node.chars
        if self.nodes > MAX_NODES:
            raise CassetteError(f"found more than {MAX_NODES} values (aliases written out)", str(spot))
        if self.chars > MAX_BYTES:
            raise CassetteError(f"found more than {MAX_BYTES >> 20} MB of text (aliases written out)", str(spot))

    @staticmethod
    def _tag(found: str | None, shape: type[Node], spot: Spot) -> str:
        tag = _TAGS.get(found)
        if tag is None or tag not in _FITTING[shape]:
            raise CassetteError(
                f"found the tag {shown(found or '')} on {shape.kind}, expected none (!!binary on text)", str(spot)
            )
        return tag

    def _spot(self, event: yaml.Event) -> Spot:
        mark = event.start_mark
        return Spot(self.source, mark.line, mark.column) if mark else Spot(self.source, 0, 0)
