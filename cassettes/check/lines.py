"""Where in a tape's file an event of a body is written. Pure; imports the yaml modules.

Exact for bodies as tokentape writes them, a source line for every line; else it is the line where the body begins.
"""

from __future__ import annotations

import re

from cassettes.model import CassetteError
from cassettes.yamlparse import inflated, parse
from cassettes.yamltree import Items, Node, Pairs, Scalar

_BREAKS = re.compile(rb"\r\n|\r|\n")
_SKIPPED = b"\r\n\xef\xbb\xbf"


class Lines:
    """The lines of one file. Parsed when first asked for: most tapes have nothing wrong with them."""

    def __init__(self, data: bytes, place: str) -> None:
        self._data = data
        self._place = place
        self._nodes: list[Node] | None = None

    def of(self, interaction: int, offset: int, body: bytes) -> int:
        """The line, from 1, of the byte at `offset` of the response body of the `interaction`-th (from 1); 0 where the
        file is no cassette."""
        if self._nodes is None:
            self._nodes = self._interactions()
        if not 0 < interaction <= len(self._nodes):
            return 0
        node = _below(self._nodes[interaction - 1], "response", "body", "string")
        if not isinstance(node, Scalar):
            return self._nodes[interaction - 1].spot.line + 1
        return node.spot.line + 1 + self._within(node, offset, body)

    def _interactions(self) -> list[Node]:
        try:
            found = _below(parse(self._data, self._place), "interactions")
        except CassetteError:
            return []
        return found.items if isinstance(found, Items) else []

    def _within(self, node: Scalar, offset: int, body: bytes) -> int:
        """How many lines below its key the byte stands."""
        while offset < len(body) and body[offset] in _SKIPPED:
            offset += 1
        before = body[:offset]
        if node.tag == "binary":
            return 0
        if node.style == "|":
            return 1 + before.count(b"\n")
        opening = inflated(self._data, self._place).splitlines()[node.spot.line]
        if node.style == '"' and opening.endswith(b'"\\'):
            return 1 + len(_BREAKS.findall(before))
        return 0


def _below(node: Node | None, *keys: str) -> Node | None:
    for key in keys:
        pairs = node.pairs if isinstance(node, Pairs) else []
        node = next((value for name, value in pairs if name.text == key), None)
    return node
