"""A Cohere event stream as the answer that the API gives for `stream: false` (providers.md 8.8; docs.cohere.com, v2
chat). Pure and never an error, whatever the events are. Texts are joined once. Imports the base and the deltas.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cassettes.dialects.base import at
from cassettes.dialects.delta import Folded

_Json = dict[str, object]

_FAILED: Final = {"ERROR": 500, "TIMEOUT": 504}
"""The reasons that say that there is no whole answer, and the status that a whole one would have had."""


def fold(payloads: Iterable[object]) -> Folded | None:
    """The answer, or the error that ended the stream. Content, calls and citations go by their own index each. A
    stream that was cut gives what came, its finish reason null. None if no event is of this grammar."""
    answer = _Answer()
    for payload in payloads:
        if isinstance(payload, dict):
            if (failed := _failure(payload)) is not None:
                return failed
            answer.add(payload)
    return Folded(200, answer.whole()) if answer.begun else None


def is_error(payload: object) -> bool:
    """Whether an event, or a body, is Cohere's error object: `message` is its text there, and no delta is beside it."""
    return isinstance(at(payload, "message"), str) and at(payload, "type") is None and at(payload, "delta") is None


def _failure(payload: _Json) -> Folded | None:
    if is_error(payload):
        return Folded(500, payload)
    reason, error = at(payload, "delta", "finish_reason"), at(payload, "delta", "error")
    if payload.get("type") != "message-end" or not isinstance(error, str) or not isinstance(reason, str):
        return None
    return Folded(_FAILED[reason], {"message": error}) if reason in _FAILED else None


class _Piece:
    """Something with a start and deltas: a part of the content, or a call."""

    def __init__(self, start: _Json) -> None:
        self._start = start
        self._texts: dict[str, list[str]] = {}

    def add(self, key: str, text: object) -> None:
        if isinstance(text, str):
            self._texts.setdefault(key, []).append(text)

    def grown(self, fields: object) -> _Json:
        """`fields` with what came since."""
        own = dict(fields) if isinstance(fields, dict) else {}
        for key, pieces in self._texts.items():
            begun = own.get(key)
            own[key] = (begun if isinstance(begun, str) else "") + "".join(pieces)
        return own

    def content(self) -> _Json:
        return self.grown(self._start)

    def call(self) -> _Json:
        return {**self._start, "function": self.grown(self._start.get("function"))}


class _Answer:
    """The answer so far. `begun` is false until an event of the grammar has come."""

    def __init__(self) -> None:
        self.begun = False
        self._id = ""
        self._message: _Json = {}
        self._end: _Json = {}
        self._plan: list[str] = []
        self._contents: dict[int, _Piece] = {}
        self._calls: dict[int, _Piece] = {}
        self._citations: list[object] = []
        self._logprobs: list[object] = []

    def add(self, event: _Json) -> None:
        message = at(event, "delta", "message")
        match event.get("type"):
            case "message-start":
                self._id = ident if isinstance(ident := event.get("id"), str) else self._id
                self._message = message if isinstance(message, dict) else {}
            case "content-start" | "content-delta":
                self._add_content(event, at(message, "content"))
            case "tool-plan-delta":
                plan = at(message, "tool_plan")
                self._plan += [plan] if isinstance(plan, str) else []
            case "tool-call-start" | "tool-call-delta":
                self._add_call(event, at(message, "tool_calls"))
            case "citation-start":
                self._citations.append(at(message, "citations"))
            case "message-end":
                delta = event.get("delta")
                self._end = delta if isinstance(delta, dict) else {}
            case "content-end" | "tool-call-end" | "citation-end":
                pass
            case _:
                return
        self.begun = True

    def _add_content(self, event: _Json, content: object) -> None:
        if not isinstance(content, dict):
            return
        number, kind = _index(event), "thinking" if "thinking" in content else "text"
        if event.get("type") == "content-start" or number not in self._contents:
            start = content if event.get("type") == "content-start" else {"type": kind, kind: ""}
            self._contents[number] = _Piece(start)
        if event.get("type") == "content-delta":
            self._contents[number].add(kind, content.get(kind))
            if isinstance(probabilities := event.get("logprobs"), dict):
                self._logprobs.append(probabilities)

    def _add_call(self, event: _Json, call: object) -> None:
        if not isinstance(call, dict):
            return
        number = _index(event)
        if event.get("type") == "tool-call-start":
            self._calls[number] = _Piece(call)
        elif known := self._calls.get(number):
            known.add("arguments", at(call, "function", "arguments"))

    def whole(self) -> _Json:
        message: _Json = {"role": "assistant"}
        message |= {key: value for key, value in self._message.items() if value not in ("", [])}
        if self._plan:
            message["tool_plan"] = "".join(self._plan)
        lists = {
            "tool_calls": [call.call() for call in self._calls.values()],
            "content": [piece.content() for piece in self._contents.values()],
            "citations": self._citations,
        }
        message |= {key: value for key, value in lists.items() if value}
        whole: _Json = {"id": self._id, "message": message, "finish_reason": None}
        whole |= self._end
        return whole | ({"logprobs": self._logprobs} if self._logprobs else {})


def _index(event: _Json) -> int:
    index = event.get("index")
    return index if isinstance(index, int) else 0
