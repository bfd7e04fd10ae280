"""A stream held against the grammar of its dialect. Pure: bytes in, findings out.

Imports the files beside it, the tables and `model`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cassettes.check.blocks import Block, blocks
from cassettes.check.finding import Finding, Place
from cassettes.check.places import value_at, values
from cassettes.check.shape import Misfit, Shapes
from cassettes.check.standing import Standing
from cassettes.check.walk import Walk
from cassettes.grammar.table import Grammar, Kind
from cassettes.model import EventKind


def check_stream(
    grammar: Grammar,
    body: bytes,
    kind: EventKind = "sse",
    *,
    provider: str = "unknown",
    whole: bool = True,
    resumed: bool = False,
    trimmed: bool = False,
) -> tuple[Finding, ...]:
    """What in `body` is against `grammar`, in the order of its events.

    `whole`: the stream ended cleanly, so its end may be missed; `resumed`: it begins where another one broke off;
    `trimmed`: a tool may have cut off the line ends behind the last event.
    """
    found = _Stream(grammar, provider, resumed, trimmed)
    found.begin(body)
    for block in blocks(body, kind):
        if whole or not block.open:
            found.take(block)
    if whole:
        found.finish()
    return tuple(_gathered(found.findings))


class _Stream:
    """One stream being checked."""

    def __init__(self, grammar: Grammar, provider: str, resumed: bool, trimmed: bool) -> None:
        quirks = grammar.quirks_of(provider)
        self.findings: list[Finding] = []
        self._grammar = grammar
        self._shapes = Shapes(grammar, quirks)
        self._walk = Walk(grammar, quirks, resumed)
        self._standing = Standing(grammar, resumed)
        self._waived = frozenset(name for quirk in quirks for name in quirk.waives)
        self._trimmed = trimmed
        self._failed = self._cut = self._any = False
        self._last = Place()

    def begin(self, body: bytes) -> None:
        """Holds the bytes as such against the rules for them."""
        if body.startswith(b"\xef\xbb\xbf"):
            self._add(Misfit("bom", "a byte order mark", "none"), Place(1, 0), "")

    def take(self, block: Block) -> None:
        """Holds one event against every rule."""
        self._any = True
        self._last = block.place
        if block.flaw:
            self._tell(block, "", [Misfit("utf-8", "bytes that are not UTF-8")])
        if block.open and not self._trimmed:
            self._tell(block, "", [Misfit("tail", "the body ends before its blank line", "a blank line")])
        if self._grammar.done and block.data.strip() == self._grammar.done:
            done = self._grammar.by_name[self._grammar.done]
            self._tell(block, done.name, self._walk.take(done, None))
            return
        try:
            event = block.value()
        except ValueError as error:
            flaw = f"no JSON ({error})" if block.data else "empty"
            self._unread(block, flaw)
            return
        if not isinstance(event, dict):
            self._unread(block, "JSON, but no object")
            return
        kind = self._shapes.kind_of(event)
        if kind is None:
            self._unknown(block, event)
            return
        self._known(block, kind, event)

    def _unread(self, block: Block, flaw: str) -> None:
        self._tell(block, "", [Misfit("json", f"its data is {flaw}", "a JSON object")])
        self._walk.lose()
        self._standing.lose()

    def finish(self) -> None:
        """The stream ended cleanly."""
        if not self._any:
            self._add(Misfit("empty", "no event", "one at least"), Place(), "")
            return
        for misfit in self._walk.finish(cut=self._cut or self._failed):
            if not self._failed or misfit.rule.startswith(f"{self._grammar.machines[0].name}-"):
                self._add(misfit, self._last, "")
        if not self._failed:
            for misfit in self._standing.finish():
                self._add(misfit, self._last, "")

    def _unknown(self, block: Block, event: dict[str, object]) -> None:
        key = self._grammar.type_key
        said = value_at(event, key) if key else block.name
        if not isinstance(said, str):
            self._tell(block, "", [Misfit("keys", f"no {key}", "string")])
            return
        known = " and ".join(kind.name for kind in self._grammar.kinds)
        found = f"the kind {said[:80]!r}, which is in no table" if said else f"an event that is none of {known}"
        self._tell(block, said[:80], [Misfit("type", found)])
        self._tell(block, said[:80], self._standing.take(event))

    def _known(self, block: Block, kind: Kind, event: dict[str, object]) -> None:
        self._tell(block, kind.name, self._shapes.misfits(kind, event))
        self._tell(block, kind.name, self._misnamed(block, kind))
        self._tell(block, kind.name, self._walk.take(kind, event))
        self._tell(block, kind.name, self._standing.take(event))
        self._failed = self._failed or kind.name in self._grammar.failed
        self._cut = self._cut or any(
            value in cut for place, cut in self._grammar.cut_by.items() for value in values(event, place)
        )

    def _misnamed(self, block: Block, kind: Kind) -> Iterator[Misfit]:
        if self._grammar.names == "type" and block.name != kind.name:
            yield Misfit("event-name", f"the SSE name is {block.name[:80]!r}", repr(kind.name))
        if self._grammar.names == "none" and block.name not in {"", *self._grammar.named}:
            yield Misfit("event-name", f"the SSE name is {block.name[:80]!r}", "none")

    def _tell(self, block: Block, kind: str, misfits: Iterable[Misfit]) -> None:
        for misfit in misfits:
            self._add(misfit, block.place, kind)

    def _add(self, misfit: Misfit, place: Place, kind: str) -> None:
        if misfit.rule not in self._waived:
            rule = self._grammar.rules[misfit.rule]
            self.findings.append(Finding(rule, misfit.found, misfit.expected, place, kind))


def _gathered(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings that are the same but for their place are one, at the first."""
    found: dict[tuple[str, ...], Finding] = {}
    for one in findings:
        same = (one.rule.id, one.kind, one.found, one.expected)
        found[same] = found[same]._replace(more=found[same].more + 1) if same in found else one
    yield from found.values()
