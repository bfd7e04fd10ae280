"""What all formats have in common: codings, framing, guesses."""

from __future__ import annotations

import gzip
import zlib

import pytest

from cassettes.convert import coding
from cassettes.convert.draft import UNKNOWN_URI, Draft, absolute, cassette, interaction
from cassettes.model import CassetteError, Chunk, Headers, Response

BODY = b"data: a\n\ndata: b\n\n"


def response(**fields: object) -> Response:
    made = Draft(place="a#1", headers=(("content-type", "text/event-stream"),), pieces=[BODY])
    for name, value in fields.items():
        setattr(made, name, value)
    return interaction(made).response


@pytest.mark.parametrize(
    ("names", "coded"),
    [
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("X-GZip", gzip.compress(BODY, mtime=0)),
        ("deflate, gzip", gzip.compress(zlib.compress(BODY), mtime=0)),
        ("identity", BODY),
        ("gzip", BODY),
    ],
)
def test_codings_are_undone_and_their_header_goes(names: str, coded: bytes) -> None:
    headers = (("Content-Encoding", names), ("Content-Length", "5"), ("content-type", "text/event-stream"))
    found = response(headers=headers, pieces=[coded])
    assert found.body == BODY
    assert found.headers == (("content-type", "text/event-stream"),)
    assert len(found.stream.chunks) == 2


def test_gzip_bytes_are_known_without_their_header() -> None:
    assert response(pieces=[gzip.compress(BODY)]).body == BODY


def test_a_coding_that_nothing_reads_stays() -> None:
    made = Draft(place="a#1", headers=(("content-encoding", "aws-chunked, gzip"),), pieces=[gzip.compress(b"x")])
    converted = cassette([made])
    (found,) = converted.interactions
    assert found.response.body == b"x"
    assert found.response.headers == (("content-encoding", "aws-chunked"), ("content-type", "application/octet-stream"))
    assert converted.notes[0] == "a#1: the body stays aws-chunked-coded: nothing installed here reads that"


def test_boundaries_survive_decoding() -> None:
    made = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    pieces = [made.compress(part) + made.flush(zlib.Z_SYNC_FLUSH) for part in (b"data: a\n\nd", b"ata: b\n\n")]
    found = response(headers=(("content-encoding", "gzip"),), pieces=pieces, bounded=True, gaps_ms=[3.0, 4.0])
    assert found.stream.chunks == (Chunk(3.0, 10), Chunk(4.0, 8))
    assert found.stream.pacing == "recorded"


def test_too_many_codings() -> None:
    with pytest.raises(CassetteError, match="4 content codings"):
        response(headers=(("content-encoding", "br, br, br, br"),))


def test_all_bodies_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coding, "MAX_BYTES", 30)
    drafts = [Draft(place=f"a#{n}", pieces=[gzip.compress(BODY)]) for n in (1, 2)]
    assert len(cassette(drafts[:1]).interactions) == 1
    with pytest.raises(CassetteError, match=r"a#2: gzip body of \d+ bytes inflates beyond 12 bytes"):
        cassette(drafts)


@pytest.mark.parametrize(
    ("fields", "headers", "framing"),
    [
        ({}, (), "chunked"),
        ({}, (("content-length", "18"),), "length"),
        ({}, (("content-length", "17"),), "chunked"),
        ({}, (("content-length", "18"), ("transfer-encoding", "chunked")), "chunked"),
        ({"http": "1.0"}, (), "close"),
        ({"http": "1.0"}, (("content-length", "18"),), "length"),
        ({"method": "HEAD", "pieces": []}, (("content-length", "99"),), "length"),
        ({"code": 204, "pieces": []}, (), "length"),
    ],
)
def test_framing(fields: dict[str, object], headers: Headers, framing: str) -> None:
    found = response(headers=headers, **fields)
    assert found.stream.framing == framing
    kept = {name: value for name, value in found.headers if name == "content-length"}
    assert bool(kept) == (framing == "length" and bool(headers))


def test_trailers_only_where_there_are_chunks() -> None:
    assert response(trailers=(("a", "b"),)).stream.trailers == (("a", "b"),)
    assert response(trailers=(("a", "b"),), headers=(("content-length", "18"),)).stream.trailers == ()


@pytest.mark.parametrize(
    ("uri", "expected"),
    [("", UNKNOWN_URI), ("/v1/x", UNKNOWN_URI + "v1/x"), ("https://x.test/a?b=c", "https://x.test/a?b=c")],
)
def test_urls(uri: str, expected: str) -> None:
    assert absolute(uri, "a") == expected


def test_a_url_with_a_blank() -> None:
    with pytest.raises(CassetteError, match="a: a URL with blanks"):
        absolute("https://x.test/ HTTP/1.1", "a")
