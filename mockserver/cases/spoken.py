"""The same answer in each provider's events (providers.md 3-6). Pure; imports `script` and nothing else of ours.

Ids, models and times are constants, so that a case is the same bytes in every run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockserver.cases.script import Event, Script

_CREATED: Final = 1795167000
_USAGE: Final = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}


class Chat(Script):
    """OpenAI's chat completions."""

    dialect = "openai-chat"

    def chunk(self, delta: Any, finish: str | None = None, **fields: Any) -> Event:
        """A chunk with one choice."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        text = delta.get("content") or "" if isinstance(delta, dict) else ""
        return Event(self.envelope(choices=[choice], **fields), text=text)

    def envelope(self, **fields: Any) -> dict[str, Any]:
        """What every chunk has, and `fields`."""
        about = {"id": "chatcmpl-case", "object": "chat.completion.chunk", "created": _CREATED, "model": "gpt-case"}
        return {**about, **fields}

    def opening(self) -> list[Event]:
        return [self.chunk({"role": "assistant", "content": "", "refusal": None})]

    def says(self, piece: str, number: int) -> Event:  # noqa: ARG002 - chunks have no numbers
        return self.chunk({"content": piece})

    def closing(self, text: str, count: int) -> list[Event]:  # noqa: ARG002
        return [self.chunk({}, "stop")]

    def terminal(self, text: str, count: int) -> list[Event]:  # noqa: ARG002
        return [Event("[DONE]")]

    def usage(self, **fields: Any) -> Event:
        """The chunk of `stream_options.include_usage`."""
        return Event(self.envelope(**fields, usage=_USAGE))

    def unknown(self) -> Event:
        return Event({"id": "chatcmpl-case", "object": "chat.completion.surprise", "surprise": True})

    def calls(self, calls: Sequence[Mapping[str, Any]]) -> list[Event]:
        """A whole answer of tool calls, given as the entries of `tool_calls`."""
        said = [self.chunk({"tool_calls": [call]}) for call in calls]
        return [*self.opening(), *said, self.chunk({}, "tool_calls"), Event("[DONE]")]

    def tool_call(self, arguments: Sequence[str]) -> list[Event]:
        first = {"index": 0, "id": "call_case", "type": "function", "function": {"name": "weather", "arguments": ""}}
        return self.calls([first, *({"index": 0, "function": {"arguments": piece}} for piece in arguments)])


class Responses(Script):
    """OpenAI's Responses."""

    dialect = "openai-responses"

    def event(self, kind: str, number: int, adds: str = "", **fields: Any) -> Event:
        """An event of that type and sequence number, which `adds` to the text of the answer."""
        return Event({"type": kind, "sequence_number": number, **fields}, kind, adds)

    def response(self, status: str, output: Sequence[Any] = ()) -> dict[str, Any]:
        """The response object."""
        done = status == "completed"
        usage: dict[str, Any] = {"input_tokens": 9, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 12}
        usage |= {"output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 21}
        about = {"id": "resp_case", "object": "response", "created_at": _CREATED, "status": status, "error": None}
        about |= {"incomplete_details": None, "instructions": None, "metadata": {}, "model": "gpt-case"}
        about |= {"output": list(output), "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto"}
        return {**about, "tools": [], "top_p": 1.0, "usage": usage if done else None}

    def opening(self) -> list[Event]:
        message = {**self._message("in_progress"), "content": []}
        return [
            self.event("response.created", 0, response=self.response("in_progress")),
            self.event("response.in_progress", 1, response=self.response("in_progress")),
            self.event("response.output_item.added", 2, output_index=0, item=message),
            self.event("response.content_part.added", 3, **self._place(), part=self._part("")),
        ]

    def says(self, piece: str, number: int) -> Event:
        return self.event("response.output_text.delta", 4 + number, piece, **self._place(), delta=piece, logprobs=[])

    def closing(self, text: str, count: int) -> list[Event]:
        number = 4 + count
        return [
            self.event("response.output_text.done", number, **self._place(), text=text, logprobs=[]),
            self.event("response.content_part.done", number + 1, **self._place(), part=self._part(text)),
            self.event("response.output_item.done", number + 2, output_index=0, item=self._message("completed", text)),
        ]

    def terminal(self, text: str, count: int) -> list[Event]:
        answer = self.response("completed", [self._message("completed", text)])
        return [self.event("response.completed", 7 + count, response=answer)]

    def unknown(self) -> Event:
        return self.event("response.surprise.delta", 8, surprise=True)

    def tool_call(self, arguments: Sequence[str]) -> list[Event]:
        call = {"id": "fc_case", "type": "function_call", "call_id": "call_case", "name": "weather"}
        begun = {**call, "status": "in_progress", "arguments": ""}
        done = {**call, "status": "completed", "arguments": "".join(arguments)}
        kind = "response.function_call_arguments"
        place: dict[str, Any] = {"item_id": "fc_case", "output_index": 0}
        last = 3 + len(arguments)
        return [
            *self.opening()[:2],
            self.event("response.output_item.added", 2, output_index=0, item=begun),
            *(self.event(f"{kind}.delta", 3 + n, **place, delta=piece) for n, piece in enumerate(arguments)),
            self.event(f"{kind}.done", last, **place, name="weather", arguments="".join(arguments)),
            self.event("response.output_item.done", last + 1, output_index=0, item=done),
            self.event("response.completed", last + 2, response=self.response("completed", [done])),
        ]

    def _place(self) -> dict[str, Any]:
        return {"item_id": "msg_case", "output_index": 0, "content_index": 0}

    def _part(self, text: str) -> dict[str, Any]:
        return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}

    def _message(self, status: str, text: str = "") -> dict[str, Any]:
        about = {"id": "msg_case", "type": "message", "status": status, "role": "assistant"}
        return {**about, "content": [self._part(text)]}


class Anthropic(Script):
    """Anthropic's messages."""

    dialect = "anthropic"

    def event(self, kind: str, adds: str = "", **fields: Any) -> Event:
        """An event of that type, which `adds` to the text of the answer."""
        return Event({"type": kind, **fields}, kind, adds)

    def opening(self) -> list[Event]:
        return [self._start(), self._block_start({"type": "text", "text": ""})]

    def says(self, piece: str, number: int) -> Event:  # noqa: ARG002
        return self.event("content_block_delta", piece, index=0, delta={"type": "text_delta", "text": piece})

    def closing(self, text: str, count: int) -> list[Event]:  # noqa: ARG002
        return self._stops("end_turn")

    def terminal(self, text: str, count: int) -> list[Event]:  # noqa: ARG002
        return [self.event("message_stop")]

    def unknown(self) -> Event:
        return self.event("content_block_surprise", index=0, surprise=True)

    def tool_call(self, arguments: Sequence[str]) -> list[Event]:
        block = {"type": "tool_use", "id": "toolu_case", "name": "weather", "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in arguments]
        said = [self.event("content_block_delta", index=0, delta=delta) for delta in deltas]
        return [self._start(), self._block_start(block), *said, *self._stops("tool_use"), self.event("message_stop")]

    def _start(self) -> Event:
        about = {"id": "msg_case", "type": "message", "role": "assistant", "model": "claude-case", "content": []}
        usage = {"input_tokens": 9, "output_tokens": 1}
        return self.event(
            "message_start", message={**about, "stop_reason": None, "stop_sequence": None, "usage": usage}
        )

    def _block_start(self, block: Mapping[str, Any]) -> Event:
        return self.event("content_block_start", index=0, content_block=block)

    def _stops(self, reason: str) -> list[Event]:
        delta, usage = {"stop_reason": reason, "stop_sequence": None}, {"output_tokens": 12}
        return [self.event("content_block_stop", index=0), self.event("message_delta", delta=delta, usage=usage)]


class Gemini(Script):
    """Google's streamGenerateContent with `alt=sse`, which ends lines with CR LF."""

    dialect = "gemini"
    eol = "\r\n"

    def says(self, piece: str, number: int) -> Event:  # noqa: ARG002
        return self._chunk(piece)

    def terminal(self, text: str, count: int) -> list[Event]:  # noqa: ARG002
        return [self._chunk("", finishReason="STOP")]

    def unknown(self) -> Event:
        return Event({"surprise": {"kind": "new"}, "modelVersion": "gemini-case", "responseId": "case"})

    def _chunk(self, piece: str, **fields: Any) -> Event:
        candidate = {"content": {"parts": [{"text": piece}], "role": "model"}, **fields, "index": 0}
        usage = {"promptTokenCount": 9, "candidatesTokenCount": 12, "totalTokenCount": 21}
        about = {"usageMetadata": usage, "modelVersion": "gemini-case", "responseId": "case"}
        return Event({"candidates": [candidate], **about}, text=piece)


class Raw(Script):
    """An event stream of nobody in particular."""

    dialect = "raw"

    def says(self, piece: str, number: int) -> Event:  # noqa: ARG002
        return Event({"text": piece}, text=piece)

    def terminal(self, text: str, count: int) -> list[Event]:  # noqa: ARG002
        return [Event("[DONE]")]

    def unknown(self) -> Event:
        return Event({"surprise": True}, "surprise")


CHAT: Final = Chat()
RESPONSES: Final = Responses()
SCRIPTS: Final[Mapping[str, Script]] = {
    script.dialect: script for script in (CHAT, RESPONSES, Anthropic(), Gemini(), Raw())
}
