"""An answer as chunks of OpenAI's chat completions, in the wire style of the provider (providers.md 3, 7, 8).

What differs between providers is data (`openai_chat_styles`); here is what a stream of chunks is. With n > 1 every
choice says the same, chunk by chunk in turn. Pure. Imports what is beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from cassettes.dialects.counts import counts, uncounted
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.finish import Meaning, own_word
from cassettes.dialects.openai_chat_styles import filled, style_of
from cassettes.dialects.openai_errors import openai_envelope
from cassettes.dialects.speech import (
    LETTERS,
    Piece,
    Saying,
    Speech,
    Voice,
    before_error,
    dumps,
    gathered_usage,
    in_turn,
    last_finish,
    pieces,
    sse,
    whole_calls,
)

_WORDS: Final[Mapping[Meaning, str]] = {
    "stop": "stop",
    "length": "length",
    "tools": "tool_calls",
    "refused": "content_filter",
}
_KNOWN: Final = frozenset((*_WORDS.values(), "function_call"))
_OWN_COUNTS: Final = frozenset(("prompt_tokens", "completion_tokens"))
_RANDOM: Final = re.compile(r"([*#%])(\d+)|uuid")
_ALPHABETS: Final = {"*": LETTERS, "#": "0123456789abcdef", "%": "0123456789"}
_MAKERS: Final = {"openai": "OpenAI", "anthropic": "Anthropic", "google": "Google AI Studio", "x-ai": "xAI"}
_BLOCK: Final = 16
_FILLER: Final = "abcdefghijklmnopqrstuvwxyz0123456789"

Fields = dict[str, object]


def speak(said: Sequence[Delta], voice: Voice) -> Speech:
    """The chunks that say `said`, and `[DONE]`. An error inside the stream ends it; one without a finish has been cut,
    and has no `[DONE]` either."""
    return _Chunks(said, voice).speech()


class _Chunks:
    """A stream of chunks while it is made."""

    def __init__(self, said: Sequence[Delta], voice: Voice) -> None:
        self._said, self._error = before_error(said)
        self._voice = voice
        thinking = any(delta.reasoning for delta in said)
        self._style = style = style_of(voice.provider, voice.quirks, thinking=thinking, model=voice.model)
        self._saying = Saying()
        self._chance = voice.chance("obfuscation")
        self._padded = style.padded if voice.obfuscated else None
        self._ids: dict[str, object] = {
            "$created": voice.created,
            "$maker": _MAKERS.get(voice.model.partition("/")[0], voice.model.partition("/")[0] or "OpenAI"),
        }
        self._usage = self._own_usage()
        self._about: Fields = {
            "id": self._ident(style.ident, "answer"),
            "object": "chat.completion.chunk",
            "created": voice.created,
            "model": voice.model,
        }
        self._about |= {key: self._named(filled(value, self._ids), key) for key, value in style.fixed.items()}
        if style.null_usage and voice.include_usage and self._usage is not None:
            self._about["usage"] = None
        self._numbers: dict[int, int] = {}
        self._begun = False

    def speech(self) -> Speech:
        """All of it."""
        style, saying = self._style, self._saying
        parts = whole_calls(in_turn(self._said)) if style.whole else list(pieces(self._said))
        for event in style.first:
            saying.add(sse(dumps(event)))
        at, word = last_finish(self._said)
        last = [piece.tool for piece in parts if piece.kind == "tool"] if style.calls_close and word else []
        self._open(parts[0].kind if parts else "")
        for piece in parts:
            if piece.tool not in last:
                saying.now = piece.at
                self._piece(piece)
        if self._error is None:
            saying.now = max(saying.now, at)
            self._close(word, last)
        else:
            saying.now, message = self._error
            saying.add(sse(dumps(openai_envelope(500, message, None))))
        if self._error is not None or word:
            saying.add(sse("[DONE]"))
        return saying.speech()

    def _open(self, kind: str) -> None:
        """What comes before the first piece, which is of that kind."""
        style = self._style
        if kind == "refusal" and style.opens_refusal is not None:
            self._chunk(style.opens_refusal)
        elif style.opening is not None and not (style.opens_call and kind == "tool"):
            self._chunk(style.opening)

    # -- pieces -------------------------------------------------------------------------------------------------

    def _piece(self, piece: Piece) -> None:
        if piece.kind == "tool":
            self._call(piece.tool)
        elif piece.kind == "reasoning" and self._style.reasoning is None:
            why = "OpenAI's chat completions have no reasoning in them; openai-responses has"
            self._saying.leave_out("reasoning", why)
        else:
            self._chunk(filled(getattr(self._style, piece.kind), {"$text": piece.text}))

    def _call(self, part: ToolPart) -> None:
        style = self._style
        begins = part.number not in self._numbers
        if begins:
            opens = style.opens_call is not None and not self._begun
            self._chunk(filled(style.opens_call if opens else style.calls, {"$call": self._begin(part)}))
        if part.arguments and not (begins and style.whole):
            values = {"$index": self._numbers[part.number], "$arguments": part.arguments}
            self._chunk(filled(style.calls, {"$call": filled(style.more, values)}))

    def _begin(self, part: ToolPart) -> object:
        """The first part of a call: all of it, where calls come whole."""
        style = self._style
        number = self._numbers.setdefault(part.number, len(self._numbers))
        ident = part.id or self._ident(style.call_id, f"call {number}")
        values: Fields = {"$index": number, "$id": ident, "$name": part.name}
        return filled(style.begins, values | {"$arguments": part.arguments if style.whole else ""})

    # -- the end ------------------------------------------------------------------------------------------------

    def _close(self, word: str, calls: Sequence[ToolPart]) -> None:
        """The end: `word` is the finish, `calls` are those that stand beside it."""
        style, saying = self._style, self._saying
        closing = {"tool_calls": [self._begin(part) for part in calls]} if calls else style.closing
        usage_at = max((at for at, delta in enumerate(self._said) if delta.usage), default=0)
        finish = self._finish(word) if word else None
        if finish is not None:
            beside: Fields = {"usage": self._usage} if style.usage == "last" and self._usage is not None else {}
            if self._usage is not None and style.at_last:
                last = style.at_last if self._voice.include_usage else {"x_groq": style.at_last["x_groq"]}
                beside |= self._beside(last)
            self._chunk(closing, finish, beside)
        elif style.usage == "last" and self._usage is not None:
            self._chunk(style.closing, None, {"usage": self._usage})
        saying.now = max(saying.now, usage_at)
        counted = self._voice.include_usage or style.usage == "with-choice"
        if self._usage is not None and style.usage != "last" and counted:
            beside = {"usage": self._usage} | self._beside(style.at_usage)
            if style.usage == "own":
                self._event({**self._about, "choices": [], **beside})
            else:
                self._chunk(style.closing, finish, beside)

    def _finish(self, word: str) -> str:
        own = own_word(word, _WORDS, _KNOWN, called=bool(self._numbers), refused=False)
        if own is None:
            self._saying.leave_out(f"finish {word}", "chat completions have no such finish_reason; it says stop")
        return own or "stop"

    def _own_usage(self) -> Mapping[str, object] | None:
        usage = gathered_usage(self._said)
        if usage is None:
            return None
        told = counts(usage)
        values: Fields = {f"${name}": value for name, value in told._asdict().items()}
        values |= {"$total": told.total, "$uncached": told.input - told.cached}
        made = filled(self._style.counts, values)
        if _OWN_COUNTS & usage.keys():
            return {**(made if isinstance(made, dict) else {}), **usage}
        for key in uncounted(usage):
            self._saying.leave_out(f"usage.{key}", "chat completions count no such thing")
        return made if isinstance(made, dict) else None

    # -- chunks -------------------------------------------------------------------------------------------------

    def _chunk(self, delta: object, finish: str | None = None, beside: Mapping[str, object] | None = None) -> None:
        """A chunk for each choice that says `delta`."""
        style = self._style
        added = dict(delta) if isinstance(delta, Mapping) else {}
        extra = dict(beside or {})
        if not self._begun:
            added = {**style.rides, **added} if style.leads else {**added, **style.rides}
            extra = self._beside(style.at_first) | extra
            self._begun = True
        for index in range(self._voice.choices):
            values: Fields = {**style.choice_fixed, "index": index, "delta": added}
            if finish is not None:
                values |= {"finish_reason": finish, "native_finish_reason": finish}
            choice = {key: values[key] for key in style.choice if key in values}
            self._event({**self._about, "choices": [choice], **extra})

    def _event(self, values: Fields) -> None:
        style = self._style
        if self._padded is not None:
            values["obfuscation"] = ""
        if style.filler and len(self._saying):
            values[style.filler] = _FILLER[: self._chance.randint(1, len(_FILLER))]
        chunk: object = {key: values[key] for key in style.keys if key in values}
        text = dumps(_sorted(chunk) if style.sorted else chunk)
        if self._padded is not None:
            # Seen in recordings: `data: `, JSON and blank line are so many characters over a multiple of 16.
            size = (self._padded - len(text.replace(style.added, "")) - 8) % _BLOCK
            before, mark, after = text.rpartition('"obfuscation":"')
            text = before + mark + "".join(self._chance.choices(LETTERS, k=size)) + after
        self._saying.add(sse(text))

    def _beside(self, template: Mapping[str, object]) -> Fields:
        return {key: self._named(filled(value, {"$usage": self._usage}), key) for key, value in template.items()}

    def _named(self, value: object, name: str) -> object:
        """`value` with random ids where its pattern has them; the same name gives the same one."""
        if isinstance(value, str):
            return self._ident(value, name)
        return {key: self._named(one, name) for key, one in value.items()} if isinstance(value, dict) else value

    def _ident(self, pattern: str, name: str) -> str:
        voice = self._voice

        def drawn(found: re.Match[str]) -> str:
            if not found[1]:
                return voice.uuid(name)
            return voice.token(f"{name} {found.start()}", int(found[2]), _ALPHABETS[found[1]])

        return _RANDOM.sub(drawn, pattern.replace("$created", str(voice.created)))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value
