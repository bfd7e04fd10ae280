"""docs/likeness.md: how alike synthetic and recorded streams are, by provider, and why they are not where they are not.

The tables are measured; the reasons are written here by hand, one for each provider that is told. Pure but for the
synthesiser; imports what is beside it and `cassettes`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import quantiles
from textwrap import fill
from typing import Final

from benchmarks.likeness import Group, Likeness
from benchmarks.rhythm import timed, took
from cassettes import dialects, providers
from cassettes.dialects.base import payload
from cassettes.events import event_ends
from cassettes.model import Interaction, Request
from cassettes.synth.answer import Answer
from cassettes.synth.rhythm import measured
from cassettes.synth.stream import Manner, synthetic

_TIMED: Final = {"anthropic": "anthropic", "openai": "openai-responses", "google": "gemini", "mistral": "openai-chat"}
"""Providers with times of their own, and the dialect in which they are asked."""
_QUANTITIES: Final = ("head_ms", "first_ms", "said_ms", "silent_ms")
_STEPS: Final = (1, 5, 10, 15, 19)
"""Of the twentieths in the table: 5, 25, 50, 75 and 95 %."""
_STREAMS: Final = 240
_TEXT: Final = "The quick brown fox jumps over the lazy dog, twice: it costs 12,345 dollars. " * 8
_MARKS: Final = 4
_WIDTH: Final = 150

WHY: Final[Mapping[Group, str]] = {
    (
        "anthropic",
        "anthropic",
    ): "Of the newest, 13 are of February and March 2026, before `stop_details`. Citations, and"
    " a ping behind the first delta instead of the block's start, are never synthesised.",
    ("azure", "openai-chat"): "The recordings are of four kinds: OpenAI's models of two ages, Grok and DeepSeek (2025),"
    " of which the last have keys of their own that are not synthesised. A model that does not reason has a fingerprint"
    " and a service tier: each was seen, both together were not. Grok's counts are spaced as Python writes JSON.",
    ("azure", "openai-responses"): "Five streams: each combination of what was asked is there once.",
    ("deepseek", "openai-chat"): "One stream of 2025, with an older form of the fingerprint.",
    ("google", "gemini"): "Seven recordings are JSON arrays; the synthesiser writes `alt=sse`. Older models have no"
    " `index`, no `serviceTier` and `candidatesTokensDetails`; code execution, search and URL context are never"
    " synthesised. A text in one chunk with thoughts counted but no answer yet has not been recorded since"
    " `serviceTier` came.",
    ("groq", "openai-chat"): "Four streams, one of them of Compound, an agent: it escapes `<`, has neither fingerprint"
    " nor counts, and changes its id on the way.",
    ("mistral", "openai-chat"): "The older half is from before the counts had details and chunks were padded.",
    ("openai", "openai-chat"): "The older were not padded, or had no service tier, or roles alone. Log probabilities"
    " and moderation, which have to be asked for, are never synthesised.",
    ("openai", "openai-responses"): "The response object grew six times in a year (`prompt_cache_retention`,"
    " `moderation`, `context`, `mode`, `tool_usage`, `cache_write_tokens`); the synthesiser has the last, so what is"
    " incomplete or refuses, recorded in 2025 alone, is told by it. Web search and MCP are never synthesised.",
    ("openrouter", "openai-chat"): "A router's chunks show who is behind it: encrypted or signed `reasoning_details`"
    " of Google and Anthropic, `reasoning: null`, fingerprints. The synthesiser has the common form; calls come at once"
    " where the recorded have something of their maker's before them. Until January 2026 keys were in another order"
    " and the counts in a chunk that had not finished.",
    ("openrouter", "openai-responses"): "Three streams, one of 2025 in another shape. The keepalive here is an empty"
    " comment, and what was thought is told as text where the model tells it so.",
    ("together", "openai-chat"): "One stream, with `token_id` and `text`, of a model that sends a token a chunk.",
    ("vertex", "anthropic"): "Two streams; the pieces of Anthropic's own API are larger.",
    ("vertex", "gemini"): "Eight streams, three of them JSON arrays. With a short answer ours is one chunk; recorded"
    " ones are two.",
    ("xai", "openai-responses"): "The reasoning of one model, which comes in smaller pieces than that of the chat"
    " completions it was measured with.",
    ("xai", "openai-chat"): "Measured together with the Responses, of which the pieces are smaller.",
}
"""What explains what is told, or unmatched, by provider and dialect."""

_INTRODUCTION: Final = """\
# Likeness: can synthetic streams be told from recorded ones?

Every recorded answer of the public recordings that the project is developed with is said again by the synthesiser, in
the voice of its provider; then a discriminator that knows only shape looks at both. It sees framing (content type,
fields, line ends, spacing, padding), the order of events, the keys of every object in their order with the types under
them, the form of ids, and sizes and times as distributions. It does not see what is said. This page is made by
`python -m benchmarks.likeness ../shared/tapes --page > docs/likeness.md`; the recordings are not part of the project.

The synthesiser speaks as each API does **now**: of several ages it has the newest. So recordings of the last half year
before a provider's newest are told from older ones, and what the older have that no synthetic stream has is age, not
a fault.
"""
_SHAPE: Final = """\
## Shape

*told*: the share of synthetic streams with a mark that no recorded one has. *odd*: the share of recorded streams with
a mark that no other recorded one has, which is what chance does with so few. Where told is no more than odd the
discriminator learns nothing; **bold** is where it learns something.
"""
_OTHER_WAY: Final = """\
## The other way round

The share of recorded streams with a mark that no synthetic one has: of the newest (n), and of the older (n).
"""
_SIZES: Final = """\
## Sizes

Kolmogorov and Smirnov's distance between the distributions of recorded and synthetic streams, and what chance explains
of it (95 %); **bold** is what it does not. Medians: recorded, synthetic. Values: of how many.
"""
_TIMES: Final = """\
## Times

The quantiles that were measured from recordings (`cassettes/synth/rhythms.json`, by `python -m benchmarks.rhythm`), in
ms, and below them those of {streams} synthetic streams, measured by the same code. The head's time is what the
provider's headers say that it took; `first`: from there to the first chunk; `said`: before a chunk with a piece of the
answer, `silent`: before any other. Values: of how many each rests. A provider that is not here has the times of the
nearest (DESIGN 6); in `ms before a chunk` above they are compared where a recording kept them.
"""
_REMAINING: Final = """\
## What remains, and why

For each provider the marks that only synthetic streams have (in how many), and what explains the difference.
"""


def page(results: Sequence[Likeness]) -> str:
    """The page, as Markdown."""
    streams = sum(one.count for one in results)
    against = sum(len(one.ungrammatical) for one in results)
    count = (
        f"Compared: {streams} recorded streams of {len(results)} providers and dialects, and as many synthetic, of"
        f"\nwhich {against or 'none'} breaks the grammar ([grammar.md](grammar.md)). Left out are recordings of"
        " providers without a row,\nand streams that broke off or failed."
    )
    parts = [
        _INTRODUCTION,
        f"{count}\n",
        _SHAPE,
        "\n".join(_shape(results)) + "\n",
        _OTHER_WAY,
        "\n".join(_other_way(results)) + "\n",
        _SIZES,
        "\n".join(_sizes(results)) + "\n",
        _TIMES.format(streams=_STREAMS),
        "\n".join(_times()) + "\n",
        _REMAINING,
        "\n".join(_remaining(results)),
    ]
    return "\n".join(parts) + "\n"


def _table(*names: str) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _shape(results: Iterable[Likeness]) -> Iterator[str]:
    yield from _table("provider", "dialect", "streams", "recorded", "framing", "order", "keys", "ids")
    for one in results:
        cells = [
            _marked(f"{difference.told:.0%} / {difference.odd:.0%}", difference.told > difference.odd)
            for difference in one.differences
        ]
        dates = sorted(filter(None, one.made.values()))
        made = "undated" if not dates else dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
        yield _row(*one.group, one.count, made, *cells)


def _other_way(results: Iterable[Likeness]) -> Iterator[str]:
    yield from _table("provider", "dialect", "newest / older", "framing", "order", "keys", "ids")
    for one in results:
        newest, older = one.newest, one.made.keys() - one.newest
        cells = [
            f"{one.unmatched(difference, newest):.0%} / {one.unmatched(difference, older):.0%}" if older else
            f"{one.unmatched(difference, newest):.0%}"
            for difference in one.differences
        ]  # fmt: skip
        yield _row(*one.group, f"{len(newest)} / {len(older)}", *cells)


def _sizes(results: Iterable[Likeness]) -> Iterator[str]:
    yield from _table("provider", "dialect", "what", "values", "distance (chance)", "medians")
    for one in results:
        for found in one.distances:
            figures = f"{found.distance:.2f} ({found.chance:.2f})"
            yield _row(
                *one.group,
                found.name,
                "{} / {}".format(*found.counts),
                _marked(figures, found.distance > found.chance),
                "{:g} / {:g}".format(*found.medians),
            )


def _marked(text: str, told: bool) -> str:
    return f"**{text}**" if told else text


def _times() -> Iterator[str]:
    yield from _table("provider", "what", "", "values", "5 %", "25 %", "50 %", "75 %", "95 %")
    for provider, found in synthetic_times().items():
        row = measured()[provider]
        for name in _QUANTITIES:
            if not (wanted := getattr(row, name)):
                continue
            what, values = name.removesuffix("_ms"), found[name]
            yield _row(provider, what, "recorded", row.values[name], *(f"{wanted[step]:g}" for step in _STEPS))
            yield _row("", "", "synthetic", len(values), *(f"{value:.1f}" for value in cuts(values)))


def synthetic_times(streams: int = _STREAMS) -> dict[str, dict[str, list[float]]]:
    """Times of that many synthetic streams of each provider that was timed, as `rhythm.measured` has those recorded."""
    found: dict[str, dict[str, list[float]]] = {}
    for provider, name in _TIMED.items():
        own = found[provider] = defaultdict(list)
        for seed in range(streams):
            one = _answered(provider, name, str(seed))
            body, dialect = one.response.body, dialects.get(name)
            ends = event_ends(body, "sse")
            events = [body[a:b] for a, b in zip([0, *ends], ends, strict=False)]
            says = [bool(dialect.delta(payload(event)).text) for event in events]
            own["head_ms"] += took(one) or [one.response.stream.headers_ms or 0.0]
            timed(own, one, [len(event) for event in events], says)
    return found


def _answered(provider: str, dialect: str, seed: str) -> Interaction:
    manner = Manner(providers.find(provider), dialects.get(dialect), seed=seed)
    answer = Answer(_TEXT).counted()
    voice = manner.voice(manner.row.default_model, answer)
    return synthetic(Request("POST", manner.row.base_url), answer, voice, manner).interaction


def cuts(values: Sequence[float]) -> list[float]:
    """The quantiles of which the page tells."""
    found = quantiles(values, n=20, method="inclusive")
    return [found[step - 1] for step in _STEPS]


def _remaining(results: Iterable[Likeness]) -> Iterator[str]:
    for one in results:
        strange = [mark for difference in one.differences for mark in difference.strange]
        if not strange and one.group not in WHY:
            continue
        yield f"### {' '.join(one.group)}\n"
        if one.group in WHY:
            yield f"{fill(WHY[one.group], 120, break_on_hyphens=False)}\n"
        strange.sort(key=lambda found: -found[1])
        for mark, count in strange[:_MARKS]:
            yield f"- in {count} of {one.count}: `{mark if len(mark) <= _WIDTH else f'{mark[:_WIDTH]}…'}`"
        if len(strange) > _MARKS:
            yield f"- and {len(strange) - _MARKS} more"
        if strange:
            yield ""


def unexplained(results: Iterable[Likeness]) -> list[Group]:
    """Providers that are told in some way, but for which no reason is written."""
    return [
        one.group
        for one in results
        if one.group not in WHY
        and (
            any(difference.told > difference.odd for difference in one.differences)
            or any(found.distance > found.chance for found in one.distances)
        )
    ]
