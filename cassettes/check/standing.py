"""What holds from event to event: values that stay, numbers that count, keys that promise. Pure; imports `places`,
`shape` and the tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from cassettes.check.places import filled, type_of, values
from cassettes.check.shape import Misfit
from cassettes.grammar.table import Grammar


class Standing:
    """The rules of a grammar that look at more than one event, over one stream."""

    def __init__(self, grammar: Grammar, resumed: bool = False) -> None:
        self._grammar = grammar
        self._stood: dict[str, object] = {}
        self._next: dict[str, int | None] = {row.rule: None if resumed else 0 for row in grammar.counted}
        self._promised: dict[str, bool] = {}

    def take(self, event: object) -> Iterator[Misfit]:
        """One event."""
        for steady in self._grammar.steady:
            # Azure's first chunk has the id "" and the time 0: that is no value yet.
            for value in filter(None, values(event, steady.place)):
                first = self._stood.setdefault(steady.rule, value)
                if value != first:
                    yield Misfit(steady.rule, f"{steady.place} is not that of the event before", repr(first)[:80])
        for counted in self._grammar.counted:
            for value in values(event, counted.place):
                if type_of(value) != "integer":
                    continue
                wanted = self._next[counted.rule]
                if wanted is not None and value != wanted:
                    yield Misfit(counted.rule, f"{counted.place} is {value}", str(wanted))
                self._next[counted.rule] = value + 1
        for promise in self._grammar.promises:
            if filled(event, promise.place):
                self._promised[promise.rule] = True
            elif any(value is None for value in values(event, promise.place)):
                self._promised.setdefault(promise.rule, False)

    def lose(self) -> None:
        """An event could not be read: counting goes on with the next."""
        self._next = dict.fromkeys(self._next)

    def finish(self) -> Iterator[Misfit]:
        """The stream has ended, cleanly."""
        for promise in self._grammar.promises:
            if self._promised.get(promise.rule) is False:
                yield Misfit(promise.rule, f"{promise.place} is null in every event", "an event that has it")
