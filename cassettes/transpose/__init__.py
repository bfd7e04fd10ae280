"""The same conversation in another dialect: request, answer, time and ending, and what has no counterpart there.

An answer becomes pieces (`Dialect.delta`), which the other dialect says (`Dialect.speak`) at the time they came; a
request becomes a `talk.Talk`, which the other one writes. What comes of it was never recorded: its source is `edited`,
or `synthetic` where it was. Pure. May import what its modules may.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final, NamedTuple

from cassettes import dialects, folding, providers
from cassettes.matching import entry_of
from cassettes.model import Interaction, TokentapeError
from cassettes.timeline import from_timeline
from cassettes.transpose import answer, request
from cassettes.transpose.request import Wanted
from cassettes.transpose.talk import Loss, Losses

__all__ = ["Loss", "Transposed", "Wanted", "transposed", "wanted"]

_ASKED: Final = frozenset(("chat", "responses", "messages", "generate"))
"""The operations that have a conversation."""


class TargetError(TokentapeError):
    """A dialect, provider or model that nothing can be converted to."""

    exit_code = 2


class Transposed(NamedTuple):
    """What became of an interaction (None: nothing, it is no conversation), and what has no counterpart."""

    interaction: Interaction | None
    losses: tuple[Loss, ...]


def wanted(to: str, provider: str = "", model: str = "") -> Wanted:
    """The target called `to`: a dialect, or a provider for its own. Raises TargetError naming the nearest."""
    row = providers.find(provider) if provider else None
    if to in dialects.names():
        dialect = to
    elif named := providers.lookup(to):
        dialect, row = named.dialects[0], row or named
    else:
        known = [name for name in dialects.names() if dialects.get(name).speaks]
        near = get_close_matches(to, [*known, *providers.load()], n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise TargetError(f"no dialect {to!r}{meant} (known: {', '.join(known)}; a provider's name is its own dialect)")
    if not dialects.get(dialect).speaks:
        raise TargetError(f"the dialect {dialect} has no grammar to say an answer in; expected another for --to")
    row = row or providers.for_dialect(dialect)
    if row is not None and not row.speaks(dialect):
        speaks = ", ".join(row.dialects)
        raise TargetError(
            f"{row.title} does not speak {dialect}; expected --provider of one that does (its own: {speaks})"
        )
    return Wanted(dialect, row, model)


def transposed(interaction: Interaction, target: Wanted) -> Transposed:
    """`interaction` in the target's dialect. Raises TokentapeError for an answer that cannot be read."""
    entry = entry_of("", 1, interaction)
    losses = Losses()
    if (
        entry.dialect == target.dialect
        and (target.row is None or target.row.name == entry.provider)
        and not target.model
    ):
        return Transposed(interaction, ())
    if not dialects.get(entry.dialect).folds:
        raise TokentapeError(
            f"the dialect {entry.dialect} has no grammar to read; set stream.dialect to the one it speaks"
        )
    # Of an answer alone the path is not known.
    if entry.operation not in _ASKED and not (entry.operation is None and folding.is_stream(interaction.response)):
        losses.add(f"{interaction.request.method} {entry.path}", "it is no conversation; the whole interaction")
        return Transposed(None, losses.all())
    asked = request.transposed(interaction.request, entry.dialect, entry.path, target, losses)
    timeline = answer.transposed(interaction, entry.dialect, target, asked, losses)
    stream = interaction.response.stream
    made = from_timeline(
        asked.request,
        timeline,
        provider=target.row.name if target.row else "unknown",
        dialect=target.dialect,
        source="synthetic" if stream.source == "synthetic" else "edited",
        pacing=stream.pacing,
        recorded_at=stream.recorded_at,
    )
    return Transposed(made, losses.all())
