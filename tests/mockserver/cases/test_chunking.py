"""Cases of HTTP chunks as a raw client sees them."""

from __future__ import annotations

import re

import pytest
from cased import DIALECTS, HALF, LAST, TEXT, plan_of, read, show, written
from wires import Tool

pytestmark = pytest.mark.xdist_group("cases")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_characters_are_cut_after_their_first_byte(dialect: str, served: Tool) -> None:
    shown = show(served, "utf8-split", dialect)
    borders = [(one[-1:], other[:1]) for one, other in zip(shown.chunks, shown.chunks[1:], strict=False)]
    cut = [before for before, after in borders if 0x80 <= after[0] < 0xC0]
    assert set(cut) == {char.encode()[:1] for char in "세계🌍"}
    whole = re.findall(rb"[\xc2-\xf4][\x80-\xbf]+", b"|".join(shown.chunks))
    assert whole == []
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_cr_and_lf_are_in_two_chunks(dialect: str, served: Tool) -> None:
    shown = show(served, "crlf-split", dialect)
    assert not any(b"\r\n" in data for data in shown.chunks)
    cut = [after for before, after in zip(shown.chunks, shown.chunks[1:], strict=False) if before.endswith(b"\r")]
    assert all(data.startswith(b"\n") for data in cut)
    assert shown.body.count(b"\r\n") == shown.body.count(b"\n") == len(cut)
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_blank_lines_are_cut(dialect: str, served: Tool) -> None:
    shown = show(served, "blank-line-split", dialect)
    assert not any(data.endswith((b"\n\n", b"\r\n\r\n")) for data in shown.chunks)
    assert sum(data.startswith((b"\n", b"\r\n")) for data in shown.chunks) >= 9
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_pair_of_escapes_is_cut(dialect: str, served: Tool) -> None:
    shown = show(served, "surrogate-escapes", dialect)
    at = next(number for number, data in enumerate(shown.chunks) if data.endswith(rb"\ud83c"))
    assert shown.chunks[at + 1].startswith(rb"\udf0d")
    assert any(data.endswith(b"\\ud83c\r\n") for _, data in written(plan_of("surrogate-escapes", dialect)))
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_extensions_zeros_and_trailers(dialect: str, served: Tool) -> None:
    shown = show(served, "chunk-ext-trailers", dialect)
    sizes = re.findall(rb'(?:^|\r\n)(0000[0-9a-f]+;case="1")\r\n', shown.seen.wire_body)
    assert len(sizes) == len(shown.chunks) + 1
    assert shown.tail == b'00000;case="1"\r\nx-case: done\r\n\r\n'
    assert read(shown.body, dialect)[:2] == (TEXT, True)
    two = show(served, "chunk-ext-two", dialect)
    assert len(re.findall(rb"(?:^|\r\n)[0-9a-f]+;foo=bar;q=a\r\n", two.seen.wire_body)) == len(two.chunks) + 1
    assert two.tail == b"0;foo=bar;q=a\r\n\r\n"
    assert read(two.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_framing_comes_in_pieces(dialect: str, served: Tool) -> None:
    shown = show(served, "chunk-split-framing", dialect)
    # A client on a busy machine reads several writes at once.
    writes = [data for _, data in written(plan_of("chunk-split-framing", dialect))]
    assert sum(re.fullmatch(rb"[0-9a-f]+", data) is not None for data in writes) == len(shown.chunks) - 1
    assert writes.count(b"\r\n") == len(shown.chunks)
    assert shown.tail == LAST
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_bad_size_stands_behind_half_of_the_text(dialect: str, served: Tool) -> None:
    wire = show(served, "bad-chunk-size", dialect).seen.wire_body
    before, bad, behind = wire.partition(b"\r\nzz\r\n")
    assert bad
    assert behind.startswith((b"data: {", b"event: "))
    chunks = re.sub(rb"(?:^|\r\n)[0-9a-f]+\r\n", b"", before)
    assert read(chunks, dialect)[:2] == (HALF, False)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_last_chunk_is_missing(dialect: str, served: Tool) -> None:
    shown = show(served, "fin-no-last-chunk", dialect)
    assert (shown.tail, shown.seen.ended) == (b"", "eof")
    assert read(shown.body, dialect)[:2] == (TEXT, True)
