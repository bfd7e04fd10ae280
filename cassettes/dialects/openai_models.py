"""What OpenAI's streams show of the model behind them: whether it reasons, and how hard if nobody says.

Taken from recordings: reasoning models have no fingerprint and no log probabilities, the others no effort. Pure;
imports the standard library alone.
"""

from __future__ import annotations

import re
from typing import Final

_REASONING: Final = re.compile(r"(?:.*/)?(?:o[1-9]|gpt-(?:[5-9]|\d\d)|codex)(?!.*-chat)")
_QUIET: Final = re.compile(r"(?:.*/)?gpt-5\.[1-4]\b")
_LOW: Final = re.compile(r"(?:.*/)?gpt-5\.[5-9]\b")


def reasons(model: str) -> bool:
    """Whether it is a model that thinks before it answers."""
    return _REASONING.match(model) is not None


def effort(model: str) -> str | None:
    """How hard it thinks unless a request says otherwise; None for a model that does not."""
    if not reasons(model):
        return None
    return "none" if _QUIET.match(model) else "low" if _LOW.match(model) else "medium"
