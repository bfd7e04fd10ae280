"""A subset of JSONPath (RFC 9535) to name fields of a body: `$.a.b[0]["c d"][*].e`. Pure; standard library only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from cassettes.model import TokentapeError

EVERY: Final = None
"""The step `[*]` or `.*`."""
Steps = tuple[str | int | None, ...]
_STEP = re.compile(
    r"\.(?P<name>[^\W\d][\w-]*)|(?P<every>\.\*|\[\*\])|\[(?P<number>-?[0-9]{1,9})\]"
    r"|\[(?P<quoted>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')\]"
)


def parse(text: str) -> Steps:
    """The steps of a path that starts with `$`. Raises TokentapeError that points at what is wrong."""
    at = 1 if text.startswith("$") else 0
    steps: list[str | int | None] = []
    while at and at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            break
        at = found.end()
        steps.append(_step(found, text))
    if not steps or at < len(text):
        shown = f"{text[:at][-40:]}>>>{text[at:][:20]}" if at else text[:60]
        raise TokentapeError(
            f'{shown!r} is no path (column {at + 1}); expected $ and then .name, [0], [*] or ["a name"], '
            "as in $.messages[0].content"
        )
    return tuple(steps)


def _step(found: re.Match[str], text: str) -> str | int | None:
    if found["every"]:
        return EVERY
    if found["number"]:
        return int(found["number"])
    if found["name"]:
        return found["name"]
    quoted = found["quoted"]
    if quoted[0] == "'":
        quoted = '"' + quoted[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
    try:
        return str(json.loads(quoted))
    except ValueError:
        raise TokentapeError(
            f"{text[:60]!r} is no path (column {found.start() + 1}); expected a name as JSON spells it"
        ) from None


def remove(value: object, steps: Steps) -> None:
    """Takes what stands at `steps` out of decoded JSON, in place; nothing happens where there is nothing."""
    holders: Iterable[object] = (value,)
    for step in steps[:-1]:
        holders = [inner for holder in holders for inner in _at(holder, step)]
    for holder in holders:
        _remove(holder, steps[-1])


def _at(holder: object, step: str | int | None) -> Iterator[object]:
    if isinstance(holder, dict):
        if step is EVERY:
            yield from holder.values()
        elif isinstance(step, str) and step in holder:
            yield holder[step]
    elif isinstance(holder, list):
        if step is EVERY:
            yield from holder
        elif isinstance(step, int) and -len(holder) <= step < len(holder):
            yield holder[step]


def _remove(holder: object, step: str | int | None) -> None:
    if isinstance(holder, (dict, list)) and step is EVERY:
        holder.clear()
    elif isinstance(holder, dict) and isinstance(step, str):
        holder.pop(step, None)
    elif isinstance(holder, list) and isinstance(step, int) and -len(holder) <= step < len(holder):
        del holder[step]
