"""An AG-UI event stream as what its client has when the run is over (@ag-ui/client 1.0, `defaultApplyEvents`): the new
messages, the state and the result.

Pure and never an error, whatever the events are. Patches of the state are listed, not applied. Imports the base and the
deltas.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cassettes.dialects.base import at
from cassettes.dialects.delta import Folded

_Json = dict[str, object]

_TEXTS: Final = {"TEXT_MESSAGE": "assistant", "REASONING_MESSAGE": "reasoning", "THINKING_TEXT_MESSAGE": "reasoning"}


def fold(payloads: Iterable[object]) -> Folded | None:
    """The run, or the error that it ended with. A stream that was cut gives what came. None if no event is of this
    grammar."""
    run = _Run()
    for payload in payloads:
        if not isinstance(payload, dict):
            continue
        if payload.get("type") == "RUN_ERROR":
            code = payload.get("code")
            known = {"code": code} if isinstance(code, str) else {}
            return Folded(500, {"error": {"message": payload.get("message"), **known}})
        run.add(payload)
    return Folded(200, run.whole()) if run.begun else None


class _Run:
    """A run so far. `begun` is false until an event of the grammar has come."""

    def __init__(self) -> None:
        self.begun = False
        self._fields: _Json = {}
        self._messages: list[_Json] = []
        self._texts: dict[str, tuple[_Json, list[str]]] = {}
        self._calls: dict[str, tuple[_Json, list[str]]] = {}
        self._last = ""
        self._patches: list[object] = []

    def add(self, event: _Json) -> None:
        kind = event.get("type")
        if not isinstance(kind, str):
            return
        said, _, what = kind.rpartition("_")
        if said in _TEXTS:
            self._text(_TEXTS[said], what, event)
        elif said == "TOOL_CALL":
            self._call(what, event)
        elif kind in ("RUN_STARTED", "RUN_FINISHED"):
            own = ("threadId", "runId", "result", "outcome", "usage")
            self._fields |= {key: event[key] for key in own if event.get(key) is not None}
        elif kind == "STATE_SNAPSHOT":
            self._fields["state"] = event.get("snapshot")
        elif kind == "STATE_DELTA":
            self._patches.append(event.get("delta"))
        elif kind == "MESSAGES_SNAPSHOT" and isinstance(messages := event.get("messages"), list):
            self._messages = [dict(one) for one in messages if isinstance(one, dict)]
            self._texts, self._calls = {}, {}
        elif not kind.startswith(("STEP_", "REASONING_", "THINKING_", "ACTIVITY_", "SUBAGENT_", "RAW", "CUSTOM")):
            return
        self.begun = True

    def _text(self, role: str, what: str, event: _Json) -> None:
        ident = _string(event, "messageId") or self._last or role
        self._last = ident
        if ident not in self._texts and what in ("START", "CHUNK", "CONTENT"):
            message: _Json = {"id": ident, "role": _string(event, "role") or role, "content": ""}
            self._texts[ident] = (message, [])
            self._messages.append(message)
        if ident in self._texts and isinstance(delta := event.get("delta"), str):
            self._texts[ident][1].append(delta)

    def _call(self, what: str, event: _Json) -> None:
        ident = _string(event, "toolCallId") or next(reversed(self._calls), "")
        if what == "RESULT":
            message = {"id": event.get("messageId"), "role": "tool", "toolCallId": ident}
            self._messages.append(message | {"content": event.get("content")})
            return
        name = _string(event, "toolCallName")
        if ident not in self._calls and name:
            call: _Json = {"id": ident, "type": "function", "function": {"name": name, "arguments": ""}}
            self._calls[ident] = (call, [])
            self._calls_of(_string(event, "parentMessageId"), ident).append(call)
        if ident in self._calls and isinstance(delta := event.get("delta"), str):
            self._calls[ident][1].append(delta)

    def _calls_of(self, parent: str, ident: str) -> list[object]:
        """The list that a new call goes to: that of the assistant's message that it names, else of one of its own."""
        found = next((one for one in self._messages if parent and one.get("id") == parent), None)
        if found is None or found.get("role") != "assistant":
            found = {"id": ident if found is not None or not parent else parent, "role": "assistant"}
            self._messages.append(found)
        calls = found.setdefault("toolCalls", [])
        return calls if isinstance(calls, list) else []

    def whole(self) -> _Json:
        for message, pieces in self._texts.values():
            message["content"] = "".join(pieces)
        for call, pieces in self._calls.values():
            call["function"] = {"name": at(call, "function", "name"), "arguments": "".join(pieces)}
        patches = {"statePatches": self._patches} if self._patches else {}
        return {**self._fields, "messages": self._messages, **patches}


def _string(value: _Json, key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
