"""`tokentape serve` with one write for each due time, even where several are due: what an event costs on its own.

The server is the real one; only its player hands the transport one entry of the plan at a time. Used by `throughput`.
"""

from __future__ import annotations

import sys

import mockserver.app
import tokentape
from mockserver.player import HIGH_WATER, Player


class EachPlayer(Player):
    """Writes entry by entry. Everything else is the player's own."""

    __slots__ = ()

    def _write(self, now: float) -> float | None:
        plan, view, line = self._plan, self._view, self._line
        elapsed = now - self._start
        for at in range(self._at, len(plan.due)):
            if plan.due[at] > elapsed or line.buffered() > HIGH_WATER:
                break
            line.write(view[self._sent : plan.ends[at]])
            self._sent, self._at = plan.ends[at], at + 1
        return super()._write(now)


if __name__ == "__main__":
    mockserver.app.Player = EachPlayer  # type: ignore[misc]
    sys.exit(tokentape.main())
