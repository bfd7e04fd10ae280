"""`verify` takes a tape for what it is: whatever is on it comes over the socket again, and what does not is told."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from cassettes.model import Chunk, Ending, Headers, Informational, Interaction, Request, Response, Stream
from cassettes.store import shipped_root
from cassettes.yamlio import load_file
from recorder import verify as module
from recorder.verify import Verified, longest_silence, of_the_tape, verify

BODY = b"data: one\n\ndata: two\n\n"
CHUNKS = (Chunk(8.0, 11), Chunk(12.0, 11))
SSE: Headers = (("Content-Type", "text/event-stream"), ("X-Twice", "1"), ("Transfer-Encoding", "chunked"))


def taped(
    body: bytes = BODY,
    headers: Headers = SSE,
    code: int = 200,
    message: str = "OK",
    method: str = "POST",
    **stream: Any,
) -> Interaction:
    fields: dict[str, Any] = {"headers_ms": 5.0, "chunks": CHUNKS if body == BODY else (), **stream}
    return Interaction(
        Request(method, "https://h/v1/x", (), b"{}"), Response(code, message, headers, body, Stream(**fields))
    )


NO_HEAD: dict[str, Any] = {"body": b"", "headers": (), "code": 502, "message": "no response (tokentape)"}
TAPES = {
    "chunked": taped(),
    "trailers": taped(trailers=(("X-Sum", "7"),)),
    "a pause inside a chunk": taped(chunks=(Chunk(8.0, 5, True), Chunk(40.0, 6), Chunk(0.0, 11))),
    "many events a chunk": taped(chunks=(Chunk(8.0, 22),)),
    "one byte a chunk": taped(chunks=tuple(Chunk(0.1, 1) for _ in BODY)),
    "length": taped(headers=(("Content-Length", "22"),), framing="length"),
    "length, short": taped(headers=(("Content-Length", "30"),), framing="length", end=Ending(type="cut", missing=8)),
    "close": taped(headers=(("A", "b"),), framing="close", http="1.0"),
    "cut": taped(end=Ending(type="cut", gap_ms=3.0)),
    "cut inside a chunk": taped(chunks=(CHUNKS[0], Chunk(1.0, 11, True)), end=Ending(type="cut", missing=4)),
    "reset": taped(end=Ending(type="reset", gap_ms=3.0)),
    "reset inside a chunk": taped(chunks=(CHUNKS[0], Chunk(1.0, 11, True)), end=Ending(type="reset", missing=4)),
    "reset after the head": taped(body=b"", end=Ending(type="reset")),
    "reset in the head": taped(**NO_HEAD, end=Ending(type="reset", at="head"), head=b"HTTP/1.1 200 OK\r\nX-"),
    "reset instead of a head": taped(**NO_HEAD, headers_ms=0.0, end=Ending(type="reset", at="request", gap_ms=9.0)),
    "cut instead of a head": taped(**NO_HEAD, headers_ms=0.0, end=Ending(type="cut", at="request")),
    "interrupted": taped(end=Ending(type="interrupted")),
    "early hints": taped(informational=(Informational(1.0, 103, "Early Hints", (("Link", "</a>"),)),)),
    "no content": taped(body=b"", headers=(("A", "b"),), code=204, message="No Content", framing="length"),
    "an error": taped(code=429, message="Too Many"),
    "HEAD": taped(body=b"", headers=(("Content-Length", "22"),), method="HEAD", framing="length"),
    "GET": taped(method="GET"),
    "not ASCII": taped(headers=(("X-Name", "안녕"), ("X-Raw", "\udcff"), ("X-Twice", "1"), ("X-Twice", "2"))),
    "timeout": taped(end=Ending(type="timeout", gap_ms=3.0)),
    "client closed": taped(end=Ending(type="client_closed", gap_ms=3.0)),
}
STALLS = {"timeout", "client closed"}


def told(one: Verified) -> dict[str, bool]:
    return {
        "bytes": one.held.same_bytes,
        "chunks": one.same_chunks,
        "ending": one.same_ending,
        "head": one.same_head,
        "all": one.same,
    }


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_whatever_is_on_a_tape_comes_again(speed: float) -> None:
    played = {name: tape for name, tape in TAPES.items() if name not in STALLS}
    results = dict(zip(played, verify(list(played.values()), speed), strict=True))
    assert {name: told(one) for name, one in results.items() if not one.same} == {}
    assert [one.number for one in results.values()] == list(range(1, len(played) + 1))
    parts = results["a pause inside a chunk"]
    assert [frame.more for frame in parts.got.frames] == [True, False, False]
    assert parts.got.frames[1].at_ms - parts.got.frames[0].at_ms >= 40.0 / speed - 5


def test_at_full_speed_a_stall_is_a_cut() -> None:
    results = dict(zip(TAPES, verify(list(TAPES.values()), math.inf), strict=True))
    assert {name: told(one) for name, one in results.items() if not one.same} == {}
    assert [results[name].got.end.type for name in sorted(STALLS)] == ["cut", "cut"]


def test_a_stall_is_met_with_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    results = verify([TAPES[name] for name in sorted(STALLS)], 1.0)
    assert [one.got.end.type for one in results] == ["timeout", "timeout"]
    assert all(one.same for one in results)


def test_the_shipped_tapes_and_equal_requests_on_one_tape() -> None:
    shipped = [one for path in sorted(shipped_root().glob("*/*.yaml")) for one in load_file(path).interactions]
    results = verify([*shipped, *shipped], math.inf)
    assert len(results) == 10
    assert all(one.same for one in results)


CUT_CHUNKS = TAPES["cut inside a chunk"].response.stream.chunks
OTHERS = [
    ("chunked", taped(body=BODY.replace(b"two", b"2!!"), chunks=CHUNKS), "bytes"),
    ("chunked", taped(body=BODY + b"x", chunks=(*CHUNKS, Chunk(0.0, 1))), "bytes"),
    ("chunked", taped(chunks=(Chunk(8.0, 10), Chunk(12.0, 12))), "chunks"),
    ("chunked", taped(chunks=(Chunk(20.0, 22),)), "chunks"),
    ("chunked", taped(end=Ending(type="cut")), "ending"),
    ("cut inside a chunk", taped(chunks=CUT_CHUNKS, end=Ending(type="cut", missing=5)), "ending"),
    ("chunked", taped(message="Fine"), "head"),
    ("chunked", taped(headers=SSE[:1]), "head"),
    ("chunked", taped(headers=(SSE[1], SSE[0], SSE[2])), "head"),
    ("trailers", taped(), "head"),
    ("early hints", taped(), "head"),
    ("reset in the head", taped(**NO_HEAD, end=Ending(type="reset", at="head"), head=b"HTTP/1.1 200 OK\r\nY-"), "head"),
]
"""What a tape says, what is served instead, and in what that differs."""


def test_what_is_not_the_same_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    servable = module.servable
    monkeypatch.setattr(module, "servable", lambda _, path: servable(OTHERS[int(path.rpartition("/")[2]) - 1][1], path))
    results = verify([TAPES[name] for name, _, _ in OTHERS], 1.0)
    found = [told(one) for one in results]
    assert [one["all"] for one in found] == [False] * len(OTHERS)
    assert [one[wrong] for one, (_, _, wrong) in zip(found, OTHERS, strict=True)] == [False] * len(OTHERS)
    assert all(one["bytes"] for one, (_, _, wrong) in zip(found, OTHERS, strict=True) if wrong != "bytes")


def test_boundaries_count_only_where_the_framing_has_them() -> None:
    (one,) = verify([TAPES["length"]], math.inf)
    assert one.same
    assert len(one.wanted.frames) == 2


def test_the_longest_silence_leaves_out_a_stall() -> None:
    from cassettes.timeline import to_timeline

    assert longest_silence(to_timeline(TAPES["chunked"])) == pytest.approx(0.012)
    assert longest_silence(to_timeline(taped(end=Ending(gap_ms=500.0)))) == pytest.approx(0.5)
    assert longest_silence(to_timeline(taped(end=Ending(type="timeout", gap_ms=500.0)))) == pytest.approx(0.012)
    assert longest_silence(to_timeline(msgspec.structs.replace(taped(body=b"")))) == pytest.approx(0.005)


def test_headers_of_a_connection_are_no_part_of_the_comparison() -> None:
    headers = (("Connection", "close"), ("A", "1"), ("X-Tokentape", "x#1"), ("content-length", "3"), ("B", "2"))
    assert of_the_tape(headers) == [("A", "1"), ("B", "2")]
