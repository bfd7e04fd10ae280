"""How providers stream, as quantiles measured from recordings (`rhythms.json`): gaps, sizes of pieces, events a chunk.

The table is made by `benchmarks/rhythm.py`, which tells what it was measured from. What a provider has too few
recordings for is its dialect's own provider's; what that has too few for, Anthropic's, of which most were timed.
Pure; imports msgspec and the standard library, and reads one file beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

import msgspec

_HOMES: Final = {"openai-chat": "openai", "openai-responses": "openai", "anthropic": "anthropic", "gemini": "google"}
_BEST_TIMED: Final = "anthropic"
_RELATED: Final = {"infron": "openrouter"}
"""Whose keepalives are those of another: both are routers, and both send comments while a model thinks."""

Quantiles = tuple[float, ...]


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """Quantiles at equal steps, the least and the most included: `head_ms` to the head, `first_ms` from there to the
    first chunk, `said_ms` before a chunk with a piece of the answer, `silent_ms` before any other; `text`, `reasoning`,
    `arguments`: characters of a piece; `comments`: keepalives before the first event. `together`: the share of chunks
    that hold 1, 2, 3 … events. `values`: how many of each were measured."""

    values: dict[str, int] = {}
    head_ms: Quantiles = ()
    first_ms: Quantiles = ()
    said_ms: Quantiles = ()
    silent_ms: Quantiles = ()
    text: Quantiles = ()
    reasoning: Quantiles = ()
    arguments: Quantiles = ()
    comments: Quantiles = ()
    together: Quantiles = ()


@cache
def measured() -> Mapping[str, Rhythm]:
    """The table, by provider."""
    data = Path(__file__).with_name("rhythms.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, Rhythm])


def origins(provider: str, dialect: str) -> dict[str, str]:
    """For every quantity whose measurements stand for that provider in that dialect."""
    table = measured()
    order = [provider, _HOMES.get(dialect, "openai"), _BEST_TIMED]
    found: dict[str, str] = {}
    for name in Rhythm.__struct_fields__[1:]:
        asked = [provider, _RELATED.get(provider, "")] if name == "comments" else order
        found[name] = next((one for one in asked if one in table and getattr(table[one], name)), "")
    return found


@cache
def rhythm_of(provider: str, dialect: str) -> Rhythm:
    """The rhythm of a provider, the nearest measurements where it has none of its own."""
    table = measured()
    chosen = {name: getattr(table[one], name) for name, one in origins(provider, dialect).items() if one}
    return Rhythm(**chosen)


def drawn(values: Quantiles, chance: Random) -> float:
    """A value of the distribution, straight between its quantiles; 0 for none."""
    if not values:
        return 0.0
    place = chance.random() * (len(values) - 1)
    step = int(place)
    return values[step] + (values[step + 1] - values[step]) * (place - step)


def share_drawn(shares: Quantiles, chance: Random) -> int:
    """1, 2, 3 … as often as their shares say; 1 for none."""
    return chance.choices(range(1, len(shares) + 1), shares)[0] if shares else 1
