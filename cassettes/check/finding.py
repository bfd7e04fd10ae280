"""What a check finds: what it is against, where, and what was expected. Plain values; imports the table of rules."""

from __future__ import annotations

from typing import Literal, NamedTuple

from cassettes.grammar.table import Rule

Severity = Literal["error", "warning", "unknown"]


class Place(NamedTuple):
    """An event by its number, counted from 1 over all blocks of a body, comments among them, and the byte of the body
    that it starts at; 0 and 0 where the body as a whole is meant."""

    event: int = 0
    offset: int = 0


class Finding(NamedTuple):
    """Something that is not as `rule` says. `found` and `expected` are phrases; `kind` is the kind of the event, `more`
    how many later events have the same. `line` is that of the tape's file, 0 where none is known; `interaction` counts
    from 1, 0 for the file itself."""

    rule: Rule
    found: str
    expected: str = ""
    place: Place = Place()
    kind: str = ""
    more: int = 0
    interaction: int = 0
    line: int = 0

    @property
    def level(self) -> Severity:
        """How bad it is."""
        return self.rule.level

    @property
    def text(self) -> str:
        """One line: which event, what was found, what was expected, the rule."""
        where = f"event {self.place.event} (byte {self.place.offset}{f', {self.kind}' if self.kind else ''}): "
        wanted = f", expected {self.expected}" if self.expected else ""
        more = f" (and {self.more} more)" if self.more else ""
        return f"{where if self.place.event else ''}{self.found}{wanted}{more} [{self.rule.id}]"
