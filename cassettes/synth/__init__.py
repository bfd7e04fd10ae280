"""Answers that nobody recorded: what is said, cut and timed as a provider would, as an interaction of `source:
synthetic`. Pure. Imports `cassettes` alone, and nothing before `synth` is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cassettes.model import Cassette


def synth(
    provider: str,
    text: str = "",
    *,
    dialect: str | None = None,
    model: str | None = None,
    prompt: str = "Hello",
    tools: Mapping[str, object] | Iterable[tuple[str, object]] = (),
    reasoning: str = "",
    refusal: str = "",
    finish: str = "",
    usage: Mapping[str, object] | None = None,
    ttft_ms: float | None = None,
    tps: float | None = None,
    jitter_ms: float = 0.0,
    seed: int = 0,
) -> Cassette:
    """A cassette of one synthetic answer to `prompt`, as `tokentape synth` makes it.

    `tools`: name -> arguments, as JSON text or as what JSON has. `usage`: counts in any provider's form; estimated if
    None. Times in ms, `tps` in events with text per second; what is not given is drawn from measured quantiles. Same
    arguments, same bytes. `notes` of the cassette tell what the dialect has no place for. Raises TokentapeError for an
    unknown provider, a dialect that it does not speak, and half a surrogate pair.
    """
    from cassettes.model import Cassette
    from cassettes.synth.answer import Answer
    from cassettes.synth.tape import Wanted, calls_of, made
    from cassettes.timing import Pace

    answer = Answer(text, reasoning, refusal, calls_of(tools), finish, usage)
    pace = Pace(ttft_ms=ttft_ms, tps=tps, jitter_ms=jitter_ms)
    found = made(Wanted(provider, answer, dialect, model, prompt, pace, seed))
    return Cassette((found.interaction,), tuple(one.line for one in found.unsaid))
