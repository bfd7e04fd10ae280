"""Where in a tape's file an event of a body is written. Pure; imports the yaml modules.

Exact for bodies as tokentape writes them, a source line for every line; else it is the line where the body begins.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from cassettes.model import CassetteError
from cassettes.yamlparse import inflated, parse
from cassettes.yamltree import Items, Node, Pairs, Scalar

_LINE_FEED, _BREAK = re.compile(rb"\n"), re.compile(rb"\r\n|\r|\n")
_SKIPPED = b"\r\n\xef\xbb\xbf"


class Lines:
    """The lines of one file. Parsed when first asked for: most tapes have nothing wrong with them."""

    def __init__(self, data: bytes, place: str) -> None:
        self._data = data
        self._place = place
        self._bodies: dict[int, tuple[int, list[int]]] = {}

    @cached_property
    def _nodes(self) -> list[Node]:
        try:
            found = _below(parse(self._data, self._place), "interactions")
        except CassetteError:
            return []
        return found.items if isinstance(found, Items) else []

    @cached_property
    def _source(self) -> list[bytes]:
        return inflated(self._data, self._place).splitlines()

    def of(self, interaction: int, offset: int, body: bytes) -> int:
        """The line, from 1, of the byte at `offset` of the response body of the `interaction`-th (from 1); 0 where the
        file is no cassette."""
        if not 0 < interaction <= len(self._nodes):
            return 0
        if interaction not in self._bodies:
            self._bodies[interaction] = self._edges(self._nodes[interaction - 1], body)
        while offset < len(body) and body[offset] in _SKIPPED:
            offset += 1
        first, edges = self._bodies[interaction]
        return first + bisect_right(edges, offset)

    def _edges(self, interaction: Node, body: bytes) -> tuple[int, list[int]]:
        """The line of the first byte of a body, and the offsets at which others begin."""
        node = _below(interaction, "response", "body", "string")
        if not isinstance(node, Scalar):
            return interaction.spot.line + 1, []
        line = node.spot.line + 1
        if node.tag != "binary" and node.style == "|":
            return line + 1, [found.end() for found in _LINE_FEED.finditer(body)]
        if node.tag != "binary" and node.style == '"' and self._source[node.spot.line].endswith(b'"\\'):
            return line + 1, [found.end() for found in _BREAK.finditer(body)]
        return line, []


def _below(node: Node | None, *keys: str) -> Node | None:
    for key in keys:
        pairs = node.pairs if isinstance(node, Pairs) else []
        node = next((value for name, value in pairs if name.text == key), None)
    return node
