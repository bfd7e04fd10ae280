"""`tokentape serve` with one write for each due time, even where several are due: what an event costs on its own.

The server is the real one; only its player hands the transport one entry of the plan at a time. Used by `throughput`.
"""

from __future__ import annotations

import sys
from bisect import bisect_right

import mockserver.app
import tokentape
from mockserver.player import HIGH_WATER, Player


class EachPlayer(Player):
    """Writes entry by entry. Everything else is the player's own."""

    __slots__ = ()

    def _write(self, now: float) -> float | None:
        plan, view, write, buffered = self._plan, self._view, self._line.write, self._line.buffered
        at, sent = self._at, self._sent
        for end in plan.ends[at : bisect_right(plan.due, now - self._start, at)]:
            if buffered() > HIGH_WATER:
                break
            write(view[sent:end])
            at, sent = at + 1, end
        self._at, self._sent = at, sent
        return super()._write(now)


if __name__ == "__main__":
    vars(mockserver.app)["Player"] = EachPlayer
    sys.exit(tokentape.main())
