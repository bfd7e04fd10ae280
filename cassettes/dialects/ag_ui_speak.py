"""An answer as AG-UI events (docs.ag-ui.com, events; @ag-ui/core 1.0): one run, messages one after another.

Pure. Imports what is beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cassettes.dialects.counts import counts, uncounted
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.finish import meaning
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

_STARTS: Final = {"text": "TEXT_MESSAGE", "reasoning": "REASONING_MESSAGE", "refusal": "TEXT_MESSAGE"}
_ROLES: Final = {"TEXT_MESSAGE": "assistant", "REASONING_MESSAGE": "reasoning"}

Fields = dict[str, object]


def speak(said: Sequence[Delta], voice: Voice) -> Speech:
    """The events that say `said`. Without a finish the run does not end: the stream was cut. A refusal has no place of
    its own and is said as text; a run that was finished does not say why."""
    return _Run(said, voice).speech()


class _Run:
    """A run while its events are made. `_open` is the message or the call that goes on: its kind and its id."""

    def __init__(self, said: Sequence[Delta], voice: Voice) -> None:
        self._said, self._error = before_error(said)
        self._voice = voice
        self._saying = Saying()
        self._open: tuple[str, str] | None = None
        self._number = -1
        self._count = 0
        self._message = ""
        asked = voice.asked
        self._ids: Fields = {
            key: own if isinstance(own := asked.get(key), str) else voice.uuid(key) for key in ("threadId", "runId")
        }

    def speech(self) -> Speech:
        """All of it."""
        saying = self._saying
        self._event("RUN_STARTED", self._ids)
        for piece in in_turn(self._said):
            saying.now = piece.at
            self._piece(piece)
        at, word = last_finish(self._said)
        if self._error is not None:
            saying.now, message = self._error
            self._event("RUN_ERROR", {"message": message})
        elif word:
            saying.now = max(saying.now, at)
            self._close()
            saying.now = max(saying.now, *(at for at, delta in enumerate(self._said) if delta.usage), 0)
            if meaning(word) not in ("stop", "tools"):
                saying.leave_out(f"finish {word}", "a run of AG-UI does not say why it is finished")
            self._event("RUN_FINISHED", self._ids | self._usage())
        return saying.speech()

    def _piece(self, piece: Piece) -> None:
        if piece.kind == "tool":
            self._call(piece.tool)
            return
        if piece.kind == "refusal":
            self._saying.leave_out("refusal as such", "AG-UI has no refusals; it is said as text")
        kind = _STARTS[piece.kind]
        if self._open is None or self._open[0] != kind:
            self._close()
            ident = self._voice.uuid(f"message {self._count}")
            self._count += 1
            self._open = (kind, ident)
            if kind == "REASONING_MESSAGE":
                self._event("REASONING_START", {"messageId": ident})
            else:
                self._message = ident
            self._event(f"{kind}_START", {"messageId": ident, "role": _ROLES[kind]})
        self._event(f"{kind}_CONTENT", {"messageId": self._open[1], "delta": piece.text})

    def _call(self, part: ToolPart) -> None:
        if self._open is None or self._open[0] != "TOOL_CALL" or self._number != part.number:
            self._close()
            ident = part.id or f"call_{self._voice.token(f'call {part.number}', 24)}"
            self._open, self._number = ("TOOL_CALL", ident), part.number
            parent = {"parentMessageId": self._message} if self._message else {}
            self._event("TOOL_CALL_START", {"toolCallId": ident, "toolCallName": part.name, **parent})
        if part.arguments:
            self._event("TOOL_CALL_ARGS", {"toolCallId": self._open[1], "delta": part.arguments})

    def _close(self) -> None:
        if self._open is None:
            return
        kind, ident = self._open
        self._event(f"{kind}_END", {"toolCallId" if kind == "TOOL_CALL" else "messageId": ident})
        if kind == "REASONING_MESSAGE":
            self._event("REASONING_END", {"messageId": ident})
        self._open = None

    def _usage(self) -> Fields:
        usage = gathered_usage(self._said)
        if usage is None:
            return {}
        if "inputTokens" in usage:
            return {"usage": [dict(usage)]}
        for key in uncounted(usage):
            self._saying.leave_out(f"usage.{key}", "AG-UI counts no such thing")
        told = counts(usage)
        own = {"model": self._voice.model} if self._voice.model else {}
        own_counts = {"inputTokens": told.input, "outputTokens": told.output, "totalTokens": told.total}
        beside = {"reasoningTokens": told.reasoning, "cachedInputTokens": told.cached}
        return {"usage": [own | own_counts | {key: one for key, one in beside.items() if one}]}

    def _event(self, kind: str, fields: Mapping[str, object]) -> None:
        self._saying.add(sse(dumps({"type": kind, **fields})))
