"""Recordings of Mastra's LLM recorder: text chunks with their timings.

Fact (from the files): `chunkTimings[i]` is whole ms since the chunk before; the first counts from the start of
reading. Time to the head was not kept. The client had decompressed the body and decoded it to text. A file is a list
of recordings, or a mapping with them under `recordings`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cassettes.convert import values
from cassettes.convert.draft import Draft
from cassettes.convert.exchange import Exchange, begun, exchanges, first, has

NAME = "mastra"


def fits(value: object) -> bool:
    """Whether `value` is a list (or has `recordings`) of exchanges whose responses tell whether they streamed."""
    entry = first({"recordings": value} if isinstance(value, list) else value, "recordings")
    return has(entry, "response", "chunks") or has(entry, "response", "isStreaming")


def drafts(value: object, name: str) -> Iterator[Draft]:
    """A draft a recording."""
    for one in exchanges(value.get("recordings") if isinstance(value, dict) else value, "recordings", name):
        made = begun(one, message="statusText")
        made.code = values.status(one.response.get("status"), one.place)
        made.recorded_at = values.moment(one.request.get("timestamp"))
        _fill(made, one)
        yield made


def _fill(made: Draft, one: Exchange) -> None:
    """The body: chunks with their gaps, or a value that was not streamed."""
    if "chunks" not in one.response:
        stored = one.response.get("body")
        made.pieces = [values.body(stored, one.place, made.headers, spaced=True)]
        made.reparsed = isinstance(stored, dict | list)
        return
    made.pieces = values.texts(one.response["chunks"], "chunks", one.place)
    made.bounded = True
    if "chunkTimings" in one.response:
        timings = values.items(one.response["chunkTimings"], "chunkTimings", one.place)
        made.gaps_ms = [values.milliseconds(gap, f"chunkTimings[{i}]", one.place) for i, gap in enumerate(timings)]
