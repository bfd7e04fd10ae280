"""A case: one condition on the wire that breaks clients, what makes it, and what a right client does. Pure.

Rows are in the topic files beside it, `table` finds them. Imports `script` and the standard library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from mockserver.cases.script import DIALECTS, Script, Stream, script_of

Expectation = Literal["deliver", "report", "retry", "any"]
Layer = Literal["tcp", "http", "chunking", "sse-framing", "provider-protocol", "timing", "retry-resume"]

MODELS: Final = ("openai-chat", "openai-responses", "anthropic", "gemini")
"""The dialects of models; `raw` is an event stream of anybody's."""
CHAT: Final = ("openai-chat",)
RESPONSES: Final = ("openai-responses",)


class Play(NamedTuple):
    """What shows a case: faults, as `--fault` takes them, on `stream`; None: on the tape that is asked for."""

    faults: str
    stream: Stream | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row. `id` is stable for ever; `layer` is where the condition lies, `topic` the file of the row.

    `wire`: what the client gets. `requirement`: what a right client does, in a sentence. `sources`: clauses of a
    standard, and issues as `owner/repository#number`. `expects`: `deliver` (the whole text, believed whole), `report`
    (an error that its user sees), `retry` (another request, then the text), `any` (a defined end, whichever).
    `faults`: as `--fault` takes them; `<half>` is the place behind half of the text, `<mid>` one inside the line after
    it. `stream`: the stream that carries the case, None for the tape that is asked for. `unserved`: why no server can
    show it.
    """

    id: str
    topic: str
    layer: Layer
    wire: str
    requirement: str
    sources: tuple[str, ...] = ()
    expects: Expectation
    faults: str = ""
    stream: Callable[[Script], Stream] | None = None
    dialects: tuple[str, ...] = DIALECTS
    unserved: str = ""

    @property
    def links(self) -> tuple[str, ...]:
        """The sources with issues as URLs (GitHub leads on from there to a pull request of that number)."""
        return tuple(_link(source) for source in self.sources)

    def play(self, dialect: str) -> Play:
        """What shows it in `dialect`, one of its own."""
        if self.stream is None:
            return Play(self.faults, None)
        stream = self.stream(script_of(dialect))
        faults = self.faults.replace("<half>", f"{stream.half}c")
        return Play(faults.replace("<mid>", f"{stream.mid}b") if "<mid>" in faults else faults, stream)


def _link(source: str) -> str:
    repository, sign, number = source.partition("#")
    return f"https://github.com/{repository}/issues/{number}" if sign and "/" in repository else source
