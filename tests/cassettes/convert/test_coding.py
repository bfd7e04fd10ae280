"""Content codings undone piece by piece, and the limits."""

from __future__ import annotations

import gzip
import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.convert import coding
from cassettes.model import CassetteError

TEXT = b"data: one\n\ndata: two\n\n" * 40


def raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(data) + made.flush()


@pytest.mark.parametrize(
    ("name", "coded"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("gzip", gzip.compress(TEXT[:100], mtime=0) + gzip.compress(TEXT[100:], mtime=0)),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"\0" * 512),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
)
def test_it_comes_back_whole(name: str, coded: bytes) -> None:
    assert coding.undo([coded], name, "a") == [TEXT]
    assert b"".join(coding.undo([coded[i : i + 1] for i in range(len(coded))], name, "a") or []) == TEXT


@given(st.binary(min_size=1, max_size=600), st.lists(st.integers(0, 700), max_size=6))
def test_the_pieces_stay_as_many_as_they_were(body: bytes, cuts: list[int]) -> None:
    coded = gzip.compress(body)
    edges = [0, *sorted(min(cut, len(coded)) for cut in cuts), len(coded)]
    pieces = [coded[start:end] for start, end in itertools.pairwise(edges)]
    decoded = coding.undo(pieces, "gzip", "a")
    assert decoded is not None
    assert len(decoded) == len(pieces)
    assert b"".join(decoded) == body


def test_pieces_flushed_one_by_one_keep_their_boundaries() -> None:
    made = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    pieces = [made.compress(part) + made.flush(zlib.Z_SYNC_FLUSH) for part in (b"data: a\n\n", b"data: b\n\n")]
    assert coding.undo([*pieces, made.flush()], "gzip", "a") == [b"data: a\n\n", b"data: b\n\n", b""]


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_body_that_never_was_coded(name: str) -> None:
    try:
        assert coding.undo([TEXT], name, "a") is None
        assert coding.undo([], name, "a") is None
    except coding.Unreadable:
        pytest.skip(f"nothing installed reads {name}")


def test_a_body_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    found = coding.undo([gzip.compress(bytes(range(256)) * 20)[:-12]], "gzip", "a")
    assert found is not None
    assert found[0].startswith(bytes(range(200)))


def test_a_damaged_body_says_so() -> None:
    coded = bytearray(gzip.compress(TEXT))
    coded[20:30] = b"\xff" * 10
    with pytest.raises(CassetteError, match="a: damaged gzip body"):
        coding.undo([bytes(coded)], "gzip", "a")


def test_a_bomb_is_stopped_at_the_room_that_is_left() -> None:
    coded = gzip.compress(bytes(3_000_000))
    with pytest.raises(CassetteError, match="inflates beyond 1000 bytes"):
        coding.undo([coded], "gzip", "a", 1000)


def test_a_bomb_is_stopped_at_the_ratio() -> None:
    coded = gzip.compress(bytes(20_000_000))
    with pytest.raises(CassetteError, match=f"inflates beyond {1000 * len(coded)} bytes"):
        coding.undo([coded], "gzip", "a")


def test_brotli_where_it_is_installed() -> None:
    brotli = pytest.importorskip("brotli", reason="no brotli here")
    assert coding.undo([brotli.compress(TEXT)], "br", "a") == [TEXT]
    with pytest.raises(CassetteError, match="inflates beyond"):
        coding.undo([brotli.compress(bytes(3_000_000))], "br", "a")


def test_a_coding_that_nothing_reads() -> None:
    with pytest.raises(coding.Unreadable):
        coding.undo([b"x"], "aws-chunked", "a")


# Requests


@pytest.mark.parametrize(
    ("named", "body", "plain"),
    [
        ("gzip", gzip.compress(b"{}", mtime=0), b"{}"),
        ("x-gzip", gzip.compress(b"{}", mtime=0), b"{}"),
        ("deflate", zlib.compress(b"{}"), b"{}"),
        ("deflate, gzip", gzip.compress(zlib.compress(b"{}"), mtime=0), b"{}"),
        ("identity", b"{}", None),
        ("gzip", b"{}", None),
        ("gzip", b"\x1f\x8bdamaged", None),
        ("gzip", gzip.compress(bytes(80 << 20), mtime=0), None),
        ("snappy", b"{}", None),
    ],
    ids=["gzip", "x-gzip", "deflate", "two", "identity", "said wrongly", "damaged", "bomb", "unknown"],
)
def test_a_request_body_is_compared_without_its_coding(named: str, body: bytes, plain: bytes | None) -> None:
    assert coding.plain_body((("Content-Encoding", named),), body) == plain
