"""The proof on real input: every public recording of ../shared/tapes is served, recorded, served again and compared.

A mock server plays the imported recordings, a recorder records them through raw sockets, a second mock server plays
what was recorded. Expected are the figures of BODIES.tsv and the recordings themselves.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from quiet import Floor, favour, favoured, floor, rank
from streams import Ask, Fetched, fetch_all
from wires import tools

from cassettes.convert import convert
from cassettes.model import Cassette, Interaction
from cassettes.yamlio import dump, load_file

TAPES = Path(__file__).resolve().parents[1] / "../shared/tapes"
# BODIES.tsv has no body for this one: its recorder kept it as a parsed value.
PARSED = ("errors/pydantic__pydantic-ai__1.yaml", "0")
OWN_OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "x-tokentape"}
LONG_MS = 6000.0
"""Timed streams longer than this are sped up by ten, but for the slow test."""
APART = 0.05
"""Seconds between the beginnings of timed streams: what is proved is their time, not a stampede."""
LATE_MS, LATE_P90_MS = 15.0, 2.0
"""How far a gap may be off at most, and nine of ten gaps: other tests run beside this one."""
RUNS = 3
"""How often a stream may be served, recorded and served again until its gaps fit."""

Say = Callable[[str], None]

pytestmark = [
    pytest.mark.skipif(not TAPES.is_dir(), reason="the public recordings of ../shared/tapes are not here"),
    pytest.mark.xdist_group("timing"),
]


class Source(NamedTuple):
    """One interaction of the public recordings: its row of BODIES.tsv, what is served, and at which mount."""

    number: int
    row: dict[str, str]
    interaction: Interaction
    mount: str

    @property
    def path(self) -> str:
        """The path that asks for exactly this one."""
        return f"/{self.mount}/{self.number:04d}"

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.row['file']}#{self.row['interaction']}"

    @property
    def factor(self) -> float:
        """How much faster than recorded it is played."""
        return {"max": float("inf"), "fast": 10.0}.get(self.mount, 1.0)

    @property
    def gaps(self) -> list[float]:
        """ms before each chunk as it is to be played."""
        return [chunk.gap_ms / self.factor for chunk in self.interaction.response.stream.chunks]


class Copy(NamedTuple):
    """What became of a source: what the live client got, what the tape holds, what the second client got."""

    source: Source
    live: Fetched
    tape: Interaction
    again: Fetched

    @property
    def masked(self) -> bool:
        """Whether redaction has touched the body."""
        return self.tape.response.body != self.source.interaction.response.body


def sources(mount_of: Callable[[float], str]) -> list[Source]:
    """Every interaction of every recording. `mount_of` says where one is played that took so many ms."""
    with (TAPES / "BODIES.tsv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    imported = {file: convert((TAPES / file).read_bytes(), file) for file in {row["file"] for row in rows}}
    found: list[Source] = []
    for number, row in enumerate(rows):
        interaction = imported[row["file"]].interactions[int(row["interaction"])]
        mount = mount_of(float(row["timed_total_ms"])) if row["timed_total_ms"] else "max"
        request = msgspec.structs.replace(
            interaction.request, uri=f"http://{mount}.invalid/{number:04d}", headers=(("Accept", "*/*"),)
        )
        stream = msgspec.structs.replace(interaction.response.stream, provider="unknown", dialect="raw")
        response = msgspec.structs.replace(interaction.response, stream=stream)
        found.append(Source(number, row, Interaction(request, response), mount))
    return found


def write(folder: Path, chosen: list[Source]) -> None:
    """A tape for each."""
    folder.mkdir(parents=True)
    for source in chosen:
        (folder / f"{source.number:04d}.yaml").write_bytes(dump(Cassette((source.interaction,))))


@contextmanager
def served(folder: Path, tapes: Path, speeds: dict[str, str]) -> Iterator[dict[str, str]]:
    """A mock server for each mount over its tapes below `tapes`, at its speed; yields their URLs."""
    commands = [
        ("serve", str(tapes / mount), "--speed", speed, "--upstream", f"{mount}=http://up.invalid")
        for mount, speed in speeds.items()
    ]
    with tools(folder, *commands) as running:
        for server, mount in zip(running, speeds, strict=True):
            if mount != "max":
                favour(server.process.pid)
        yield {mount: server.url for mount, server in zip(speeds, running, strict=True)}


def fetched(urls: dict[str, str], chosen: list[Source]) -> list[Fetched]:
    """The answers; of timed streams all together but begun one after the other."""
    timed = all(source.row["timed_total_ms"] for source in chosen)
    asks = [
        Ask(urls[one.mount] + one.path, one.interaction.request.body, one.interaction.request.method) for one in chosen
    ]
    with favoured() if timed else nullcontext():
        return asyncio.run(fetch_all(asks, *((100, APART) if timed else (24, 0.0))))


SPEEDS = {"max": "max", "fast": "10", "real": "1"}


def copied(folder: Path, chosen: list[Source]) -> list[Copy]:
    """Serves, records and serves again."""
    mounts = {mount: speed for mount, speed in SPEEDS.items() if any(source.mount == mount for source in chosen)}
    for mount in mounts:
        write(folder / "served" / mount, [source for source in chosen if source.mount == mount])
    recorded = folder / "recorded"
    with served(folder, folder / "served", mounts) as urls:
        to = [word for mount, url in urls.items() for word in ("--upstream", f"{mount}={url}/{mount}")]
        with tools(folder, ("record", "-o", str(recorded), *to)) as (recorder,):
            if "max" not in mounts:
                favour(recorder.process.pid)
            live = fetched(dict.fromkeys(mounts, recorder.url), chosen)
    tapes = {one.request.uri[-4:]: one for file in recorded.rglob("*.yaml") for one in load_file(file).interactions}
    assert len(tapes) == len(chosen)
    # What was recorded ten times as fast is on the tape as that.
    with served(folder, recorded, {mount: "max" if mount == "max" else "1" for mount in mounts}) as urls:
        again = fetched(urls, chosen)
    return [
        Copy(source, first, tapes[f"{source.number:04d}"], second)
        for source, first, second in zip(chosen, live, again, strict=True)
    ]


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def only_masked(wanted: bytes | str, got: bytes | str) -> bool:
    """Whether `got` is `wanted` with something starred out, byte for byte as long."""
    one, other = (text.encode() if isinstance(text, str) else text for text in (wanted, got))
    return len(one) == len(other) and all(b in {a, 0x2A} for a, b in zip(one, other, strict=True))


def same_heads(wanted: list[tuple[str, str]], got: list[tuple[str, str]]) -> bool:
    """Names in their order and case, values equal or masked, but for what belongs to a connection or is ours."""
    ours, theirs = ([pair for pair in pairs if pair[0].lower() not in OWN_OF_A_CONNECTION] for pairs in (wanted, got))
    return [name for name, _ in ours] == [name for name, _ in theirs] and all(
        only_masked(one, other) for (_, one), (_, other) in zip(ours, theirs, strict=True)
    )


def check_bytes(copies: list[Copy], counts: Counter[str]) -> list[str]:
    """The sha256 of every body on its way, those that redaction touched apart."""
    wrong: list[str] = []
    for source, live, tape, again in copies:
        wanted = source.row["decoded_sha256"]
        body = source.interaction.response.body
        if (source.row["file"], source.row["interaction"]) == PARSED:
            wanted = digest(body)
        kind = "streams" if source.row["class"] == "stream" else "other bodies"
        if digest(live.body) != wanted:
            wrong.append(f"{source.name}: the live client's bytes")
        if digest(tape.response.body) == digest(again.body) == wanted:
            counts[kind] += 1
        elif only_masked(body, tape.response.body) and again.body == tape.response.body:
            counts[f"{kind} with something masked"] += 1
        else:
            wrong.append(f"{source.name}: bytes")
    return wrong


def http_chunks(interaction: Interaction) -> list[int]:
    """The sizes of the HTTP chunks on a tape: a `+` only says that one came in two parts."""
    sizes, begun = [], 0
    for chunk in interaction.response.stream.chunks:
        begun += chunk.size
        if not chunk.more:
            sizes.append(begun)
            begun = 0
    return sizes


def check_chunks(copies: list[Copy], counts: Counter[str]) -> list[str]:
    """Chunk boundaries, of all that are chunked; counted are the streams whose boundaries a network made."""
    wrong: list[str] = []
    for source, live, tape, again in copies:
        stream = source.interaction.response.stream
        wanted = http_chunks(source.interaction)
        if stream.framing != "chunked":
            continue
        if not wanted == http_chunks(tape) == live.sizes == again.sizes:
            wrong.append(f"{source.name}: chunk boundaries")
        elif source.row["chunks"] and source.row["class"] == "stream":
            counts["chunk boundaries"] += 1
    return wrong


def check_heads_and_endings(copies: list[Copy], counts: Counter[str]) -> list[str]:
    """Status line, headers and ending."""
    wrong: list[str] = []
    for source, live, tape, again in copies:
        wanted = source.interaction.response
        headers = list(wanted.headers)
        for name, code, message, got in (
            ("live", live.code, live.message, live.headers),
            ("tape", tape.response.code, tape.response.message, list(tape.response.headers)),
            ("again", again.code, again.message, again.headers),
        ):
            if (code, message) != (wanted.code, wanted.message) or not same_heads(headers, got):
                wrong.append(f"{source.name}: the head, {name}")
        ending = tape.response.stream.end
        if (live.ended, again.ended) != ("whole", "whole") or (ending.type, ending.missing) != ("eof", 0):
            wrong.append(f"{source.name}: the ending: {live.ended}, {ending}, {again.ended}")
        if tape.response.stream.framing != wanted.stream.framing:
            wrong.append(f"{source.name}: the framing")
        if tape.response.stream.source != "recorded":
            wrong.append(f"{source.name}: says it is {tape.response.stream.source}")
    counts["heads and endings"] = len(copies)
    return wrong


def errors_of(wanted: list[float], got: list[float]) -> list[float]:
    return [abs(one - other) for one, other in zip(wanted, got, strict=True)]


class Lag(NamedTuple):
    """How far the gaps of one stream are off, in ms: on the tape, at the second client, and the worst of all."""

    recorded: list[float]
    replayed: list[float]
    worst: float


def lag_of(copy: Copy) -> Lag:
    """Gaps of a stream that was recorded with its time: the tape's and those that the second client saw."""
    wanted, held = copy.source.gaps, [chunk.gap_ms for chunk in copy.tape.response.stream.chunks]
    recorded, replayed = errors_of(wanted, held), errors_of(held, copy.again.gaps)
    return Lag(recorded, replayed, max(abs(sum(copy.again.gaps) - sum(wanted)), *recorded, *replayed))


def check_gaps(
    copies: list[Copy], late: Floor, counts: Counter[str], once_more: Callable[[list[Source]], list[Copy]]
) -> tuple[list[str], dict[str, list[float]]]:
    """Compares gaps. What lags is run again before that is believed: the machine may have been elsewhere."""
    timed = [copy for copy in copies if copy.source.row["timed_total_ms"] and copy.source.row["class"] == "stream"]
    most = max(LATE_MS, 8 * late.p99)
    lags = {copy.source.name: (copy, lag_of(copy)) for copy in timed}
    for _ in range(RUNS - 1):
        if lagging := [copy.source for copy, lag in lags.values() if lag.worst > most]:
            counts["run again"] += len(lagging)
            lags |= {copy.source.name: (copy, lag_of(copy)) for copy in once_more(lagging)}
    found = [lag for _, lag in lags.values()]
    wrong = [
        f"{name}: gaps or their sum off by up to {lag.worst:.1f} ms, {RUNS} times"
        for name, (_, lag) in lags.items()
        if lag.worst > most
    ]
    counts["timed streams"] = len(timed) - len(wrong)
    return wrong, {
        "recorded": [error for lag in found for error in lag.recorded],
        "replayed": [error for lag in found for error in lag.replayed],
    }


def compared(folder: Path, copies: list[Copy], late: Floor, say: Say) -> Counter[str]:
    """Compares everything, prints how much there was, fails naming what differs."""
    counts: Counter[str] = Counter()
    wrong = [*check_bytes(copies, counts), *check_chunks(copies, counts), *check_heads_and_endings(copies, counts)]
    runs = count(1)
    lagging, errors = check_gaps(copies, late, counts, lambda chosen: copied(folder / f"again{next(runs)}", chosen))
    say(f"served, recorded, served again: {len(copies)} interactions, equal: {dict(counts)}")
    say(f"touched by redaction: {[copy.source.name for copy in copies if copy.masked]}")
    for name, values in errors.items():
        shown = ", ".join(f"p{percent} {rank(values, percent):.2f}" for percent in (50, 90, 99, 100))
        say(f"{name} gaps: {len(values)} of {counts['timed streams']} streams, error in ms {shown}")
    say(f"a bare timer meanwhile was late by p99 {late.p99:.2f} ms")
    assert not wrong + lagging
    assert max(rank(values, 90) for values in errors.values()) <= max(LATE_P90_MS, 4 * late.p99)
    return counts


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Say:
    """Has a line printed at the end of the run."""
    return lambda line: record_property("printed", line)


@pytest.mark.timeout(300)
def test_every_public_recording_survives_record_and_replay(tmp_path: Path, say: Say) -> None:
    chosen = sources(lambda took_ms: "fast" if took_ms > LONG_MS else "real")
    timed = [source for source in chosen if source.row["timed_total_ms"]]
    with floor() as late:
        copies = copied(tmp_path / "timed", timed)
    copies += copied(tmp_path / "others", [source for source in chosen if not source.row["timed_total_ms"]])
    counts = compared(tmp_path, copies, late, say)
    assert counts["streams"] >= 250
    assert counts["chunk boundaries"] >= 50
    assert counts["timed streams"] >= 25
    assert sum(copy.masked for copy in copies) <= 3


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_timed_recordings_at_their_own_speed(tmp_path: Path, say: Say) -> None:
    timed = [source for source in sources(lambda _: "real") if source.row["timed_total_ms"]]
    with floor() as late:
        copies = copied(tmp_path / "timed", timed)
    assert compared(tmp_path, copies, late, say)["timed streams"] >= 25
