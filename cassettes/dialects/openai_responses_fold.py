"""A stream of Responses events as the response that the API gives without streaming (providers.md 4).

A terminal event holds the response whole. A stream that was cut has none: then it is built from the items, their parts
and deltas, kept by index, as items overlap. Texts are lists of parts until the end, which costs the length of a stream.
May import the base, the deltas and `openai_errors`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cassettes.dialects.base import at
from cassettes.dialects.delta import Folded
from cassettes.dialects.openai_errors import error_message, folded_error, is_error
from cassettes.dialects.openai_pieces import Fields, number

TERMINAL: Final = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")
_STATES: Final = ("in_progress", "searching", "interpreting", "generating", "completed", "failed")

# Event (without .delta or .done) -> the item it is of, the list of the item that its part stands in ("" = the item
# itself), the type of that part, the key of its text. `.done` has the whole text under the same key.
_TEXTS: Final = {
    "response.output_text": ("message", "content", "output_text", "text"),
    "response.refusal": ("message", "content", "refusal", "refusal"),
    "response.reasoning_text": ("reasoning", "content", "reasoning_text", "text"),
    "response.reasoning_summary_text": ("reasoning", "summary", "summary_text", "text"),
    "response.function_call_arguments": ("function_call", "", "", "arguments"),
    "response.custom_tool_call_input": ("custom_tool_call", "", "", "input"),
    "response.mcp_call_arguments": ("mcp_call", "", "", "arguments"),
    "response.code_interpreter_call_code": ("code_interpreter_call", "", "", "code"),
}
_PARTS: Final = {"response.content_part": "content", "response.reasoning_summary_part": "summary"}


def fold_responses(payloads: Iterable[object]) -> Folded | None:
    """The response that the events make; None if there is none of this grammar among them.

    A stream without its terminal event folds to what came, its status what was last said of it. An error that follows
    the beginning of an answer becomes the `error` of the response; where no item came it is the answer.
    """
    answer = _Answer()
    error: object = None
    for payload in payloads:
        kind = at(payload, "type")
        if is_error(payload):
            error = payload
        elif isinstance(payload, dict) and isinstance(kind, str) and kind.startswith("response."):
            answer.add(kind, payload)
    if error is not None and not answer.ended and not answer.items:
        return folded_error(error)
    if not answer.begun:
        return None
    body = answer.body()
    if error is not None and not body.get("error"):
        body["error"] = {"code": at(error, "error", "code") or at(error, "code"), "message": error_message(error)}
    return Folded(200, body)


def response_of(payload: object) -> object:
    """The response object that a lifecycle event holds; None for any other event."""
    kind = at(payload, "type")
    return at(payload, "response") if isinstance(kind, str) and kind.startswith("response.") else None


class _Answer:
    """A response while its events come."""

    def __init__(self) -> None:
        self.begun = self.ended = False
        self.items: dict[int, _Item] = {}
        self._response: Fields = {}

    def add(self, kind: str, event: Fields) -> None:
        self.begun = True
        response, item = event.get("response"), event.get("item")
        place = number(event.get("output_index"))
        name, _, step = kind.rpartition(".")
        if isinstance(response, dict):
            if not self.ended:
                self._response = response
            self.ended = self.ended or kind in TERMINAL
        elif place is None:
            return
        elif name == "response.output_item" and isinstance(item, dict):
            self.items[place] = _Item(item, done=step == "done")
        elif name in _TEXTS:
            # Gateways leave out the event that begins an item.
            begun: Fields = {"type": _TEXTS[name][0], "id": event.get("item_id"), "status": "in_progress"}
            self.items.setdefault(place, _Item(begun)).add_text(name, step, event)
        elif place in self.items:
            self.items[place].add(name, step, event)

    def body(self) -> Fields:
        body = {"id": "", "object": "response", "created_at": 0, "status": "in_progress", "model": ""} | self._response
        output = body.get("output")
        # Some servers send the last response without its output. Before the last one it is what there was by then.
        if not output or not self.ended:
            body["output"] = [self.items[place].body() for place in sorted(self.items)] or output or []
        return body


class _Item:
    """One item of the output while its events come. Once done it is whole as it is."""

    def __init__(self, item: Fields, *, done: bool = False) -> None:
        self._item = dict(item)
        self._done = done
        # (list, place in it) -> part. Places may have gaps and any size.
        self._parts: dict[tuple[str, int], Fields] = {}
        self._texts: dict[tuple[str, int, str], list[str]] = {}
        # What is joined to lists of a content part: (place, key) -> values.
        self._lists: dict[tuple[int, str], list[object]] = {}
        for name in _PARTS.values():
            held = item.get(name)
            for place, part in enumerate(held if isinstance(held, list) else []):
                self._parts[name, place] = part if isinstance(part, dict) else {}

    def add_text(self, name: str, step: str, event: Fields) -> None:
        _, where, kind, key = _TEXTS[name]
        place = self._place(where, event)
        text = event.get("delta" if step == "delta" else key)
        if self._done or not isinstance(text, str):
            return
        held = self._parts.setdefault((where, place), {"type": kind}) if where else self._item
        begun = held.get(key)
        parts = self._texts.setdefault((where, place, key), [begun] if isinstance(begun, str) else [])
        logprobs = event.get("logprobs")
        joined = self._lists.setdefault((place, "logprobs"), []) if where == "content" and logprobs else []
        if step == "done":
            parts.clear()
            joined.clear()
        parts.append(text)
        joined.extend(logprobs if isinstance(logprobs, list) else [])

    def add(self, name: str, step: str, event: Fields) -> None:
        """A part that begins or ends, an annotation, a change of state."""
        where, part = _PARTS.get(name), event.get("part")
        if where and isinstance(part, dict):
            place = self._place(where, event)
            self._parts[where, place] = part
            if step == "done":
                self._forget(where, place)
        elif name == "response.output_text.annotation" and step == "added":
            self._lists.setdefault((self._place("content", event), "annotations"), []).append(event.get("annotation"))
        elif step in _STATES and "status" in self._item:
            self._item["status"] = step

    def _forget(self, where: str, place: int) -> None:
        """What came before a part was done: it holds that itself."""
        for key in ("text", "refusal"):
            self._texts.pop((where, place, key), None)
        for key in ("annotations", "logprobs") if where == "content" else ():
            self._lists.pop((place, key), None)

    def _place(self, where: str, event: Fields) -> int:
        key = "summary_index" if where == "summary" else "content_index"
        return (number(event.get(key)) or 0) if where else 0

    def body(self) -> Fields:
        if self._done:
            return self._item
        item, parts = dict(self._item), {place: dict(part) for place, part in self._parts.items()}
        for (where, place, key), texts in self._texts.items():
            (parts[where, place] if where else item)[key] = "".join(texts)
        for (place, key), values in self._lists.items():
            part = parts.setdefault(("content", place), {"type": "output_text", "text": ""})
            held = part.get(key)
            part[key] = [*held, *values] if isinstance(held, list) else values
        for where in _PARTS.values():
            if found := [parts[place] for place in sorted(parts) if place[0] == where]:
                item[where] = found
        return item
