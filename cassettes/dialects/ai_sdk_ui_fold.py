"""A UI message stream as the message that its client makes of it (ai 6, `processUIMessageStream`).

Parts stand in the order of their beginning; metadata is merged. Pure and never an error, whatever the events are: what
does not fit the grammar adds nothing. Imports the base and the deltas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from cassettes.dialects.base import at
from cassettes.dialects.delta import Folded

_Json = dict[str, object]

_WHOLE: Final = ("file", "source-url", "source-document")
_OUTPUTS: Final = {
    "tool-output-available": ("output-available", "output"),
    "tool-output-error": ("output-error", "errorText"),
    "tool-input-error": ("output-error", "errorText"),
    "tool-output-denied": ("output-denied", ""),
    "tool-approval-request": ("approval-requested", ""),
}
_KEPT: Final = ("title", "providerExecuted", "toolMetadata", "preliminary")


def fold(payloads: Iterable[object]) -> Folded | None:
    """The message, or the error that the stream ended with. A stream that was cut gives what came: its parts are still
    `streaming`. None if no event is of this grammar."""
    message = _Message()
    for payload in payloads:
        if not isinstance(payload, dict):
            continue
        if payload.get("type") == "error" and isinstance(error := payload.get("errorText"), str):
            return Folded(500, {"error": error})
        message.add(payload)
    return Folded(200, message.whole()) if message.begun else None


class _Message:
    """The message so far. `begun` is false until an event of the grammar has come."""

    def __init__(self) -> None:
        self.begun = False
        self._fields: _Json = {"id": "", "role": "assistant"}
        self._parts: list[_Json] = []
        self._texts: dict[tuple[str, str], tuple[_Json, list[str]]] = {}
        self._calls: dict[str, tuple[_Json, list[str]]] = {}

    def add(self, event: _Json) -> None:
        kind, ident = event.get("type"), event.get("id")
        if not isinstance(kind, str):
            return
        said, _, what = kind.rpartition("-")
        if said in ("text", "reasoning") and isinstance(ident, str):
            self._text(said, what, ident, event)
        elif kind.startswith(("tool-input-", "tool-output-", "tool-approval-")):
            self._call(kind, event)
        elif kind.startswith("data-"):
            self._data(kind, event)
        elif kind in _WHOLE:
            self._parts.append(event)
        elif kind == "start-step":
            self._parts.append({"type": "step-start"})
        elif kind in ("start", "finish", "message-metadata"):
            self._about(event)
        elif kind not in ("finish-step", "abort"):
            return
        self.begun = True

    def _text(self, kind: str, what: str, ident: str, event: _Json) -> None:
        if what == "start":
            part: _Json = {"type": kind, "text": "", "state": "streaming"}
            self._texts[kind, ident] = (part, [])
            self._parts.append(part)
        elif found := self._texts.get((kind, ident)):
            part, pieces = found
            if what == "delta" and isinstance(delta := event.get("delta"), str):
                pieces.append(delta)
            elif what == "end":
                part["state"] = "done"
        if (metadata := event.get("providerMetadata")) is not None and (kind, ident) in self._texts:
            self._texts[kind, ident][0]["providerMetadata"] = metadata

    def _call(self, kind: str, event: _Json) -> None:
        ident, name = event.get("toolCallId"), event.get("toolName")
        if not isinstance(ident, str):
            return
        if ident not in self._calls and isinstance(name, str):
            own: _Json = (
                {"type": "dynamic-tool", "toolName": name} if event.get("dynamic") else {"type": f"tool-{name}"}
            )
            part = own | {"toolCallId": ident, "state": "input-streaming"}
            self._calls[ident] = (part, [])
            self._parts.append(part)
        if ident not in self._calls:
            return
        part, pieces = self._calls[ident]
        part |= {key: event[key] for key in _KEPT if event.get(key) is not None}
        if kind == "tool-input-delta" and isinstance(delta := event.get("inputTextDelta"), str):
            pieces.append(delta)
        elif kind == "tool-input-available":
            part |= {"state": "input-available", "input": event.get("input")}
        elif kind in _OUTPUTS:
            state, key = _OUTPUTS[kind]
            part |= {"state": state} | ({key: event.get(key)} if key else {})
            if kind == "tool-input-error":
                part["rawInput"] = event.get("input")

    def _data(self, kind: str, event: _Json) -> None:
        if event.get("transient") is True:
            return
        part: _Json = {key: event[key] for key in ("type", "id", "data") if key in event}
        known = (one for one in self._parts if "id" in part and one.get("type") == kind and one.get("id") == part["id"])
        if (found := next(known, None)) is not None:
            found["data"] = part.get("data")
        else:
            self._parts.append(part)

    def _about(self, event: _Json) -> None:
        if isinstance(ident := event.get("messageId"), str):
            self._fields["id"] = ident
        if isinstance(metadata := event.get("messageMetadata"), dict):
            self._fields["metadata"] = _merged(self._fields.get("metadata"), metadata)

    def whole(self) -> _Json:
        for part, pieces in self._texts.values():
            part["text"] = "".join(pieces)
        for part, pieces in self._calls.values():
            if pieces and part["state"] == "input-streaming":
                part["rawInput"] = "".join(pieces)
        return {**self._fields, "parts": self._parts}


def _merged(known: object, more: Mapping[str, object]) -> _Json:
    """Metadata key by key, objects in it likewise."""
    merged: _Json = dict(known) if isinstance(known, dict) else {}
    for key, value in more.items():
        inner = at(merged, key)
        merged[key] = _merged(inner, value) if isinstance(value, dict) and isinstance(inner, dict) else value
    return merged
