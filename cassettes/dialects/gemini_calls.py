"""Function calls of Gemini whose arguments come in pieces (Vertex, `streamFunctionCallArguments`), put together.

A call opens with its name and `willContinue`, goes on in calls without a name, and ends with one that does not
continue. Pieces name their place by a JSON path (google-genai's `types.PartialArg`). Pure and never an error: a piece
whose path makes no sense is kept under that path as a key. Imports the standard library alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,9})\]|\['([^']*)'\]|\["([^"]*)"\]""")
_DEEPEST: Final = 64
_VALUES: Final = ("numberValue", "boolValue")

_Path = tuple[str | int, ...]


class Call:
    """One call as it grows. `part` is the part of the content in which it began."""

    def __init__(self, part: Mapping[str, object]) -> None:
        self._part = dict(part)
        self._fields: dict[str, object] = {}
        self._args: dict[str, object] | None = None
        self._pieces: dict[_Path, list[object]] = {}
        self._open: set[_Path] = set()

    def add(self, part: Mapping[str, object]) -> bool:
        """Takes in a part that holds a `functionCall`; whether the call goes on after it."""
        call = part.get("functionCall")
        if not isinstance(call, dict):
            return False
        for key, value in part.items():
            self._part.setdefault(key, value)
        for key, value in call.items():
            if key == "args" and isinstance(value, dict):
                self._args = (self._args or {}) | value
            elif key == "partialArgs" and isinstance(value, list):
                self._args = self._args or {}
                for piece in value:
                    self._place(piece)
            elif key not in ("args", "partialArgs", "willContinue") and value is not None:
                self._fields[key] = value
        return call.get("willContinue") is True

    def _place(self, piece: object) -> None:
        if not isinstance(piece, dict) or not isinstance(path := piece.get("jsonPath"), str):
            return
        place = _steps(path)
        value = piece.get("stringValue")
        if not isinstance(value, str):
            value = next((piece[name] for name in _VALUES if name in piece), None)
        if place in self._open:
            self._pieces[place].append(value)
        else:
            self._pieces[place] = [value]
        if piece.get("willContinue") is True:
            self._open.add(place)
        else:
            self._open.discard(place)

    def whole(self) -> dict[str, object]:
        """The part as it is where nothing is streamed: the call with its name, id and `args`."""
        call = dict(self._fields)
        if self._args is not None:
            call["args"] = _built(self._args, self._pieces)
        return self._part | {"functionCall": call}


def _steps(path: str) -> _Path:
    """`$.a.b[0]['c']` as keys and indexes; a path that is none of these, or too deep, as one key."""
    steps: list[str | int] = []
    place = 1
    while place < len(path) and (found := _STEP.match(path, place)) and len(steps) < _DEEPEST:
        name, index, *quoted = found.groups()
        steps.append(int(index) if index else next(key for key in (name, *quoted) if key is not None))
        place = found.end()
    return tuple(steps) if path.startswith("$") and place == len(path) and steps else (path,)


def _built(args: dict[str, object], pieces: Mapping[_Path, list[object]]) -> dict[str, object]:
    """`args` with the pieces at their places. Containers of `args` belong to who sent them: only ours are filled."""
    root = dict(args)
    ours = {id(root)}
    for path, values in pieces.items():
        texts = [value for value in values if isinstance(value, str)]
        value = "".join(texts) if texts else values[-1]
        if not _put(root, path, value, ours):
            root["$" + "".join(f"[{step!r}]" for step in path)] = value
    return root


def _put(root: object, path: _Path, value: object, ours: set[int]) -> bool:
    """Whether `value` could be put at `path`; what is missing on the way is made, but no list is filled up."""
    here = root
    for step, after in zip(path, (*path[1:], None), strict=True):
        if id(here) not in ours:
            return False
        made: object = value if after is None else [] if isinstance(after, int) else {}
        if isinstance(here, dict) and isinstance(step, str):
            here[step] = made if after is None else here.get(step, made)
            inner = here[step]
        elif isinstance(here, list) and isinstance(step, int) and step <= len(here):
            here[step : step + 1] = [made if after is None or step == len(here) else here[step]]
            inner = here[step]
        else:
            return False
        if inner is made:
            ours.add(id(made))
        here = inner
    return True
