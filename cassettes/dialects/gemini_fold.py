"""A Gemini stream as the one GenerateContentResponse that the API gives where no stream was asked for.

Each event is a response of its own with a piece of the content (providers.md 6.3). Pure and never an error, whatever
the events are. One pass, texts are joined once. Imports the base, the deltas and Gemini's files beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, cast

from cassettes.dialects.base import at
from cassettes.dialects.delta import Folded
from cassettes.dialects.gemini_calls import Call
from cassettes.dialects.gemini_errors import status_of

_Json = dict[str, object]

_MARKS: Final = ("candidates", "promptFeedback", "usageMetadata")
_TEXT_KEYS: Final = frozenset(("text", "thought", "thoughtSignature"))
_MERGED: Final = ("groundingMetadata", "urlContextMetadata", "logprobsResult", "citationMetadata")
_APPENDED: Final = ("chosenCandidates", "topCandidates", "citations", "citationSources")
_UNFINISHED: Final = "CONTINUATION"
"""The finish reason of a hop: with it alone the token that asks for the next one is part of the answer."""


def fold(payloads: Iterable[object]) -> Folded | None:
    """The response, or the error that ended the stream: a request that fails midway has no answer.

    Candidates go by their index. Texts that follow each other are one part, thoughts apart from the answer; a signature
    ends its part, and one that comes alone behind a text belongs to it. Other parts stay as they are, in order. Of what
    stands beside the content the last word counts (usage holds running totals). A stream that was cut gives what
    came. None if no event is of this grammar.
    """
    response: _Json = {}
    candidates: dict[int, _Candidate] = {}
    begun = False
    for payload in unwrapped(payloads):
        if isinstance(error := payload.get("error"), dict):
            return Folded(status_of(error), {"error": error})
        begun = begun or any(mark in payload for mark in _MARKS)
        for key, value in payload.items():
            if key == "candidates":
                response.setdefault(key, None)
                for place, candidate in enumerate(value if isinstance(value, list) else []):
                    if isinstance(candidate, dict):
                        candidates.setdefault(_index(candidate, place), _Candidate()).add(candidate)
            elif value is not None:
                response[key] = value
    if not begun:
        return None
    if "candidates" in response:
        response["candidates"] = [candidates[index].whole() for index in sorted(candidates)]
    return Folded(200, response)


def unwrapped(payloads: Iterable[object]) -> Iterator[_Json]:
    """The responses themselves: an error may come wrapped in a list (providers.md 6.2); nothing else is let through."""
    for payload in payloads:
        for one in payload if isinstance(payload, list) else [payload]:
            if isinstance(one, dict):
                yield one


class _Candidate:
    """One candidate as it grows."""

    def __init__(self) -> None:
        self._fields: _Json = {}
        self._metadata: dict[str, _Json] = {}
        self._content: _Json | None = None
        self._parts: list[_Json] = []
        self._texts: list[str] = []
        self._thought: bool | None = None
        self._call: Call | None = None
        self._empty: _Json | None = None

    def add(self, candidate: Mapping[str, object]) -> None:
        for key, value in candidate.items():
            if key == "content" and isinstance(value, dict):
                self._fields.setdefault(key, None)
                self._add_content(value)
            elif key in _MERGED and isinstance(value, dict):
                self._fields[key] = own = self._metadata.setdefault(key, {})
                _merge(own, value)
            elif value is not None:
                self._fields[key] = value

    def _add_content(self, content: _Json) -> None:
        known = self._content or {}
        self._content = known | {key: value for key, value in content.items() if key != "parts"}
        parts = content.get("parts")
        for part in parts if isinstance(parts, list) else []:
            if not isinstance(part, dict):
                continue
            if isinstance(part.get("functionCall"), dict):
                self._add_call(part)
            elif isinstance(part.get("text"), str) and part.keys() <= _TEXT_KEYS:
                self._add_text(part)
            else:
                self._close()
                self._parts.append(part)

    def _add_text(self, part: _Json) -> None:
        text, thought, signature = str(part["text"]), part.get("thought") is True, part.get("thoughtSignature")
        if not text and signature is None:
            self._empty = part
            return
        if thought is not self._thought:
            self._close()
            self._thought = thought
        self._texts.append(text)
        if signature is not None:
            self._close(signature)

    def _add_call(self, part: _Json) -> None:
        if self._call is None or at(part, "functionCall", "name"):
            self._close()
            self._call = Call(part)
        if not self._call.add(part):
            self._close()

    def _close(self, signature: object = None) -> None:
        """Ends the text or the call that is being put together."""
        if self._call:
            self._parts.append(self._call.whole())
        if self._thought is not None:
            part: _Json = {"text": "".join(self._texts)}
            part |= {"thought": True} if self._thought else {}
            part |= {} if signature is None else {"thoughtSignature": signature}
            self._parts.append(part)
        self._call, self._thought = None, None
        self._texts.clear()

    def whole(self) -> _Json:
        """The candidate; nothing may be added after it."""
        self._close()
        if not self._parts and self._empty:
            self._parts.append(self._empty)
        fields = dict(self._fields)
        if self._content is not None:
            fields["content"] = ({"parts": self._parts} if self._parts else {}) | self._content
        if fields.get("finishReason") != _UNFINISHED:
            fields.pop("continuationToken", None)
        return fields


def _index(candidate: Mapping[str, object], place: int) -> int:
    index = candidate.get("index")
    return index if isinstance(index, int) else place


def _merge(own: _Json, value: _Json) -> None:
    """Metadata key by key, the later word over the earlier; lists that belong to a stretch of the text are appended.
    `own` is ours, the lists in it too."""
    for key, one in value.items():
        if key in _APPENDED and isinstance(one, list):
            known = own.get(key)
            own[key] = known if isinstance(known, list) else []
            cast("list[object]", own[key]).extend(one)
        else:
            own[key] = one
