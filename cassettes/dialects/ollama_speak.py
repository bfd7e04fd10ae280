"""An answer as Ollama's lines (providers.md 8.8): thoughts and texts piece by piece, calls whole, the counts last.

Pure. Imports what is beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
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
    encoded,
    gathered_usage,
    in_turn,
    last_finish,
    whole_calls,
)

_WORDS: Final[Mapping[Meaning, str]] = {"stop": "stop", "length": "length", "tools": "stop", "refused": "stop"}
_KNOWN: Final = frozenset(("stop", "length", "load", "unload"))
_HTML: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
_PACE_US: Final = (5_000, 40_000)
"""Between two lines by their own clocks; recorded ones lie 5 to 40 ms apart."""

Fields = dict[str, object]


def speak(said: Sequence[Delta], voice: Voice) -> Speech:
    """The lines that say `said`: those of `/api/generate` where the request asked there, else of `/api/chat`. Without a
    finish no line is the last: the stream was cut. A refusal has no place of its own and is said as text."""
    return _Lines(said, voice).speech()


class _Lines:
    """The lines while they are made."""

    def __init__(self, said: Sequence[Delta], voice: Voice) -> None:
        self._said, self._error = before_error(said)
        self._voice = voice
        self._saying = Saying()
        self._clock = voice.chance("clock")
        self._now = datetime.fromtimestamp(voice.created, UTC)
        self._generates = isinstance(voice.asked.get("prompt"), str)

    def speech(self) -> Speech:
        """All of it."""
        saying = self._saying
        for piece in whole_calls(in_turn(self._said)):
            saying.now = piece.at
            self._piece(piece)
        at, word = last_finish(self._said)
        if self._error is not None:
            saying.now, message = self._error
            saying.add(_line({"error": message}))
        elif word:
            places = (at for at, delta in enumerate(self._said) if delta.usage)
            saying.now = max(saying.now, at, *places)
            self._answer({}, self._end(word))
        elif gathered_usage(self._said) is not None:
            saying.leave_out("usage", "the last line has the counts, and this answer does not end")
        return saying.speech()

    def _piece(self, piece: Piece) -> None:
        if piece.kind == "tool" and self._generates:
            self._saying.leave_out("tool calls", "/api/generate has none; /api/chat has")
        elif piece.kind == "tool":
            self._answer({"tool_calls": [self._call(piece.tool)]})
        elif piece.kind == "reasoning":
            self._answer({"thinking": piece.text})
        else:
            if piece.kind == "refusal":
                self._saying.leave_out("refusal as such", "Ollama has no refusals; it is said as text")
            self._answer({"content": piece.text})

    def _call(self, part: ToolPart) -> Fields:
        try:
            arguments: object = json.loads(part.arguments) if part.arguments else {}
        except (ValueError, RecursionError):
            arguments = None
        if not isinstance(arguments, dict):
            self._saying.leave_out("tool arguments", "the arguments of a call are a JSON object")
            arguments = {}
        ident = part.id or f"call_{self._voice.token(f'call {part.number}', 8, 'abcdefghijklmnopqrstuvwxyz0123456789')}"
        return {"id": ident, "function": {"index": part.number, "name": part.name, "arguments": arguments}}

    def _end(self, word: str) -> Fields:
        called = any(delta.tools for delta in self._said)
        own = own_word(word, _WORDS, _KNOWN, called=called, refused=False)
        if own is None:
            self._saying.leave_out(f"finish {word}", "Ollama has no such done_reason; it says stop")
        end: Fields = {"done": True, "done_reason": own or "stop"}
        usage = gathered_usage(self._said)
        if usage is None:
            return end
        if "eval_count" in usage:
            return {**end, **usage}
        for key in uncounted(usage):
            self._saying.leave_out(f"usage.{key}", "Ollama counts no such thing")
        told = counts(usage)
        return end | {
            "total_duration": 52_719_542 + 2_777_841 * told.input + 7_532_120 * told.output,
            "load_duration": 52_719_542,
            "prompt_eval_count": told.input,
            "prompt_eval_duration": 2_777_841 * told.input,
            "eval_count": told.output,
            "eval_duration": 7_532_120 * told.output,
        }

    def _answer(self, added: Fields, end: Fields | None = None) -> None:
        """A line that adds something, or the last."""
        self._now += timedelta(microseconds=self._clock.randrange(*_PACE_US))
        head: Fields = {"model": self._voice.model, "created_at": f"{self._now:%Y-%m-%dT%H:%M:%S.%f}Z"}
        if self._generates:
            head["response"] = added.pop("content", "")
            head |= added
        else:
            head["message"] = {"role": "assistant", "content": added.pop("content", ""), **added}
        self._saying.add(_line(head | (end or {"done": False})))


def _line(value: Fields) -> bytes:
    text = dumps(value)
    for sign, escape in _HTML.items():
        text = text.replace(sign, escape)
    return encoded(text) + b"\n"
