"""`tokentape verify`: plays a tape from a real server to a raw client and compares byte for byte and gap for gap.

Each interaction is served on its own from a scratch folder, so that nothing but the tape decides what is played.
Imports `cassettes` and this package.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from cassettes.measures import Comparison, compare
from cassettes.model import Cassette, Interaction, Timeline
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
        """Status and reason; a head that never became whole byte for byte."""
        if self.wanted.head is None or self.got.head is None:
            return self.wanted.head is self.got.head and self.wanted.partial_head == self.got.partial_head
        return (self.wanted.head.code, self.wanted.head.message) == (self.got.head.code, self.got.head.message)


def longest_silence(timeline: Timeline) -> float:
    """The longest wait of a timeline, in seconds; the stall of its ending left out."""
    offsets = [0.0, timeline.head_at_ms, *(frame.at_ms for frame in timeline.frames)]
    if timeline.end.type not in STALLS:
        offsets.append(timeline.end_at_ms)
    return max(later - earlier for earlier, later in zip(offsets, offsets[1:], strict=False)) / 1000


def verify(interactions: list[Interaction], speed: float) -> list[Verified]:
    """Plays every interaction once at `speed` (a factor, infinite for max). Raises ChildError, UpstreamError."""
    return asyncio.run(_verify(interactions, speed))


async def _verify(interactions: list[Interaction], speed: float) -> list[Verified]:
    results: list[Verified] = []
    with tempfile.TemporaryDirectory(prefix="tokentape-verify-") as folder:
        for number, interaction in enumerate(interactions, start=1):
            (Path(folder) / f"{number:06d}.yaml").write_bytes(dump(Cassette((servable(interaction),))))
        shown = "max" if math.isinf(speed) else repr(speed)
        with child(["serve", folder, "--match", "order", "--after-last", "error", "--speed", shown]) as url:
            for number, interaction in enumerate(interactions, start=1):
                results.append(await _play(number, interaction, url, speed))
    return results


def servable(interaction: Interaction) -> Interaction:
    """The interaction with its path made plain to find: any method and path is served by `order`."""
    request = msgspec.structs.replace(interaction.request, uri=f"http://verify.invalid{_path(interaction)}")
    stream = msgspec.structs.replace(interaction.response.stream, provider="unknown", dialect="raw")
    response = msgspec.structs.replace(interaction.response, stream=stream)
    return msgspec.structs.replace(interaction, request=request, response=response)


def _path(interaction: Interaction) -> str:
    parts = urlsplit(interaction.request.uri)
    return "/verify" + (parts.path or "/")


async def _play(number: int, interaction: Interaction, url: str, speed: float) -> Verified:
    wanted = at_speed(to_timeline(interaction), speed) if speed != 1.0 else to_timeline(interaction)
    request = interaction.request
    headers = (("Host", "verify.invalid"), ("Content-Length", str(len(request.body))))
    got = await watch(
        request.method,
        url + _path(interaction),
        headers[1:],
        request.body,
        time.monotonic,
        longest_silence(wanted) + PATIENCE,
    )
    return Verified(number, wanted, got, compare(wanted, got))
