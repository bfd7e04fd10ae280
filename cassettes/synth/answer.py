"""What is to be said: text, reasoning, a refusal, calls, counts, how it ends; and the same as pieces.

Pure. Imports `dialects`, `model` and what is beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.estimate import BYTES_A_TOKEN, tokens
from cassettes.model import TokentapeError
from cassettes.synth.cutting import cut
from cassettes.synth.rhythm import Rhythm

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class AnswerError(TokentapeError):
    """Something that no stream can say."""

    exit_code = 2


@dataclass(frozen=True)
class Call:
    """A call of a tool; `arguments` is JSON text. Without an id the provider's kind of id is made."""

    name: str
    arguments: str = "{}"
    id: str = ""


@dataclass(frozen=True)
class Answer:
    """A whole answer. `finish` is a word of any provider's, "" what fits; `usage` in any provider's form, None: counts
    are estimated. `error`: the message of an error that ends the stream. `cut`: the stream stops before it ends.

    Raises AnswerError for half a surrogate pair: no UTF-8 has it.
    """

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    calls: tuple[Call, ...] = ()
    finish: str = ""
    usage: Mapping[str, object] | None = None
    error: str = ""
    cut: bool = False

    def __post_init__(self) -> None:
        texts = [(name, getattr(self, name)) for name in ("text", "reasoning", "refusal", "finish", "error")]
        texts += [
            (f"call {call.name!a}", value) for call in self.calls for value in (call.name, call.arguments, call.id)
        ]
        for name, text in texts:
            if found := _SURROGATE.search(text):
                half = f"U+{ord(found[0]):04X}"
                raise AnswerError(
                    f"{name}: found {half}, half a surrogate pair, at character {found.start()}; expected text"
                )

    @property
    def ending(self) -> str:
        """The word it finishes with."""
        return self.finish or ("tool_calls" if self.calls else "stop")

    def counted(self, prompt: object = "") -> Answer:
        """With counts: those given, else estimates, of `prompt` (decoded JSON) too."""
        if self.usage is not None:
            return self
        thought = tokens(self.reasoning) if self.reasoning else 0
        said = [
            text for text in (self.text, self.refusal, *(call.name + call.arguments for call in self.calls)) if text
        ]
        made = thought + (tokens(said) if said else 0)
        usage: dict[str, object] = {"input_tokens": tokens(prompt), "output_tokens": max(1, made)}
        if thought:
            usage["output_tokens_details"] = {"reasoning_tokens": thought}
        return replace(self, usage=usage)

    def shortened(self, most: int) -> Answer:
        """What of it fits in `most` tokens (estimated), the first things first, and the finish that says so."""
        left = max(1, most) * BYTES_A_TOKEN
        kept: dict[str, str] = {}
        short = False
        for name in ("reasoning", "text", "refusal"):
            data = getattr(self, name).encode()
            kept[name] = data[:left].decode("utf-8", "ignore")
            short = short or len(data) > left
            left = max(0, left - len(data))
        size = sum(len((call.name + call.arguments).encode()) for call in self.calls)
        if not short and size <= left:
            return self
        # A call that is cut is no call: providers leave it unfinished, and then no client can read it.
        calls = self.calls if not short and size <= left else ()
        text, reasoning, refusal = kept["text"], kept["reasoning"], kept["refusal"]
        return replace(self, text=text, reasoning=reasoning, refusal=refusal, calls=calls, finish="length", usage=None)


def deltas(answer: Answer, rhythm: Rhythm, chance: Random) -> Iterator[Delta]:
    """The answer in pieces as long as the provider's: reasoning, text, refusal, calls, the finish, the counts."""
    yield from (Delta(reasoning=piece) for piece in cut(answer.reasoning, rhythm.reasoning, chance))
    yield from (Delta(piece) for piece in cut(answer.text, rhythm.text, chance))
    yield from (Delta(refusal=piece) for piece in cut(answer.refusal, rhythm.text, chance))
    for number, call in enumerate(answer.calls):
        yield Delta(tools=(ToolPart(number, call.id, call.name),))
        yield from (
            Delta(tools=(ToolPart(number, arguments=piece),)) for piece in cut(call.arguments, rhythm.arguments, chance)
        )
    if answer.error:
        # Who counts as it goes has counted until then.
        yield Delta(usage=answer.usage)
        yield Delta(error=answer.error)
    elif not answer.cut:
        yield Delta(finish=answer.ending)
        yield Delta(usage=answer.usage)
