"""An answer as the events of a UI message stream (ai 6, `toUIMessageStream`): one step, parts one after another.

Pure. Imports what is beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from cassettes.dialects.counts import counts, uncounted
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.finish import Meaning, own_word
from cassettes.dialects.speech import (
    Piece,
    Saying,
    Speech,
    Voice,
    before_error,
    dumps,
    gathered_usage,
    in_turn,
    last_finish,
    sse,
)

_WORDS: Final[Mapping[Meaning, str]] = {
    "stop": "stop",
    "length": "length",
    "tools": "tool-calls",
    "refused": "content-filter",
}
_KNOWN: Final = frozenset((*_WORDS.values(), "error", "other"))
_PARTS: Final = {"text": "text", "reasoning": "reasoning", "refusal": "text"}

Fields = dict[str, object]


def speak(said: Sequence[Delta], voice: Voice) -> Speech:
    """The events that say `said`, and `[DONE]`. Without a finish the message does not end: the stream was cut. A
    refusal has no place of its own and is said as text; counts are metadata of the message, as apps send them."""
    return _Message(said, voice).speech()


class _Message:
    """A message while its events are made. `_open` is the part that goes on and its id."""

    def __init__(self, said: Sequence[Delta], voice: Voice) -> None:
        self._said, self._error = before_error(said)
        self._voice = voice
        self._saying = Saying()
        self._count = 0
        self._open: tuple[str, str] | None = None
        self._call: ToolPart | None = None
        self._arguments: list[str] = []

    def speech(self) -> Speech:
        """All of it."""
        saying = self._saying
        self._event("start", {"messageId": self._voice.token("message", 16)})
        self._event("start-step")
        for piece in in_turn(self._said):
            saying.now = piece.at
            self._piece(piece)
        at, word = last_finish(self._said)
        if self._error is not None:
            saying.now, message = self._error
            self._event("error", {"errorText": message})
            saying.add(sse("[DONE]"))
        elif word:
            saying.now = max(saying.now, at)
            self._close()
            self._event("finish-step")
            saying.now = max(saying.now, *(at for at, delta in enumerate(self._said) if delta.usage), 0)
            self._event("finish", self._end(word))
            saying.add(sse("[DONE]"))
        return saying.speech()

    def _piece(self, piece: Piece) -> None:
        if piece.kind == "tool":
            self._tool(piece.tool)
            return
        if piece.kind == "refusal":
            self._saying.leave_out("refusal as such", "a UI message has no refusals; it is said as text")
        kind = _PARTS[piece.kind]
        if self._open is None or self._open[0] != kind:
            self._close()
            self._open = (kind, f"{kind}-{self._count}")
            self._count += 1
            self._event(f"{kind}-start", {"id": self._open[1]})
        self._event(f"{kind}-delta", {"id": self._open[1], "delta": piece.text})

    def _tool(self, part: ToolPart) -> None:
        if self._call is None or self._call.number != part.number:
            self._close()
            ident = part.id or f"call_{self._voice.token(f'call {part.number}', 24)}"
            self._call, self._arguments = part._replace(id=ident), []
            self._event("tool-input-start", {"toolCallId": ident, "toolName": part.name})
        if part.arguments:
            self._arguments.append(part.arguments)
            self._event("tool-input-delta", {"toolCallId": self._call.id, "inputTextDelta": part.arguments})

    def _close(self) -> None:
        if self._open is not None:
            self._event(f"{self._open[0]}-end", {"id": self._open[1]})
        if self._call is not None:
            call = {"toolCallId": self._call.id, "toolName": self._call.name}
            self._event("tool-input-available", {**call, "input": _input("".join(self._arguments))})
        self._open = self._call = None

    def _end(self, word: str) -> Fields:
        called = any(delta.tools for delta in self._said)
        own = own_word(word, _WORDS, _KNOWN, called=called, refused=False)
        if own is None:
            self._saying.leave_out(f"finish {word}", "a UI message has no such finishReason; it says other")
        end: Fields = {"finishReason": own or "other"}
        usage = gathered_usage(self._said)
        if usage is None:
            return end
        if "inputTokens" in usage:
            return end | {"messageMetadata": {"usage": dict(usage)}}
        for key in uncounted(usage):
            self._saying.leave_out(f"usage.{key}", "the SDK counts no such thing")
        told = counts(usage)
        own_counts = {"inputTokens": told.input, "outputTokens": told.output, "totalTokens": told.total}
        beside = {"reasoningTokens": told.reasoning, "cachedInputTokens": told.cached}
        return end | {"messageMetadata": {"usage": own_counts | {key: one for key, one in beside.items() if one}}}

    def _event(self, kind: str, fields: Mapping[str, object] | None = None) -> None:
        self._saying.add(sse(dumps({"type": kind, **(fields or {})})))


def _input(text: str) -> object:
    """The arguments as a value; the text of them where they are no JSON, as the SDK has it."""
    try:
        return json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return text
