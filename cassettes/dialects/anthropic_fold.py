"""An Anthropic event stream as the message that the API gives where no stream was asked for (providers.md 5).

Pure and never an error, whatever the events are: what does not fit the grammar adds nothing. One pass, texts are joined
once. Imports the base, the deltas and the errors beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, NoReturn

from cassettes.dialects.anthropic_errors import status_of
from cassettes.dialects.base import at
from cassettes.dialects.delta import Folded

_Json = dict[str, object]

# A block whose start never came, by the first delta of it.
_IMPLIED: Final[dict[str, _Json]] = {
    "text_delta": {"type": "text", "text": ""},
    "thinking_delta": {"type": "thinking", "thinking": "", "signature": ""},
}
_GROWING: Final = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("input", "partial_json"),
}


def fold(payloads: Iterable[object]) -> Folded | None:
    """The message with its blocks, or the error that ended the stream: a request that fails midway has no answer.

    A stream that was cut gives what came: `stop_reason` is null then. Usage in `message_delta` is cumulative and
    replaces what `message_start` said, key by key. None if no event is of this grammar.
    """
    message = _Message()
    for payload in payloads:
        error = at(payload, "error")
        if isinstance(error, dict) and at(payload, "type") in ("error", None):
            return Folded(status_of(error.get("type")), payload)
        message.add(payload)
    return Folded(200, message.whole()) if message.begun else None


class _Block:
    """A content block as it grows; `whole` is what the API gives without a stream."""

    def __init__(self, start: _Json) -> None:
        self.fields = dict(start)
        self._pieces: dict[str, list[str]] = {}
        self._citations: list[object] = []

    def add(self, delta: _Json) -> None:
        kind = delta.get("type")
        if isinstance(kind, str) and kind in _GROWING:
            field, source = _GROWING[kind]
            if isinstance(piece := delta.get(source), str):
                self._pieces.setdefault(field, []).append(piece)
        elif kind == "citations_delta":
            self._citations.append(delta.get("citation"))
        elif kind in ("signature_delta", "compaction_delta"):
            self.fields |= {key: value for key, value in delta.items() if key != "type"}

    def whole(self) -> _Json:
        block = dict(self.fields)
        for field, pieces in self._pieces.items():
            begun = block.get(field)
            if field == "input":
                block[field] = _input("".join(pieces), begun)
            else:
                block[field] = (begun if isinstance(begun, str) else "") + "".join(pieces)
        if self._citations:
            begun = block.get("citations")
            block["citations"] = [*(begun if isinstance(begun, list) else []), *self._citations]
        return block


class _Message:
    """The message so far. `begun` is false until an event of the grammar has come."""

    def __init__(self) -> None:
        self.begun = False
        self._message: _Json | None = None
        self._later: _Json = {}
        self._usage: _Json = {}
        self._blocks: list[_Block] = []
        self._by_index: dict[int, _Block] = {}

    def add(self, payload: object) -> None:
        if not isinstance(payload, dict):
            return
        kind = payload.get("type")
        if kind == "message_start" and isinstance(message := payload.get("message"), dict):
            # A second start is none: the SDKs pass over it.
            self._message = message if self._message is None else self._message
        elif kind == "content_block_start" and isinstance(block := payload.get("content_block"), dict):
            self._open(payload, block)
        elif kind == "content_block_delta" and isinstance(delta := payload.get("delta"), dict):
            self._grow(payload, delta)
        elif kind == "message_delta":
            self._end(payload)
        else:
            return
        self.begun = True

    def _open(self, payload: _Json, start: _Json) -> None:
        block = self._by_index[_index(payload)] = _Block(start)
        self._blocks.append(block)
        if isinstance(model := at(start, "to", "model"), str) and start.get("type") == "fallback":
            self._later["model"] = model  # beta: the model that went on; the whole message names that one

    def _grow(self, payload: _Json, delta: _Json) -> None:
        kind = delta.get("type")
        if _index(payload) not in self._by_index and isinstance(kind, str) and kind in _IMPLIED:
            self._open(payload, _IMPLIED[kind])
        if block := self._by_index.get(_index(payload)):
            block.add(delta)

    def _end(self, payload: _Json) -> None:
        # `stop_reason`, `stop_sequence`, `container`…; beside the delta stand beta fields of the message itself.
        delta = payload.get("delta")
        given = {key: value for key, value in payload.items() if key not in ("type", "delta", "usage")}
        given |= delta if isinstance(delta, dict) else {}
        self._later |= {key: value for key, value in given.items() if value is not None or key not in self._later}
        if isinstance(usage := payload.get("usage"), dict):
            self._usage |= {key: value for key, value in usage.items() if value is not None}

    def whole(self) -> _Json:
        message = _empty_message() if self._message is None else dict(self._message)
        begun, usage = message.get("content"), message.get("usage")
        message["content"] = [*(begun if isinstance(begun, list) else []), *(block.whole() for block in self._blocks)]
        message |= {key: value for key, value in self._later.items() if value is not None or key not in message}
        if isinstance(usage, dict) or self._usage:
            message["usage"] = (usage if isinstance(usage, dict) else {}) | self._usage
        return message


def _empty_message() -> _Json:
    """For a stream whose start is missing. A new one each time."""
    return {
        "id": "msg_tokentape",
        "type": "message",
        "role": "assistant",
        "model": "",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }


def _index(payload: _Json) -> int:
    index = payload.get("index")
    return index if isinstance(index, int) else 0


def _input(text: str, begun: object) -> object:
    """The input of a tool. JSON that was cut or never was any is kept under the name that Anthropic's page on
    fine-grained tool streaming gives it, `INVALID_JSON`: an input has to be an object."""
    if not text.strip():
        return begun
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return {"INVALID_JSON": text}


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are Python's, not JSON
