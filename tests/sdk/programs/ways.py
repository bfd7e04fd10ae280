"""Runs the ways in which a client can ask, and prints what each of them found as one JSON object.

For programs of this folder: they run in an SDK environment and get `{kind of answer: root of its server}` as argument.
Imports the standard library alone.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

Way = Callable[[str], Any]


class Heard:
    """What a client has put together: text, reasoning, calls (name and JSON text, by number), finish, usage."""

    def __init__(self) -> None:
        self.text = ""
        self.reasoning = ""
        self.calls: dict[Any, list[str]] = {}
        self.finish: str | None = None
        self.usage: list[int | None] | None = None

    def call(self, number: Any, name: str | None = "", arguments: str | None = "") -> None:
        """Adds to a tool call."""
        one = self.calls.setdefault(number, ["", ""])
        one[0] += name or ""
        one[1] += arguments or ""

    def told(self) -> dict[str, Any]:
        """As JSON."""
        calls = [[name, value_of(arguments)] for name, arguments in self.calls.values()]
        plain = {"text": self.text, "finish": self.finish, "usage": self.usage, "reasoning": self.reasoning}
        return {**plain, "calls": calls}


def value_of(arguments: str) -> Any:
    """The arguments of a call; their text where a model was cut off in them."""
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments


def run(ways: Mapping[str, Way]) -> None:
    """Goes every way for every kind of answer. What a way raises is its answer, named by its class."""
    roots = json.loads(sys.argv[1])
    told: dict[str, dict[str, Any]] = {name: {} for name in ways}
    for number, (name, way) in enumerate(ways.items()):
        for kind, root in roots.items():
            try:
                found = way(f"{root}/~way{number}")
                told[name][kind] = asyncio.run(found) if inspect.iscoroutine(found) else found
            except Exception as error:  # noqa: BLE001 - the test shows it
                told[name][kind] = {"raised": type(error).__name__, "said": str(error)}
    print(json.dumps(told))  # noqa: T201 - that is what the test reads
