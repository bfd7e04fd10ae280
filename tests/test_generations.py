"""A copy of a copy: a tape is replayed, the replay recorded, that replayed again, five times over.

Nothing may be lost on the way, and errors of time may not add up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from quiet import favour, favoured, floor, rank
from streams import Ask, fetch
from wires import tool

from cassettes.convert import convert
from cassettes.model import Cassette, Chunk, Interaction
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load_file

TIMED = Path(__file__).resolve().parents[1] / "../shared/tapes/anthropic-messages/mastra-ai__mastra__7.json"
SHIPPED = shipped_root() / "openai/hello.yaml"
GENERATIONS = 5
GAP_ERROR_MS = 2.0
"""The p99 of gap errors against the first tape (issue 2); also what the whole may be longer or shorter."""
HEAD_MS = 1.0
"""What a generation may add to `headers_ms` (issue 2)."""
ATTEMPTS = 3
"""A machine that other tests keep busy measures itself: the best of so many attempts counts."""


def first_tape() -> tuple[str, Interaction]:
    """A recording with its own time, else a shipped tape; at a path that asks for it alone."""
    name, tape = (
        (TIMED.name, convert(TIMED.read_bytes(), TIMED.name).interactions[0])
        if TIMED.is_file()
        else ("openai/hello", load_file(SHIPPED).interactions[0])
    )
    request = msgspec.structs.replace(tape.request, uri="http://up.invalid/copied")
    stream = msgspec.structs.replace(tape.response.stream, provider="unknown", dialect="raw")
    return name, Interaction(request, msgspec.structs.replace(tape.response, stream=stream))


@contextmanager
def recording(folder: Path, tape: Path, *options: str) -> Iterator[str]:
    """The URL of a recorder whose upstream plays `tape`; its own tapes are below `folder / "tapes"`."""
    with (
        tool(folder, "serve", str(tape), "--upstream", "up=http://up.invalid", *options) as server,
        tool(folder, "record", "-o", str(folder / "tapes"), "--upstream", f"up={server.url}/up") as recorder,
    ):
        for running in (server, recorder):
            favour(running.process.pid)
        yield f"{recorder.url}/up/copied"


def generations(folder: Path, first: Interaction, *options: str) -> Attempt:
    """`first` and its copies, each played with `options`."""
    folder.mkdir()
    tape = folder / "first.yaml"
    tape.write_bytes(dump(Cassette((first,))))
    copies: list[Interaction] = []
    late: list[float] = []
    for number in range(1, GENERATIONS + 1):
        with recording(folder / str(number), tape, *options) as url, floor() as meanwhile, favoured():
            asyncio.run(fetch(Ask(url, first.request.body)))
        late.append(meanwhile.p99)
        (tape,) = (folder / str(number) / "tapes").rglob("*.yaml")
        copies += load_file(tape).interactions
    return Attempt(load_file(folder / "first.yaml").interactions[0], copies, max(late))


class Aged(NamedTuple):
    """How far the time on a copy is from that on the first tape, in ms."""

    gap_errors: list[float]
    drift: float
    head: float


def aged(first: Interaction, copy: Interaction) -> Aged:
    pairs = list(zip(http_chunks(first), http_chunks(copy), strict=True))
    errors = [other.gap_ms - one.gap_ms for one, other in pairs]
    head = copy.response.stream.headers_ms - first.response.stream.headers_ms
    return Aged([abs(error) for error in errors], sum(errors), head)


def http_chunks(interaction: Interaction) -> list[Chunk]:
    """The HTTP chunks with the gaps before their last bytes: that one came in two parts (`+`) is no boundary."""
    found: list[Chunk] = []
    gap, size = 0.0, 0
    for chunk in interaction.response.stream.chunks:
        gap, size = gap + chunk.gap_ms, size + chunk.size
        if not chunk.more:
            found.append(Chunk(gap, size))
            gap, size = 0.0, 0
    return found


def lost(first: Interaction, copy: Interaction) -> list[str]:
    """What a copy has not kept, time aside."""
    one, other = first.response, copy.response
    boundaries = [[chunk.size for chunk in http_chunks(each)] for each in (first, copy)]
    held = {
        "bytes": one.body == other.body,
        "chunk boundaries": boundaries[0] == boundaries[1],
        "status": (one.code, one.message) == (other.code, other.message),
        "framing": one.stream.framing == other.stream.framing,
        "ending": (one.stream.end.type, one.stream.end.missing) == (other.stream.end.type, other.stream.end.missing),
    }
    return [name for name, same in held.items() if not same]


class Attempt(NamedTuple):
    """The copies of one attempt, and how late a bare timer was meanwhile (ms, p99)."""

    first: Interaction
    copies: list[Interaction]
    floor: float

    @property
    def ages(self) -> list[Aged]:
        return [aged(self.first, copy) for copy in self.copies]

    @property
    def gap_error(self) -> float:
        """The p99 over all generations."""
        return rank([error for age in self.ages for error in age.gap_errors], 99)

    @property
    def drift(self) -> float:
        return max(abs(age.drift) for age in self.ages)

    @property
    def head(self) -> float:
        """What a generation added to `headers_ms`."""
        return self.ages[-1].head / GENERATIONS

    def within(self, gap_ms: float, head_ms: float) -> bool:
        """Whether gaps and the whole keep to `gap_ms`, the head to `head_ms` a generation."""
        return max(self.gap_error, self.drift) <= gap_ms and self.head <= head_ms

    def __str__(self) -> str:
        lines = [
            f"generation {number}: gap error p99 {rank(age.gap_errors, 99):.1f} ms, drift {age.drift:+.1f} ms, "
            f"headers_ms {age.head:+.1f}"
            for number, age in enumerate(self.ages, start=1)
        ]
        return "\n".join([*lines, f"together: p99 {self.gap_error:.1f} ms (a bare timer: {self.floor:.1f} ms)"])


def test_five_generations_lose_nothing(tmp_path: Path) -> None:
    """Without the waiting: bytes, boundaries, head and ending."""
    _, tape = first_tape()
    made = generations(tmp_path / "copies", tape, "--speed", "max")
    assert [lost(made.first, copy) for copy in made.copies] == [[]] * GENERATIONS


@pytest.mark.slow
@pytest.mark.xdist_group("timing")
@pytest.mark.timeout(180)
def test_five_generations_keep_the_time(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    name, tape = first_tape()
    made: list[Attempt] = []
    while len(made) < ATTEMPTS and not (made and made[-1].within(GAP_ERROR_MS, HEAD_MS)):
        made.append(generations(tmp_path / str(len(made)), tape))
        record_property("printed", f"{name}, attempt {len(made)}\n{made[-1]}")
        assert [lost(made[-1].first, copy) for copy in made[-1].copies] == [[]] * GENERATIONS
    # Where even a bare timer is late, a gap may be as late as the four timers in it.
    assert any(one.within(max(GAP_ERROR_MS, 4 * one.floor), max(HEAD_MS, 2 * one.floor)) for one in made)
