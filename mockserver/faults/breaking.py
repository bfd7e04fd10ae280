"""Faults at work: places found on the tape, then phase by phase, then what goes onto the wire. Pure.

Imports the modules beside it, `cassettes` and `plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import NamedTuple

from cassettes.model import Headers, Timeline
from mockserver.faults.grammar import FaultError, text_of
from mockserver.faults.kinds import PHASES, Call, Scene
from mockserver.faults.places import Place, find
from mockserver.faults.table import Bound
from mockserver.faults.tapeside import TapeSide
from mockserver.faults.wiring import compile_woven
from mockserver.faults.woven import MOST_BYTES, MOST_PIECES, Woven
from mockserver.plan import Asking, Plan


class Broken(NamedTuple):
    """A plan with faults in it, and those that were optional and could not be applied, each with the reason."""

    plan: Plan
    left_out: tuple[str, ...] = ()


_CONTENT = frozenset({"content", "lines", "waiting"})


class _Step(NamedTuple):
    bound: Bound
    place: Place | None
    number: int


def acting(bounds: Sequence[Bound], attempt: int) -> tuple[Bound, ...]:
    """Those that act on the `attempt`-th request of a key (from 1)."""
    return tuple(one for one in bounds if one.fault.attempts.first <= attempt <= one.fault.attempts.last)


def broken(tape: TapeSide, bounds: Sequence[Bound], scene: Scene, asking: Asking, extra: Headers = ()) -> Broken:
    """The plan of `tape` under `bounds`, all of which act. Raises FaultError for one that cannot be applied."""
    woven, left_out = weave(tape, bounds, scene)
    plan = compile_woven(woven, asking, extra)
    changes_end = any(one.kind.breaks for one in bounds if text_of([one.fault]) not in {text for text, _ in left_out})
    told = tuple(f"{text}: {why}" for text, why in left_out)
    return Broken(plan._replace(advances=not changes_end), told)


def weave(tape: TapeSide, bounds: Sequence[Bound], scene: Scene) -> tuple[Woven, list[tuple[str, str]]]:
    """`tape` with `bounds` worked in, and the optional ones that were left out with the reason."""
    woven, left_out = Woven(tape), []
    steps: list[_Step] = []
    for number, bound in enumerate(bounds):
        try:
            steps.append(_Step(bound, _place(bound, tape), number))
        except FaultError as error:
            left_out.append(_excused(bound, error))
    # Every place becomes an edge first: what is encoded or rewritten afterwards can still be cut there.
    for step in steps:
        if step.place is not None and step.place.side == "body":
            woven.edge(step.place.at)
    for phase in PHASES:
        for step in steps:
            if step.bound.kind.when == phase:
                woven = _applied(woven, step, steps, scene, left_out)
    return woven, left_out


def _place(bound: Bound, tape: TapeSide) -> Place | None:
    if bound.where is None:
        return None
    place = find(bound.where, tape)
    if place.side != "body" and not bound.kind.outside and bound.where.unit != "ms":
        raise FaultError(f"it works in the body, not at {place.side}; expected a place such as 0b or 3e")
    if place.side == "request" and not bound.kind.outside:
        raise FaultError(f"{bound.fault.where} is before the head, which comes at {tape.timeline.head_at_ms:g} ms")
    return place


def _applied(woven: Woven, step: _Step, steps: Sequence[_Step], scene: Scene, left_out: list[tuple[str, str]]) -> Woven:
    if woven.replaced_by and step.bound.kind.when in _CONTENT:
        # Not a mistake: keepalives on every attempt and a 429 on the first are asked for together.
        left_out.append((text_of([step.bound.fault]), f"the answer is that of {woven.replaced_by}"))
        return woven
    before = woven.copy() if step.bound.fault.optional else woven

    def preview() -> Woven:
        """As it will be played, waits and ending, with the bytes that there are now."""
        twin = woven.copy()
        for phase in ("timing", "ending"):
            for other in steps:
                kind = other.bound.kind
                if kind.when == phase and (kind.makes_waits or phase == "ending"):
                    with suppress(FaultError):  # told when its own turn comes
                        kind.does(twin, _call(other, scene, preview))
        return twin

    try:
        step.bound.kind.does(woven, _call(step, scene, preview))
        _check_size(woven)
    except FaultError as error:
        left_out.append(_excused(step.bound, error))
        return before
    return woven


def _call(step: _Step, scene: Scene, preview: Callable[[], Woven]) -> Call:
    bound = step.bound
    # A source of its own for each fault, the same each time: what one draws does not move another's.
    random = Random(f"{scene.seed}:{step.number}:{bound.fault.name}")
    return Call(step.place, bound.given, bound.pairs, scene, random, preview)


def _check_size(woven: Woven) -> None:
    if len(woven.pieces) > MOST_PIECES:
        raise FaultError(f"it makes {len(woven.pieces)} writes; expected {MOST_PIECES} at most: give it larger pieces")
    if sum(len(piece.data) for piece in woven.pieces) > MOST_BYTES:
        raise FaultError(f"the body grows beyond {MOST_BYTES} bytes")


def _excused(bound: Bound, error: FaultError) -> tuple[str, str]:
    text = text_of([bound.fault])
    if not bound.fault.optional:
        raise FaultError(f"the fault {text[:100]} cannot be applied: {error}") from None
    return text, str(error)


def tape_side(timeline: Timeline, kind: object, asking: Asking, *, folded: bool) -> TapeSide:
    """What places on `timeline` count, for that way of asking."""
    from mockserver.plan import live_framing

    return TapeSide(timeline, kind, chunked=live_framing(timeline, asking) == "chunked", folded=folded)  # type: ignore[arg-type]
