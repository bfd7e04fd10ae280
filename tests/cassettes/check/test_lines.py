"""The line of a tape's file on which a byte of a body stands."""

from __future__ import annotations

import gzip

import pytest

from cassettes.check.lines import Lines
from cassettes.model import Cassette, Chunk, Interaction, Request, Response, Stream
from cassettes.yamlio import dump

BODIES = {
    "literal": b'data: {"number": 0}\n\n: comment\n\ndata: {"number": 1}\n\n',
    "blank lines first": b'\n\ndata: {"number": 0}\n\n',
    "quoted": b'data: {"number": 0}\r\n\r\ndata: {"number": 1}\r\n\r\n',
    "cr": b'data: {"number": 0}\r\rdata: {"number": 1}\r\r',
    "bom": b'\xef\xbb\xbfdata: {"number": 0}\n\ndata: {"number": 1}\n\n',
    "no end": b'data: {"number": 0}\n\ndata: {"number": 1}',
}


def cassette(*bodies: bytes) -> Cassette:
    return Cassette(
        tuple(
            Interaction(
                Request("POST", "https://api.openai.com/v1/chat/completions", (), b"{}"),
                Response(200, "OK", (), body, Stream(framing="close", chunks=(Chunk(0.0, len(body)),))),
            )
            for body in bodies
        )
    )


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_the_line_is_the_one_with_the_data(body: bytes) -> None:
    data = dump(cassette(b"data: first\n\n", body))
    lines = Lines(data, "x.yaml")
    shown = data.decode().splitlines()
    for number in range(body.count(b"number")):
        offset = body.index(f'data: {{"number": {number}'.encode())
        assert f'number": {number}' in shown[lines.of(2, offset, body) - 1].replace("\\", "")


def test_blank_lines_before_an_event_are_skipped() -> None:
    body = BODIES["blank lines first"]
    data = dump(cassette(body))
    assert "number" in data.decode().splitlines()[Lines(data, "x.yaml").of(1, 0, body) - 1]


def test_a_gzipped_file_has_the_same_lines() -> None:
    body = BODIES["literal"]
    data = dump(cassette(body))
    assert Lines(gzip.compress(data), "x.yaml.gz").of(1, 32, body) == Lines(data, "x.yaml").of(1, 32, body) > 10


def test_where_lines_are_not_those_of_the_body_it_is_where_the_body_begins() -> None:
    data = dump(cassette(b"data: \xff\n\ndata: 2\n\n"))
    line = Lines(data, "x.yaml").of(1, 9, b"data: \xff\n\ndata: 2\n\n")
    assert "!!binary" in data.decode().splitlines()[line - 1]
    plain = b'version: 1\ninteractions:\n- response:\n    body:\n      string: "data: 1\\n\\ndata: 2\\n\\n"\n'
    assert Lines(plain, "x.yaml").of(1, 9, b"data: 1\n\ndata: 2\n\n") == 5


def test_what_is_no_cassette_has_no_lines() -> None:
    assert Lines(b"data: 1\n\n", "x.sse").of(1, 0, b"data: 1\n\n") == 0
    assert Lines(b"{", "x.json").of(1, 0, b"") == 0
    assert Lines(b"interactions: [{request: {}}]", "x.yaml").of(1, 0, b"") == 1
    assert Lines(b"interactions: []", "x.yaml").of(3, 0, b"") == 0
