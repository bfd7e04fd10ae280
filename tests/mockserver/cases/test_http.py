"""Cases of HTTP as a raw client sees them."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from cased import DIALECTS, DOORS, HALF, LAST, TAPE, TEXT, plan_of, read, show, tape_whole, written
from faultwire import unzstd
from wires import Tool, chunk

pytestmark = pytest.mark.xdist_group("cases")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("case", "media"),
    [
        ("ct-no-charset", "text/event-stream"),
        ("ct-odd", 'Text/Event-Stream;Charset="UTF-8"; x=y'),
        ("wrong-content-type", "text/plain"),
    ],
)
def test_content_types(case: str, media: str, dialect: str, served: Tool) -> None:
    shown = show(served, case, dialect)
    assert shown.seen.header("content-type") == media
    assert shown.whole
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_gzip_is_flushed_after_each_event(dialect: str, served: Tool) -> None:
    for case in ("gzip", "gzip-unasked"):
        shown = show(served, case, dialect)
        assert shown.seen.header("content-encoding") == "gzip"
        stream = zlib.decompressobj(wbits=31)
        inflated = [stream.decompress(data) for data in shown.chunks]
        assert all(data.endswith((b"\n\n", b"\r\n\r\n")) for data in inflated[:-1])
        assert stream.eof
        assert read(b"".join(inflated), dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_gzip_in_members(dialect: str, served: Tool) -> None:
    shown = show(served, "gzip-members", dialect)
    assert all(data.startswith(b"\x1f\x8b") for data in shown.chunks)
    events = [gzip.decompress(data) for data in shown.chunks]
    assert len(events) > 8
    assert read(b"".join(events), dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_gzip_that_holds_everything_back(dialect: str, served: Tool) -> None:
    shown = show(served, "gzip-buffered", dialect)
    stream = zlib.decompressobj(wbits=31)
    assert b"".join(map(stream.decompress, shown.chunks[:-1])) == b""
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_gzip_without_its_trailer(dialect: str, served: Tool) -> None:
    shown = show(served, "gzip-truncated", dialect)
    assert shown.tail == LAST
    stream = zlib.decompressobj(wbits=31)
    assert read(stream.decompress(b"".join(shown.chunks)), dialect)[:2] == (HALF, False)
    assert not stream.eof


@pytest.mark.parametrize("dialect", DIALECTS)
def test_zstd_in_frames(dialect: str, served: Tool) -> None:
    shown = show(served, "zstd-frames", dialect)
    assert shown.seen.header("content-encoding") == "zstd"
    assert shown.tail == LAST
    assert all(data.startswith(b"\x28\xb5\x2f\xfd") for data in shown.chunks)
    assert read(b"".join(map(unzstd, shown.chunks)), dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_interim_responses(dialect: str, served: Tool) -> None:
    seen = show(served, "early-hints", dialect).seen
    early, processing, answer = seen.raw.split(b"\r\n\r\n", 2)
    assert early.startswith(b"HTTP/1.1 103 ")
    assert processing.startswith(b"HTTP/1.1 102 ")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(chunk(TAPE) + LAST)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_head_in_pieces(dialect: str, served: Tool) -> None:
    shown = show(served, "headers-trickle", dialect)
    names = [line.partition(b":")[0] for line in shown.seen.head.split(b"\r\n")[1:]]
    assert b"transfer-encoding: Chunked\r\n" in shown.seen.head
    assert {name for name in names if name != b"Connection"} == {b"content-type", b"transfer-encoding", b""}
    writes = [data for _, data in written(plan_of("headers-trickle", dialect))]
    assert [len(data) for data in writes[:20]] == [3] * 20
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("case", "text"), [("http10-close", TEXT), ("http10-close-truncated", HALF)])
def test_bodies_that_the_close_ends(case: str, text: str, dialect: str, served: Tool) -> None:
    shown = show(served, case, dialect)
    assert shown.seen.head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert shown.seen.header("transfer-encoding") is None
    assert shown.seen.header("content-length") is None
    assert shown.seen.ended == "eof"
    assert read(shown.body, dialect)[:2] == (text, text == TEXT)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_announced_close(dialect: str, served: Tool) -> None:
    shown = show(served, "conn-close-header", dialect, keep=True)
    assert shown.seen.header("connection") == "close"
    assert (shown.tail, shown.seen.ended) == (LAST, "eof")
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_lengths_that_are_wrong(dialect: str, served: Tool) -> None:
    long = show(served, "length-too-long", dialect, keep=True)
    said, came = int(long.seen.header("content-length") or 0), len(long.seen.wire_body)
    assert (said - came, long.seen.ended) == (100, "eof")
    assert read(long.seen.wire_body, dialect)[:2] == (TEXT, True)
    short = show(served, "length-too-short", dialect, keep=True)
    assert (int(short.seen.header("content-length") or 0), short.seen.ended) == (came // 2, "eof")
    assert short.seen.wire_body == long.seen.wire_body
    assert not read(short.body, dialect).over


@pytest.mark.parametrize("dialect", DIALECTS)
def test_pages_and_errors_in_place_of_a_stream(dialect: str, served: Tool) -> None:
    for case, code in (("http-500-html", 500), ("http-200-html", 200)):
        page = show(served, case, dialect)
        assert (page.code, page.seen.header("content-type")) == (code, "text/html")
        assert b"<html>" in page.body
    error = show(served, "json-error-in-200", dialect)
    assert (error.code, error.seen.header("content-type")) == (200, "application/json")
    assert "error" in json.loads(error.body)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("code", [307, 302])
def test_redirects_lead_to_the_same_path_without_faults(code: int, dialect: str, served: Tool) -> None:
    shown = show(served, f"redirect-{code}", dialect, deck=f"redirect-{code}-{dialect}")
    door = DOORS[dialect]
    assert shown.code == code
    assert shown.seen.header("location") == f"/~redirect-{code}-{dialect}/{door.provider}{door.path}"
    assert tape_whole(show(served, f"redirect-{code}", dialect, deck=f"redirect-{code}-{dialect}"))


def test_what_a_client_does_is_no_case_of_a_server(served: Tool) -> None:
    shown = show(served, "abort-then-reuse", "openai-chat")
    assert shown.code == 422
    assert "done by the client" in json.loads(shown.body)["error"]["message"]
