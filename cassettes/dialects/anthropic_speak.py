"""An answer as Anthropic's message events (providers.md 5): blocks one after another, a ping, padding before the last
brace.

Pure. Imports what is beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from cassettes.dialects.anthropic_errors import error_type
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
)

_WORDS: Final[Mapping[Meaning, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tools": "tool_use",
    "refused": "refusal",
}
_KNOWN: Final = frozenset((*_WORDS.values(), "stop_sequence", "pause_turn", "model_context_window_exceeded"))
_BLOCKS: Final = {"text": "text", "reasoning": "thinking", "tool": "tool_use"}
# In recordings 96 of 100 events have it, 0 to 15 blanks each about as often.
_PADDING: Final = 16

Fields = dict[str, object]


class _Style(NamedTuple):
    """How a provider writes messages. `pings`: where the ping stands: behind the `start`, the first `block`, the first
    `delta`. `prefix`: of ids. `beside`: what the start has beside counts. `details`: there are `stop_details`.
    `call`: what a call has beside its input. `counts_again`: the end repeats the counts of the start."""

    pings: Literal["start", "block", "delta"] = "block"
    prefix: str = "msg_"
    beside: Mapping[str, object] = {"service_tier": "standard", "inference_geo": "global"}
    details: bool = True
    call: Mapping[str, object] = {"caller": {"type": "direct"}}
    counts_again: bool = True


_OWN: Final = _Style()
# What is recorded of the clouds is older than the newest of Anthropic's own.
_STYLES: Final[Mapping[str, _Style]] = {
    "azure": _Style(pings="delta", beside={"service_tier": "standard"}, details=False, call={}),
    "vertex": _Style(pings="start", prefix="msg_vrtx_", beside={}, details=False, call={}, counts_again=False),
}


def speak(said: Sequence[Delta], voice: Voice) -> Speech:
    """The events that say `said`. Without a finish the message does not end: the stream was cut. A refusal in words
    stands where the reason of the end does."""
    return _Message(said, voice).speech()


class _Message:
    """A message while its events are made. `_block` is the open one: its type and the number of its call."""

    def __init__(self, said: Sequence[Delta], voice: Voice) -> None:
        self._said, self._error = before_error(said)
        self._voice = voice
        self._saying = Saying()
        self._chance = voice.chance("padding")
        self._usage = gathered_usage(self._said) or {}
        self._told = counts(self._usage)
        self._style = _STYLES.get(voice.provider, _OWN)
        self._index = -1
        self._block: tuple[str, int] | None = None
        self._pinged = False

    def speech(self) -> Speech:
        """All of it."""
        saying = self._saying
        self._event("message_start", {"message": self._start()})
        self._ping("start")
        for piece in in_turn(self._said):
            if piece.kind != "refusal":
                saying.now = piece.at
                self._piece(piece)
        refusal = "".join(delta.refusal for delta in self._said)
        at, word = last_finish(self._said)
        if self._error is not None:
            saying.now, message = self._error
            self._event("error", {"error": {"type": error_type(500), "message": message}}, padded=False)
        elif word:
            saying.now = max(saying.now, at)
            self._close()
            self._end(word, refusal)
        elif refusal:
            saying.leave_out("refusal", "a message refuses where it ends, and this one does not end")
        return saying.speech()

    # -- blocks -------------------------------------------------------------------------------------------------

    def _piece(self, piece: Piece) -> None:
        block = (_BLOCKS[piece.kind], piece.tool.number if piece.kind == "tool" else -1)
        if self._block != block:
            self._close()
            self._begin(block, piece.tool)
        if piece.kind == "text":
            self._delta({"type": "text_delta", "text": piece.text})
        elif piece.kind == "reasoning":
            self._delta({"type": "thinking_delta", "thinking": piece.text})
        elif piece.tool.arguments:
            self._delta({"type": "input_json_delta", "partial_json": piece.tool.arguments})

    def _begin(self, block: tuple[str, int], part: ToolPart) -> None:
        self._block = block
        self._index += 1
        kind, number = block
        start: Fields = {"type": kind}
        if kind == "tool_use":
            ident = part.id or f"toolu_01{self._voice.token(f'call {number}', 22)}"
            start |= {"id": ident, "name": part.name, "input": {}, **self._style.call}
        else:
            start |= {"text": ""} if kind == "text" else {"thinking": "", "signature": ""}
        self._event("content_block_start", {"index": self._index, "content_block": start})
        self._ping("block")
        if kind == "tool_use":
            self._delta({"type": "input_json_delta", "partial_json": ""})

    def _delta(self, delta: Fields) -> None:
        self._event("content_block_delta", {"index": self._index, "delta": delta})
        self._ping("delta")

    def _ping(self, place: str) -> None:
        """The one ping of a stream, if this is its place."""
        if not self._pinged and place == self._style.pings:
            self._pinged = True
            self._saying.add(sse('{"type": "ping"}', "ping"))

    def _close(self) -> None:
        if self._block is None:
            return
        if self._block[0] == "thinking":
            # Nobody but the API can check it, and it is none of theirs.
            signature = f"{self._voice.token(f'signature {self._index}', 342)}=="
            self._delta({"type": "signature_delta", "signature": signature})
        self._event("content_block_stop", {"index": self._index})
        self._block = None

    # -- the message --------------------------------------------------------------------------------------------

    def _start(self) -> Fields:
        usage = _input(self._told) | {
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": min(1, self._told.output),
            **self._style.beside,
        }
        return {
            "model": self._voice.model,
            "id": f"{self._style.prefix}01{self._voice.token('message', 22)}",
            "type": "message",
            "role": "assistant",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            **({"stop_details": None} if self._style.details else {}),
            "usage": usage,
        }

    def _end(self, word: str, refusal: str) -> None:
        called = any(delta.tools for delta in self._said)
        own = own_word(word, _WORDS, _KNOWN, called=called, refused=bool(refusal))
        if own is None:
            self._saying.leave_out(f"finish {word}", "messages have no such stop_reason; it says end_turn")
        details: object = {"type": "refusal", "category": None, "explanation": refusal} if refusal else None
        delta: Fields = {"stop_reason": own or "end_turn", "stop_sequence": None}
        if self._style.details or details:
            delta["stop_details"] = details
        usage = (_input(self._told) if self._style.counts_again else {}) | {"output_tokens": self._told.output}
        if self._told.reasoning:
            usage["output_tokens_details"] = {"thinking_tokens": self._told.reasoning}
        if "cache_read_input_tokens" in self._usage:
            usage |= {key: value for key, value in self._usage.items() if key not in _OF_START}
        else:
            for key in uncounted(self._usage):
                self._saying.leave_out(f"usage.{key}", "messages count no such thing")
        places = (at for at, delta in enumerate(self._said) if delta.usage)
        self._saying.now = max(self._saying.now, *places, 0)
        self._event("message_delta", {"delta": delta, "usage": usage})
        self._event("message_stop", {})

    def _event(self, kind: str, fields: Mapping[str, object], *, padded: bool = True) -> None:
        text = dumps({"type": kind, **fields})
        blanks = self._chance.randrange(_PADDING) if padded else 0
        self._saying.add(sse(f"{text[:-1]}{' ' * blanks}}}", kind))


_OF_START: Final = frozenset(("cache_creation", "service_tier", "inference_geo"))


def _input(told: Counts) -> Fields:
    return {
        "input_tokens": told.input - told.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": told.cached,
    }
