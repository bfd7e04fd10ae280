"""An answer as Gemini's stream with `alt=sse` (providers.md 6): each event a response with a piece of the content, and
the counts so far.

Calls come whole, those at the end together, and the finish reason with the last piece. Vertex AI writes the same with
other keys. Pure. Imports what is beside it.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
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
_SIGNS_TEXT: Final = re.compile(r"gemini-(?:[3-9]|\d\d)")
_CALLED: Final = "Model generated function call(s)."
_ORDER: Final = (
    *("promptTokenCount", "candidatesTokenCount", "totalTokenCount", "cachedContentTokenCount", "trafficType"),
    *("promptTokensDetails", "candidatesTokensDetails", "cacheTokensDetails", "toolUsePromptTokenCount"),
    *("toolUsePromptTokensDetails", "thoughtsTokenCount", "serviceTier"),
)
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
        self._vertex = voice.provider == "vertex"
        self._thinks = self._told.reasoning > 0 or any(delta.reasoning for delta in said)
        # Seen in recordings: 17 bytes, of which the first four are the time.
        ident = voice.created.to_bytes(4, "little") + voice.chance("response").randbytes(13)
        self._id = urlsafe_b64encode(ident).rstrip(b"=").decode()
        self._size = sum(len(delta.text) + sum(len(part.arguments) for part in delta.tools) for delta in said) or 1
        self._so_far = 0

    def speech(self) -> Speech:
        """All of it."""
        saying = self._saying
        parts = [piece for piece in whole_calls(in_turn(self._said)) if piece.kind != "refusal"]
        refusal = "".join(delta.refusal for delta in self._said)
        at, word = last_finish(self._said)
        end = self._end(word, refusal) if word and self._error is None else {}
        groups = _grouped(parts)
        # The last piece says that it is the last, unless more than that is to be said of the end.
        rides = bool(end) and bool(groups) and not refusal and self._rides(groups[-1][-1], end)
        for number, group in enumerate(groups):
            saying.now = group[-1].at
            last = number == len(groups) - 1
            told = [self._part(piece) for piece in group]
            if group[0].kind == "tool" and self._thinks:
                told[0]["thoughtSignature"] = self._signature(number)
            self._chunk(told, end if rides and last else {}, whole=last and self._error is None)
        if self._error is not None:
            saying.now, message = self._error
            saying.add(self._block(gemini_errors.envelope(500, message, None)))
        elif end and not rides:
            saying.now = max(saying.now, at)
            text: Fields = {"text": ""}
            if parts and self._signs():
                text["thoughtSignature"] = self._signature(len(groups))
            self._chunk([] if refusal else [text], end, whole=True)
        elif refusal and not word:
            saying.leave_out("refusal", "a candidate refuses where it ends, and this one does not end")
        return saying.speech()

    def _rides(self, last: Piece, end: Mapping[str, object]) -> bool:
        """Whether the end is said with the last piece. A thought that is cut short says so; newer models that thought
        sign an empty text at the end."""
        if last.kind == "reasoning":
            return end["finishReason"] == "MAX_TOKENS"
        return last.kind == "tool" or not self._signs()

    def _signs(self) -> bool:
        return self._thinks and _SIGNS_TEXT.match(self._voice.model) is not None

    def _signature(self, number: int) -> str:
        # Nobody but the API can check it, and it is none of theirs.
        return b64encode(self._voice.chance(f"signature {number}").randbytes(216)).decode()

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
        message = refusal or (_CALLED if called and not self._vertex else "")
        return end | {"finishMessage": message} if message else end

    def _chunk(self, parts: list[Fields], end: Mapping[str, object], *, whole: bool) -> None:
        """A response for each candidate; `whole`: nothing follows, so the counts are the last."""
        roles = {"role": "model"}
        content: Fields = {**roles, "parts": parts} if self._vertex else {"parts": parts, **roles}
        about: Fields = {"modelVersion": self._voice.model}
        if self._vertex:
            about["createTime"] = f"{datetime.fromtimestamp(self._voice.created, UTC):%Y-%m-%dT%H:%M:%S}.858490Z"
        about["responseId"] = self._id
        if self._usage is not None:
            about = {"usageMetadata": self._metadata(whole=whole)} | about
        for index in range(self._voice.choices):
            candidate: Fields = {"content": content if parts else roles, **end}
            if not self._vertex or index:
                candidate["index"] = index
            if "finishMessage" in candidate:
                candidate["finishMessage"] = candidate.pop("finishMessage")
            self._saying.add(self._block({"candidates": [candidate], **about}))

    def _metadata(self, *, whole: bool) -> Fields:
        """The counts so far: what was thought is known from the start, the rest grows with the text. Vertex AI counts
        at the end."""
        told, usage = self._told, self._usage or {}
        made = told.output - told.reasoning
        so_far = made if whole else made * self._so_far // self._size
        counted = Counts(told.input, so_far + told.reasoning, told.reasoning, told.cached)
        fields: Fields = {"trafficType": "ON_DEMAND"} if self._vertex else {"serviceTier": "standard"}
        if self._vertex and not whole:
            return fields
        fields |= {"promptTokenCount": told.input, "totalTokenCount": counted.total}
        fields["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": told.input}]
        if so_far:
            fields["candidatesTokenCount"] = so_far
        if so_far and self._vertex:
            fields["candidatesTokensDetails"] = [{"modality": "TEXT", "tokenCount": so_far}]
        if told.cached:
            fields["cachedContentTokenCount"] = told.cached
        if told.reasoning:
            fields["thoughtsTokenCount"] = told.reasoning
        if "promptTokenCount" not in usage:
            for key in uncounted(usage):
                self._saying.leave_out(f"usage.{key}", "usageMetadata counts no such thing")
        elif whole:
            fields |= usage
        return {key: fields[key] for key in (*_ORDER, *(key for key in fields if key not in _ORDER)) if key in fields}

    def _block(self, value: object) -> bytes:
        text = dumps(value, spaced=True)
        for sign, escape in _HTML.items():
            text = text.replace(sign, escape)
        return sse(text, eol=_EOL)


def _grouped(parts: Sequence[Piece]) -> list[list[Piece]]:
    """What goes in one chunk: a piece, or the calls at the end."""
    last = len(parts)
    while last and parts[last - 1].kind == "tool":
        last -= 1
    return [[piece] for piece in parts[:last]] + ([list(parts[last:])] if parts[last:] else [])
