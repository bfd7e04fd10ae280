"""What becomes of a recording whose client leaves: drained, stopped or finished (`--on-client-close`).

Knows the recording and its exchange, no socket. Imports asyncio, `cassettes.durations` and `recording`, `upstream`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from cassettes.durations import DurationError, duration

if TYPE_CHECKING:
    from recorder.recording import Recording
    from recorder.upstream import Exchange


class LeavingPolicy(NamedTuple):
    """`drain`: record for `seconds` more; `stop`: no more; `finish`: to the upstream's end."""

    what: Literal["drain", "stop", "finish"] = "drain"
    seconds: float = 10.0


def leaving_policy(text: str) -> LeavingPolicy:
    """`drain[:DURATION]`, `stop` or `finish`. Raises DurationError."""
    what, colon, rest = text.strip().partition(":")
    if what == "drain":
        return LeavingPolicy("drain", duration(rest) / 1000) if colon else LeavingPolicy()
    if what == "stop" and not colon:
        return LeavingPolicy("stop", 0.0)
    if what == "finish" and not colon:
        return LeavingPolicy("finish", 0.0)
    raise DurationError(f"{text!r} is not known; expected drain:DURATION (as in drain:10s), stop or finish")


class Live:
    """A recording that goes on behind an answer. `left()` is called when its client is gone."""

    def __init__(
        self, recording: Recording, running: Exchange, policy: LeavingPolicy, clock: Callable[[], float]
    ) -> None:
        self.recording = recording
        self._running = running
        self._policy = policy
        self._clock = clock
        self.has_left = False

    @property
    def malformed(self) -> str:
        """What of the answer was no HTTP/1; "" if all of it was."""
        return self._running.malformed

    def left(self) -> None:
        """Stops, drains or finishes the upstream as the policy says."""
        if self.recording.finished.done():
            return
        self.has_left = True
        self.recording.client_left(self._clock())
        self._running.resume()
        if self._policy.what == "stop":
            self.stop()
        elif self._policy.what == "drain":
            timer = asyncio.get_running_loop().call_later(self._policy.seconds, self.stop)
            self.recording.finished.add_done_callback(lambda _: timer.cancel())

    def stop(self) -> None:
        """Ends the recording from this side: `client_closed` where the client has left, else `interrupted`."""
        self._running.give_up("client_closed" if self.has_left else "interrupted")
