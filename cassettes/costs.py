"""What it costs to ask again for what is on tapes: requests and tokens, as the providers counted them or about. Pure.

Imports `dialects`, `folding`, `matching`, `model` and `printable`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from cassettes import dialects
from cassettes.folding import payloads
from cassettes.matching import entry_of
from cassettes.model import Interaction
from cassettes.normalise import decoded
from cassettes.printable import count

PER_TOKEN: Final = 4
"""Bytes of English text that are a token, about (OpenAI's rule of thumb); other scripts take fewer."""
_IN: Final = ("prompt_tokens", "input_tokens", "promptTokenCount")
_OUT: Final = ("completion_tokens", "output_tokens", "candidatesTokenCount")


class Cost(NamedTuple):
    """Requests, and their tokens in and out. `guessed`: of how many requests they were not counted by the provider."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    guessed: int = 0

    @property
    def told(self) -> str:
        """In words."""
        about = "about " if self.guessed else ""
        tokens = f"{about}{self.tokens_in:,} tokens in and {self.tokens_out:,} out"
        return f"{count(self.requests, 'request')}, {tokens}"


def cost(interactions: Iterable[Interaction]) -> Cost:
    """What asking for all of them again comes to."""
    requests = tokens_in = tokens_out = guessed = 0
    for one in interactions:
        found = _counted(one)
        requests += 1
        tokens_in += found[0]
        tokens_out += found[1]
        guessed += found[2]
    return Cost(requests, tokens_in, tokens_out, guessed)


def _counted(one: Interaction) -> tuple[int, int, bool]:
    dialect = dialects.get(entry_of("", 1, one).dialect)
    whole = decoded(one.response.body)
    usages = [dialect.delta(each).usage for each in (payloads(one.response) if isinstance(whole, bytes) else (whole,))]
    usage: dict[str, object] = {}
    for each in usages:
        usage.update(each or {})
    given, made = _number(usage, _IN), _number(usage, _OUT)
    if given is None or made is None:
        text = sum(len(dialect.delta(each).text.encode()) for each in payloads(one.response))
        return given or _about(len(one.request.body)), made or _about(text), True
    return given, made, False


def _number(usage: Mapping[str, object], names: Iterable[str]) -> int | None:
    return next((value for name in names if isinstance(value := usage.get(name), int)), None)


def _about(size: int) -> int:
    return (size + PER_TOKEN - 1) // PER_TOKEN
