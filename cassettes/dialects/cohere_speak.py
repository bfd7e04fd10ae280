"""An answer as Cohere's events (providers.md 8.8): parts of the content one after another, then the calls, `[DONE]`.

Pure. Imports what is beside it.
"""

from __future__ import annotations

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
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
    "tools": "TOOL_CALL",
    "refused": "COMPLETE",
}
_KNOWN: Final = frozenset((*_WORDS.values(), "STOP_SEQUENCE", "TIMEOUT", "ERROR"))
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_CONTENTS: Final = {"text": "text", "reasoning": "thinking", "refusal": "text"}

Fields = dict[str, object]


def speak(said: Sequence[Delta], voice: Voice) -> Speech:
    """The events that say `said`. Without a finish the message does not end: the stream was cut. A refusal has no place
    of its own and is said as text."""
    return _Events(said, voice).speech()


class _Events:
    """The events while they are made. `_open` is the part or the call that goes on, and its index."""

    def __init__(self, said: Sequence[Delta], voice: Voice) -> None:
        self._said, self._error = before_error(said)
        self._voice = voice
        self._saying = Saying()
        self._contents = 0
        self._open: tuple[str, int] | None = None

    def speech(self) -> Speech:
        """All of it."""
        saying = self._saying
        empty: Fields = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        start = {"id": self._voice.uuid("answer"), "type": "message-start", "delta": {"message": empty}}
        saying.add(sse(dumps(start), "message-start"))
        for piece in in_turn(self._said):
            saying.now = piece.at
            self._piece(piece)
        at, word = last_finish(self._said)
        if self._error is not None:
            saying.now, message = self._error
            self._close()
            self._end({"error": message, "finish_reason": "ERROR"})
        elif word:
            places = (at for at, delta in enumerate(self._said) if delta.usage)
            saying.now = max(saying.now, at)
            self._close()
            saying.now = max(saying.now, *places, 0)
            self._end(self._finish(word) | self._usage())
        return saying.speech()

    def _piece(self, piece: Piece) -> None:
        if piece.kind == "tool":
            self._call(piece.tool)
            return
        if piece.kind == "refusal":
            self._saying.leave_out("refusal as such", "Cohere has no refusals; it is said as text")
        kind = _CONTENTS[piece.kind]
        if self._open is None or self._open[0] != kind:
            self._close()
            self._open = (kind, self._contents)
            self._contents += 1
            self._event("content-start", {"content": {"type": kind, kind: ""}})
        self._event("content-delta", {"content": {kind: piece.text}})

    def _call(self, part: ToolPart) -> None:
        if self._open != ("call", part.number):
            self._close()
            self._open = ("call", part.number)
            ident = part.id or f"{part.name}_{self._voice.token(f'call {part.number}', 12, _LETTERS)}"
            function = {"name": part.name, "arguments": ""}
            self._event("tool-call-start", {"tool_calls": {"id": ident, "type": "function", "function": function}})
        if part.arguments:
            self._event("tool-call-delta", {"tool_calls": {"function": {"arguments": part.arguments}}})

    def _close(self) -> None:
        if self._open is not None:
            self._event("tool-call-end" if self._open[0] == "call" else "content-end")
            self._open = None

    def _event(self, kind: str, message: Fields | None = None) -> None:
        index = self._open[1] if self._open is not None else 0
        fields: Fields = {"type": kind, "index": index}
        self._saying.add(sse(dumps(fields | ({} if message is None else {"delta": {"message": message}})), kind))

    def _end(self, delta: Fields) -> None:
        self._saying.add(sse(dumps({"type": "message-end", "delta": delta}), "message-end"))
        self._saying.add(sse("[DONE]"))

    def _finish(self, word: str) -> Fields:
        called = any(delta.tools for delta in self._said)
        own = own_word(word, _WORDS, _KNOWN, called=called, refused=False)
        if own is None:
            self._saying.leave_out(f"finish {word}", "Cohere has no such finish_reason; it says COMPLETE")
        return {"finish_reason": own or "COMPLETE"}

    def _usage(self) -> Fields:
        usage = gathered_usage(self._said)
        if usage is None:
            return {}
        if "tokens" in usage or "billed_units" in usage:
            return {"usage": dict(usage)}
        for key in uncounted(usage):
            self._saying.leave_out(f"usage.{key}", "Cohere counts no such thing")
        told = counts(usage)
        if told.reasoning:
            self._saying.leave_out("usage: tokens of reasoning", "Cohere counts no such thing")
        units = {"input_tokens": told.input, "output_tokens": told.output}
        return {"usage": {"billed_units": units, "tokens": dict(units), "cached_tokens": told.cached}}
