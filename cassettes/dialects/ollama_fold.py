"""Ollama's lines as the one object that it gives for `stream: false` (docs.ollama.com, api/chat and api/generate).

Texts grow and are joined once, calls come whole; of all else the last line has the word, as it holds the counts.
Pure and never an error, whatever the lines are. Imports the base and the deltas.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cassettes.dialects.base import at
from cassettes.dialects.delta import Folded

_Json = dict[str, object]

_TEXTS: Final = ("content", "thinking", "response")
_LISTS: Final = ("tool_calls", "logprobs", "images")


def fold(payloads: Iterable[object]) -> Folded | None:
    """The answer, or the error that ended the stream: a request that fails midway has no answer. A stream that was cut
    gives what came, with `done` false. None if no line is of this grammar."""
    answer, message = _Growing(), _Growing()
    begun = False
    for payload in payloads:
        if not isinstance(payload, dict):
            continue
        if error := payload.get("error"):
            return Folded(_status(payload), {"error": error})
        if not is_answer(payload):
            continue
        begun = True
        said = payload.get("message")
        answer.add({**payload, "message": None} if isinstance(said, dict) else payload)
        if isinstance(said, dict):
            message.add(said)
    if not begun:
        return None
    body = answer.whole()
    if message.begun:
        body["message"] = message.whole()
    return Folded(200, body)


def is_answer(payload: object) -> bool:
    """Whether a line is a piece of an answer: other streams of Ollama (pulling a model) have `status` instead."""
    return isinstance(at(payload, "message"), dict) or isinstance(at(payload, "response"), str)


def _status(payload: _Json) -> int:
    status = payload.get("status_code")
    return status if isinstance(status, int) and 400 <= status <= 599 else 500


class _Growing:
    """An object whose texts and lists come in pieces."""

    def __init__(self) -> None:
        self._fields: _Json = {}
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[object]] = {}

    @property
    def begun(self) -> bool:
        return bool(self._fields)

    def add(self, fields: _Json) -> None:
        for key, value in fields.items():
            self._fields.setdefault(key, None)  # keeps its place
            if key in _TEXTS and isinstance(value, str):
                self._texts.setdefault(key, []).append(value)
            elif key in _LISTS and isinstance(value, list):
                self._lists.setdefault(key, []).extend(value)
            elif value is not None:
                self._fields[key] = value

    def whole(self) -> _Json:
        texts = {key: "".join(pieces) for key, pieces in self._texts.items()}
        return {**self._fields, **texts, **self._lists}
