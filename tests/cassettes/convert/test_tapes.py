"""The real recordings of ../shared/tapes against its BODIES.tsv: every body, every boundary, every timing."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from cassettes.convert import convert, formats, sniff
from cassettes.model import Cassette, Interaction

TAPES = Path(__file__).resolve().parents[3] / "../shared/tapes"
# BODIES.tsv has no body for this one: its recorder kept it as `parsed_body`, which pydantic-ai plays as 56 bytes.
PARSED = ("errors/pydantic__pydantic-ai__1.yaml", 0)
SNIFFED = {
    "vcrpy": "vcrpy",
    "vcrpy+parsed_body": "vcrpy",
    "vcrpy-old-httpx": "vcrpy",
    "go-vcr": "go-vcr",
    "ruby-vcr": "ruby-vcr",
    "req_llm": "req_llm",
    "dd-json": "req_llm",
    "mastra-timed": "mastra",
    "pi-vcr": "pi-vcr",
    "har": "har",
    "json-status-headers-body": "json-response",
    "payload-lines": "payload-lines",
    "raw-sse": "raw-sse",
    "body-extract": "raw-sse",
}

pytestmark = pytest.mark.skipif(not TAPES.is_dir(), reason="the public recordings of ../shared/tapes are not here")


def table(name: str) -> list[dict[str, str]]:
    with (TAPES / name).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture(scope="module")
def converted() -> dict[str, Cassette]:
    return {row["file"]: convert((TAPES / row["file"]).read_bytes(), row["file"]) for row in table("MANIFEST.tsv")}


def sizes_in(file: str, index: int) -> list[int]:
    """The chunk sizes of an interaction, read without the code under test."""
    value = json.loads((TAPES / file).read_bytes())
    if isinstance(value, dict) and "chunks" in value:
        return [len(base64.b64decode(chunk["b64"])) for chunk in value["chunks"]]
    entries = value if isinstance(value, list) else value.get("recordings") or value["interactions"]
    response = entries[index]["response"]
    return [len(chunk.encode()) for chunk in response.get("chunks") or response["body_chunks"]]


def boundaries_equal(row: dict[str, str], found: Interaction) -> bool:
    sizes = [chunk.size for chunk in found.response.stream.chunks]
    stated = dict(part.split("=") for part in row["chunks"].split(","))
    measured = {"n": len(sizes), "min": min(sizes), "max": max(sizes)}
    agreed = all(stated[name] == str(value) for name, value in measured.items())
    return agreed and sizes == [size for size in sizes_in(row["file"], int(row["interaction"])) if size]


def timings_equal(row: dict[str, str], found: Interaction) -> bool:
    stream = found.response.stream
    gaps = [chunk.gap_ms for chunk in stream.chunks]
    total = sum(gaps) + stream.end.gap_ms
    return (stream.pacing, total, max(gaps)) == (
        "recorded",
        float(row["timed_total_ms"]),
        float(row["timed_max_gap_ms"]),
    )


def test_every_file_is_recognised() -> None:
    rows = table("MANIFEST.tsv")
    wrong = [
        row["file"]
        for row in rows
        if sniff((TAPES / row["file"]).read_bytes(), row["file"]) != SNIFFED[row["container_format"]]
    ]
    assert not wrong
    assert set(SNIFFED.values()) == set(formats())


def test_every_interaction_is_what_bodies_tsv_says(
    converted: dict[str, Cassette], capsys: pytest.CaptureFixture[str]
) -> None:
    wrong: dict[str, list[str]] = defaultdict(list)
    counts: Counter[str] = Counter()
    rows = table("BODIES.tsv")
    for row in rows:
        file, index = row["file"], int(row["interaction"])
        found = converted[file].interactions[index]
        if (file, index) == PARSED:
            assert found.response.body == b'{"message": "The provided model identifier is invalid."}'
            continue
        streams = row["class"] == "stream"
        digest = hashlib.sha256(found.response.body).hexdigest()
        stored = row["decoded_with"] == "identity" and digest == row["stored_body_sha256"]
        if digest == row["decoded_sha256"] and (stored or row["decoded_with"] != "identity"):
            counts["bodies"] += 1
            counts["streams"] += streams
        else:
            wrong["body"].append(f"{file} {index}")
        if row["chunks"] and boundaries_equal(row, found):
            counts["boundaries"] += streams
        elif row["chunks"]:
            wrong["chunks"].append(f"{file} {index}")
        if row["timed_total_ms"] and timings_equal(row, found):
            counts["timings"] += streams
        elif row["timed_total_ms"]:
            wrong["timings"].append(f"{file} {index}")
    with capsys.disabled():
        sys.stdout.write(f"\nimported of {len(rows)} interactions, equal: {dict(counts)}\n")
    assert not wrong
    assert counts["streams"] >= 250
    assert counts["boundaries"] >= 50
    assert counts["timings"] >= 25


def test_the_number_of_interactions_and_their_heads(converted: dict[str, Cassette]) -> None:
    numbers = Counter(row["file"] for row in table("BODIES.tsv"))
    assert {file: len(tape.interactions) for file, tape in converted.items()} == dict(numbers)
    for row in table("BODIES.tsv"):
        response = converted[row["file"]].interactions[int(row["interaction"])].response
        headers = {name.lower(): value for name, value in response.headers}
        assert str(response.code) == (row["status"] or "200")
        assert "content-encoding" not in headers
        assert not row["content_type"] or headers["content-type"] == row["content_type"]


def test_every_chunk_list_covers_its_body(converted: dict[str, Cassette]) -> None:
    found = [one.response for tape in converted.values() for one in tape.interactions]
    for response in found:
        stream = response.stream
        assert stream.source == "imported"
        assert all(chunk.size > 0 and not chunk.more for chunk in stream.chunks)
        assert sum(chunk.size for chunk in stream.chunks) == len(response.body)
    assert Counter(response.stream.pacing for response in found)["recorded"] == 28
