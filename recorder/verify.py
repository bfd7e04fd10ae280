"""`tokentape verify`: plays a tape from a real server to a raw client and compares byte for byte and gap for gap.

Each interaction is served under a path of its own from a scratch folder, so that nothing but the tape decides what is
played.
Imports `cassettes` and this package.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec

from cassettes.framing import HOP_BY_HOP
from cassettes.measures import Comparison, compare
from cassettes.model import Cassette, Headers, Interaction, Request, Timeline
from cassettes.timeline import to_timeline
from cassettes.timing import at_speed
from cassettes.yamlio import dump
from recorder.playback import child
from recorder.watching import watch

PATIENCE = 2.0
"""Seconds beyond the longest silence of a tape after which the client takes a stall for what it is."""
STALLS = frozenset({"timeout", "client_closed"})


class Verified(NamedTuple):
    """One interaction, what its tape says and what came over the socket."""

    number: int
    wanted: Timeline
    got: Timeline
    held: Comparison

    @property
    def same(self) -> bool:
        """Bytes, chunk boundaries (where the framing has any) and ending are the tape's."""
        return self.held.same_bytes and self.same_chunks and self.same_ending and self.same_head

    @property
    def same_chunks(self) -> bool:
        """Other framings than chunked have no boundaries that a network must keep."""
        return self.held.same_chunks or self.wanted.framing != "chunked"

    @property
    def same_ending(self) -> bool:
        """A stall is met as the client's own patience running out; `interrupted` is played as `cut`."""
        wanted, got = self.wanted.end.type, self.got.end.type
        if wanted in STALLS:
            return got == "timeout"
        return self.held.same_ending or (wanted == "interrupted" and got == "cut")

    @property
    def same_head(self) -> bool:
        """Status, reason, headers, trailers and 1xx heads, but for what belongs to a connection or is the server's own;
        a head that never became whole byte for byte."""
        wanted, got = self.wanted, self.got
        if wanted.head is None or got.head is None:
            return wanted.head is got.head and wanted.partial_head == got.partial_head
        early = [[(one.code, one.message, one.headers) for one in line.informational] for line in (wanted, got)]
        return (
            (wanted.head.code, wanted.head.message) == (got.head.code, got.head.message)
            and of_the_tape(wanted.head.headers) == of_the_tape(got.head.headers)
            and wanted.trailers == got.trailers
            and early[0] == early[1]
        )


def of_the_tape(headers: Headers) -> list[tuple[str, str]]:
    """The headers that are played as they are on the tape."""
    own = HOP_BY_HOP | {"transfer-encoding", "content-length", "x-tokentape"}
    return [(name, value) for name, value in headers if name.lower() not in own]


def longest_silence(timeline: Timeline) -> float:
    """The longest wait of a timeline, in seconds; the stall of its ending left out."""
    offsets = [0.0, timeline.head_at_ms, *(frame.at_ms for frame in timeline.frames)]
    if timeline.end.type not in STALLS:
        offsets.append(timeline.end_at_ms)
    return max(later - earlier for earlier, later in pairwise(offsets)) / 1000


def verify(interactions: list[Interaction], speed: float) -> list[Verified]:
    """Plays every interaction once at `speed` (a factor, infinite for max). Raises ChildError, UpstreamError."""
    return asyncio.run(_verify(interactions, speed))


async def _verify(interactions: list[Interaction], speed: float) -> list[Verified]:
    results: list[Verified] = []
    with tempfile.TemporaryDirectory(prefix="tokentape-verify-") as folder:
        for number, interaction in enumerate(interactions, start=1):
            tape = Cassette((servable(interaction, _path(number)),))
            (Path(folder) / f"{number:06d}.yaml").write_bytes(dump(tape))
        shown = "max" if math.isinf(speed) else repr(speed)
        with child(["serve", folder, "--match", "order", "--after-last", "error", "--speed", shown]) as url:
            for number, interaction in enumerate(interactions, start=1):
                results.append(await _play(number, interaction, url, speed))
    return results


def servable(interaction: Interaction, path: str) -> Interaction:
    """The interaction as the answer to its method and `path`, whatever was asked when it was recorded."""
    request = Request(interaction.request.method, f"http://verify.invalid{path}")
    stream = msgspec.structs.replace(interaction.response.stream, provider="unknown", dialect="raw")
    return Interaction(request, msgspec.structs.replace(interaction.response, stream=stream))


def _path(number: int) -> str:
    return f"/verify/{number}"


async def _play(number: int, interaction: Interaction, url: str, speed: float) -> Verified:
    wanted = to_timeline(interaction)
    if speed != 1.0:
        wanted = at_speed(wanted, speed)
    method = interaction.request.method
    patience = longest_silence(wanted) + PATIENCE
    got = await watch(method, url + _path(number), (("Content-Length", "0"),), b"", time.monotonic, patience)
    return Verified(number, wanted, got, compare(wanted, got))
