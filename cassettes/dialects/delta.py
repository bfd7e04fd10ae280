"""What one event adds to an answer, and a whole answer: plain values that every grammar is read into.

Pure; imports the standard library alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ToolPart(NamedTuple):
    """A piece of a tool call. `number` tells the calls of one answer apart; `arguments` is JSON text to be appended."""

    number: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class Delta(NamedTuple):
    """What an event adds to the first choice of an answer; empty where it adds nothing.

    `usage` is the provider's own object, `finish` its own word, `error` the message of an error inside the stream.
    """

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tools: tuple[ToolPart, ...] = ()
    usage: Mapping[str, object] | None = None
    finish: str = ""
    error: str = ""


NOTHING = Delta()


class Folded(NamedTuple):
    """A stream as the answer that a client gets which did not ask for a stream: status and decoded JSON."""

    code: int
    body: object
