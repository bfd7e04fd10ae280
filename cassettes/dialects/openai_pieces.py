"""What comes in pieces inside the message of a chat completion: texts, tool calls, lists (providers.md 3, 8).

Each takes its pieces as they come and gives the whole once; texts are lists of parts until then, as joining at every
piece would cost the square of a stream. Whatever JSON comes is no error. May import the base alone.
"""

from __future__ import annotations

from cassettes.dialects.base import at, json_bytes

Fields = dict[str, object]


class Text:
    """A text that comes in parts. Mistral's content turns into a list of parts once the model thinks."""

    def __init__(self) -> None:
        self._parts: list[object] = []

    def add(self, part: str | list[object]) -> None:
        if isinstance(part, str):
            self._parts.append(part)
        else:
            self._parts.extend(part)

    def any(self) -> bool:
        return any(self._parts)

    def value(self) -> object:
        texts = [part for part in self._parts if isinstance(part, str)]
        return "".join(texts) if len(texts) == len(self._parts) and texts else _merged_parts(self._parts)


def _merged_parts(parts: list[object]) -> list[object]:
    """Content parts, runs of text and of thinking as one part each."""
    runs: list[tuple[str, list[str], object]] = []
    for part in parts:
        kind, text = _run(part)
        if kind and runs and runs[-1][0] == kind:
            runs[-1][1].append(text)
        elif kind != "text" or text:
            runs.append((kind, [text], part))
    return [_part(kind, "".join(texts), part) for kind, texts, part in runs]


def _run(part: object) -> tuple[str, str]:
    """What a content part may be joined by, and its text; no kind where it stands for itself."""
    if isinstance(part, str):
        return "text", part
    kind, inner = at(part, "type"), at(part, "thinking")
    if kind == "text" and isinstance(text := at(part, "text"), str):
        return "text", text
    if kind == "thinking" and isinstance(inner, list) and all(isinstance(at(one, "text"), str) for one in inner):
        return "thinking", "".join(str(at(one, "text")) for one in inner)
    return "", ""


def _part(kind: str, text: str, part: object) -> object:
    if kind == "text":
        return {"type": "text", "text": text}
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}]} if kind else part


class Calls:
    """The tool calls of a message, told apart by index; by id where a gateway gives none, or one for all."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._by_index: dict[int, Call] = {}

    def add(self, parts: list[object]) -> None:
        for part in parts:
            if isinstance(part, dict):
                self._call_of(part).add(part)

    def _call_of(self, part: Fields) -> Call:
        index = number(part.get("index"))
        begins = bool(part.get("id")) and bool(at(part, "function", "name"))
        call = self._by_index.get(index) if index is not None else self._calls[-1] if self._calls else None
        if call is None or (begins and not call.goes_by(part["id"])):
            call = Call(len(self._calls) if index is None else index)
            self._calls.append(call)
            if index is not None:
                self._by_index[index] = call
        return call

    def any(self) -> bool:
        return bool(self._calls)

    def body(self) -> list[Fields]:
        # A gateway may begin the second call first.
        return [call.body() for call in sorted(self._calls, key=lambda call: call.place)]


class Call:
    """One tool call while its pieces come: the name, and arguments (a custom tool's input) in parts."""

    def __init__(self, place: int = 0) -> None:
        self.place = place
        self._own: Fields = {}
        self._named: dict[str, Fields] = {}
        self._names: list[str] = []
        self._name_size = 0
        self._text: list[str] = []
        self._text_key = "arguments"

    def goes_by(self, ident: object) -> bool:
        """Whether a piece with that id may be of this call."""
        return self._own.get("id") in (ident, None, "")

    def add(self, part: Fields) -> None:
        for key, value in part.items():
            if key in ("function", "custom") and isinstance(value, dict):
                self._add_named(self._named.setdefault(key, {}), value)
            elif key == "id":
                # Some gateways repeat it, some make another one for every piece.
                self._own[key] = self._own.get(key) or value
            elif key != "index":
                keep(self._own, key, value)

    def _add_named(self, named: Fields, value: Fields) -> None:
        for key, part in value.items():
            if key in ("arguments", "input"):
                self._text_key = key
                if part is not None:
                    self._text.append(part if isinstance(part, str) else _json_text(part))
            elif key == "name" and isinstance(part, str):
                self._add_name(part)
            else:
                keep(named, key, part)

    def _add_name(self, part: str) -> None:
        """A name comes whole, in parts, or whole again with every piece."""
        if len(part) != self._name_size or part != "".join(self._names):
            self._names.append(part)
            self._name_size += len(part)

    def body(self) -> Fields:
        kind = next(iter(self._named), "function")
        named = {"name": "".join(self._names), **self._named.get(kind, {}), self._text_key: "".join(self._text)}
        return {"id": "", **self._own, "type": self._own.get("type") or kind, kind: named}


class Entries:
    """A list of a message while it comes: pieces of one entry (same index and type) become one, their `text` and
    `summary` joined (OpenRouter's reasoning_details), other values replaced (Groq's executed_tools). Without an index,
    and where there is `data` (an encrypted one comes whole), an entry stands for itself.
    """

    def __init__(self) -> None:
        self._entries: list[object] = []
        self._known: dict[tuple[object, ...], tuple[Fields, dict[str, list[str]]]] = {}

    def add(self, entries: list[object]) -> None:
        for entry in entries:
            self._add(entry)

    def _add(self, entry: object) -> None:
        place = number(at(entry, "index"))
        if not isinstance(entry, dict) or place is None or isinstance(entry.get("data"), str):
            self._entries.append(entry)
            return
        kind = entry.get("type")
        known = (place, kind if isinstance(kind, str) else None)
        if known not in self._known:
            self._known[known] = ({}, {})
            self._entries.append(self._known[known])
        fields, texts = self._known[known]
        for key, value in entry.items():
            if key in ("text", "summary") and isinstance(value, str):
                fields.setdefault(key, "")
                texts.setdefault(key, []).append(value)
            else:
                keep(fields, key, value)

    def body(self) -> list[object]:
        whole = {id(held): held[0] | {k: "".join(v) for k, v in held[1].items()} for held in self._known.values()}
        return [whole.get(id(entry), entry) for entry in self._entries]


def number(index: object) -> int | None:
    """An index as it should be; None for what is none."""
    return index if isinstance(index, int) and index >= 0 and not isinstance(index, bool) else None


def inner(fields: Fields, key: str) -> Fields:
    """The mapping at `key`, made if there is none."""
    found = fields.get(key)
    if not isinstance(found, dict):
        found = fields[key] = {}
    return found


def extend(fields: Fields, key: str, values: list[object]) -> None:
    """Adds to the list at `key`, made if there is none."""
    held = fields.get(key)
    if isinstance(held, list):
        held.extend(values)
    else:
        fields[key] = list(values)


def keep(fields: Fields, key: str, value: object) -> None:
    """The last value that says something wins; null and "" stay only where nothing else comes. Mappings add up: Azure's
    content filters and Groq's `x_groq` say something else on each chunk."""
    held = fields.get(key)
    if isinstance(value, dict):
        if isinstance(held, dict):
            held.update(value)
        else:
            fields[key] = dict(value)  # a copy: chunks are not ours to change
    elif value not in (None, "") or key not in fields:
        fields[key] = value


def _json_text(value: object) -> str:
    try:
        return json_bytes(value).decode("utf-8", "replace")
    except RecursionError:
        return ""
