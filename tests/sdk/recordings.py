"""The streams of ../shared/tapes in one dialect, as decoded events, and what an SDK's program makes of them.

A recording may end without the blank line of its last event, where a trailing line end was cut off: it is put back
here, as what is proved is folding, not where an event ends.
"""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sdk import environments

from cassettes.convert import convert
from cassettes.dialects.base import payload
from cassettes.events import event_ends, event_kind

TAPES = Path(__file__).resolve().parents[2] / "../shared/tapes"
PROGRAMS = Path(__file__).resolve().parent / "programs"

needs_recordings = pytest.mark.skipif(
    not TAPES.is_dir(), reason="the public recordings of ../shared/tapes are not here"
)


class Recording(NamedTuple):
    """`name` is file#interaction, the interaction counted from 0 as in BODIES.tsv. `body` is as it was on the wire, empty
    where the recording kept no more than the payloads."""

    name: str
    payloads: list[object]
    body: bytes


@cache
def recordings(dialect: str) -> tuple[Recording, ...]:
    """Every body that BODIES.tsv calls a stream and that is taken for `dialect`."""
    return tuple(_recordings(dialect))


def _recordings(dialect: str) -> Iterator[Recording]:
    with (TAPES / "BODIES.tsv").open(newline="", encoding="utf-8") as lines:
        rows = [
            row for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row["class"] == "stream"
        ]
    imported = {file: convert((TAPES / file).read_bytes(), file) for file in {row["file"] for row in rows}}
    for row in rows:
        response = imported[row["file"]].interactions[int(row["interaction"])].response
        if response.stream.dialect == dialect:
            kind = event_kind(response.headers, response.code, response.body, response.stream.events)
            events = events_of(response.body, event_ends(response.body, kind))
            body = response.body if row["kind"] == "sse" and response.code == 200 else b""
            yield Recording(f"{row['file']}#{row['interaction']}", events, body)


def events_of(body: bytes, ends: list[int]) -> list[object]:
    """The JSON of each event, the tail among them."""
    blocks = [body[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    tail = body[ends[-1] :] if ends else body
    found = map(payload, [*blocks, tail + b"\n\n"])
    return [one for one in found if one is not None]


def told(which: str, program: str, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What `program` answers to each task; run once, in the SDK environment `which`."""
    command = [str(environments.python(which)), str(PROGRAMS / f"{program}.py")]
    lines = "".join(json.dumps(task) + "\n" for task in tasks)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["name"] for answer in answers] == [task["name"] for task in tasks]
    return answers


def differences(ours: Any, theirs: Any, place: str = "") -> Iterator[str]:
    """The places at which two JSON values differ, as `.content[0].text`. Null and absent are the same: the SDKs write
    out optional fields that were never sent."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in dict.fromkeys([*ours, *theirs]):
            yield from differences(ours.get(key), theirs.get(key), f"{place}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, f"{place}[{number}]")
    elif ours != theirs:
        yield place
