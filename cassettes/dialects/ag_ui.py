"""AG-UI, the protocol between an agent and its page (docs.ag-ui.com; @ag-ui/core 1.0): events as Server-Sent Events.

The endpoint is the app's, whatever its path; a request is known by what it names: thread, run and messages. Imports the
base and its own files beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from cassettes.dialects import ag_ui_fold, ag_ui_speak
from cassettes.dialects.base import Dialect, Endpoint, at, json_bytes, json_headers, last_user_text
from cassettes.dialects.delta import NOTHING, Delta, Folded, ToolPart
from cassettes.dialects.speech import Speech, Voice

_TEXTS: Final = ("TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_CHUNK")
_THOUGHTS: Final = ("REASONING_MESSAGE_CONTENT", "REASONING_MESSAGE_CHUNK", "THINKING_TEXT_MESSAGE_CONTENT")
_CALLS: Final = ("TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_CHUNK")
_RUN: Final = ("threadId", "runId")


@dataclass(frozen=True)
class AGUI(Dialect):
    """`POST` of a run to an agent."""

    def prompt(self, body: object) -> str:
        return last_user_text(at(body, "messages"))

    def streams(self, path: str, query: str, body: object) -> bool:  # noqa: ARG002 - there is nothing else
        return True

    def claims(self, body: object) -> bool:
        return all(isinstance(at(body, key), str) for key in _RUN) and isinstance(at(body, "messages"), list)

    def delta(self, payload: object) -> Delta:
        """A call has no number: that of its id stands for it. A run that is finished has no word for why, unless it was
        interrupted or cancelled; its usage is that of the first model."""
        kind = at(payload, "type")
        if kind in _TEXTS:
            return Delta(_text(payload, "delta"))
        if kind in _THOUGHTS:
            return Delta(reasoning=_text(payload, "delta"))
        if kind in _CALLS:
            ident = _text(payload, "toolCallId")
            number = crc32(ident.encode("utf-8", "surrogatepass"))
            name, arguments = _text(payload, "toolCallName"), _text(payload, "delta")
            return Delta(tools=(ToolPart(number, ident if name else "", name, arguments),))
        if kind == "RUN_FINISHED":
            outcome = at(payload, "outcome", "type")
            usage = at(payload, "usage", 0)
            word = outcome if isinstance(outcome, str) and outcome != "success" else "stop"
            return Delta(usage=usage if isinstance(usage, dict) else None, finish=word)
        if kind == "RUN_ERROR":
            return Delta(error=_text(payload, "message") or _text(payload, "code") or "error")
        return NOTHING

    def fold(self, payloads: Iterable[object]) -> Folded | None:
        return ag_ui_fold.fold(payloads)

    def speak(self, said: Sequence[Delta], voice: Voice) -> Speech:
        return ag_ui_speak.speak(said, voice)

    def envelope(self, status: int, message: str, code: str | None) -> object:  # noqa: ARG002 - apps have none in common
        return {"error": {"message": message} | ({"code": code} if code else {})}

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        body = {
            "threadId": "thread-1",
            "runId": "run-1",
            "state": {},
            "messages": [{"id": "msg-1", "role": "user", "content": prompt}],
            "tools": [],
            "context": [],
            "forwardedProps": {"model": model} if model else {},
        }
        return "/agent", json_headers(stream), json_bytes(body)


def _text(value: object, key: str) -> str:
    found = at(value, key)
    return found if isinstance(found, str) else ""


DIALECT = AGUI(
    name="ag-ui",
    endpoints=(Endpoint("run", "POST", "/agent"),),
    anywhere=True,
    stream_type="text/event-stream",
    finish_ends=True,
)
