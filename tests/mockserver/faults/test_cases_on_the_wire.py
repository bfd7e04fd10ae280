"""`case` as a fault like any other: listed, written, refused. What it does is in tests/mockserver/cases."""

from __future__ import annotations

import pytest

from mockserver.cases.playing import timeline_of
from mockserver.cases.script import Stream
from mockserver.faults import table
from mockserver.faults.breaking import weave
from mockserver.faults.grammar import FaultError, parse, text_of
from mockserver.faults.kinds import Scene
from mockserver.faults.tapeside import TapeSide


def test_it_is_known_by_its_name() -> None:
    kind = table.get("case")
    assert kind.family == "preset"
    assert table.usage(kind) == "case:ID"
    assert table.read(kind.example)[0].given["id"].id == "rst-mid-chunk"


@pytest.mark.parametrize("written", ["case:gzip", "case?#2:gzip", "case#2+:gzip"])
def test_it_is_written_as_others_are(written: str) -> None:
    assert text_of(parse(written)) == written
    assert table.read(written)[0].given["id"].id == "gzip"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("case", "case needs ID, as in case:rst-mid-chunk"),
        ("case@3e:gzip", "takes no place"),
        ("case:gzib", "did you mean gzip"),
        ("case:gzip,crlf", "one more"),
    ],
)
def test_what_is_wrong_with_it_is_told(written: str, told: str) -> None:
    with pytest.raises(FaultError, match=told):
        table.read(written)


def test_one_that_was_not_unfolded_never_passes_for_a_healthy_stream() -> None:
    tape = TapeSide(timeline_of(Stream((b"data: x\n\n",))), "sse", chunked=True)
    with pytest.raises(FaultError, match="not unfolded"):
        weave(tape, table.read("case:gzip"), Scene("raw"))
