"""A stream of chat completion chunks as the one answer that the API gives without streaming (providers.md 3 and 8).

Text grows in lists of parts that are joined once: a stream of a million deltas costs its length. What a gateway adds
is kept: a key that comes several times keeps its last value, unless it is known to come in parts.
May import the base, the deltas and what is OpenAI's beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from cassettes.dialects.base import at
from cassettes.dialects.delta import Folded
from cassettes.dialects.openai_errors import folded_error, is_error
from cassettes.dialects.openai_pieces import Call, Calls, Entries, Fields, Text, extend, inner, keep, number

REASONING: Final = ("reasoning_content", "reasoning")
_IN_PARTS: Final = ("content", "refusal", *REASONING)
# Padding against guesses from the length of packets; a stream alone has it (`p` is Mistral's).
_PADDING: Final = ("obfuscation", "p")
# `message` and `text` beside a delta say the same once more, some of them the whole text so far.
_OF_CHUNKS_ONLY: Final = ("index", "delta", "message", "text")


def fold_chat(payloads: Iterable[object]) -> Folded | None:
    """The chat completion that the chunks make; None if there is none among them and no error either.

    A stream that was cut folds to what came. An error that follows the beginning of an answer stays as `error` beside
    it, as OpenRouter has it; where nothing else came it is the answer, with the status it means.
    """
    answer = _Answer()
    error: object = None
    for payload in payloads:
        if isinstance(payload, dict):
            if is_error(payload):
                error = payload
            if isinstance(payload.get("choices"), list):
                answer.add(payload)
    if error is not None and not answer.said_anything():
        return folded_error(error)
    if not answer.begun:
        return None
    body = answer.body()
    if error is not None:
        body["error"] = at(error, "error") or error
    return Folded(200, body)


def chunk_usage(payload: object) -> Mapping[str, object] | None:
    """The usage that a chunk has; Groq's stands in a place of its own as well."""
    for usage in (at(payload, "usage"), at(payload, "x_groq", "usage")):
        if isinstance(usage, dict):
            return usage
    return None


class _Answer:
    """A chat completion while its chunks come."""

    def __init__(self) -> None:
        self.begun = False
        self._top: Fields = {}
        self._choices: dict[int, _Choice] = {}

    def add(self, chunk: Fields) -> None:
        self.begun = True
        for key, value in chunk.items():
            if key in ("id", "created", "model"):
                # Azure's first chunk has them empty.
                self._top[key] = self._top.get(key) or value
            elif key not in ("choices", "error", "usage", *_PADDING):
                keep(self._top, key, value)
        # Replaced, never added up: usage on several chunks is a running total.
        if usage := chunk_usage(chunk):
            self._top["usage"] = usage
        choices = chunk["choices"]
        for choice in choices if isinstance(choices, list) else []:
            if isinstance(choice, dict):
                self._choices.setdefault(number(choice.get("index")) or 0, _Choice()).add(choice)

    def said_anything(self) -> bool:
        return any(choice.said_anything() for choice in self._choices.values())

    def body(self) -> Fields:
        first: Fields = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
        choices = [{"index": place, **self._choices[place].body()} for place in sorted(self._choices)]
        return first | self._top | {"object": "chat.completion", "choices": choices}


class _Choice:
    """One choice of an answer: its message, and what stands beside it."""

    def __init__(self) -> None:
        self._own: Fields = {"finish_reason": None}
        self._message: Fields = {}
        self._texts: dict[str, Text] = {}
        self._lists: dict[str, Entries] = {}
        self._calls = Calls()
        self._legacy: Call | None = None

    def add(self, choice: Fields) -> None:
        for key, value in choice.items():
            if key == "logprobs":
                self._add_lists(key, value)
            elif key == "token_ids" and isinstance(value, list):
                extend(self._own, key, value)
            elif key not in _OF_CHUNKS_ONLY:
                keep(self._own, key, value)
        added = choice.get("delta", choice.get("message"))
        for key, value in added.items() if isinstance(added, dict) else ():
            self._add_to_message(key, value)

    def _add_to_message(self, key: str, value: object) -> None:
        if key in _IN_PARTS and isinstance(value, (str, list)):
            self._texts.setdefault(key, Text()).add(value)
        elif key == "tool_calls" and isinstance(value, list):
            self._calls.add(value)
        elif key == "function_call" and isinstance(value, dict):
            self._legacy = self._legacy or Call()
            self._legacy.add({"function": value})
        elif key == "audio" and isinstance(value, dict):
            for name, part in value.items():
                self._add_audio(name, part)
        elif isinstance(value, list):
            self._lists.setdefault(key, Entries()).add(value)
        elif key != "index":
            keep(self._message, key, value)

    def _add_audio(self, name: str, part: object) -> None:
        if name in ("data", "transcript") and isinstance(part, str):
            self._texts.setdefault(f"audio {name}", Text()).add(part)
        else:
            keep(inner(self._message, "audio"), name, part)

    def _add_lists(self, key: str, value: object) -> None:
        """Log probabilities come with the tokens they are of: `content` and `refusal` are lists to be joined."""
        if not isinstance(value, dict):
            keep(self._own, key, value)
            return
        for name, part in value.items():
            if isinstance(part, list):
                extend(inner(self._own, key), name, part)
            else:
                keep(inner(self._own, key), name, part)

    def said_anything(self) -> bool:
        own = any(value for key, value in self._message.items() if key != "role")
        texts = any(text.any() for text in self._texts.values())
        lists = any(entries.body() for entries in self._lists.values())
        return own or texts or lists or self._calls.any() or self._legacy is not None

    def body(self) -> Fields:
        message: Fields = {"role": "assistant", "content": None} | self._message
        message |= {key: entries.body() for key, entries in self._lists.items()}
        for key, text in self._texts.items():
            if key.startswith("audio "):
                inner(message, "audio")[key[6:]] = text.value()
            else:
                message[key] = text.value()
        if self._calls.any():
            message["tool_calls"] = self._calls.body()
        if self._legacy is not None:
            message["function_call"] = self._legacy.body()["function"]
        return {"message": message, **self._own}
