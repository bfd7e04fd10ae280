"""Framing, codings, content and statuses as a raw client sees them: exact bytes; faults of every source; attempts."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from contextlib import ExitStack
from pathlib import Path

import pytest
from faultwire import EVENTS, LAST, WHOLE, A, B, C, D, closing, send, unzstd
from tapes import taped
from wires import Tool, ask, chunk, connected, dechunked, head, post, receive, tools

from mockserver.faults.grammar import url_segment
from mockserver.faults.table import FAMILIES

pytestmark = pytest.mark.xdist_group("faults on the wire")

BEFORE = chunk(A) + chunk(B)

# Framing


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            "split:10",
            b"".join(chunk(event[at : at + 10]) for event in EVENTS for at in range(0, len(event), 10)) + LAST,
        ),
        ("split:1", b"".join(chunk(bytes([byte])) for event in EVENTS for byte in event) + LAST),
        ("merge", chunk(b"".join(EVENTS)) + LAST),
        ("merge:3", chunk(A + B + C) + chunk(D) + LAST),
        ("bom", chunk(b"\xef\xbb\xbf" + A) + b"".join(map(chunk, EVENTS[1:])) + LAST),
        ("eol:crlf", b"".join(chunk(event.replace(b"\n", b"\r\n")) for event in EVENTS) + LAST),
        ("eol:cr", b"".join(chunk(event.replace(b"\n", b"\r")) for event in EVENTS) + LAST),
        ("eol:mixed", b"".join(chunk(event[:-1] + b"\r\n") for event in EVENTS) + LAST),
        ("no-space", b"".join(chunk(event.replace(b": ", b":")) for event in EVENTS) + LAST),
        ("no-final-blank", b"".join(map(chunk, [A, B, C, D[:-1]])) + LAST),
        ("no-final-blank:yes", b"".join(map(chunk, [A, B, C, D[:-2]])) + LAST),
        ("trailer:x-sum=abc", WHOLE[:-2] + b"x-sum: abc\r\n\r\n"),
        ('chunk-extension:"foo=bar;q=a"', re.sub(rb"(?m)^([0-9a-f]+)\r\n", rb"\1;foo=bar;q=a\r\n", WHOLE)),
        ("chunk-extension:a=b", re.sub(rb"(?m)^([0-9a-f]+)\r\n", rb"\1;a=b\r\n", WHOLE)),
        ("bad-chunk-size@2e", BEFORE + b"zz\r\n" + C + b"\r\n" + chunk(D) + LAST),
        (
            f"bad-chunk-size@{len(A) + 4}b:-1",
            chunk(A) + chunk(B[:4]) + b"-1\r\n" + B[4:] + b"\r\n" + chunk(C) + chunk(D) + LAST,
        ),
        ("bad-chunk-size@end", WHOLE.removesuffix(LAST) + b"zz\r\n\r\n"),
    ],
)
def test_framing(fault: str, expected: bytes, served: Tool) -> None:
    seen = send(served, fault)
    assert (seen.raw, seen.ended) == (closing() + expected, "eof")


def test_chunks_cut_in_awkward_places(served: Tool) -> None:
    chunks, _ = dechunked(send(served, "split:utf8").wire_body)
    assert b"".join(chunks) == b"".join(EVENTS)
    assert [piece[-1:] for piece in chunks if piece[-1:] >= b"\x80"] == ["두".encode()[:1], "울".encode()[:1]]
    chunks, _ = dechunked(send(served, "split:crlf", "crlf").wire_body)
    assert chunks == [b"data: a\r", b"\n\r", b"\n", b"data: b\r", b"\n\r", b"\n"]
    chunks, _ = dechunked(send(served, "split:blank").wire_body)
    assert chunks == [part for event in EVENTS for part in (event[:-1], b"\n")]


def test_lf_for_crlf(served: Tool) -> None:
    assert dechunked(send(served, "eol:lf", "crlf").wire_body)[0] == [b"data: a\n\n", b"data: b\n\n"]


@pytest.mark.parametrize(("by", "size"), [("+100", 100), ("-10", -10)])
def test_a_length_that_is_not_the_bodys(by: str, size: int, served: Tool) -> None:
    for tape in ("one", "length"):
        seen = send(served, f"content-length:{by}", tape)
        assert seen.header("content-length") == str(len(b"".join(EVENTS)) + size)
        assert seen.header("transfer-encoding") is None
        assert (seen.wire_body, seen.ended) == (b"".join(EVENTS), "eof")


def test_an_old_server(served: Tool) -> None:
    seen = send(served, "http10;end-early@2e")
    assert seen.raw == head("Content-Type: text/event-stream", "Connection: close", http="1.0") + A + B
    assert seen.ended == "eof"


def test_headers(served: Tool) -> None:
    seen = send(served, 'header:content-type="text/plain; a=b",x-new=1')
    assert (
        seen.raw
        == closing(head("content-type: text/plain; a=b", "Transfer-Encoding: chunked")).replace(
            b"\r\n\r\n", b"\r\nx-new: 1\r\n\r\n", 1
        )
        + WHOLE
    )
    seen = send(served, "drop-header:content-type")
    assert seen.raw == closing(head("Transfer-Encoding: chunked")) + WHOLE
    assert b"has no header x-none" in send(served, "drop-header:x-none").raw


def test_a_dripping_head(each: Tool) -> None:
    seen = send(each, "head-drip:3,every=4ms")
    assert seen.raw == closing() + WHOLE
    assert len([data for _, data in seen.reads if data in closing()]) > 15


# Codings


@pytest.mark.parametrize("coding", ["gzip", "gzip-members", "deflate"])
@pytest.mark.parametrize("flush", ["", ",flush=no"])
def test_codings(coding: str, flush: str, served: Tool) -> None:
    seen = send(served, f"encode:{coding}{flush}")
    assert seen.header("content-encoding") == coding.removesuffix("-members")
    chunks, rest = dechunked(seen.wire_body)
    assert rest == LAST
    data = b"".join(chunks)
    assert (zlib.decompress(data) if coding == "deflate" else gzip.decompress(data)) == b"".join(EVENTS)


def test_a_coded_body_is_cut_where_its_events_end(served: Tool) -> None:
    seen = send(served, "encode:gzip;end-early@2e")
    chunks, rest = dechunked(seen.wire_body)
    decoder = zlib.decompressobj(wbits=31)
    assert decoder.decompress(b"".join(chunks)) == A + B
    assert not decoder.eof
    assert rest == LAST


def test_zstd_is_a_frame_for_each_chunk(served: Tool) -> None:
    seen = send(served, "encode:zstd")
    assert seen.header("content-encoding") == "zstd"
    chunks, rest = dechunked(seen.wire_body)
    assert (list(map(unzstd, chunks)), rest) == (EVENTS, LAST)
    assert list(map(unzstd, dechunked(send(served, "encode:zstd;cut@2e").wire_body)[0])) == EVENTS[:2]


# Content


@pytest.mark.parametrize(
    ("fault", "chunks"),
    [
        ("comment@1e:hi", [A, b": hi\n\n", B, C, D]),
        ("comment@1e:hi,blank=no", [A, b": hi\n", B, C, D]),
        ('comment@0e:"OPENROUTER PROCESSING"', [b": OPENROUTER PROCESSING\n\n", A, B, C, D]),
        ("comment@end", [A, B, C, D, b": tokentape\n\n"]),
        (r'insert@2e:"data: x\n\n"', [A, B, b"data: x\n\n", C, D]),
        ("insert@4b:hex=00ff", [A[:4], b"\0\xff", A[4:], B, C, D]),
        ("drop@1e", [A, C, D]),
        ("drop@1e:2", [A, D]),
        ("duplicate@=three", [A, B, C, C, D]),
        ("duplicate@0e:2", [A, A + A, B, C, D]),
        ("duplicate", [A, A, B, B, C, C, D, D]),
        ("no-terminal", [A, B, C]),
        ("malformed@2e:glued", [A, B, b'event: three\ndata: {"n":2}{"n":2}\n\n', D]),
        ("invalid-utf8@10b", [A[:10] + b"\xff" + A[11:], B, C, D]),
        ("invalid-utf8@0e", [b'data: {"n":0,"t":"\xffone"}\n\n', B, C, D]),
    ],
)
def test_content(fault: str, chunks: list[bytes], served: Tool) -> None:
    seen = send(served, fault)
    assert (seen.raw, seen.ended) == (closing() + b"".join(map(chunk, chunks)) + LAST, "eof")


def test_reordered_events(served: Tool) -> None:
    body = b"".join(dechunked(send(served, "reorder@1e").wire_body)[0])
    assert body == A + C + B + D


def test_malformed_and_corrupt_bytes_are_drawn_from_the_seed(each: Tool) -> None:
    seen = send(each, "malformed@0e;corrupt@70b:4")
    body = b"".join(dechunked(seen.wire_body)[0])
    event = body[: body.index(b"\n\n") + 2]
    assert event.startswith(b'data: {"')
    assert not event.endswith(b"}\n\n")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|Invalid"):
        json.loads(event.removeprefix(b"data: "))
    assert body.removeprefix(event) != (A + B + C + D).removeprefix(A)
    assert len(body.removeprefix(event)) == len(B + C + D)


def test_a_huge_event(served: Tool) -> None:
    chunks, _ = dechunked(send(served, "huge-event@1e:2mb").wire_body)
    assert [len(one) for one in chunks] == [len(A), 2 * 1024 * 1024, len(C), len(D)]
    assert json.loads(chunks[1].removeprefix(b"data: "))["t"] == "두울"


def test_keepalives_fill_silence(each: Tool) -> None:
    seen = send(each, "pause@2e:100ms;keepalive:30ms")
    assert dechunked(seen.wire_body)[0] == [A, B, *[b": keep-alive\n\n"] * 3, C, D]
    seen = send(each, "stall@2e:100ms;keepalive:30ms,text=busy")
    assert dechunked(seen.wire_body)[0] == [A, B, *[b": busy\n\n"] * 3]
    assert seen.ended == "eof"
    seen = send(each, "ttft:100ms;keepalive:30ms")
    assert dechunked(seen.wire_body)[0] == [*[b": keep-alive\n\n"] * 3, A, B, C, D]
    seen = send(each, "stall@2e;keepalive:30ms", until=lambda raw: raw.count(b"keep-alive") > 8)
    assert seen.ended == "until"
    seen = send(each, "reset@2e;pause@2e:100ms;keepalive:30ms")
    assert (dechunked(seen.wire_body)[0], seen.ended) == ([A, B], "reset")


def test_errors_in_the_stream_end_it(served: Tool) -> None:
    seen = send(served, "error@2e:overloaded")
    chunks, rest = dechunked(seen.wire_body)
    assert chunks[:2] == [A, B]
    assert chunks[2].startswith(b"event: error\ndata: ")
    assert (len(chunks), rest, seen.ended) == (3, LAST, "eof")
    chunks, _ = dechunked(send(served, "error@2e:500,rest=yes").wire_body)
    assert (chunks[:2], chunks[3:]) == ([A, B], [C, D])
    seen = send(served, "error@2e:500;reset@2e")
    assert (dechunked(seen.wire_body)[0][:2], seen.ended) == ([A, B], "reset")


# Statuses


def test_statuses(served: Tool) -> None:
    seen = send(served, "status:429,retry-after=7,retry-after-ms=300,should-retry=true")
    assert seen.head.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert [seen.header(name) for name in ("retry-after", "retry-after-ms", "x-should-retry")] == ["7", "300", "true"]
    assert seen.header("content-length") == str(len(seen.wire_body))
    assert "error" in json.loads(seen.wire_body)
    date = send(served, "status:503,retry-after=date:60").header("retry-after")
    assert date is not None
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date)


def test_answers_that_are_none(served: Tool) -> None:
    seen = send(served, "html")
    assert seen.head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert seen.header("content-type") == "text/html"
    assert b"<center>nginx</center>" in seen.wire_body
    seen = send(served, "json-error-200")
    assert seen.head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (seen.header("content-type"), "error" in json.loads(seen.wire_body)) == ("application/json", True)
    assert send(served, "empty").raw == closing() + LAST


def test_a_redirect_leads_past_the_faults(served: Tool) -> None:
    with connected(served.url) as client:
        client.sendall(post("/~deck/!redirect/up/one", b"{}", "Connection: close"))
        raw = receive(client, 100_000)
    assert raw.startswith(b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /~deck/up/one\r\n")
    assert send(served, "redirect:302,to=/elsewhere").header("location") == "/elsewhere"


def test_interim_responses(served: Tool) -> None:
    seen = send(served, "early-hints")
    early = (
        b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload; as=style\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    )
    assert seen.raw == early + closing() + WHOLE


# All together


def test_a_fault_of_every_source(tmp_path: Path) -> None:
    taped(tmp_path / "t", "one", EVENTS)
    with ExitStack() as stack:
        arguments = (
            "serve",
            str(tmp_path / "t"),
            "--no-mark",
            "--fault",
            "comment@1e:cli",
            "--fault",
            "comment@1e:two",
        )
        (one,) = stack.enter_context(tools(tmp_path, arguments))
        path = f"/~d/!{url_segment('comment@1e:url')}/up/one"
        request = post(path, b"{}", "x-tokentape-fault: comment@1e:header", "Connection: close")
        chunks, _ = dechunked(ask(one.url, request).wire_body)
        assert chunks == [A, *[b": %s\n\n" % word for word in (b"cli", b"two", b"url", b"header")], B, C, D]
        assert "comment@1e:cli" in one.said()
        assert "seed 0" in one.said()


def test_attempts_count_for_the_life_of_a_deck(served: Tool) -> None:
    def statuses(deck: str, faults: str, body: bytes = b"{}", many: int = 4) -> list[bytes]:
        path = f"/~{deck}/!{url_segment(faults)}/up/one"
        return [ask(served.url, post(path, body, "Connection: close")).head[9:12] for _ in range(many)]

    assert statuses("a", "status#1:500;status#2-3:429") == [b"500", b"429", b"429", b"200"]
    assert statuses("a", "status#1:500") == [b"200"] * 4
    assert statuses("a", "status#10+:500") == [b"200", b"500", b"500", b"500"]
    assert statuses("b", "status#1:500", many=2) == [b"500", b"200"]
    assert statuses("b", "status#1:500", b'{"x":1}', many=2) == [b"500", b"200"]


def test_a_break_does_not_move_the_decks_place(tmp_path: Path) -> None:
    """A client that retries gets the interaction again whose answer it lost (DESIGN 6)."""
    from cassettes.model import Cassette
    from cassettes.yamlio import dump, load

    path = taped(tmp_path / "t", "one", [A])
    first = load(path.read_bytes(), "one").interactions[0]
    second = load(taped(tmp_path / "u", "one", [B]).read_bytes(), "one").interactions[0]
    path.write_bytes(dump(Cassette((first, second))))
    with tools(tmp_path, ("serve", str(tmp_path / "t"), "--no-mark")) as (one,):
        for faults, event in [("reset@end", A), ("status:500", b""), ("comment@0e", A), ("", B)]:
            fields = [f"x-tokentape-fault: {faults}"] if faults else []
            seen = ask(one.url, post("/up/one", b"{}", "Connection: close", *fields))
            assert event in seen.raw


def test_every_fault_is_tried_here() -> None:
    here = Path(__file__).parent
    source = "".join(file.read_text(encoding="utf-8") for file in here.glob("test_*on_the_wire.py"))
    names = {name for names in FAMILIES.values() for name in names}
    assert {name for name in names if not re.search(rf"[\"!;(]{name}[?@:#;\"/]", source)} == set()
