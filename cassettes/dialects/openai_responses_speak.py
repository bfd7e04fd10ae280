"""An answer as the events of OpenAI's Responses (providers.md 4), in the wire style of the provider.

Items follow each other: text and refusals in a message, reasoning in its own item, each call in one. The order of keys
is that of the newest recordings: by name after the type. Pure. Imports what is beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cassettes.dialects.counts import counts, uncounted
from cassettes.dialects.delta import Delta
from cassettes.dialects.finish import Meaning, own_word
from cassettes.dialects.openai_chat_styles import filled
from cassettes.dialects.openai_models import reasons
from cassettes.dialects.openai_responses_styles import Fields, Style, phase_of, response_object, style_of
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
    sse,
    whole_calls,
)

_WORDS: Final[Mapping[Meaning, str]] = {
    "stop": "completed",
    "length": "max_output_tokens",
    "tools": "completed",
    "refused": "content_filter",
}
_KNOWN: Final = frozenset((*_WORDS.values(), "cancelled", "max_messages", "steered"))
_ITEMS: Final = {"text": "message", "refusal": "message", "reasoning": "reasoning", "tool": "function_call"}
_BLOCK: Final = 16


def speak(said: Sequence[Delta], voice: Voice) -> Speech:
    """The events that say `said`. Without a finish there is no terminal event: the stream was cut."""
    return _Response(said, voice).speech()


class _Response:
    """A response while its events are made. `_item` is what is open: its kind, its fields, the texts of its parts."""

    def __init__(self, said: Sequence[Delta], voice: Voice) -> None:
        self._said, self._error = before_error(said)
        self._voice = voice
        self._style: Style = style_of(voice.provider)
        self._saying = Saying()
        self._chance = voice.chance("obfuscation")
        self._number = 0
        self._output: list[Fields] = []
        self._open: _Item | None = None
        self._calls: set[int] = set()
        at, word = last_finish(self._said)
        self._ends, self._finish = at, self._own(word) if word else ""

    def speech(self) -> Speech:
        """All of it."""
        saying = self._saying
        for kind in ("created", "in_progress"):
            self._event(f"response.{kind}", {"response": self._body("in_progress")})
        parts = whole_calls(in_turn(self._said)) if self._style.whole else list(in_turn(self._said))
        if self._thinks_unseen(parts):
            self._begin("reasoning", -1, Piece(0, "reasoning"))
        for piece in parts:
            saying.now = piece.at
            self._piece(piece)
        if self._error is not None:
            saying.now, message = self._error
            error = {"type": "server_error", "code": "server_error", "message": message, "param": None}
            self._event("error", {"error": error})
        elif self._finish:
            saying.now = max(saying.now, self._ends)
            self._terminal()
        elif any(delta.usage for delta in self._said):
            saying.leave_out("usage", "a response that has not ended has no usage")
        if self._style.done:
            saying.add(sse("[DONE]"))
        return saying.speech()

    def _thinks_unseen(self, parts: Sequence[Piece]) -> bool:
        """Whether thoughts were counted that no piece tells: they have an item without a summary."""
        thought = counts(gathered_usage(self._said) or {}).reasoning
        return thought > 0 and reasons(self._voice.model) and all(piece.kind != "reasoning" for piece in parts)

    # -- items --------------------------------------------------------------------------------------------------

    def _piece(self, piece: Piece) -> None:
        kind = _ITEMS[piece.kind]
        call = piece.tool.number if piece.kind == "tool" else -1
        if self._open is not None and (self._open.kind, self._open.call) != (kind, call):
            self._close("completed")
        item = self._open or self._begin(kind, call, piece)
        added = piece.tool.arguments if piece.kind == "tool" else piece.text
        if piece.kind not in ("tool", item.part):
            self._part_done(item)
            self._part_added(item, piece.kind)
        if added:
            self._delta(item, added)

    def _begin(self, kind: str, call: int, piece: Piece) -> _Item:
        place = len(self._output)
        ident = self._style.item_id(self._voice, kind, place, call)
        item = self._open = _Item(kind, call, ident, place)
        if kind == "message":
            item.fields = {"id": ident, "type": kind, "status": "in_progress", "content": []}
            item.fields |= phase_of(self._voice.provider, self._voice.model) | {"role": "assistant"}
        elif kind == "reasoning":
            item.fields = self._style.thinking(self._voice, ident)
        else:
            called = piece.tool.id or self._style.call_id(self._voice, call)
            item.fields = {"id": ident, "type": kind, "status": "in_progress", "arguments": ""}
            item.fields |= {"call_id": called, "name": piece.tool.name}
        self._output.append(item.fields)
        self._event("response.output_item.added", {"item": self._style.item(item.fields), "output_index": place})
        return item

    def _part_added(self, item: _Item, kind: str) -> None:
        item.part, item.texts = kind, []
        self._event(
            f"response.{self._style.around(kind)}.added",
            {**item.place(kind, self._style), "part": self._style.part(kind, "")},
        )

    def _part_done(self, item: _Item) -> None:
        """The text of the open part once more, and the part."""
        kind = item.part
        if not kind:
            return
        text, place = "".join(item.texts), item.place(kind, self._style)
        key = "refusal" if kind == "refusal" else "text"
        logprobs: Fields = {"logprobs": []} if kind == "text" else {}
        self._event(f"response.{self._style.name(kind)}.done", {**place, key: text, **logprobs})
        part = self._style.part(kind, text)
        self._event(f"response.{self._style.around(kind)}.done", {**place, "part": part})
        where = self._style.list_of(kind)
        held = item.fields.get(where)
        item.fields[where] = [*(held if isinstance(held, list) else []), part]
        item.part, item.index = "", item.index + 1

    def _delta(self, item: _Item, added: str) -> None:
        item.texts.append(added)
        kind = item.part or "tool"
        fields: Fields = {**item.place(kind, self._style), "delta": added}
        if kind == "text":
            fields["logprobs"] = []
        if self._style.obfuscated and self._voice.obfuscated and kind != "refusal":
            # Seen in recordings: delta and obfuscation are together a multiple of 16 characters.
            fields["obfuscation"] = "".join(self._chance.choices(LETTERS, k=-len(added) % _BLOCK))
        self._event(f"response.{self._style.name(kind)}.delta", fields)

    def _close(self, status: str) -> None:
        item, self._open = self._open, None
        if item is None:
            return
        self._part_done(item)
        if item.kind == "function_call":
            text = item.fields["arguments"] = "".join(item.texts)
            place = {"item_id": item.ident, "output_index": item.output}
            name: Fields = {"name": item.fields["name"]} if "name" in self._style.order else {}
            self._event("response.function_call_arguments.done", {**place, **name, "arguments": text})
        elif item.kind == "reasoning":
            item.fields |= self._style.thought_out(self._voice, item.ident)
        if "status" in item.fields:
            item.fields["status"] = status
        done = {"item": self._style.item(item.fields), "output_index": item.output}
        self._event("response.output_item.done", done)

    # -- the response -------------------------------------------------------------------------------------------

    def _own(self, word: str) -> str:
        called = any(delta.tools for delta in self._said)
        own = own_word(word, _WORDS, _KNOWN, called=called, refused=False)
        if own is None:
            self._saying.leave_out(f"finish {word}", "a response has no such status or reason; it is completed")
        return own or "completed"

    def _terminal(self) -> None:
        whole = self._finish == "completed"
        status = self._finish if whole or self._finish == "cancelled" else "incomplete"
        self._close("completed" if whole else "incomplete")
        self._saying.now = max((at for at, delta in enumerate(self._said) if delta.usage), default=self._saying.now)
        self._saying.now = max(self._saying.now, self._ends)
        self._event(f"response.{status}", {"response": self._body(status)})

    def _body(self, status: str) -> Fields:
        ended = status != "in_progress"
        usage = gathered_usage(self._said) if ended else None
        return response_object(
            self._voice,
            self._style,
            status=status,
            reason=self._finish if status == "incomplete" else None,
            output=[self._style.item(item) for item in self._output],
            usage=None if usage is None else self._usage(usage),
        )

    def _usage(self, usage: Mapping[str, object]) -> Fields:
        told = counts(usage)
        made: Fields = {
            "input_tokens": told.input,
            "input_tokens_details": {**self._style.cached, "cached_tokens": told.cached},
        }
        made |= {"output_tokens": told.output, "output_tokens_details": {"reasoning_tokens": told.reasoning}}
        made |= {"total_tokens": told.total}
        extra = filled(self._style.usage, {"$input": told.input, "$output": told.output})
        made |= extra if isinstance(extra, dict) else {}
        if "input_tokens_details" in usage:
            return {**made, **usage}
        for key in uncounted(usage):
            self._saying.leave_out(f"usage.{key}", "responses count no such thing")
        return made

    def _event(self, kind: str, fields: Mapping[str, object]) -> None:
        values = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        self._saying.add(sse(dumps(self._style.event(values)), kind if self._style.named else ""))


class _Item:
    """An item of the output while it is open. `part` is the kind of its open part, `index` how many came before it."""

    def __init__(self, kind: str, call: int, ident: str, output: int) -> None:
        self.kind = kind
        self.call = call
        self.ident = ident
        self.output = output
        self.fields: Fields = {}
        self.part = ""
        self.index = 0
        self.texts: list[str] = []

    def place(self, kind: str, style: Style) -> Fields:
        """The ids and indexes by which an event names the part."""
        place: Fields = {"item_id": self.ident, "output_index": self.output}
        if kind != "tool":
            place["summary_index" if style.list_of(kind) == "summary" else "content_index"] = self.index
        return place
