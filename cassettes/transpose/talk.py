"""A request as a value that every grammar is read into and written from: turns, tools, settings.

What stands in one grammar alone is told to `Losses` and left out. Pure; imports the base of the dialects alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from cassettes.dialects.base import at

Json = dict[str, object]
Kind = Literal["text", "reasoning", "call", "result", "image", "other"]
Kinds = tuple[Kind, ...]
Role = Literal["system", "user", "assistant", "tool"]

SETTINGS: Final = (
    *("max_tokens", "temperature", "top_p", "top_k", "stop", "seed", "frequency_penalty", "presence_penalty"),
    "parallel",
)
"""What a request may set, as it is called here: `stop` is a list of texts, `parallel` whether calls come at once."""


class Part(NamedTuple):
    """A piece of a turn. `text`: of a result what came out, of an image its base64 or URL, of `other` what it is.
    `value`: the arguments of a call, decoded; a text where they are no JSON. `media`: the type of an image's base64."""

    kind: Kind
    text: str = ""
    id: str = ""
    name: str = ""
    value: object = None
    media: str = ""


class Turn(NamedTuple):
    """What one side says at a time; of role `tool` it is results alone."""

    role: Role
    parts: tuple[Part, ...]


class Tool(NamedTuple):
    """A function that the model may call; `schema` is the JSON Schema of its arguments."""

    name: str
    about: str = ""
    schema: object = None


class Form(NamedTuple):
    """The form of the answer: JSON, of that schema if there is one."""

    schema: object = None
    name: str = ""
    strict: bool | None = None


class Choice(NamedTuple):
    """Whether tools are called: `auto`, `none`, `required`, or `tool` with a name."""

    kind: str
    name: str = ""


@dataclass(frozen=True)
class Talk:
    """A request without its wire. `settings` has keys of SETTINGS."""

    model: str = ""
    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    choice: Choice | None = None
    form: Form | None = None


class Loss(NamedTuple):
    """Something that the other grammar has no place for: where it stood, and why it is not there any more."""

    what: str
    why: str


class Losses:
    """What was left out, each thing once, in order."""

    def __init__(self) -> None:
        self._found: dict[Loss, None] = {}

    def add(self, what: str, why: str) -> None:
        """`what` is left out."""
        self._found.setdefault(Loss(what, why))

    def rest(self, place: str, value: object, known: Iterable[str], why: str = "it has no counterpart") -> None:
        """What stands in the object `value` beside the keys that are `known`, and says something."""
        for key, one in value.items() if isinstance(value, dict) else ():
            if key not in known and one not in (None, [], {}, "", False):
                self.add(f"{place}.{key}" if place else key, why)

    def all(self) -> tuple[Loss, ...]:
        """All of it."""
        return tuple(self._found)


def items(value: object) -> list[object]:
    """A list as it is, nothing as an empty one, anything else as the one it is."""
    return value if isinstance(value, list) else [] if value is None else [value]


def text_at(value: object, *place: str | int) -> str:
    """The text at a place; "" if none is there."""
    found = at(value, *place)
    return found if isinstance(found, str) else ""


def decoded(arguments: object) -> object:
    """Arguments as a value: they come as JSON in a text, or as JSON."""
    if not isinstance(arguments, str):
        return {} if arguments is None else arguments
    try:
        return json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return arguments


def encoded(value: object) -> str:
    """Arguments as JSON in a text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_object(value: object) -> Json:
    """Arguments for a grammar that takes objects alone; others are kept under the name that Anthropic has for it."""
    return value if isinstance(value, dict) else {"INVALID_JSON": value}


def result_text(value: object) -> str:
    """What came out of a tool, as a text: a text, the texts of parts, or JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(at(part, "text"), str) for part in value):
        return "\n".join(text_at(part, "text") for part in value)
    return "" if value is None else encoded(value)


def settings_of(value: object, names: Mapping[str, str]) -> Json:
    """The settings in an object that calls them by `names` (ours -> theirs)."""
    found = {own: at(value, theirs) for own, theirs in names.items()}
    settings = {own: one for own, one in found.items() if one is not None}
    if "stop" in settings:
        settings["stop"] = items(settings["stop"])
    return settings


def set_as(talk: Talk, names: Mapping[str, str], losses: Losses) -> Json:
    """The settings of `talk` under the names that a grammar has for them."""
    made: Json = {}
    for own, value in talk.settings.items():
        if own in names:
            made[names[own]] = value
        elif own != "parallel" or value is False:
            losses.add(f"request.{own}", "the other grammar has no such setting")
    return made


def image(url: str) -> Part:
    """An image by its URL; of a data URL (RFC 2397) its base64."""
    head, comma, data = url.partition(",")
    if head.startswith("data:") and head.endswith(";base64") and comma:
        return Part("image", data, media=head.removeprefix("data:").removesuffix(";base64"))
    return Part("image", url)


def url_of(part: Part) -> str:
    """The URL of an image, a data URL for base64."""
    return f"data:{part.media};base64,{part.text}" if part.media else part.text


def texts(turn: Turn) -> str:
    """The texts of a turn as one."""
    return "\n".join(part.text for part in turn.parts if part.kind == "text")


def linked(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Calls with the ids that they lack, results with the id and the name of their call; results that follow one
    another are one turn. A result without an id is that of the first call of its name that has none yet."""
    made: list[Turn] = []
    waiting: list[Part] = []
    number = 0
    for turn in turns:
        parts: list[Part] = []
        for part in turn.parts:
            one = part
            if one.kind == "call":
                number += 1
                one = one._replace(id=one.id or f"call_{number}")
                waiting.append(one)
            elif one.kind == "result":
                call = next(_calls_of(waiting, one), None)
                if call is not None:
                    waiting.remove(call)
                    one = one._replace(id=call.id, name=call.name)
            parts.append(one)
        if turn.role == "tool" and made and made[-1].role == "tool":
            made[-1] = made[-1]._replace(parts=(*made[-1].parts, *parts))
        else:
            made.append(turn._replace(parts=tuple(parts)))
    return tuple(made)


def _calls_of(waiting: list[Part], result: Part) -> Iterator[Part]:
    if result.id:
        return (call for call in waiting if call.id == result.id)
    return (call for call in waiting if call.name == result.name or not result.name)


def said(turn: Turn, kinds: Kinds, losses: Losses, place: str) -> list[Part]:
    """The parts of a turn that a grammar has a place for; the others are told."""
    known = set(kinds)
    why = {
        "reasoning": "a request there holds no thoughts of its own model",
        "image": "there is no place for such an image",
        "result": "results stand in a turn of their own",
        "call": "calls are the model's",
    }
    for part in turn.parts:
        if part.kind not in known:
            losses.add(
                f"{place} ({part.text if part.kind == 'other' else part.kind})",
                why.get(part.kind, "it has no counterpart"),
            )
    return [part for part in turn.parts if part.kind in known]
