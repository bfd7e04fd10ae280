"""An answer as Gemini's stream with `alt=sse` (providers.md 6): each event a response with a piece of the content, and
the counts so far.

Calls come whole, and the finish reason with the last piece. Pure. Imports what is beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from cassettes.dialects import gemini_errors
from cassettes.dialects.counts import Counts, counts, uncounted
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
    whole_calls,
)

_WORDS: Final[Mapping[Meaning, str]] = {"stop": "STOP", "length": "MAX_TOKENS", "tools": "STOP", "refused": "SAFETY"}
_KNOWN: Final = frozenset(
    (
        *_WORDS.values(),
        *("RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL"),
        *("UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE"),
        *("MODEL_ARMOR", "JAILBREAK", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "NO_IMAGE"),
    )
)
_EOL: Final = "\r\n"
_HTML: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}

Fields = dict[str, object]


def speak(said: Sequence[Delta], voice: Voice) -> Speech:
    """The events that say `said`. A refusal in words is the message of the finish."""
    return _Stream(said, voice).speech()


class _Stream:
    """A stream of responses while it is made."""

    def __init__(self, said: Sequence[Delta], voice: Voice) -> None:
        self._said, self._error = before_error(said)
        self._voice = voice
        self._saying = Saying()
        self._usage = gathered_usage(self._said)
        self._told = counts(self._usage or {})
        self._id = voice.token("response", 22)
        self._size = sum(len(delta.text) + sum(len(part.arguments) for part in delta.tools) for delta in said) or 1
        self._so_far = 0

    def speech(self) -> Speech:
        """All of it."""
        saying = self._saying
        parts = [piece for piece in whole_calls(in_turn(self._said)) if piece.kind != "refusal"]
        refusal = "".join(delta.refusal for delta in self._said)
        at, word = last_finish(self._said)
        end = self._end(word, refusal) if word and self._error is None else {}
        # The last piece says that it is the last, unless more than that is to be said of the end.
        rides = bool(end) and bool(parts) and parts[-1].kind in ("text", "tool") and not refusal
        for number, piece in enumerate(parts):
            saying.now = piece.at
            last = number == len(parts) - 1
            self._chunk([self._part(piece)], end if rides and last else {}, whole=last and self._error is None)
        if self._error is not None:
            saying.now, message = self._error
            saying.add(self._block(gemini_errors.envelope(500, message, None)))
        elif end and not rides:
            saying.now = max(saying.now, at)
            self._chunk([] if refusal else [{"text": ""}], end, whole=True)
        elif refusal and not word:
            saying.leave_out("refusal", "a candidate refuses where it ends, and this one does not end")
        return saying.speech()

    def _part(self, piece: Piece) -> Fields:
        if piece.kind == "tool":
            self._so_far += len(piece.tool.arguments)
            return {"functionCall": self._call(piece.tool)}
        if piece.kind == "reasoning":
            return {"text": piece.text, "thought": True}
        self._so_far += len(piece.text)
        return {"text": piece.text}

    def _call(self, part: ToolPart) -> Fields:
        call: Fields = {"id": part.id} if part.id else {}
        args: object = {}
        try:
            args = json.loads(part.arguments) if part.arguments else {}
        except (ValueError, RecursionError):
            args = None
        if not isinstance(args, dict):
            self._saying.leave_out("tool arguments", "the arguments of a function call are a JSON object")
            args = {}
        return {"name": part.name, "args": args} | call

    def _end(self, word: str, refusal: str) -> Fields:
        called = any(delta.tools for delta in self._said)
        own = own_word(word, _WORDS, _KNOWN, called=called, refused=bool(refusal))
        if own is None:
            self._saying.leave_out(f"finish {word}", "candidates have no such finishReason; it says STOP")
        end: Fields = {"finishReason": own or "STOP"}
        return end | {"finishMessage": refusal} if refusal else end

    def _chunk(self, parts: list[Fields], end: Mapping[str, object], *, whole: bool) -> None:
        """A response for each candidate; `whole`: nothing follows, so the counts are the last."""
        roles = {"role": "model"}
        vertex = self._voice.provider == "vertex"
        content: Fields = {**roles, "parts": parts} if vertex else {"parts": parts, **roles}
        about: Fields = {"modelVersion": self._voice.model, "responseId": self._id}
        if self._usage is not None:
            about = {"usageMetadata": self._metadata(whole=whole)} | about
        for index in range(self._voice.choices):
            candidate: Fields = {"content": content if parts else roles, **end}
            if not vertex or index:
                candidate["index"] = index
            if "finishMessage" in candidate:
                candidate["finishMessage"] = candidate.pop("finishMessage")
            self._saying.add(self._block({"candidates": [candidate], **about}))

    def _metadata(self, *, whole: bool) -> Fields:
        """The counts so far: what was thought is known from the start, the rest grows with the text."""
        told = self._told
        made = told.output - told.reasoning
        so_far = made if whole else made * self._so_far // self._size
        counted = Counts(told.input, so_far + told.reasoning, told.reasoning, told.cached)
        fields: Fields = {"promptTokenCount": told.input}
        if so_far:
            fields["candidatesTokenCount"] = so_far
        fields["totalTokenCount"] = counted.total
        if told.cached:
            fields["cachedContentTokenCount"] = told.cached
        fields["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": told.input}]
        if told.reasoning:
            fields["thoughtsTokenCount"] = told.reasoning
        usage = self._usage or {}
        if whole and "promptTokenCount" in usage:
            return {**fields, **usage}
        for key in uncounted(usage):
            if "promptTokenCount" not in usage:
                self._saying.leave_out(f"usage.{key}", "usageMetadata counts no such thing")
        return fields

    def _block(self, value: object) -> bytes:
        text = dumps(value, spaced=True)
        for sign, escape in _HTML.items():
            text = text.replace(sign, escape)
        return sse(text, eol=_EOL)
