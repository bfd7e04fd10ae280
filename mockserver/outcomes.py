"""How an answer ended and who ended it, as the journal tells it. Pure; imports `journal`, `plan`, `player`."""

from __future__ import annotations

from mockserver.journal import By, Ending
from mockserver.plan import Action, Plan
from mockserver.player import OPEN, Outcome

_ENDINGS: dict[Action, Ending] = {"keep": "kept-alive", "close": "fin", "reset": "reset", "truncate": "fin"}


def ended(outcome: Outcome, plan: Plan, *, stopping: bool) -> tuple[By, Ending]:
    """Who ended an answer, and how. A stall is played to its end when somebody else ends it; where a fault changed the
    ending or the status, it was the fault."""
    if outcome == "dropped":
        return "control", "reset"
    if outcome == "client-left" or plan.action in OPEN:
        return ("shutdown", "aborted") if stopping else ("client", "client-left")
    return "tape" if plan.advances else "fault", _ENDINGS[plan.action]
